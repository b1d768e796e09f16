//! Entries: what a remote keeps under a key.
//!
//! An entry is an `ActionResult` of the Remote Execution API, since that is what servers of Bazel's cache know: some
//! refuse anything else, and some throw an entry away when a blob that it names is gone. So the blobs of the pack are its
//! output files, and the signed statement is what it printed. Nothing but the statement is believed.

use prost::Message;
use sha2::Digest as _;
use xb_build::SharedKey;
use xb_core::Sha256;
use xb_graph::reapi::DigestMessage;
use xb_sign::{SignError, StatementPublicKey};

use crate::Blob;

/// `OutputFile`, with the numbers of `build/bazel/remote/execution/v2/remote_execution.proto`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
struct OutputFile {
    #[prost(string, tag = "1")]
    path: String,
    #[prost(message, optional, tag = "2")]
    digest: Option<DigestMessage>,
}

/// `ActionResult`.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
struct ActionResult {
    #[prost(message, repeated, tag = "2")]
    output_files: Vec<OutputFile>,
    #[prost(int32, tag = "4")]
    exit_code: i32,
    #[prost(bytes = "vec", tag = "5")]
    stdout_raw: Vec<u8>,
}

/// The key of what one signer says of a result. Each has an entry of its own: nobody's word is lost for another's, and
/// who is not trusted is not asked for.
///
/// # Errors
/// When the signer's key cannot be written down.
pub(super) fn key(of: SharedKey, signer: &StatementPublicKey) -> Result<Sha256, SignError> {
    let (kind, digest) = match of {
        SharedKey::Recipe(recipe) => ("recipe", recipe.0),
        SharedKey::Action(action) => ("action", action.0),
    };
    let text = format!("xb-result-v1\0{kind}\0{digest}\0{}", signer.id()?);
    Ok(Sha256(sha2::Sha256::digest(text.as_bytes()).into()))
}

/// The bytes of an entry.
pub(super) fn write(envelope: &[u8], blobs: &[Blob]) -> Vec<u8> {
    let file = |blob: &Blob| OutputFile {
        path: blob.sha256.to_string(),
        digest: Some(DigestMessage { hash: blob.sha256.to_string(), size_bytes: blob.size.cast_signed() }),
    };
    let output_files = blobs.iter().map(file).collect();
    ActionResult { output_files, exit_code: 0, stdout_raw: envelope.to_vec() }.encode_to_vec()
}

/// The envelope in an entry; none where it is no entry at all.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<u8>> {
    ActionResult::decode(bytes).ok().map(|result| result.stdout_raw)
}

/// The blobs that an entry names; none where it is no entry at all, or names what can be no blob.
pub(crate) fn blobs(bytes: &[u8]) -> Option<Vec<Blob>> {
    let named = ActionResult::decode(bytes).ok()?.output_files.into_iter().map(|file| {
        let digest = file.digest?;
        Some(Blob { sha256: digest.hash.parse().ok()?, size: digest.size_bytes.try_into().ok()? })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use xb_core::{ActionId, Digest, RecipeId};
    use xb_sign::StatementKey;

    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let blob = Blob::of(b"a chunk");
        let bytes = write(b"envelope", &[blob]);
        assert_eq!(read(&bytes).as_deref(), Some(&b"envelope"[..]));
        assert!(String::from_utf8_lossy(&bytes).contains(&blob.sha256.to_string()));
        assert_eq!(blobs(&bytes), Some(vec![blob]));
        assert_eq!((read(b"\xff\xff\xff"), blobs(b"\xff\xff\xff")), (None, None));
    }

    #[test]
    fn every_signer_and_every_kind_of_key_has_an_entry_of_its_own() {
        let (one, other) = (StatementKey::from_seed(&[1; 32]).public(), StatementKey::from_seed(&[2; 32]).public());
        let digest = Digest::of(b"x");
        let keys = [SharedKey::Recipe(RecipeId(digest)), SharedKey::Action(ActionId(digest))];
        let all = keys.into_iter().flat_map(|of| [key(of, &one).unwrap(), key(of, &other).unwrap()]);
        assert_eq!(all.collect::<std::collections::BTreeSet<_>>().len(), 4);
    }
}
