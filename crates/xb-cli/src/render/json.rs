//! Diagnostics as data, for `--json`.

use serde::Serialize;
use xb_core::{Diagnostic, Label, Severity, Sources};

/// A diagnostic as data.
#[derive(Debug, Serialize)]
pub struct Found {
    severity: &'static str,
    code: &'static str,
    message: String,
    places: Vec<Place>,
    notes: Vec<String>,
    helps: Vec<String>,
    trace: Vec<Place>,
}

/// A place: lines and columns count from 1, bytes from 0.
#[derive(Debug, Serialize)]
struct Place {
    file: String,
    line: usize,
    column: usize,
    start: u32,
    end: u32,
    text: String,
}

/// Diagnostics as data.
pub fn found(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<Found> {
    let one = |diagnostic: &Diagnostic| Found {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code.0,
        message: diagnostic.message.clone(),
        places: places(sources, &diagnostic.labels),
        notes: diagnostic.notes.clone(),
        helps: diagnostic.helps.clone(),
        trace: places(sources, &diagnostic.trace),
    };
    diagnostics.iter().map(one).collect()
}

fn places(sources: &Sources, labels: &[Label]) -> Vec<Place> {
    let one = |label: &Label| {
        let (line, column) = sources.line_column(label.span);
        Place {
            file: sources.get(label.span.file).map_or_else(String::new, |file| file.name.to_string()),
            line,
            column,
            start: label.span.start,
            end: label.span.end,
            text: label.text.clone(),
        }
    };
    labels.iter().map(one).collect()
}
