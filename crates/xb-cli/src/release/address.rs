//! The addresses of what artefacts were made from.

use std::fmt::Write as _;

use xb_debian::Pinned;

/// The package URL of a package of the distribution.
pub fn of_debian(package: &Pinned) -> String {
    let Pinned { name, version, arch, .. } = package;
    format!("pkg:deb/debian/{}@{}?arch={}", encode(name), encode(version), encode(arch))
}

/// The address of something that has none outside of xb: what it is, and what it is called.
pub fn own(kind: &str, name: &str) -> String {
    format!("urn:xb:{kind}:{}", encode(name))
}

/// The address of a source: its own where it is a URI, and else one by which it is at least told apart.
pub fn of_source(url: &str) -> String {
    let is_sign = |sign: char| !sign.is_whitespace() && !sign.is_control();
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|sign| sign.is_ascii_alphanumeric() || "+-.".contains(sign));
    if is_scheme && url.chars().all(is_sign) { url.to_owned() } else { own("source", url) }
}

/// What package URLs leave as it is, and the rest as `%2B`.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_uris() {
        let package = Pinned {
            name: "libstdc++6".to_owned(),
            version: "1:14.2~a+b1".to_owned(),
            arch: "arm64".to_owned(),
            path: String::new(),
            sha256: xb_core::Sha256([0; 32]),
            size: 1,
        };
        assert_eq!(of_debian(&package), "pkg:deb/debian/libstdc%2B%2B6@1:14.2~a%2Bb1?arch=arm64");
        for kept in ["https://example.org/a.tar.gz", "debian:pool/main/h/hello.dsc", "crate:a/1"] {
            assert_eq!(of_source(kept), kept);
        }
        assert_eq!(of_source("../a b"), "urn:xb:source:../a%20b");
        assert_eq!(of_source("git@example.org:a"), "urn:xb:source:git@example.org:a");
    }
}
