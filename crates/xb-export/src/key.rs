//! The OpenPGP key that a repository is signed with.
//!
//! Its signatures are the same bytes each time: Ed25519 and RSA need no random numbers, and the time is the caller's.

mod choice;
mod new;
mod own;

use pgp::composed::{ArmorOptions, CleartextSignedMessage, Deserializable, DetachedSignature, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, Password, SigningKey, Timestamp};

use crate::error::{ExportError, Result};
use crate::moment::Moment;
use choice::Choice;

/// A secret OpenPGP key that can sign.
///
/// ```
/// use xb_export::{Moment, OpenPgpKey};
///
/// // Whoever calls brings 32 random bytes, and keeps the text secret.
/// let key = OpenPgpKey::from_seed(&[7; 32], "Example <packages@example.org>", Moment::default())?;
/// let text = key.secret_armour()?;
/// assert_eq!(OpenPgpKey::from_armour(&text)?.fingerprint(), key.fingerprint());
/// # Ok::<(), xb_export::ExportError>(())
/// ```
pub struct OpenPgpKey {
    key: SignedSecretKey,
    choice: Choice,
}

impl std::fmt::Debug for OpenPgpKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenPgpKey({})", self.fingerprint())
    }
}

impl OpenPgpKey {
    /// Reads a secret key, as `gpg --armor --export-secret-keys` writes it.
    ///
    /// # Errors
    /// When it is no secret key, has a passphrase, or is of no use for signatures.
    pub fn from_armour(text: &str) -> Result<Self> {
        if text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
            return Err(ExportError::Key(
                "it is the public half of a key; export the secret one with `gpg --armor --export-secret-keys`".into(),
            ));
        }
        let unreadable = |error: pgp::errors::Error| {
            ExportError::Key(format!(
                "it is no armoured secret OpenPGP key ({error}); export one with `gpg --armor --export-secret-keys`"
            ))
        };
        let (key, _) = SignedSecretKey::from_string(text).map_err(unreadable)?;
        Self::new(key)
    }

    /// A new Ed25519 key of 32 random bytes, for somebody: `Name <address>`.
    ///
    /// # Errors
    /// When the name cannot stand in a key.
    pub fn from_seed(seed: &[u8; 32], user: &str, created: Moment) -> Result<Self> {
        if user.trim().is_empty() || user.chars().any(char::is_control) {
            return Err(ExportError::value("the owner of the key", user, "it must be a name on one line"));
        }
        Self::new(new::make(seed, user, created).map_err(failed)?)
    }

    fn new(key: SignedSecretKey) -> Result<Self> {
        let choice = Choice::of(&key).map_err(ExportError::Key)?;
        Ok(Self { key, choice })
    }

    /// The fingerprint of the primary key, in upper-case hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("{:X}", self.key.primary_key.fingerprint())
    }

    /// From when on it can sign: no signature may be older than its key.
    pub fn created(&self) -> Moment {
        self.choice.created()
    }

    /// The secret key, as text that is to be kept secret.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn secret_armour(&self) -> Result<String> {
        self.key.to_armored_string(ArmorOptions::default()).map_err(failed)
    }

    /// The public half, as text.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn public_armour(&self) -> Result<String> {
        self.key.to_public_key().to_armored_string(ArmorOptions::default()).map_err(failed)
    }

    /// The public half, as apt and gpgv read it.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn public_bytes(&self) -> Result<Vec<u8>> {
        self.key.to_public_key().to_bytes().map_err(failed)
    }

    /// A text with its signature around it; the newline at its end is not signed, as is usual.
    pub(crate) fn sign_text(&self, text: &str, date: Moment) -> Result<String> {
        let text = text.trim_end_matches('\n');
        self.sign(SignatureType::Text, date, |config, key| {
            CleartextSignedMessage::new(text, config, &key, &Password::empty())?
                .to_armored_string(ArmorOptions::default())
        })
    }

    /// The signature of some bytes, on its own.
    pub(crate) fn sign_bytes(&self, bytes: &[u8], date: Moment) -> Result<String> {
        self.sign(SignatureType::Binary, date, |config, key| {
            let signature = config.sign(&key, &Password::empty(), bytes)?;
            DetachedSignature::new(signature).to_armored_string(ArmorOptions::default())
        })
    }

    fn sign(
        &self,
        kind: SignatureType,
        date: Moment,
        how: impl FnOnce(SignatureConfig, Box<&dyn SigningKey>) -> pgp::errors::Result<String>,
    ) -> Result<String> {
        let key = self.choice.key(&self.key).ok_or_else(|| ExportError::Key("its subkey is gone".into()))?;
        self.choice.check_lives(date).map_err(ExportError::Key)?;
        let config = config_for(key, kind, date.as_secs()).map_err(failed)?;
        how(config, Box::new(key)).map_err(failed)
    }
}

/// What is said about a signature beside what it signs.
fn config_for(key: &dyn SigningKey, kind: SignatureType, at: u32) -> pgp::errors::Result<SignatureConfig> {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha512);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(at)))?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
    ];
    config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
    Ok(config)
}

fn failed(error: pgp::errors::Error) -> ExportError {
    ExportError::Key(error.to_string())
}
