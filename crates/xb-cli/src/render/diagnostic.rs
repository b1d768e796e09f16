//! Diagnostics as a person reads them, drawn by ariadne.

use std::ops::Range;
use std::sync::Arc;

use ariadne::{Color, Config, IndexType, Label, LabelAttach, Report, ReportKind};
use xb_core::{Diagnostic, Severity, Sources, Span};

use crate::output::{colours_on_stderr, say};

/// Longer lines are not drawn: only the place and what is to be said about it are printed.
const LONGEST_DRAWN_LINE: usize = 1_000;

/// How many frames of a trace are shown at each of its ends.
const FRAMES_AT_EACH_END: usize = 6;

type Place = (Arc<str>, Range<usize>);

/// How many diagnostics are shown: what follows is often only a consequence.
const MOST_SHOWN: usize = 20;

/// Says what is wrong with the input, one after another; of very many only the first.
pub fn diagnostics(sources: &Sources, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics.iter().take(MOST_SHOWN) {
        say(text(sources, diagnostic, colours_on_stderr()).trim_end());
    }
    if let Some(rest) = unshown(diagnostics.len()) {
        say(rest);
    }
}

/// What is said of the diagnostics that are not shown.
fn unshown(count: usize) -> Option<String> {
    let more = count.checked_sub(MOST_SHOWN).filter(|more| *more > 0)?;
    Some(format!("... and {more} more"))
}

/// One diagnostic as text.
pub fn text(sources: &Sources, diagnostic: &Diagnostic, colour: bool) -> String {
    if can_be_drawn(sources, diagnostic) {
        drawn(sources, diagnostic, colour).unwrap_or_else(|| plain(sources, diagnostic))
    } else {
        plain(sources, diagnostic)
    }
}

fn can_be_drawn(sources: &Sources, diagnostic: &Diagnostic) -> bool {
    let short = |span: Span| {
        sources.get(span.file).is_some_and(|file| {
            let start = (span.start as usize).min(file.text.len());
            let end = (span.end as usize).clamp(start, file.text.len());
            let bytes = file.text.as_bytes();
            let is_newline = |byte: &u8| *byte == b'\n';
            let before = bytes[..start].iter().rev().position(is_newline);
            let after = bytes[end..].iter().position(is_newline);
            let line = before.unwrap_or(start) + after.unwrap_or(bytes.len() - end);
            line < LONGEST_DRAWN_LINE && end - start < 10 * LONGEST_DRAWN_LINE
        })
    };
    !diagnostic.labels.is_empty() && diagnostic.labels.iter().all(|label| short(label.span))
}

fn drawn(sources: &Sources, diagnostic: &Diagnostic, colour: bool) -> Option<String> {
    let (kind, main) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let config =
        Config::default().with_color(colour).with_index_type(IndexType::Byte).with_label_attach(LabelAttach::Start);
    let first = place(sources, diagnostic.labels.first()?.span)?;
    let mut report =
        Report::build(kind, first).with_config(config).with_code(diagnostic.code).with_message(&diagnostic.message);
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let color = if index == 0 { main } else { Color::Blue };
        report.add_label(
            Label::new(place(sources, label.span)?)
                .with_message(&label.text)
                .with_order(i32::try_from(index).unwrap_or(i32::MAX))
                .with_color(color),
        );
    }
    report.with_notes(notes(sources, diagnostic));
    report.with_helps(&diagnostic.helps);
    let mut bytes = Vec::new();
    let cache = ariadne::sources(texts(sources, diagnostic));
    report.finish().write(cache, &mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

fn texts(sources: &Sources, diagnostic: &Diagnostic) -> Vec<(Arc<str>, Arc<str>)> {
    let mut files: Vec<_> = diagnostic.labels.iter().map(|label| label.span.file).collect();
    files.sort_unstable();
    files.dedup();
    let files = files.into_iter().filter_map(|file| sources.get(file));
    files.map(|file| (Arc::clone(&file.name), Arc::clone(&file.text))).collect()
}

fn place(sources: &Sources, span: Span) -> Option<Place> {
    let file = sources.get(span.file)?;
    let start = (span.start as usize).min(file.text.len());
    let end = (span.end as usize).clamp(start, file.text.len());
    Some((Arc::clone(&file.name), start..end))
}

fn plain(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let title = match diagnostic.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    };
    let mut text = format!("[{}] {title}: {}\n", diagnostic.code, diagnostic.message);
    for label in &diagnostic.labels {
        text += &format!("  {}: {}\n", located(sources, label.span), label.text);
    }
    for note in notes(sources, diagnostic) {
        text += &format!("  Note: {note}\n");
    }
    for help in &diagnostic.helps {
        text += &format!("  Help: {help}\n");
    }
    text
}

/// The reasons, and how evaluation came here.
fn notes(sources: &Sources, diagnostic: &Diagnostic) -> Vec<String> {
    let mut notes = diagnostic.notes.clone();
    if !diagnostic.trace.is_empty() {
        notes.push(trace(sources, diagnostic));
    }
    notes
}

fn trace(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let frames = diagnostic.trace.len();
    let hidden = FRAMES_AT_EACH_END..frames.saturating_sub(FRAMES_AT_EACH_END);
    let mut text = "how it came here:".to_owned();
    for (index, frame) in diagnostic.trace.iter().enumerate() {
        if hidden.contains(&index) {
            if index == hidden.start {
                text += &format!("\n  ... {} more", hidden.len());
            }
            continue;
        }
        text += &format!("\n  {} ({})", frame.text, located(sources, frame.span));
    }
    text
}

/// `curl.xb:4:7`.
pub fn located(sources: &Sources, span: Span) -> String {
    let name = sources.get(span.file).map_or("?", |file| &file.name);
    let (line, column) = sources.line_column(span);
    format!("{name}:{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use xb_core::Code;

    fn check(source: &str, start: u32, end: u32) -> String {
        let mut sources = Sources::default();
        let file = sources.add("a.xb", source);
        let diagnostic = Diagnostic::error(Code("E0301"), "there is no `verison`")
            .label(Span::new(file, start, end), "not known here")
            .note("names are looked up where they are written")
            .help("did you mean `version`?");
        text(&sources, &diagnostic, false)
    }

    #[test]
    fn the_place_the_reason_and_the_mend_are_shown() {
        let text = check("let version = 1\nverison", 16, 23);
        for part in ["E0301", "a.xb:2:1", "verison", "not known here", "did you mean"] {
            assert!(text.contains(part), "{part} is missing in:\n{text}");
        }
    }

    #[test]
    fn a_very_long_line_is_not_drawn() {
        let text = check(&"x".repeat(1_000_000), 500_000, 500_001);
        assert!(text.len() < 500, "{} characters", text.len());
        assert!(text.contains("a.xb:1:500001"), "{text}");
    }

    #[test]
    fn of_very_many_the_rest_is_counted() {
        assert_eq!(unshown(MOST_SHOWN), None);
        let rest = unshown(10_000).unwrap();
        assert!(rest.contains("9980 more"), "{rest}");
    }

    #[test]
    fn a_place_beyond_the_end_is_no_crash() {
        assert!(check("x", 7, 9).contains("E0301"));
    }
}
