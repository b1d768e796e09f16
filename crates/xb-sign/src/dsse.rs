//! DSSE: an envelope for what is signed, of any type, in which the type is signed as well.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::error::{Result, SignError};

/// More than this is no envelope of ours.
const LONGEST: usize = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Serialize, Deserialize)]
struct EnvelopeSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// The bytes over which the signature is: the protocol's pre-authentication encoding.
fn pae(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len());
    [head.as_bytes(), body].concat()
}

/// Signs and encloses.
pub(crate) fn seal(kind: &str, body: &[u8], key: &SigningKey, keyid: String) -> Result<Vec<u8>> {
    let signature = key.sign(&pae(kind, body));
    // One line, as files of envelopes have them.
    let mut line = serde_json::to_vec(&Envelope {
        payload_type: kind.to_owned(),
        payload: STANDARD.encode(body),
        signatures: vec![EnvelopeSignature { keyid, sig: STANDARD.encode(signature.to_bytes()) }],
    })?;
    line.push(b'\n');
    Ok(line)
}

/// What is in an envelope that this key signed.
pub(crate) fn open(envelope: &[u8], kind: &str, key: &VerifyingKey) -> Result<Vec<u8>> {
    let wrong = |reason: &str| SignError::Signature(reason.to_owned());
    if envelope.len() > LONGEST {
        return Err(wrong("it is longer than any statement"));
    }
    let envelope: Envelope =
        serde_json::from_slice(envelope).map_err(|error| wrong(&format!("it is in no DSSE envelope: {error}")))?;
    let body = decode(&envelope.payload).ok_or_else(|| wrong("its payload is not in base64"))?;
    let signed = pae(&envelope.payload_type, &body);
    let is_right = |signature: &EnvelopeSignature| {
        let bytes = decode(&signature.sig)?;
        let signature = Signature::from_slice(&bytes).ok()?;
        key.verify_strict(&signed, &signature).ok()
    };
    if !envelope.signatures.iter().any(|signature| is_right(signature).is_some()) {
        return Err(wrong("none of its signatures is by this key over what is in it"));
    }
    if envelope.payload_type != kind {
        return Err(wrong(&format!("it is signed, and of the type `{}`, not `{kind}`", envelope.payload_type)));
    }
    Ok(body)
}

/// Either alphabet of base64, as the protocol asks for.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_protocols_example() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
        assert_eq!(pae("\u{e9}", b"\xff \n"), b"DSSEv1 2 \xc3\xa9 3 \xff \n");
    }

    #[test]
    fn an_envelope_is_read_as_the_protocols_example_is_written() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let kind = "http://example.com/HelloWorld";
        let signature = URL_SAFE.encode(key.sign(&pae(kind, b"hello world")).to_bytes());
        let text = |payload: &str, kind: &str, signature: &str| {
            format!(
                "{{\"payload\": \"{payload}\",\n \"payloadType\": \"{kind}\",\n \
                 \"signatures\": [{{\"sig\": \"AAAA\"}}, {{\"sig\": \"{signature}\", \"more\": 1}}]}}"
            )
        };
        let open = |text: String, wanted: &str| open(text.as_bytes(), wanted, &key.verifying_key());
        assert_eq!(open(text("aGVsbG8gd29ybGQ=", kind, &signature), kind).unwrap(), b"hello world");
        for (changed, wanted) in [
            (text("aGVsbG8gd29ybGQ=", kind, &signature), "another"),
            (text("aGVsbG8gd29ybGQ=", "http://example.com/Other", &signature), "http://example.com/Other"),
            (text("aGVsbG8gd29ybGQh", kind, &signature), kind),
            (text("aGVsbG8gd29ybGQ=", kind, ""), kind),
            (text("?", kind, &signature), kind),
            ("{}".to_owned(), kind),
            (String::new(), kind),
        ] {
            assert!(open(changed, wanted).is_err());
        }
    }
}
