//! What `check = true` runs: with the flags of the build, and not without a test.

use std::process::Output;

use crate::debs::project;
use crate::machine::{is_possible, xb};

/// Builds a package of a source of these files for this machine, and checks it.
fn build(build: &str, files: &[(&str, &str)]) -> Output {
    let text =
        format!("use std {{ c }}\npackage checked(arch) {{\n  source = ./src\n  build = {build}\n  check = true\n}}\n");
    let project = project(&text, &[]);
    let source = project.path().join("src");
    std::fs::create_dir(&source).expect("a folder");
    for (name, text) in files {
        std::fs::write(source.join(name), text).expect("a file");
    }
    xb(&["build", &format!("{}:checked", project.path().join("p.xb").display())])
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_check_has_the_flags_of_the_build() {
    if !is_possible() {
        return;
    }
    let makefile = "all install:\ncheck:\n\ttest '$(WORD)' = said\n\ttest \"$(CC)\" != cc\n";
    let output = build(r#"c.make { flags = ["WORD=said"] }"#, &[("Makefile", makefile)]);
    assert!(output.status.success(), "{}", told(&output));
    let configure = "#!/bin/sh\nmv Makefile.made Makefile\n";
    let makefile = "all install:\ncheck:\n\ttest '$(WORD)' = said\n\ttest '$(VERBOSE)' = 1\n";
    let files = [("configure", configure), ("Makefile.made", makefile)];
    let before = r#"c.autotools { before = sh"chmod +x configure", flags = ["WORD=said"] }"#;
    let output = build(before, &files);
    assert!(output.status.success(), "{}", told(&output));
}

#[test]
fn a_check_of_what_has_no_tests_fails() {
    if !is_possible() {
        return;
    }
    let lists = "cmake_minimum_required(VERSION 3.25)\nproject(untested NONE)\n";
    let output = build("c.cmake {}", &[("CMakeLists.txt", lists)]);
    assert!(!output.status.success() && told(&output).contains("No tests were found"), "{}", told(&output));
    let output = build("c.meson {}", &[("meson.build", "project('untested')\n")]);
    assert!(!output.status.success() && told(&output).contains("the project has no tests"), "{}", told(&output));
}
