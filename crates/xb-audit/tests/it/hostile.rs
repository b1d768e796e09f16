//! Files that were made to do harm: each leads to findings or to none, and to nothing else.

use proptest::prelude::*;
use xb_audit::FindingKind::{BrokenFile, MissingInterpreter, UnresolvedLibrary};
use xb_audit::{AuditError, Subject, audit};
use xb_core::Arch::{Amd64, Arm64};
use xb_core::TreeId;
use xb_graph::DirectoriesMut;
use xb_graph::reapi::Directory;

use crate::elf::{archive, library, object, program};
use crate::world::{Thing, World, check, debian, expect, found, things};

#[test]
fn thousands_of_needs_are_told_one_by_one() {
    let names: Vec<String> = (0..5000).map(|n| format!("lib{n}.so")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let findings = found(Arm64, things! { "x" => program(Arm64, &names) }, Vec::new());
    assert_eq!(findings.len(), 5000);
    assert!(findings.iter().all(|found| found.kind == UnresolvedLibrary));
}

#[test]
fn tens_of_thousands_of_needs_are_no_program() {
    let names: Vec<String> = (0..20_000).map(|n| format!("lib{n}.so")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    check(Arm64, things! { "x" => program(Arm64, &names) }, &[("x", BrokenFile)]);
}

#[test]
fn libraries_that_need_each_other_come_to_an_end() {
    let result = things! {
        "usr/lib/liba.so" => library(Amd64, "liba.so", &["libb.so", "liba.so"]),
        "usr/lib/libb.so" => library(Amd64, "libb.so", &["liba.so"]),
    };
    check(Amd64, result, &[]);
}

#[test]
fn a_configuration_that_includes_itself_comes_to_an_end() {
    let more = things! {
        "etc/ld.so.conf" => "include ld.so.conf /etc/a.conf /etc/*\n/opt/x\n",
        "etc/a.conf" => "include /etc/b.conf\ninclude [\ninclude {a,b}\ninclude\n",
        "etc/b.conf" => "include /etc/a.conf /etc/ld.so.conf /../../etc/b.conf\n",
        "etc/round" => Thing::Link("round"),
        "etc/binary" => (0..=255).cycle().take(70_000).collect::<Vec<u8>>(),
    };
    let result = things! {
        "bin2/x" => program(Arm64, &["libx.so"]),
        "opt/x/libx.so" => library(Arm64, "libx.so", &[]),
    };
    expect(&found(Arm64, result, more), &[]);
}

#[test]
fn links_that_go_round_lead_nowhere() {
    let result = things! {
        "usr/lib/libx.so" => Thing::Link("liby.so"),
        "usr/lib/liby.so" => Thing::Link("libx.so"),
        "usr/bin/x" => program(Arm64, &["libx.so"]).runpath("/round/../../..:$ORIGIN/../round").interpreter("/round/x"),
        "round" => Thing::Link("/round/x"),
    };
    check(Arm64, result, &[("usr/bin/x", MissingInterpreter), ("usr/bin/x", UnresolvedLibrary)]);
}

#[test]
fn members_of_archives_may_claim_any_size() {
    for size in ["999999999 ", "9999999999", "-1        ", "x         ", "0         "] {
        let mut bytes = archive(&[("a.o", &object(Arm64).bytes())]);
        bytes[8 + 48..8 + 58].copy_from_slice(size.as_bytes());
        let findings = found(Arm64, things! { "x.a" => bytes }, Vec::new());
        expect(&findings, &[("x.a", BrokenFile)]);
    }
}

#[test]
fn a_tree_that_holds_more_than_could_be_written_down_is_refused() {
    let world = World::new();
    let mut tree: TreeId = world.tree(&[]);
    for _ in 0..60 {
        let mut directory = Directory::default();
        directory.put_directory("a", tree);
        directory.put_directory("b", tree);
        tree = world.store.add_directory(directory).unwrap();
    }
    let root = world.tree(&debian(Amd64));
    assert!(matches!(audit(&Subject::new(Amd64, tree, root), &world.store), Err(AuditError::TooLarge(_))));
}

#[test]
fn a_root_without_anything_is_a_root() {
    let world = World::new();
    let result = world.tree(&[("x", Thing::from(program(Arm64, &["libc.so.6"])))]);
    let subject = Subject::new(Arm64, result, world.tree(&[]));
    expect(&world.audit(&subject), &[("x", MissingInterpreter), ("x", UnresolvedLibrary)]);
}

/// Changes bytes of a file, and cuts it off.
fn damaged(mut bytes: Vec<u8>, changes: &[(usize, u8)], keep: usize) -> Vec<u8> {
    for (at, byte) in changes {
        let at = at % bytes.len();
        bytes[at] = *byte;
    }
    let keep = if keep == usize::MAX { bytes.len() } else { 1 + keep % bytes.len() };
    bytes.truncate(keep);
    bytes
}

#[test]
fn damaged_files_lead_to_findings_at_most() {
    let whole = program(Arm64, &["libc.so.6", "libx.so"])
        .runpath("$ORIGIN/..")
        .needs_isa(3)
        .section(".debug_str", b"/xb/src/x")
        .section(".rodata", b"/xb/src/x")
        .code(&[("main", &[0xC8E3_FCA4, 0xD65F_03C0]), ("f", &[0x2518_E3E0])])
        .bytes();
    let library = library(Arm64, "libx.so", &["libc.so.6"]).bytes();
    let members = [("a.o", object(Arm64).section(".debug_x", b"x").bytes()), ("b.o", whole.clone())];
    let members = archive(&members.each_ref().map(|(name, bytes)| (*name, bytes.as_slice())));
    let world = World::new();
    let cases = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    let changes = prop::collection::vec((any::<usize>(), any::<u8>()), 0..24);
    let keep = prop_oneof![Just(usize::MAX), any::<usize>()];
    let configuration = "(include |/|\\*|\\[|a|\\.|\\n|=|#| ){0,60}";
    proptest!(cases, |(changes in changes, keep in keep, configuration in configuration)| {
        let result = things! {
            "usr/bin/x" => damaged(whole.clone(), &changes, keep),
            "usr/lib/libx.so" => damaged(library.clone(), &changes, keep),
            "usr/lib/x.a" => damaged(members.clone(), &changes, keep),
            "etc/ld.so.conf" => configuration.as_str(),
        };
        let root: Vec<_> = debian(Arm64).into_iter().chain(result.clone()).collect();
        let subject = Subject::new(Arm64, world.tree(&result), world.tree(&root));
        for finding in world.audit(&subject) {
            prop_assert!(finding.to_string().starts_with('`'));
        }
    });
}
