//! Debian's own `InRelease` files, as they are and as an enemy would have them.

use xb_debian::{Keyring, Release, ReleaseError, decompress, read_in_release};

/// Signed by bookworm's and trixie's automatic keys (RSA) and by trixie's stable key (Ed25519).
const TRIXIE: &[u8] = include_bytes!("data/InRelease-trixie.xz");
/// Signed by the automatic security keys.
const SECURITY: &[u8] = include_bytes!("data/InRelease-trixie-security.xz");

fn trixie() -> String {
    String::from_utf8(decompress("InRelease.xz", TRIXIE).unwrap()).unwrap()
}

fn read(text: &str) -> Result<Release, ReleaseError> {
    read_in_release(text.as_bytes(), &Keyring::debian())
}

#[test]
fn a_signed_release_is_read() {
    let release = read(&trixie()).unwrap();
    assert_eq!((release.suite.as_str(), release.codename.as_str()), ("stable", "trixie"));
    assert_eq!(release.date, "Sat, 12 Sep 2026 07:55:41 UTC");
    let index = release.files["main/binary-arm64/Packages.xz"];
    assert_eq!(index.size, 9_614_192);
    let security = decompress("InRelease.xz", SECURITY).unwrap();
    let security = read_in_release(&security, &Keyring::debian()).unwrap();
    assert_eq!(security.codename, "trixie-security");
}

#[test]
fn each_key_that_signed_it_is_enough() {
    let keys: [&[u8]; 3] = [
        include_bytes!("../keys/bookworm-automatic.pgp"),
        include_bytes!("../keys/trixie-automatic.pgp"),
        include_bytes!("../keys/trixie-stable.pgp"),
    ];
    for key in keys {
        read_in_release(trixie().as_bytes(), &Keyring::from_bytes(key).unwrap()).unwrap();
    }
}

#[test]
fn a_changed_text_is_refused() {
    let text = trixie();
    for (from, to) in [
        ("Codename: trixie", "Codename: trixiE"),
        ("Suite: stable\n", ""),
        ("SHA256:\n", "SHA256:\n 00 1 main/binary-amd64/Packages\n"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert!(matches!(read(&changed), Err(ReleaseError::Changed(_))), "{to}");
    }
}

#[test]
fn text_outside_of_the_signature_is_refused() {
    let text = trixie();
    for changed in [
        format!("Codename: sid\n{text}"),
        format!("{text}Codename: sid\n"),
        format!("{text}{text}"),
        text.replacen("Hash: SHA256\n", "Hash: SHA256\nCodename: sid\n", 1),
    ] {
        assert!(matches!(read(&changed), Err(ReleaseError::Form(_))));
    }
}

#[test]
fn a_release_without_a_usable_signature_is_refused() {
    let text = trixie();
    let armour = text.find("-----BEGIN PGP SIGNATURE").unwrap();
    assert!(matches!(read(&text[..armour]), Err(ReleaseError::Form(_))));
    assert!(matches!(read("Suite: stable\nCodename: trixie\n"), Err(ReleaseError::Form(_))));
    let broken = format!("{}{}", &text[..armour + 60], &text[armour + 160..]);
    assert!(read(&broken).is_err());
}

#[test]
fn an_unknown_key_is_named() {
    let other = Keyring::from_bytes(include_bytes!("../keys/bookworm-stable.pgp")).unwrap();
    let error = read_in_release(trixie().as_bytes(), &other).unwrap_err().to_string();
    assert!(error.contains("41587F7DB8C774BCCF131416762F67A0B2C39DE4"), "{error}");
}
