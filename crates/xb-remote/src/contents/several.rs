//! Several contents that come in one message.

use std::collections::HashMap;

use bazel_remote_apis::build::bazel::remote::execution::v2::{BatchReadBlobsRequest, Digest};
use futures_util::{StreamExt, TryStreamExt, stream};
use tonic::{Code, Status};

use super::{named, size};
use crate::ask::Trouble;
use crate::{Connection, Kind, RemoteError};

/// What a content costs in a message beside its bytes, at most.
const BESIDE: u64 = 160;

impl Connection {
    /// The bytes of several small contents, as many as the server has. `what` is a noun, for errors.
    ///
    /// # Errors
    /// When the server cannot be reached, or has other bytes.
    pub async fn read_several(&self, digests: &[Digest], what: &str) -> Result<HashMap<Digest, Vec<u8>>, RemoteError> {
        let limit = self.capabilities().await?.batch_bytes;
        let mut batches: Vec<Vec<Digest>> = Vec::new();
        let mut room = 0;
        for digest in digests {
            let cost = size(digest) + BESIDE;
            match batches.last_mut() {
                Some(batch) if cost <= room => {
                    room -= cost;
                    batch.push(digest.clone());
                }
                _ => {
                    room = limit.saturating_sub(cost);
                    batches.push(vec![digest.clone()]);
                }
            }
        }
        let asked = stream::iter(batches).map(|batch| self.read_batch(batch, what));
        let told: Vec<_> = asked.buffer_unordered(self.patience().parallel.max(1)).try_collect().await?;
        Ok(told.into_iter().flatten().collect())
    }

    async fn read_batch(&self, digests: Vec<Digest>, what: &str) -> Result<Vec<(Digest, Vec<u8>)>, RemoteError> {
        let ask = self.ask(what);
        let message = BatchReadBlobsRequest {
            instance_name: self.instance(),
            digests,
            acceptable_compressors: Vec::new(),
            digest_function: self.function().number(),
        };
        ask.surely(|| async {
            let answer = self.storage().await?.batch_read_blobs(self.signed(message.clone())?).await?.into_inner();
            let mut read = Vec::new();
            for told in answer.responses {
                let Some(digest) = told.digest.filter(|digest| message.digests.contains(digest)) else {
                    return Err(ask.error("it answers something else".to_owned(), Kind::Refused).into());
                };
                let status = told.status.unwrap_or_default();
                match Code::from_i32(status.code) {
                    Code::Ok => {}
                    Code::NotFound => continue,
                    code => return Err(Trouble::Status(Status::new(code, status.message))),
                }
                if let Some(why) = self.differs(&digest, &told.data) {
                    return Err(self.error(&named(&digest), why, Kind::Lied).into());
                }
                read.push((digest, told.data));
            }
            Ok(read)
        })
        .await
    }
}
