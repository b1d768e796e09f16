//! The functions of the language: every example of their documentation is executed, and the reference's page about
//! them is what their tables say.
//!
//! `XB_REGENERATE=1 cargo test -p xb-eval --test builtins` writes the page anew.

#![expect(clippy::disallowed_methods, reason = "the committed page is compared with what is generated")]

use std::fmt::Write as _;
use std::path::Path;

use xb_eval::{Builtin, Constant, FORMATS, NAMESPACES, Parameter};

mod support;
use support::{Example, eval, examples};

const OPENING: &str = "\
# The functions of the language

<!-- Generated from the tables of the evaluator by `XB_REGENERATE=1 cargo test -p xb-eval --test builtins`. -->

Arguments are given by position or by name; `name = default` need not be given. What a function works on comes first, so
that it can be piped: `xs |> list.map(f)`. An argument of the wrong kind is `E0502`, one of the right kind and a wrong
value is `E0416`.
";

fn all() -> impl Iterator<Item = &'static Builtin> {
    NAMESPACES.iter().flat_map(|space| space.table).chain(FORMATS)
}

#[test]
fn examples_give_what_they_say() {
    for builtin in all() {
        let found = examples(builtin.doc);
        assert!(!found.is_empty(), "`{}` has no example", builtin.path);
        for Example { text, expect } in found {
            assert_eq!(eval(&text), expect, "`{}`: {text}", builtin.path);
        }
    }
}

#[test]
fn every_path_names_its_namespace_once() {
    let mut seen = std::collections::BTreeSet::new();
    for space in NAMESPACES {
        for builtin in space.table {
            let name = builtin.path.strip_prefix(space.name).and_then(|rest| rest.strip_prefix('.'));
            assert!(name.is_some_and(|name| !name.contains('.')), "{}", builtin.path);
            assert!(seen.insert(builtin.path), "`{}` is there twice", builtin.path);
        }
    }
}

#[test]
fn the_page_of_the_reference_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lang/spec/builtins.md");
    let page = page();
    if std::env::var_os("XB_REGENERATE").is_some() {
        std::fs::write(&path, &page).expect("a writable page");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "lang/spec/builtins.md is not what the tables say: run with XB_REGENERATE=1");
}

fn page() -> String {
    let mut page = OPENING.to_owned();
    for space in NAMESPACES {
        section(&mut page, &format!("`{}`", space.name), space.about, space.table);
    }
    section(&mut page, "Formats", "Names for the formats of releases, which also take settings.", FORMATS);
    page
}

fn section(page: &mut String, title: &str, about: &str, table: &[Builtin]) {
    let _ = write!(page, "\n## {title}\n\n{about}\n");
    let mut table: Vec<&Builtin> = table.iter().collect();
    table.sort_by_key(|builtin| builtin.path);
    for builtin in table {
        let _ = write!(page, "\n### `{}`\n\n{}\n", signature(builtin), builtin.doc);
    }
}

fn signature(builtin: &Builtin) -> String {
    let params: Vec<String> = builtin.params.iter().map(parameter).collect();
    format!("{}({})", builtin.path, params.join(", "))
}

fn parameter(param: &Parameter) -> String {
    let name = param.name;
    match param.default {
        None => name.to_owned(),
        Some(Constant::Null) => format!("{name} = null"),
        Some(Constant::Bool(value)) => format!("{name} = {value}"),
        Some(Constant::Int(value)) => format!("{name} = {value}"),
        Some(Constant::String(text)) => format!("{name} = {text:?}"),
        Some(Constant::EmptyList) => format!("{name} = []"),
    }
}
