//! What can be found in a file without evaluating it.
//!
//! Names are resolved as the evaluator resolves them: items see each other in any order, fields of a package
//! see each other and its `let`s, inner names hide outer ones. Nothing is known about values, so what is
//! said here is said about names, forms, and what is written out literally.

mod call;
mod package;
mod scope;
mod walk;

use std::collections::BTreeSet;

use xb_core::{Diagnostic, Span};

use crate::ast::{File, Item};
use crate::parse::on_large_stack;
use scope::Scopes;

/// The names of the fields that a package can have.
pub const PACKAGE_FIELDS: [&str; 18] = [
    "name", "version", "summary", "license", "homepage", "source", "patches", "needs", "tools", "env", "build",
    "check", "ship", "audit", "methods", "limits", "baseline", "arch",
];

/// The names of the fields that a release can have.
pub const RELEASE_FIELDS: [&str; 6] = ["packages", "arches", "formats", "version", "name", "date"];

/// What is there without being defined in a file.
#[derive(Clone, Debug)]
pub struct Globals {
    /// The names that every file sees.
    pub names: BTreeSet<String>,
    /// The fields that a package may have.
    pub package_fields: BTreeSet<String>,
    /// The fields that a release may have.
    pub release_fields: BTreeSet<String>,
    /// The names of types.
    pub types: BTreeSet<String>,
}

impl Globals {
    /// These names, and the fields and types of the language.
    pub fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

impl Default for Globals {
    fn default() -> Self {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            names: BTreeSet::new(),
            package_fields: set(&PACKAGE_FIELDS),
            release_fields: set(&RELEASE_FIELDS),
            types: set(&[
                "Any", "Arch", "Bool", "Float", "Function", "Int", "List", "Null", "Number", "Package", "Path",
                "Positive", "Record", "Script", "String", "Tree",
            ]),
        }
    }
}

/// Checks a file that was read without errors; says nothing about one that was not.
pub fn check(file: &File, globals: &Globals) -> Vec<Diagnostic> {
    if file.items.iter().any(|item| matches!(item, Item::Error(_))) {
        return Vec::new();
    }
    on_large_stack(|| {
        let mut checker = Checker { globals, scopes: Scopes::default(), found: Vec::new() };
        checker.file(file);
        checker.found.sort_by_key(place);
        checker.found
    })
}

fn place(diagnostic: &Diagnostic) -> Option<Span> {
    diagnostic.labels.first().map(|label| label.span)
}

/// Walks a file and gathers what is wrong.
struct Checker<'a> {
    globals: &'a Globals,
    scopes: Scopes<'a>,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }
}
