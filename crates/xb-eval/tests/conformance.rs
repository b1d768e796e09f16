//! Runs the cases of `lang/conformance` that are evaluated, and the examples of the reference in `lang/spec`.
//!
//! A case starts with lines that `#!` begins:
//!
//! - `stage: eval` (the default; other stages belong to `xb-syntax`);
//! - `expect: value` with the printed value in further lines, or `expect: error CODE`;
//! - `limit: NAME NUMBER` sets a limit of the evaluation;
//! - `build: METHOD, ...` asks for all packages of the file instead of its value, for arm64 on amd64; what comes out
//!   are their names.
//!
//! A file that expects nothing is used by others. An example of the reference is a block `xb` that is followed by a
//! block `value` or by a block `error CODE`.

#![expect(clippy::disallowed_methods, reason = "the cases are files")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xb_core::{Arch, Diagnostic, RelPath};
use xb_eval::{Arena, CODES, EmitOptions, Limits, Product, ReadError, Session, TargetRequest, World, emit};
use xb_graph::Method;

mod support;
use support::{Example, examples};

/// The files beside a case.
struct Folder(PathBuf);

impl World for Folder {
    fn read(&self, path: &RelPath) -> Result<Arc<str>, ReadError> {
        match std::fs::read_to_string(self.0.join(path.as_str())) {
            Ok(text) => Ok(text.into()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ReadError::Missing),
            Err(error) => Err(ReadError::Other(error.to_string())),
        }
    }
}

/// A file of the conformance cases, read.
#[derive(Default)]
struct Case {
    path: PathBuf,
    text: String,
    stage: Option<String>,
    expect: Option<String>,
    limits: Limits,
    methods: Vec<Method>,
}

impl Case {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(&path).expect("a readable case");
        let mut case = Self { path, ..Self::default() };
        let mut value = Vec::new();
        for line in text.lines().map_while(|line| line.strip_prefix("#!")) {
            let line = line.strip_prefix(' ').unwrap_or(line);
            match line.split_once(": ") {
                Some(("stage", stage)) => case.stage = Some(stage.trim().to_owned()),
                Some(("expect", expect)) => case.expect = Some(expect.trim().to_owned()),
                Some(("limit", limit)) => case.limit(limit),
                Some(("build", methods)) => case.methods = methods.split(", ").map(method).collect(),
                _ => value.push(line),
            }
        }
        if case.expect.as_deref() == Some("value") {
            case.expect = Some(value.join("\n"));
        }
        case.text = text;
        case
    }

    fn limit(&mut self, limit: &str) {
        let (name, number) = limit.split_once(' ').expect("a name and a number");
        let number: u32 = number.parse().expect("a number");
        match name {
            "depth" => self.limits.depth = number,
            "steps" => self.limits.steps = u64::from(number),
            "memory" => self.limits.memory = number as usize,
            _ => panic!("{}: no limit is called {name}", self.path.display()),
        }
    }

    fn found(&self) -> Result<String, String> {
        let world = Folder(self.path.parent().unwrap_or(&self.path).to_owned());
        if self.methods.is_empty() {
            return evaluate(&world, &self.text, self.limits);
        }
        let file = self.path.file_name().and_then(|name| name.to_str()).expect("a name");
        let file = RelPath::new(file).expect("a clean path");
        let request = TargetRequest {
            file,
            name: None,
            product: Product::Result,
            arches: vec![Arch::Arm64],
            may_define_none: false,
        };
        let options = EmitOptions {
            host: Arch::Amd64,
            methods: self.methods.clone(),
            audit: false,
            describe: false,
            limits: self.limits,
        };
        let emitted = emit(&world, &[request], &options).map_err(|failure| codes(&failure.diagnostics))?;
        let names: Vec<_> = emitted.graph.targets.iter().map(|target| target.id.package.clone()).collect();
        Ok(names.join(", "))
    }
}

fn method(name: &str) -> Method {
    Method::ALL.into_iter().find(|method| method.name() == name.trim()).expect("a method")
}

/// The printed value, or the codes of the errors.
fn evaluate(world: &dyn World, text: &str, limits: Limits) -> Result<String, String> {
    let arena = Arena::new();
    let session = Session::new(&arena, world, limits);
    let file = RelPath::normalise("case.xb").expect("a clean path");
    let value = session.eval_text_at(&file, text).and_then(|value| session.print(value.expect("a file has a value")));
    value.map_err(|errors| codes(&errors))
}

fn codes(errors: &[Diagnostic]) -> String {
    let codes: Vec<String> = errors.iter().map(|error| format!("error {}: {}", error.code, error.message)).collect();
    codes.join("\n")
}

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lang").join(folder)
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
}

/// What is wrong with what was found, if anything.
fn difference(found: &Result<String, String>, expected: &str) -> Option<String> {
    let right = match found {
        Ok(value) => value == expected,
        Err(error) => expected.starts_with("error ") && error.starts_with(expected),
    };
    let found = match found {
        Ok(text) | Err(text) => text,
    };
    (!right).then(|| format!("expected {expected}\n   found {found}"))
}

fn cases() -> Vec<Case> {
    let mut paths = Vec::new();
    files(&root("conformance"), "xb", &mut paths);
    paths.into_iter().map(Case::read).collect()
}

#[test]
fn cases_give_what_they_expect() {
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        if case.stage.as_deref().is_some_and(|stage| stage != "eval") {
            continue;
        }
        let Some(expected) = &case.expect else {
            continue;
        };
        if let Some(difference) = difference(&case.found(), expected) {
            wrong.push(format!("{}\n{difference}", case.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n\n"));
}

#[test]
fn there_are_cases_for_every_code_and_chapter() {
    let cases: Vec<_> = cases().into_iter().filter(|case| case.expect.is_some()).collect();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    let expected: BTreeSet<&str> =
        cases.iter().filter_map(|case| case.expect.as_deref()?.strip_prefix("error ")).collect();
    let missing: Vec<_> =
        CODES.iter().map(|explained| explained.code.0).filter(|code| !expected.contains(code)).collect();
    assert_eq!(missing, ONLY_STD, "codes without a case");
}

/// The codes that only a mistake in the standard library can cause.
const ONLY_STD: [&str; 3] = ["E0607", "E0609", "E0610"];

#[test]
fn examples_of_the_reference_give_what_they_say() {
    let mut paths = Vec::new();
    files(&root("spec"), "md", &mut paths);
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a readable chapter");
        for Example { text, expect } in examples(&text) {
            let expected = if is_code(&expect) { format!("error {expect}") } else { expect };
            if let Some(difference) = difference(&evaluate(&support::world(), &text, Limits::default()), &expected) {
                wrong.push(format!("{}\n{text}\n{difference}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn is_code(expect: &str) -> bool {
    expect.strip_prefix('E').is_some_and(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
