//! Any text: the parser and the checks give an answer, and formatting is a fixpoint that keeps the meaning.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xb_core::FileId;
use xb_syntax::{Globals, check, format, parse, without_spans};

fuzz_target!(|text: &str| {
    let parsed = parse(FileId(0), text);
    let _ = check(&parsed.file, &Globals::default());
    if let Ok(once) = format(text) {
        assert_eq!(without_spans(parse(FileId(0), &once).file), without_spans(parsed.file));
        assert_eq!(format(&once).as_deref(), Ok(&*once));
    }
});
