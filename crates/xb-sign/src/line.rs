//! A public key as text of one line, as people write it into a configuration: `ed25519:` and the base64 of its bytes.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, VerifyingKey};

use crate::error::{Result, SignError};
use crate::key::StatementPublicKey;

/// What the line begins with.
const KIND: &str = "ed25519:";

impl fmt::Display for StatementPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

/// There is one text for each key: another one of the same bytes or of the same point is refused, and so is a key of
/// which everybody can make signatures.
impl FromStr for StatementPublicKey {
    type Err = SignError;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |reason: String| SignError::Key(format!("{reason}; `xb key show --line` prints one"));
        let encoded = text
            .strip_prefix(KIND)
            .ok_or_else(|| wrong(format!("a public key of statements begins with `{KIND}`, which this does not")))?;
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|error| wrong(format!("what follows `{KIND}` is not in base64 ({error})")))?;
        let bytes: [u8; PUBLIC_KEY_LENGTH] = bytes.as_slice().try_into().map_err(|_| {
            wrong(format!("what follows `{KIND}` are {} bytes, and not {PUBLIC_KEY_LENGTH}", bytes.len()))
        })?;
        let key = VerifyingKey::from_bytes(&bytes).ok().filter(|key| key.to_edwards().compress().to_bytes() == bytes);
        let key = key.ok_or_else(|| wrong(format!("what follows `{KIND}` is no point of the curve")))?;
        if key.is_weak() {
            return Err(wrong("it is a weak key: everybody can make signatures that are right by it".to_owned()));
        }
        Ok(Self(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::StatementKey;

    fn refused(text: &str) -> String {
        text.parse::<StatementPublicKey>().unwrap_err().to_string()
    }

    fn line(bytes: &[u8]) -> String {
        format!("{KIND}{}", STANDARD.encode(bytes))
    }

    /// The first key of RFC 8032, section 7.1.
    #[test]
    fn a_line_is_the_kind_and_the_bytes_of_the_key() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        let key = StatementKey::from_seed(&seed).public();
        let text = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
        assert_eq!(key.to_string(), text);
        assert_eq!(text.parse::<StatementPublicKey>().unwrap(), key);
    }

    #[test]
    fn what_is_no_line_is_refused_with_what_is_wrong() {
        let right = StatementKey::from_seed(&[7; 32]).public().to_string();
        assert!(refused("").contains("begins with `ed25519:`, which this does not; `xb key show --line` prints one"));
        assert!(refused("-----BEGIN PUBLIC KEY-----\n").contains("begins with"));
        assert!(refused(&right.replace("ed25519:", "ED25519:")).contains("begins with"));
        assert!(refused(&format!(" {right}")).contains("begins with"));
        assert!(refused(&format!("{right}\n")).contains("not in base64"));
        assert!(refused(right.trim_end_matches('=')).contains("not in base64"));
        assert!(refused("ed25519:?").contains("not in base64"));
        assert!(refused("ed25519:").contains("are 0 bytes, and not 32"));
        assert!(refused(&line(&[7; 31])).contains("are 31 bytes, and not 32"));
        assert!(refused(&line(&[7; 33])).contains("are 33 bytes, and not 32"));
    }

    #[test]
    fn what_is_no_point_or_one_of_few_is_refused() {
        let mut bytes = [0; 32];
        bytes[0] = 2;
        assert!(refused(&line(&bytes)).contains("no point of the curve"));
        bytes[0] = 1;
        assert!(refused(&line(&bytes)).contains("weak key"), "the neutral element");
        assert!(refused(&line(&[0; 32])).contains("weak key"), "a point of order four");
        bytes[31] = 0x80;
        assert!(refused(&line(&bytes)).contains("no point of the curve"), "a zero below zero");
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xf0, 0x7f);
        assert!(refused(&line(&bytes)).contains("no point of the curve"), "three and the prime, for three");
    }
}
