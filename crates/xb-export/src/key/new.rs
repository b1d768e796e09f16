//! A new key, of given bytes at a given time.

use pgp::composed::{SignedKeyDetails, SignedSecretKey};
use pgp::crypto::ed25519::{Mode, SecretKey as Ed25519};
use pgp::crypto::eddsa_legacy;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::errors::Result;
use pgp::packet::{
    KeyFlags, PacketTrait, PubKeyInner, PublicKey, SecretKey, SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::types::{
    EddsaLegacyPublicParams, KeyVersion, PacketHeaderVersion, Password, PlainSecretParams, PublicParams, SecretParams,
    Timestamp,
};

use crate::moment::Moment;

/// Makes a key in the framing that every gpgv and apt of the last decade reads.
pub(super) fn make(seed: &[u8; 32], user: &str, created: Moment) -> Result<SignedSecretKey> {
    let secret = Ed25519::try_from_bytes(*seed, Mode::EdDSALegacy)?;
    let public = PublicKey::from_inner(PubKeyInner::new(
        KeyVersion::V4,
        PublicKeyAlgorithm::EdDSALegacy,
        Timestamp::from_secs(created.as_secs()),
        None,
        PublicParams::EdDSALegacy(EddsaLegacyPublicParams::from(&secret)),
    )?)?;
    let secret = PlainSecretParams::EdDSALegacy(eddsa_legacy::SecretKey::Ed25519(secret));
    let key = SecretKey::new(public.clone(), SecretParams::Plain(secret))?;

    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut config = super::config_for(&key, SignatureType::CertPositive, created.as_secs())?;
    config.hashed_subpackets.push(Subpacket::regular(SubpacketData::KeyFlags(flags))?);
    config.hashed_subpackets.push(Subpacket::regular(SubpacketData::IsPrimary(true))?);
    let user = UserId::from_str(PacketHeaderVersion::default(), user)?;
    let signature = config.sign_certification(&key, &public, &Password::empty(), user.tag(), &user)?;
    let details = SignedKeyDetails::new(Vec::new(), Vec::new(), vec![user.into_signed(signature)], Vec::new());
    Ok(SignedSecretKey::new(key, details, Vec::new(), Vec::new()))
}
