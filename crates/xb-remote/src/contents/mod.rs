//! Contents by their digests.

mod batch;
mod byte_stream;
mod file;
mod incoming;
mod several;

use std::collections::HashSet;

use bazel_remote_apis::build::bazel::remote::execution::v2::content_addressable_storage_client::ContentAddressableStorageClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::{Digest, FindMissingBlobsRequest};
use futures_util::{StreamExt, TryStreamExt, stream};
use tonic::transport::Channel;

use crate::connection::MOST_MESSAGE;
use crate::{Connection, Kind, RemoteError};
pub use file::FileError;

/// So many digests fit into a message of 4 MiB, whatever their hashes are.
const MOST_DIGESTS: usize = 16_384;

/// Contents, each with its digest.
pub type Contents = Vec<(Digest, Vec<u8>)>;

impl Connection {
    /// Which of these contents the server lacks.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not let one.
    pub async fn missing(&self, digests: &[Digest]) -> Result<HashSet<Digest>, RemoteError> {
        let parts: Vec<_> = digests.chunks(MOST_DIGESTS).map(<[_]>::to_vec).collect();
        let asked = stream::iter(parts).map(|part| self.missing_of(part));
        let told: Vec<_> = asked.buffer_unordered(self.patience().parallel.max(1)).try_collect().await?;
        Ok(told.into_iter().flatten().collect())
    }

    async fn missing_of(&self, digests: Vec<Digest>) -> Result<Vec<Digest>, RemoteError> {
        let message = FindMissingBlobsRequest {
            instance_name: self.instance(),
            blob_digests: digests,
            digest_function: self.function().number(),
        };
        let ask = self.ask("what it lacks");
        let answer =
            ask.surely(|| async { Ok(self.storage().await?.find_missing_blobs(self.signed(message.clone())?).await?) });
        Ok(answer.await?.into_inner().missing_blob_digests)
    }

    /// The bytes of a content, if the server has it. `what` is a noun, for errors.
    ///
    /// # Errors
    /// When the server cannot be reached, or has other bytes.
    pub async fn read(&self, digest: &Digest, what: &str) -> Result<Option<Vec<u8>>, RemoteError> {
        let capabilities = self.capabilities().await?;
        let bytes = match size(digest) <= capabilities.batch_bytes {
            true => self.read_at_once(digest, what).await?,
            false => self.read_stream(digest, what).await?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        match self.differs(digest, &bytes) {
            Some(why) => Err(self.error(what, why, Kind::Lied)),
            None => Ok(Some(bytes)),
        }
    }

    /// Gives contents to the server, small ones together.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not take one: some may be there then.
    pub async fn write(&self, contents: Contents) -> Result<(), RemoteError> {
        let capabilities = self.capabilities().await?;
        let (small, large): (Contents, Contents) =
            contents.into_iter().partition(|(digest, _)| size(digest) <= capabilities.batch_bytes);
        if let Some((digest, _)) = large.iter().find(|(digest, _)| size(digest) > capabilities.content_bytes) {
            let why =
                format!("it takes at most {} bytes, and these are {}", capabilities.content_bytes, digest.size_bytes);
            return Err(self.error(&named(digest), why, Kind::Refused));
        }
        let parallel = self.patience().parallel.max(1);
        let batches = stream::iter(batch::batches(small, capabilities.batch_bytes));
        batches.map(|batch| self.write_batch(batch)).buffer_unordered(parallel).try_collect::<()>().await?;
        let streams = stream::iter(large);
        streams.map(|(digest, bytes)| self.write_stream(digest, bytes)).buffer_unordered(parallel).try_collect().await
    }

    /// Why these bytes are not those of a digest; nothing where they are.
    fn differs(&self, digest: &Digest, bytes: &[u8]) -> Option<String> {
        let found = self.function().of(bytes);
        if found.size_bytes != digest.size_bytes {
            return Some(format!("it is {} bytes long, not {}", found.size_bytes, digest.size_bytes));
        }
        (found != *digest).then(|| format!("its {} is {}", self.function().name(), found.hash))
    }

    async fn storage(&self) -> Result<ContentAddressableStorageClient<Channel>, RemoteError> {
        Ok(ContentAddressableStorageClient::new(self.channel().await?).max_decoding_message_size(MOST_MESSAGE))
    }
}

/// How many bytes a digest is of; none of a digest that can be of none.
fn size(digest: &Digest) -> u64 {
    digest.size_bytes.try_into().unwrap_or(0)
}

/// How a content is called in errors.
fn named(digest: &Digest) -> String {
    format!("the blob {}", digest.hash)
}
