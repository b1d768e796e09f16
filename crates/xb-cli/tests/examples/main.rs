//! The examples: real upstream software, built and checked for both architectures, and compared between methods.
//!
//! Takes the base from the machine's own Debian mirror. `XB_TEST_EXAMPLES` says which: names with commas between
//! them, or `all`; without it, a few that are quick. `XB_TEST_STORE` names a store to keep between runs.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod builders;
mod by_ssh;
mod contained;
mod debs;
mod docker;
mod engine;
mod machine;
mod machines;
mod reader;
#[path = "../../../xb-push/tests/common/real.rs"]
mod registry;
mod releases;
mod sharing;
#[path = "../worker/sshd.rs"]
mod sshd;
#[path = "../common/store.rs"]
mod store;
mod traps;
mod vendored;
mod vouched;

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use machine::{examples, is_possible, xb, xb_by};

/// What is built when nobody says what.
const QUICK: &str = "hello,zlib,lua,lpeg,markupsafe";

fn is_wanted(name: &str) -> bool {
    let wanted = std::env::var("XB_TEST_EXAMPLES").unwrap_or_else(|_| QUICK.to_owned());
    wanted == "all" || wanted.split(',').any(|one| one == name)
}

/// Builds and checks an example, and gives the record of the result from `--json`.
fn build(name: &str, arch: &str, method: &str) -> Value {
    let output = xb(&["build", name, "--arch", arch, "--method", method, "--locked", "--json"]);
    record(name, arch, method, &output)
}

/// Builds and checks it anew where sandboxes interpose on `execve`.
fn interpose(name: &str) -> Value {
    let again = ["build", name, "--arch", "arm64", "--method", "emulate", "--rebuild", "--locked", "--json"];
    record(name, "arm64", "interposed emulation", &xb_by("interpose", &again))
}

fn record(name: &str, arch: &str, method: &str, output: &Output) -> Value {
    assert!(output.status.success(), "{name} for {arch} by {method}:\n{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    report["results"][0].clone()
}

/// Both architectures, every method and both ways of emulation: built, checked, and for arm64 equal.
fn check(name: &str) {
    if !is_wanted(name) || !is_possible() {
        return;
    }
    for (arch, method) in [("amd64", "auto"), ("arm64", "cross"), ("arm64", "emulate")] {
        let result = build(name, arch, method);
        assert_eq!(result["check"], "passed", "{name} for {arch} by {method}: {result}");
        assert!(Path::new(result["path"].as_str().unwrap_or_default()).is_dir(), "{result}");
    }
    let (registered, interposed) = (build(name, "arm64", "emulate"), interpose(name));
    assert_eq!(interposed["check"], "passed", "{name} by interposed emulation: {interposed}");
    assert_eq!(interposed["tree"], registered["tree"], "{name}: another result by interposed emulation");
    let output = xb(&["verify", name, "--arch", "arm64", "--methods", "cross,emulate", "--locked"]);
    assert!(output.status.success(), "{name} differs:\n{}", String::from_utf8_lossy(&output.stdout));
    let description = examples().join(name).join(name).with_extension("xb");
    if std::fs::read_to_string(description).expect("the description").contains("ship = ") {
        debs::check(name);
    }
}

macro_rules! examples {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    )*};
}

examples! {
    hello
    zlib
    libpng
    lua
    zstd
    jq
    sqlite
    fmt
    redis
    ripgrep
    markupsafe
    pyyaml
    msgpack
    levenshtein
    pathspec
    lpeg
    lua_cjson
    luajit
    gron
    textql
    dav1d
    re2
    openssl
    curl
    nginx
    xxhash
    pyrsistent
    luafilesystem
    ujson
    git_absorb
}

/// A build system that knows no `CPPFLAGS` finds headers and libraries of what is needed, whichever way it is built.
#[test]
fn headers_of_what_is_needed_are_found_by_every_method() {
    if !is_possible() {
        return;
    }
    let project = tempfile::tempdir().expect("a project");
    std::fs::write(project.path().join("xb.toml"), "").expect("a file");
    std::fs::copy(examples().join("xb.lock"), project.path().join("xb.lock")).expect("the lock");
    let text = r#"
package greeting(arch) {
  build = sh"""
    mkdir -p $out/usr/local/include
    echo '#define GREETING 1' >$out/usr/local/include/greeting.h
  """
}
package greeter(arch) {
  needs = [greeting]
  build = sh"""
    printf '#include <greeting.h>\nint greeting = GREETING;\n' >g.c
    $CC -c g.c
    cp g.o $out
  """
}
"#;
    std::fs::write(project.path().join("g.xb"), text).expect("a file");
    let file = format!("{}:greeter", project.path().join("g.xb").display());
    for (arch, method) in [("amd64", "auto"), ("arm64", "cross"), ("arm64", "emulate")] {
        let output = xb(&["build", &file, "--arch", arch, "--method", method, "--locked"]);
        assert!(output.status.success(), "{arch} by {method}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn the_guide_shows_its_packages_as_they_are() {
    let guide = include_str!("../../../../docs/port-your-first-package.md");
    for name in ["xxhash", "pyrsistent", "luafilesystem"] {
        let text = std::fs::read_to_string(examples().join(name).join(name).with_extension("xb")).expect("the example");
        assert!(guide.contains(&format!("```xb\n{text}```\n")), "{name} is another one in the guide");
        assert!(text.lines().filter(|line| !line.is_empty()).count() < 10, "{name} takes more than it should");
    }
}

#[test]
fn every_example_is_tested() {
    let source = include_str!("main.rs");
    for folder in std::fs::read_dir(examples()).expect("the examples").flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let is_project = folder.path().join("xb.toml").is_file();
        let is_example = folder.path().is_dir() && !is_project && !["common", "edge"].contains(&name.as_str());
        assert!(!is_example || source.contains(&format!("    {name}\n")), "{name} is not in the list");
    }
}

/// Building all of it takes hours: that it could be begun is found at once.
#[test]
fn the_corpus_is_without_mistakes() {
    let output = xb(&["check", "corpus"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let descriptions = std::fs::read_dir(examples().join("corpus")).expect("the corpus").flatten();
    let descriptions = descriptions.filter(|file| file.path().extension().is_some_and(|end| end == "xb"));
    assert_eq!(descriptions.count(), 73);
}
