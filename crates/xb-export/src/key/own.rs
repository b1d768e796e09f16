//! What an OpenPGP key says of itself: its own signatures, without those by which others vouch for it.

use pgp::composed::{SignedKeyDetails, SignedSecretKey};
use pgp::errors::Result;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, Timestamp};

/// What a key says of itself as a whole, beside its subkeys.
pub(super) struct Own(SignedKeyDetails);

impl Own {
    /// Verifies what a key says of itself and of its subkeys. What others say cannot be, without their keys, and does
    /// not count.
    ///
    /// # Errors
    /// When one of its own signatures is not right.
    pub(super) fn of(key: &SignedSecretKey) -> Result<Self> {
        let is_own = |signature: &Signature| is_by(signature, &key.primary_key);
        let mut details = key.details.clone();
        details.direct_signatures.retain(is_own);
        details.users.iter_mut().for_each(|user| user.signatures.retain(is_own));
        details.users.retain(|user| !user.signatures.is_empty());
        details.user_attributes.iter_mut().for_each(|attribute| attribute.signatures.retain(is_own));
        details.user_attributes.retain(|attribute| !attribute.signatures.is_empty());

        let primary = key.primary_key.public_key();
        details.verify_bindings(primary)?;
        key.public_subkeys.iter().try_for_each(|subkey| subkey.verify_bindings(primary))?;
        key.secret_subkeys.iter().try_for_each(|subkey| subkey.verify_bindings(primary))?;
        Ok(Self(details))
    }

    /// What counts for the primary key: the newest signature about the user id that is said to be the first one, or,
    /// where none is, about that which was signed last. A user id that was revoked says nothing.
    pub(super) fn about_primary(&self) -> Option<&Signature> {
        let of_users = self.0.users.iter().filter_map(|user| newest(&user.signatures));
        let of_users = of_users.filter(|signature| !is_revocation(signature));
        of_users.max_by_key(|signature| (signature.is_primary(), seconds(signature)))
    }
}

/// The newest of signatures about one thing; a revocation, where it is as new as another one.
pub(super) fn newest(about: &[Signature]) -> Option<&Signature> {
    about.iter().max_by_key(|signature| (seconds(signature), is_revocation(signature)))
}

/// Whether a signature takes back what others said.
pub(super) fn is_revocation(signature: &Signature) -> bool {
    use SignatureType::{CertRevocation, SubkeyRevocation};
    matches!(signature.typ(), Some(CertRevocation | SubkeyRevocation))
}

/// Whether a signature says that it is by a key; one that does not say by whom it is may be.
fn is_by(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (ids, fingerprints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    let says_nothing = ids.is_empty() && fingerprints.is_empty();
    says_nothing || ids.contains(&&key.legacy_key_id()) || fingerprints.contains(&&key.fingerprint())
}

fn seconds(signature: &Signature) -> Option<u32> {
    signature.created().map(Timestamp::as_secs)
}
