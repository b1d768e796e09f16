//! JSON as it is written: fields in the order of their types, maps sorted, nothing that depends on anything else.

use serde::Serialize;

use crate::error::{ExportError, Result};

/// On one line, for machines.
pub(crate) fn compact(document: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(document).map_err(failed)
}

/// On many lines, for people as well.
pub(crate) fn pretty(document: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(document).map_err(failed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn failed(error: serde_json::Error) -> ExportError {
    ExportError::Value { what: "the document", value: error.to_string(), reason: "it cannot be written as JSON" }
}
