//! Line numbers without counting a file from its beginning each time.

use std::cell::RefCell;

use rustc_hash::FxHashMap;
use xb_core::{FileId, Sources, Span};

/// Where lines begin, by file, found when first asked for.
#[derive(Default)]
pub(crate) struct Lines(RefCell<FxHashMap<FileId, Vec<u32>>>);

impl Lines {
    /// The line of the start of a place, from 1.
    pub(crate) fn line(&self, sources: &Sources, span: Span) -> usize {
        let mut files = self.0.borrow_mut();
        let starts = files.entry(span.file).or_insert_with(|| {
            let text = sources.get(span.file).map_or("", |file| &file.text);
            text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next).collect()
        });
        starts.partition_point(|start| *start <= span.start) + 1
    }
}
