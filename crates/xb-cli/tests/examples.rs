//! The examples: real upstream software, built and checked for both architectures, and compared between methods.
//!
//! Takes the base from the machine's own Debian mirror. `XB_TEST_EXAMPLES` says which: names with commas between
//! them, or `all`; without it, a few that are quick. `XB_TEST_STORE` names a store to keep between runs.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What is built when nobody says what.
const QUICK: &str = "hello,zlib,lua,lpeg,markupsafe";

/// The store that all examples of one run share.
fn store() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| match std::env::var_os("XB_TEST_STORE") {
        Some(path) => path.into(),
        None => {
            let folder = tempfile::tempdir_in("/var/tmp").expect("a folder for the store").keep();
            remove_at_the_end(&folder);
            folder
        }
    })
}

/// Removes a folder when this process has ended, however it ends: nothing drops what is static, and a store is large.
fn remove_at_the_end(folder: &Path) {
    let waiting = Command::new("sh")
        .args(["-c", "trap '' INT TERM HUP; read _; rm -rf \"$0\""])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    std::mem::forget(waiting);
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn is_wanted(name: &str) -> bool {
    let wanted = std::env::var("XB_TEST_EXAMPLES").unwrap_or_else(|_| QUICK.to_owned());
    wanted == "all" || wanted.split(',').any(|one| one == name)
}

/// Whether the machine can do it at all; in CI it must.
fn is_possible() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let output = xb(&["build", "hello", "--arch", "arm64"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let missing = !output.status.success() && ["mirror", "namespace"].iter().any(|word| errors.contains(word));
        if missing && std::env::var_os("XB_TEST_NO_SKIP").is_none() {
            eprintln!("skipped: the base cannot be had or run here:\n{errors}");
            return false;
        }
        true
    })
}

fn xb(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xb"))
        .args(arguments)
        .current_dir(examples())
        .env("XB_STORE", store())
        .output()
        .expect("xb starts")
}

/// Builds and checks an example, and gives the record of the result from `--json`.
fn build(name: &str, arch: &str, method: &str) -> Value {
    let output = xb(&["build", name, "--arch", arch, "--method", method, "--locked", "--json"]);
    assert!(output.status.success(), "{name} for {arch} by {method}:\n{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    report["results"][0].clone()
}

/// Both architectures, every method: built, checked, and for arm64 equal.
fn check(name: &str) {
    if !is_wanted(name) || !is_possible() {
        return;
    }
    for (arch, method) in [("amd64", "auto"), ("arm64", "cross"), ("arm64", "emulate")] {
        let result = build(name, arch, method);
        assert_eq!(result["check"], "passed", "{name} for {arch} by {method}: {result}");
        assert!(Path::new(result["path"].as_str().unwrap_or_default()).is_dir(), "{result}");
    }
    let output = xb(&["verify", name, "--arch", "arm64", "--methods", "cross,emulate", "--locked"]);
    assert!(output.status.success(), "{name} differs:\n{}", String::from_utf8_lossy(&output.stdout));
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
fn every_example_is_tested() {
    let source = include_str!("examples.rs");
    for folder in std::fs::read_dir(examples()).expect("the examples").flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        assert!(!folder.path().is_dir() || source.contains(&format!("    {name}\n")), "{name} is not in the list");
    }
}
