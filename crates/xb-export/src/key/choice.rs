//! Which key of an OpenPGP key signs: the primary one where it may, otherwise the newest subkey that may.

use pgp::composed::SignedSecretKey;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::Signature;
use pgp::types::{Duration, KeyDetails, KeyVersion, SecretParams, SigningKey};

use super::own::{Own, is_revocation, newest};
use crate::moment::Moment;

/// The key that signs, and for how long it may.
pub(super) struct Choice {
    /// Which subkey; none is the primary key.
    subkey: Option<usize>,
    created: u32,
    ends: Option<u32>,
}

impl Choice {
    /// Chooses.
    ///
    /// # Errors
    /// Why no key in it can sign, and what to do about it.
    pub(super) fn of(key: &SignedSecretKey) -> Result<Self, String> {
        // Whoever revoked it: another one whom the key names may.
        if !key.details.revocation_signatures.is_empty() {
            return Err("it was revoked; make a new one".to_owned());
        }
        let own = Own::of(key).map_err(|error| format!("its own signatures do not hold it together: {error}"))?;
        let about_primary = own.about_primary();
        let primary_ends = ends(&key.primary_key, about_primary);
        let mut reasons = Vec::new();
        let mut check = |reason: Option<&'static str>| reason.map(|reason| reasons.push(reason)).is_none();
        if check(useless(&key.primary_key, key.primary_key.secret_params(), about_primary)) {
            return Ok(Self { subkey: None, created: created(&key.primary_key), ends: primary_ends });
        }
        let able = key.secret_subkeys.iter().enumerate().filter(|(_, subkey)| {
            let is_bound = !subkey.signatures.iter().any(is_revocation);
            is_bound && check(useless(&subkey.key, subkey.key.secret_params(), newest(&subkey.signatures)))
        });
        if let Some((index, subkey)) = able.max_by_key(|(_, subkey)| created(&subkey.key)) {
            let alone = ends(&subkey.key, newest(&subkey.signatures));
            let first = [alone, primary_ends].into_iter().flatten().min();
            return Ok(Self { subkey: Some(index), created: created(&subkey.key), ends: first });
        }
        // What is locked could be of use, so that is what to say first.
        let locked = reasons.iter().find(|reason| **reason == LOCKED);
        Err((*locked.or(reasons.first()).unwrap_or(&NOT_FOR_SIGNATURES)).to_owned())
    }

    /// The key in the whole that it was chosen from.
    pub(super) fn key<'a>(&self, whole: &'a SignedSecretKey) -> Option<&'a dyn SigningKey> {
        match self.subkey {
            None => Some(&whole.primary_key),
            Some(index) => whole.secret_subkeys.get(index).map(|subkey| &subkey.key as &dyn SigningKey),
        }
    }

    /// When the key that signs was made.
    pub(super) const fn created(&self) -> Moment {
        Moment::from_secs(self.created)
    }

    /// Whether a signature of that date would be believed.
    pub(super) fn check_lives(&self, date: Moment) -> Result<(), String> {
        let written = |seconds| Moment::from_secs(seconds).rfc3339();
        let date = date.as_secs();
        if date < self.created {
            return Err(format!(
                "it was made at {}, and the signature would be of {}, before that; choose a later date, or make the \
                 key with an earlier one",
                written(self.created),
                written(date)
            ));
        }
        match self.ends {
            Some(end) if end < date => Err(format!("it expired at {}; prolong it, or make a new one", written(end))),
            _ => Ok(()),
        }
    }
}

const LOCKED: &str = "it has a passphrase, or its secret half is not in it; remove the passphrase from a copy of it \
                      with `gpg --edit-key KEY passwd`, and export that";
const NOT_FOR_SIGNATURES: &str = "it is not one for signatures";
const OTHER_KIND: &str = "its signatures are not the same twice; a key for repositories is Ed25519 or RSA";
const OTHER_VERSION: &str = "it is of a version of OpenPGP other than 4, which apt does not read everywhere";

/// Why a key cannot sign; none where it can.
fn useless(key: &impl KeyDetails, secret: &SecretParams, about: Option<&Signature>) -> Option<&'static str> {
    use PublicKeyAlgorithm::{Ed25519, EdDSALegacy, RSA, RSASign};
    if key.version() != KeyVersion::V4 {
        return Some(OTHER_VERSION);
    }
    if !about.is_some_and(|signature| signature.key_flags().sign()) {
        return Some(NOT_FOR_SIGNATURES);
    }
    if !matches!(key.algorithm(), Ed25519 | EdDSALegacy | RSA | RSASign) {
        return Some(OTHER_KIND);
    }
    secret.is_encrypted().then_some(LOCKED)
}

/// When a key's life ends, by the signature about it; none is never.
fn ends(key: &impl KeyDetails, about: Option<&Signature>) -> Option<u32> {
    let lifetime = about?.key_expiration_time().map(Duration::as_secs).filter(|seconds| *seconds != 0)?;
    Some(created(key).saturating_add(lifetime))
}

fn created(key: &impl KeyDetails) -> u32 {
    key.created_at().as_secs()
}
