//! Keys, and whether a signature is one of theirs.
//!
//! A key counts only with the signatures of its own that bind it together: its user id (which carries its end of
//! life) and its subkeys. A signature counts when it was made over text, with SHA-2, by a key that had not expired
//! when it was made.

use pgp::composed::{Deserializable, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, VerifyingKey};

/// Debian's archive keys; `keys/README.md` says where they come from.
const DEBIAN: [&[u8]; 6] = [
    include_bytes!("../keys/bookworm-automatic.pgp"),
    include_bytes!("../keys/bookworm-security-automatic.pgp"),
    include_bytes!("../keys/bookworm-stable.pgp"),
    include_bytes!("../keys/trixie-automatic.pgp"),
    include_bytes!("../keys/trixie-security-automatic.pgp"),
    include_bytes!("../keys/trixie-stable.pgp"),
];

/// Bytes that are not OpenPGP keys.
#[derive(Debug, thiserror::Error)]
#[error("these are not usable OpenPGP public keys: {0}; export them in binary form with `gpg --export`")]
pub struct KeyringError(String);

/// Keys whose signatures are believed.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    keys: Vec<SignedPublicKey>,
}

/// Why a signature does not count.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No key of the ring made it.
    Unknown(String),
    /// A key of the ring made it, over something else.
    Bad(String),
    /// A key of the ring made it after the key's end of life.
    Expired(String),
    /// It is of a kind that is not believed.
    Weak(&'static str),
}

impl Keyring {
    /// Debian's archive keys for bookworm and trixie.
    pub fn debian() -> Self {
        let keys = DEBIAN.iter().filter_map(|bytes| Self::from_bytes(bytes).ok());
        Self { keys: keys.flat_map(|ring| ring.keys).collect() }
    }

    /// Keys in OpenPGP's binary form, one after another.
    ///
    /// # Errors
    /// When the bytes are not public keys, or a key's own signatures do not bind it together.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyringError> {
        let wrong = |error: pgp::errors::Error| KeyringError(error.to_string());
        let keys =
            SignedPublicKey::from_bytes_many(bytes).map_err(wrong)?.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        if keys.is_empty() {
            return Err(KeyringError("there is no key in them".to_owned()));
        }
        keys.iter().try_for_each(SignedPublicKey::verify_bindings).map_err(wrong)?;
        Ok(Self { keys })
    }

    /// The fingerprints of the primary keys, in upper-case hexadecimal digits.
    pub fn fingerprints(&self) -> Vec<String> {
        self.keys.iter().map(fingerprint).collect()
    }

    /// Checks one signature over a text.
    pub(crate) fn check(&self, signature: &Signature, text: &[u8]) -> Result<(), Refusal> {
        is_strong(signature)?;
        for key in &self.keys {
            if names(signature, key) {
                return verify(signature, key, lifetime(user_signatures(key)), text);
            }
            let subkey = key.public_subkeys.iter().find(|subkey| names(signature, &subkey.key));
            if let Some(subkey) = subkey {
                return verify_by_subkey(signature, key, subkey, text);
            }
        }
        Err(Refusal::Unknown(issuer(signature)))
    }
}

/// Reads the signatures of an armour.
pub(crate) fn read_signatures(armour: &str) -> Result<Vec<Signature>, String> {
    let (signatures, _) = DetachedSignature::from_string_many(armour).map_err(|error| error.to_string())?;
    signatures
        .map(|signature| signature.map(|signature| signature.signature))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

fn is_strong(signature: &Signature) -> Result<(), Refusal> {
    if signature.typ() != Some(SignatureType::Text) {
        return Err(Refusal::Weak("it is no signature over a text"));
    }
    match signature.hash_alg() {
        Some(HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512) => Ok(()),
        _ => Err(Refusal::Weak("its hash function is not SHA-256 or stronger")),
    }
}

fn verify_by_subkey(
    signature: &Signature,
    key: &SignedPublicKey,
    subkey: &SignedPublicSubKey,
    text: &[u8],
) -> Result<(), Refusal> {
    let signs = subkey.signatures.iter().any(|binding| binding.key_flags().sign());
    if !signs {
        return Err(Refusal::Weak("its key is not one for signatures"));
    }
    check_lifetime(signature, key, lifetime(user_signatures(key)))?;
    verify(signature, &subkey.key, lifetime(subkey.signatures.iter()), text)
}

fn verify(signature: &Signature, key: &impl VerifyingKey, lifetime: Option<u32>, text: &[u8]) -> Result<(), Refusal> {
    check_lifetime(signature, key, lifetime)?;
    signature.verify(key, text).map_err(|_| Refusal::Bad(fingerprint(key)))
}

/// Whether a key was alive, `lifetime` seconds from its creation on, when it signed.
fn check_lifetime(signature: &Signature, key: &impl KeyDetails, lifetime: Option<u32>) -> Result<(), Refusal> {
    let created = key.created_at().as_secs();
    let end = lifetime.map_or(u32::MAX, |seconds| created.saturating_add(seconds));
    match signature.created() {
        Some(made) if (created..=end).contains(&made.as_secs()) => Ok(()),
        _ => Err(Refusal::Expired(fingerprint(key))),
    }
}

/// The lifetime that the newest of these self-signatures gives; none is for ever.
fn lifetime<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<u32> {
    signatures
        .max_by_key(|signature| signature.created().map(pgp::types::Timestamp::as_secs))
        .and_then(Signature::key_expiration_time)
        .map(pgp::types::Duration::as_secs)
        .filter(|seconds| *seconds != 0)
}

fn user_signatures(key: &SignedPublicKey) -> impl Iterator<Item = &Signature> {
    key.details.users.iter().flat_map(|user| &user.signatures)
}

/// Whether the signature says that this key made it.
fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    let prints = signature.issuer_fingerprint();
    if prints.is_empty() {
        signature.issuer_key_id().contains(&&key.legacy_key_id())
    } else {
        prints.contains(&&key.fingerprint())
    }
}

fn issuer(signature: &Signature) -> String {
    let print = signature.issuer_fingerprint().first().map(|print| format!("{print:X}"));
    let id = || signature.issuer_key_id().first().map(|id| id.to_string().to_uppercase());
    print.or_else(id).unwrap_or_else(|| "a key that it does not name".to_owned())
}

fn fingerprint(key: &impl KeyDetails) -> String {
    format!("{:X}", key.fingerprint())
}

#[cfg(test)]
mod tests {
    use pgp::composed::{KeyType, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder};
    use pgp::packet::{SignatureConfig, Subpacket, SubpacketData};
    use pgp::types::{Password, SigningKey, Timestamp};

    use super::*;

    #[test]
    fn debians_keys_are_those_that_their_readme_lists() {
        let readme = include_str!("../keys/README.md");
        let prints = Keyring::debian().fingerprints();
        assert_eq!(prints.len(), DEBIAN.len());
        for print in prints {
            assert!(readme.contains(&print), "{print}");
        }
    }

    #[test]
    fn a_key_counts_only_while_it_lives() {
        let text = crate::decompress("xz.xz", include_bytes!("../tests/data/InRelease-trixie.xz")).unwrap();
        let text = String::from_utf8(text).unwrap();
        let cleartext = crate::cleartext::split(&text).unwrap();
        let signatures = read_signatures(cleartext.armour).unwrap();
        let ring = Keyring::from_bytes(DEBIAN[5]).unwrap();
        let key = &ring.keys[0];
        let by_key = signatures.iter().find(|it| names(it, key)).unwrap();
        let eight_years = lifetime(user_signatures(key));
        assert_eq!(eight_years, Some(8 * 365 * 24 * 3600));
        assert_eq!(check_lifetime(by_key, key, eight_years), Ok(()));
        let day = Some(24 * 3600);
        assert_eq!(check_lifetime(by_key, key, day), Err(Refusal::Expired(fingerprint(key))));
    }

    /// A key of our own with a subkey, which may sign or not. With RSA a weak hash can be signed at all.
    fn own_key(subkey_signs: bool) -> SignedSecretKey {
        let subkey = SubkeyParamsBuilder::default()
            .key_type(KeyType::Ed25519Legacy)
            .can_sign(subkey_signs)
            .can_authenticate(!subkey_signs)
            .build()
            .unwrap();
        SecretKeyParamsBuilder::default()
            .key_type(KeyType::Rsa(2048))
            .can_certify(true)
            .can_sign(true)
            .primary_user_id("somebody".to_owned())
            .subkey(subkey)
            .build()
            .unwrap()
            .generate(rand::thread_rng())
            .unwrap()
    }

    fn sign(key: &impl SigningKey, kind: SignatureType, hash: HashAlgorithm) -> Signature {
        let mut config = SignatureConfig::v4(kind, key.algorithm(), hash);
        config.hashed_subpackets = [
            SubpacketData::SignatureCreationTime(Timestamp::now()),
            SubpacketData::IssuerFingerprint(key.fingerprint()),
        ]
        .map(|data| Subpacket::regular(data).unwrap())
        .to_vec();
        config.sign(key, &Password::empty(), &b"text"[..]).unwrap()
    }

    #[test]
    fn a_signature_counts_only_over_a_text_by_a_strong_hash_and_a_key_for_signatures() {
        let (able, unable) = (own_key(true), own_key(false));
        let check = |key: &SignedSecretKey, signature: &Signature, text: &[u8]| {
            Keyring { keys: vec![key.to_public_key()] }.check(signature, text)
        };
        let primary = |kind, hash| sign(&able.primary_key, kind, hash);
        let good = primary(SignatureType::Text, HashAlgorithm::Sha256);
        assert_eq!(check(&able, &good, b"text"), Ok(()));
        assert!(matches!(check(&able, &good, b"other"), Err(Refusal::Bad(_))));
        assert!(matches!(check(&unable, &good, b"text"), Err(Refusal::Unknown(_))));
        for (kind, hash) in [
            (SignatureType::Binary, HashAlgorithm::Sha256),
            (SignatureType::Text, HashAlgorithm::Sha1),
            (SignatureType::Text, HashAlgorithm::Sha224),
        ] {
            let weak = check(&able, &primary(kind, hash), b"text");
            assert!(matches!(weak, Err(Refusal::Weak(_))), "{kind:?} {hash:?}: {weak:?}");
        }
        let by_subkey = |key: &SignedSecretKey| {
            let subkey = &key.secret_subkeys[0].key;
            check(key, &sign(subkey, SignatureType::Text, HashAlgorithm::Sha256), b"text")
        };
        assert_eq!(by_subkey(&able), Ok(()));
        assert!(matches!(by_subkey(&unable), Err(Refusal::Weak(_))));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bytes in [&b""[..], b"no key", &DEBIAN[2][..100]] {
            assert!(Keyring::from_bytes(bytes).is_err());
        }
    }
}
