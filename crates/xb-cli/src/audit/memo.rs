//! What was found before: the same trees lead to the same findings, as long as the audit looks for the same things.

use serde::Serialize;
use xb_audit::{Finding, Subject};
use xb_core::{Arch, Baseline, Digest, TreeId};
use xb_store::Store;

const KIND: &str = "audit-v1";

#[derive(Serialize)]
struct Key<'a> {
    audit: &'static str,
    arch: Arch,
    result: TreeId,
    root: TreeId,
    baseline: &'a Baseline,
}

/// What was found, if it was looked at before.
pub fn recall(store: &Store, subject: &Subject) -> Option<Vec<Finding>> {
    let bytes = store.recall_bytes(KIND, &key(subject)?).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// Remembers what was found. Failing to costs time, never correctness.
pub fn remember(store: &Store, subject: &Subject, findings: &[Finding]) {
    if let (Some(key), Ok(value)) = (key(subject), serde_json::to_vec(findings)) {
        let _ = store.remember_bytes(KIND, &key, &value);
    }
}

fn key(subject: &Subject) -> Option<Vec<u8>> {
    let Subject { arch, result, root, baseline } = subject;
    let key = Key { audit: xb_audit::VERSION, arch: *arch, result: *result, root: *root, baseline };
    let bytes = serde_json::to_vec(&key).ok()?;
    Some(Digest::of(&bytes).hash().to_vec())
}
