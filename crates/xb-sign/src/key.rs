//! The Ed25519 keys of statements.

use std::cmp::Ordering;

use ed25519_dalek::pkcs8::spki::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{SigningKey, VerifyingKey};
use sha2::Digest as _;
use xb_core::Sha256;

use crate::dsse;
use crate::error::{Result, SignError};

/// A secret key that signs statements.
pub struct StatementKey(SigningKey);

impl std::fmt::Debug for StatementKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StatementKey")
    }
}

impl StatementKey {
    /// A key of 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads a key, as `openssl genpkey -algorithm ed25519` writes it.
    ///
    /// # Errors
    /// When it is no such key, or has a passphrase.
    pub fn from_pem(text: &str) -> Result<Self> {
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
            return Err(SignError::Key("it has a passphrase; `openssl pkey` writes a copy without".into()));
        }
        SigningKey::from_pkcs8_pem(text).map(Self).map_err(|error| {
            let how = "`openssl genpkey -algorithm ed25519` makes one";
            SignError::Key(format!("it is no Ed25519 key in PEM ({error}); {how}"))
        })
    }

    /// The key as text that is to be kept secret.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn secret_pem(&self) -> Result<String> {
        // With the public half in it, it would be of a form that openssl does not read.
        let bytes = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let pem = bytes.to_pkcs8_pem(LineEnding::LF).map_err(|error| SignError::Key(error.to_string()))?;
        Ok(pem.as_str().to_owned())
    }

    /// The public half.
    pub fn public(&self) -> StatementPublicKey {
        StatementPublicKey(self.0.verifying_key())
    }

    /// Signs bytes of some type, and encloses them.
    ///
    /// # Errors
    /// When the envelope cannot be written as JSON.
    pub fn seal(&self, kind: &str, body: &[u8]) -> Result<Vec<u8>> {
        dsse::seal(kind, body, &self.0, self.public().id()?)
    }
}

/// A public key, by which statements are believed.
///
/// Keys are in the order of their bytes. As text of one line, a key is `ed25519:` and the base64 of its 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatementPublicKey(pub(crate) VerifyingKey);

impl Ord for StatementPublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_bytes().cmp(other.0.as_bytes())
    }
}

impl PartialOrd for StatementPublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl StatementPublicKey {
    /// Reads a key, as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn from_pem(text: &str) -> Result<Self> {
        let key = VerifyingKey::from_public_key_pem(text);
        key.map(Self).map_err(|error| SignError::Key(format!("it is no public Ed25519 key in PEM: {error}")))
    }

    /// The key as text.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn pem(&self) -> Result<String> {
        self.0.to_public_key_pem(LineEnding::LF).map_err(|error| SignError::Key(error.to_string()))
    }

    /// How envelopes name it: the SHA-256 sum of its DER form. It is a hint, and decides nothing.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn id(&self) -> Result<String> {
        let der = self.0.to_public_key_der().map_err(|error| SignError::Key(error.to_string()))?;
        Ok(Sha256(sha2::Sha256::digest(der.as_bytes()).into()).to_string())
    }

    /// What [`StatementKey::seal`] enclosed, once its signature was found to be by this key.
    ///
    /// # Errors
    /// When it is not, or it is of another type.
    pub fn open(&self, kind: &str, envelope: &[u8]) -> Result<Vec<u8>> {
        dsse::open(envelope, kind, &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_bytes() {
        let mut keys: Vec<_> = (0..9).map(|seed| StatementKey::from_seed(&[seed; 32]).public()).collect();
        keys.sort();
        assert!(keys.is_sorted_by_key(|key| key.0.to_bytes()));
    }
}
