//! `hash`: digests of texts.

use sha2::{Digest as _, Sha256};

use super::{Builtin, value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "hash.sha256",
        params: &[value("text")],
        doc: "The SHA-256 of a text's UTF-8, in hexadecimal digits.\n\n```xb\nstring.take(hash.sha256(\"xb\"), 8)\n```\n```value\n\"ff108ea1\"\n```",
        run: |call| {
            let sum = Sha256::digest(call.string(0)?.as_bytes());
            Ok(call.eval.string(&xb_core::Sha256(sum.into()).to_string()))
        },
    },
    Builtin {
        path: "hash.blake3",
        params: &[value("text")],
        doc: "The BLAKE3 of a text's UTF-8, in hexadecimal digits.\n\n```xb\nstring.take(hash.blake3(\"xb\"), 8)\n```\n```value\n\"0e90e12a\"\n```",
        run: |call| Ok(call.eval.string(&xb_core::Digest::of(call.string(0)?.as_bytes()).hex())),
    },
];
