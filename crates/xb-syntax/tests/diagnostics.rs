//! What is said about texts that are wrong.

use xb_core::{Diagnostic, FileId};
use xb_syntax::ast::Item;
use xb_syntax::parse;

fn said(text: &str) -> Vec<Diagnostic> {
    parse(FileId(0), text).diagnostics
}

/// Checks that exactly this code is said, about exactly this part of the text.
fn check(code: &str, text: &str, part: &str) {
    let said = said(text);
    let found: Vec<_> = said
        .iter()
        .map(|d| {
            let span = d.labels[0].span;
            (d.code.0, &text[span.start as usize..span.end as usize])
        })
        .collect();
    assert_eq!(found, [(code, part)], "{text}\n{said:#?}");
}

#[test]
fn slips_are_named() {
    check("E0101", "let a = = 1", "=");
    check("E0101", "[1, then]", "then");
    check("E0101", "x = 1", "=");
    check("E0102", "let a = [1, 2", "[");
    check("E0102", "let a = f(1\nlet b = 2", "(");
    check("E0102", "package p(arch) {\n  needs = [a,\n  b = 1\n}", "[");
    check("E0102", "(1]", "(");
    check("E0103", "let a = \"abc\nlet b = 1", "\"");
    check("E0103", "let a = \"\"\"\nabc\nlet b = 1", "\"\"\"");
    check("E0103", "package p(arch) {\n  v = \"1\n  w = 2\n}", "\"");
    check("E0104", "[1 2]", "2");
    check("E0104", "f(a b)", "b");
    check("E0104", "{ a = 1 b = 2 }", "b = 2");
    check("E0105", "let a = 1;", ";");
    check("E0105", "{ a = 1; b = 2 }", ";");
    check("E0106", "{ a: 1 }", ":");
    check("E0106", "{ \"a\": \"x\" }", ":");
    check("E0106", "package p(arch) {\n  version == \"1\"\n}", "==");
    check("E0106", "package p(arch) {\n  version: \"1\"\n  a = 1\n}", ":");
    check("E0107", "let a = f (1)", "(");
    check("E0107", "let a = x.f (1) + 2\nlet b = 1", "(");
    check("E0107", "f x", "x");
    check("E0108", "rec { a = 1 }", "rec");
    check("E0108", "{ inherit a b; }", "inherit");
    check("E0108", "with pkgs; [a]", "with");
    check("E0108", "{ a = ''text''; }", "''");
    check("E0108", "x: x + 1", ":");
    check("E0108", "let p = import ./x.xb", "let p = import");
    check("E0109", "let a = 1 // the first\nlet b = 2", "//");
    check("E0109", "// the first\nlet b = 2", "//");
    check("E0109", "/* the first */\nlet b = 2", "/*");
    check("E0110", r#""100\%""#, r"\%");
    check("E0111", "9223372036854775808", "9223372036854775808");
    check("E0112", &"[".repeat(300), "[");
    check("E0114", "let match = 1", "match");
    check("E0115", "(a, b)", "(a, b)");
    check("E0115", "1 => 2", "1");
    check("E0116", "1 < 2 < 3", "<");
    check("E0117", "package p { a = 1 }", "p");
    check("E0118", "use std", "use std");
    check("E0118", "use zlib { a }", "zlib");
    check("E0119", "[1, 2 for x in y]", "[1, 2 for x in y]");
    check("E0119", "{ a = 1 for x in y }", "{ a = 1 for x in y }");
    check("E0120", "match x { [...t, h] => h }", "h");
    check("E0120", "match x { a | 1 => h }", "a");
    check("E0121", "p.with", "p.with");
    check("E0122", "{ a = 1, ... }", "...");
    check("E0123", "let a = @b", "@");
    check("E0123", "let a = 'b'", "'");
    check("E0123", "let a = \u{201c}b\u{201d}", "\u{201c}");
    check("E0124", "use \"./${a}.xb\" { a }", "\"./${a}.xb\"");
    check("E0125", "1 + 1\nlet a = 2", "1 + 1");
    check("E0126", "let a = 1)", ")");
}

#[test]
fn independent_errors_are_said_in_one_run() {
    let text =
        "let a = [1 2]\nlet b = 3\npackage p(arch) {\n  version: \"1\"\n  good = 1\n  build = f (x)\n}\nlet c = ;\n";
    let parsed = parse(FileId(0), text);
    let codes: Vec<_> = parsed.diagnostics.iter().map(|d| d.code.0).collect();
    assert_eq!(codes, ["E0104", "E0106", "E0107", "E0105"]);
    assert!(matches!(parsed.file.items[0], Item::Error(_)));
    assert!(matches!(&parsed.file.items[1], Item::Let(b) if &*b.name.text == "b"));
    let Item::Package(package) = &parsed.file.items[2] else { panic!() };
    let names: Vec<_> = package.fields.iter().map(|f| &*f.name.text).collect();
    assert_eq!(names, ["version", "good", "build"]);
}

#[test]
fn long_and_deep_texts_give_a_tree_or_an_error() {
    for text in [
        format!("a{}", " + a".repeat(100_000)),
        format!("a{}", " // a".repeat(100_000)),
        format!("a{}", ".a".repeat(100_000)),
        format!("a{}", "(1)".repeat(100_000)),
        format!("{}c", "if a then b else ".repeat(100_000)),
        format!("{}c", "x => ".repeat(100_000)),
        format!("{}c", "!".repeat(100_000)),
        format!("{}c", "error ".repeat(100_000)),
        format!("{}1", "let a = 1 in ".repeat(100_000)),
        format!("{}1", "let a = ".repeat(100_000)),
        format!("(a: {}B)", "A -> ".repeat(100_000)),
        format!("{}1{}", "\"${".repeat(1_000), "}\"".repeat(1_000)),
        format!("{}1{}", "if if ".repeat(100_000), ")".repeat(1_000)),
        format!("match {}1 {{}}", "match ".repeat(100_000)),
        format!("{}1", "match {} + ".repeat(100_000)),
        format!("[{}]", "1, ".repeat(100_000)),
        "[".repeat(1_000_000),
        "]".repeat(1_000_000),
        "\"".repeat(1_000_001),
        "let".repeat(1_000_000),
        " package p(x) {\n}".repeat(10_000),
    ] {
        let parsed = parse(FileId(0), &text);
        let sound = parsed.diagnostics.is_empty() && parsed.file != Default::default();
        assert!(sound || !parsed.diagnostics.is_empty());
        drop(parsed.clone());
    }
}

#[test]
fn chains_of_reasonable_length_are_read() {
    for text in [
        format!("a{}", " + a".repeat(900)),
        format!("{}c", "if a then b else ".repeat(1_500)),
        format!("a{}", ".a".repeat(900)),
        format!("{}1{}", "[".repeat(256), "]".repeat(256)),
        format!("{}1{}", "{ a = ".repeat(256), "}".repeat(256)),
    ] {
        assert_eq!(said(&text), []);
    }
}

#[test]
fn a_text_that_is_too_large_is_refused() {
    let text = " ".repeat(xb_syntax::MAX_TEXT + 1);
    assert_eq!(said(&text)[0].code.0, "E0113");
}
