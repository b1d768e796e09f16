//! Runs the cases of `lang/conformance` that need no evaluation, and holds them against the codes.
//!
//! A case starts with lines `#! stage: parse|check|eval` (default `eval`) and `#! expect: ...`, which is
//! `error CODE`, `warning CODE`, `nothing`, or `value` with the printed value in further `#!` lines. Folders
//! called `files` hold what cases use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use xb_core::{Diagnostic, FileId};
use xb_syntax::{CODES, Globals, check, format, parse, without_spans};

struct Case {
    path: PathBuf,
    text: String,
    stage: String,
    expect: String,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lang/conformance");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths.sort();
    paths.into_iter().map(case).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of the cases").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "files") {
                files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "xb") {
            found.push(path);
        }
    }
}

fn case(path: PathBuf) -> Case {
    let text = std::fs::read_to_string(&path).expect("a readable case");
    let header = |name: &str| {
        let prefix = format!("#! {name}: ");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).map(|value| value.trim().to_owned())
    };
    let stage = header("stage").unwrap_or_else(|| "eval".to_owned());
    let expect = header("expect").unwrap_or_default();
    Case { path, stage, expect, text }
}

fn globals() -> Globals {
    Globals::new(["amd64", "arm64", "deb", "oci", "tar", "list", "string", "record", "value", "path"])
}

fn said(case: &Case) -> Vec<Diagnostic> {
    let parsed = parse(FileId(0), &case.text);
    if parsed.diagnostics.is_empty() && case.stage == "check" {
        return check(&parsed.file, &globals());
    }
    parsed.diagnostics
}

#[test]
fn cases_say_what_they_expect() {
    for case in cases() {
        let codes: Vec<_> = said(&case).iter().map(|diagnostic| diagnostic.code.0).collect();
        let place = case.path.display();
        match (case.stage.as_str(), case.expect.split_once(' ')) {
            ("eval", _) => {
                let own = case.expect.split_once(' ').is_some_and(|(_, code)| code.starts_with("E01"));
                assert!(own || codes.is_empty(), "{place}: {codes:?}");
            }
            ("parse" | "check", Some(("error" | "warning", code))) => assert_eq!(codes, [code], "{place}"),
            ("parse" | "check", None) if case.expect == "nothing" => assert!(codes.is_empty(), "{place}: {codes:?}"),
            _ => panic!("{place}: stage `{}` expects `{}`", case.stage, case.expect),
        }
    }
}

#[test]
fn every_code_has_a_case() {
    // A case of a file that is too large would be one: it is made in tests/diagnostics.rs.
    let made_elsewhere = ["E0113"];
    let expected: BTreeSet<String> =
        cases().iter().filter_map(|case| Some(case.expect.split_once(' ')?.1.to_owned())).collect();
    for explained in CODES {
        let code = explained.code.0;
        assert!(expected.contains(code) || made_elsewhere.contains(&code), "{code} has no case");
    }
}

#[test]
fn codes_are_explained_by_examples_that_show_them() {
    for explained in CODES {
        let code = explained.code.0;
        let Some((_, rest)) = explained.text.split_once("```xb\n") else {
            assert!(["E0112", "E0113"].contains(&code), "{code} is explained without an example");
            continue;
        };
        let example = rest.split("\n```").next().unwrap_or_default();
        let parsed = parse(FileId(0), example);
        let mut said = parsed.diagnostics;
        if said.is_empty() {
            said = check(&parsed.file, &globals());
        }
        assert!(said.iter().any(|diagnostic| diagnostic.code == explained.code), "{code}: {example}\n{said:#?}");
    }
}

#[test]
fn codes_are_in_order_and_explained() {
    assert!(CODES.windows(2).all(|pair| {
        let key = |code: &str| (code.starts_with('W'), code[1..].to_owned());
        key(pair[0].code.0) < key(pair[1].code.0)
    }));
    assert!(CODES.iter().all(|explained| !explained.title.is_empty() && !explained.text.is_empty()));
}

#[test]
fn formatting_keeps_what_cases_say() {
    for case in cases() {
        let parsed = parse(FileId(0), &case.text);
        if !parsed.diagnostics.is_empty() {
            continue;
        }
        let once = format(&case.text).expect("a text without errors");
        let again = parse(FileId(0), &once);
        assert_eq!(without_spans(again.file), without_spans(parsed.file), "{}\n{once}", case.path.display());
        assert_eq!(format(&once).as_deref(), Ok(&*once), "{}", case.path.display());
    }
}

#[test]
fn examples_of_the_reference_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lang/spec");
    for chapter in ["01-lexical.md", "02-expressions-syntax.md", "03-files-and-items.md"] {
        let text = std::fs::read_to_string(root.join(chapter)).expect("a chapter");
        for block in text.split("```xb\n").skip(1) {
            let (example, rest) = block.split_once("```\n").expect("a closed block");
            let said = parse(FileId(0), example).diagnostics;
            let codes: Vec<_> = said.iter().map(|diagnostic| diagnostic.code.0).collect();
            match rest.strip_prefix("```error ").and_then(|rest| rest.get(..5)) {
                Some(code) if code.starts_with("E01") => assert_eq!(codes, [code], "{chapter}: {example}"),
                _ => assert!(codes.is_empty(), "{chapter}: {example}\n{said:#?}"),
            }
        }
    }
}
