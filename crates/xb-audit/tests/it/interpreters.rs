//! Whether what starts a program is there.

use xb_audit::FindingKind::MissingInterpreter;
use xb_core::Arch::{Amd64, Arm64};

use crate::elf::program;
use crate::world::{Thing, check, expect, found, things};

fn script(line: &str) -> Thing {
    Thing::Executable(format!("{line}\necho\n").into_bytes())
}

#[test]
fn a_loader_that_is_not_there_is_told() {
    let result = things! {
        "usr/bin/right" => program(Arm64, &[]),
        "usr/bin/wrong" => program(Arm64, &[]).interpreter("/lib/ld-musl-aarch64.so.1"),
        "usr/bin/beside" => program(Arm64, &[]).interpreter("lib/ld-linux-aarch64.so.1"),
    };
    check(Arm64, result, &[("usr/bin/beside", MissingInterpreter), ("usr/bin/wrong", MissingInterpreter)]);
}

#[test]
fn scripts_are_run_by_what_is_in_the_root() {
    let result = things! {
        "usr/bin/a" => script("#!/bin/sh"),
        "usr/bin/b" => script("#! /usr/bin/env sh"),
        "usr/bin/c" => script("#!/usr/bin/perl -w"),
        "usr/bin/d" => script("#!/usr/bin/env python3"),
        "usr/bin/e" => script("#!python"),
        "usr/bin/f" => script("#!/bin/sh\r"),
        "usr/share/doc/x/example" => script("#!/usr/bin/perl"),
        "usr/lib/module.py" => "#!/usr/bin/python3\n",
        "usr/bin/folder" => script("#!/usr"),
    };
    let missing = ["usr/bin/c", "usr/bin/d", "usr/bin/e", "usr/bin/f", "usr/bin/folder"];
    let findings = found(Amd64, result, Vec::new());
    expect(&findings, &missing.map(|path| (path, MissingInterpreter)));
    assert!(findings[1].to_string().contains("is run by `python3`"), "{}", findings[1]);
    assert!(findings[3].to_string().contains(r"`/bin/sh\r`"), "{}", findings[3]);
}

#[test]
fn an_interpreter_of_the_result_counts_and_links_stay_in_the_root() {
    let result = things! {
        "usr/bin/mine" => program(Amd64, &[]),
        "usr/bin/x" => script("#!/opt/x/bin/mine"),
        "opt/x/bin" => Thing::Link("../../../../../usr/bin"),
        "usr/bin/round" => Thing::Link("round"),
        "usr/bin/y" => script("#!/usr/bin/round"),
    };
    check(Amd64, result, &[("usr/bin/y", MissingInterpreter)]);
}
