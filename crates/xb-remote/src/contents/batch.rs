//! Contents that go in one message.

use std::collections::HashSet;

use bazel_remote_apis::build::bazel::remote::execution::v2::batch_update_blobs_request::Request as Update;
use bazel_remote_apis::build::bazel::remote::execution::v2::{BatchReadBlobsRequest, BatchUpdateBlobsRequest, Digest};
use tonic::{Code, Status};

use super::{Contents, named};
use crate::ask::Trouble;
use crate::{Connection, Kind, RemoteError};

/// What a content costs in a message beside its bytes, at most.
const BESIDE: u64 = 160;

/// Contents in as few batches as they fit into, none larger than the limit unless one content is.
pub(super) fn batches(contents: Contents, limit: u64) -> Vec<Contents> {
    let mut batches: Vec<Contents> = Vec::new();
    let mut room = 0;
    for (digest, bytes) in contents {
        let cost = bytes.len() as u64 + BESIDE;
        match batches.last_mut() {
            Some(batch) if cost <= room => {
                room -= cost;
                batch.push((digest, bytes));
            }
            _ => {
                room = limit.saturating_sub(cost);
                batches.push(vec![(digest, bytes)]);
            }
        }
    }
    batches
}

impl Connection {
    pub(super) async fn read_at_once(&self, digest: &Digest, what: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        let message = BatchReadBlobsRequest {
            instance_name: self.instance(),
            digests: vec![digest.clone()],
            acceptable_compressors: Vec::new(),
            digest_function: self.function().number(),
        };
        let ask = self.ask(what);
        ask.soon(|| async {
            let answer = self.storage().await?.batch_read_blobs(self.signed(message.clone())?).await?.into_inner();
            let ours = answer.responses.into_iter().find(|told| told.digest.as_ref() == Some(digest));
            let told = ours.ok_or_else(|| ask.error("it answers something else".to_owned(), Kind::Refused))?;
            if let Some(status) = told.status {
                passed(status)?;
            }
            Ok(told.data)
        })
        .await
    }

    pub(super) async fn write_batch(&self, contents: Contents) -> Result<(), RemoteError> {
        let what = match contents.as_slice() {
            [(digest, _)] => named(digest),
            contents => format!("{} blobs", contents.len()),
        };
        let update = |(digest, data)| Update { digest: Some(digest), data, compressor: 0 };
        let message = BatchUpdateBlobsRequest {
            instance_name: self.instance(),
            requests: contents.into_iter().map(update).collect(),
            digest_function: self.function().number(),
        };
        let ask = self.ask(&what);
        ask.surely(|| async {
            let answer = self.storage().await?.batch_update_blobs(self.signed(message.clone())?).await?.into_inner();
            let told: HashSet<_> = answer.responses.iter().filter_map(|told| told.digest.as_ref()).collect();
            if !message.requests.iter().all(|request| request.digest.as_ref().is_some_and(|one| told.contains(one))) {
                return Err(ask.error("it does not answer for all of them".to_owned(), Kind::Refused).into());
            }
            answer.responses.into_iter().filter_map(|told| told.status).try_for_each(passed)
        })
        .await
    }
}

/// What a server says of one content in a batch.
fn passed(status: bazel_remote_apis::google::rpc::Status) -> Result<(), Trouble> {
    match Code::from_i32(status.code) {
        Code::Ok => Ok(()),
        code => Err(Status::new(code, status.message).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DigestFunction;

    #[test]
    fn batches_are_within_the_limit() {
        let contents = |sizes: &[usize]| {
            let content = |size: &usize| (DigestFunction::Sha256.of(&vec![0; *size]), vec![0; *size]);
            sizes.iter().map(content).collect::<Contents>()
        };
        let check = |sizes: &[usize], right: &[usize]| {
            let counts: Vec<_> = batches(contents(sizes), 1000).iter().map(Vec::len).collect();
            assert_eq!(counts, right, "{sizes:?}");
        };
        check(&[], &[]);
        check(&[0, 0, 0], &[3]);
        check(&[2000, 10, 2000], &[1, 1, 1]);
        check(&[340, 340, 340], &[2, 1]);
        check(&[841, 0], &[1, 1]);
        check(&[680, 0], &[2]);
    }
}
