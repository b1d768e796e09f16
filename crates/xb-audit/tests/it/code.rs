//! For which processor code is.

use object::elf::{EM_386, EM_BPF, EM_PPC64};
use xb_audit::FindingKind::{BrokenFile, CpuBaseline, WrongArchitecture};
use xb_audit::Subject;
use xb_core::Arch::{Amd64, Arm64};
use xb_core::{Baseline, X86Level};

use crate::elf::{archive, library, object, program};
use crate::world::{Things, World, check, debian, expect, found, things};

#[test]
fn what_is_for_another_architecture_is_found_by_its_header() {
    let result = things! {
        "usr/bin/mine" => program(Arm64, &["libc.so.6"]),
        "usr/bin/tool" => program(Amd64, &["libc.so.6"]),
        "usr/lib/a.so" => library(Arm64, "a.so", &[]).big_endian(),
        "usr/lib/b.so" => library(Arm64, "b.so", &[]).of_32_bits(),
        "usr/lib/c.so" => library(Arm64, "c.so", &[]).machine(EM_PPC64),
        "usr/lib/d.so" => library(Arm64, "d.so", &[]).machine(EM_386).of_32_bits(),
        "usr/lib/e.o" => object(Amd64),
    };
    let wrong = ["usr/bin/tool", "usr/lib/a.so", "usr/lib/b.so", "usr/lib/c.so", "usr/lib/d.so", "usr/lib/e.o"];
    let findings = found(Arm64, result, Vec::new());
    expect(&findings, &wrong.map(|path| (path, WrongArchitecture)));
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for (text, machine) in said.iter().zip(["amd64", "arm64, big-endian", "arm64 of 32 bits", "ppc64", "i386", "amd64"])
    {
        assert!(text.contains(&format!(" is for {machine}, and the result is for arm64")), "{text}");
    }
    check(
        Amd64,
        things! { "usr/bin/tool" => program(Amd64, &[]), "x.o" => object(Arm64) },
        &[("x.o", WrongArchitecture)],
    );
}

#[test]
fn what_is_for_every_architecture_has_no_code_for_any() {
    let world = World::new();
    let first = |result: Things| {
        let found = xb_audit::foreign_code(&[Amd64, Arm64], world.tree(&result), &world.store).unwrap();
        found.map(|found| format!("{}: {}", found.path, found.found))
    };
    assert_eq!(first(things! { "b" => program(Amd64, &[]) }), Some("b: amd64".to_owned()));
    assert_eq!(
        first(things! { "a.py" => b"import b\n".to_vec(), "c.o" => object(Arm64) }),
        Some("c.o: arm64".to_owned())
    );
    assert_eq!(first(things! { "a.py" => b"import b\n".to_vec() }), None);
}

/// What every build is asked: as the audit, but for everything beside the architecture, and only the first.
#[test]
fn a_build_is_told_the_first_file_with_code_for_another() {
    let world = World::new();
    let first = |result: Things| {
        let found = xb_audit::foreign_code(&[Arm64], world.tree(&result), &world.store).unwrap();
        found.map(|found| format!("{}: {}", found.path, found.found))
    };
    let go = archive(&[("_go_.o", b"go object linux amd64 go1.24 X:none\n".as_slice())]);
    assert_eq!(first(things! { "b" => program(Arm64, &[]), "a/z.a" => go }), Some("a/z.a: amd64".to_owned()));
    assert_eq!(first(things! { "b" => program(Amd64, &[]), "c" => object(Amd64) }), Some("b: amd64".to_owned()));
    let data = things! {
        "lib/firmware/x" => object(Amd64),
        "broken" => b"\x7fELF".to_vec(),
        "text" => b"x86_64-linux-gnu".to_vec(),
        "mine" => program(Arm64, &["nowhere.so"]),
    };
    assert_eq!(first(data), None);
}

#[test]
fn what_is_for_no_program_is_data() {
    let result = things! {
        "usr/lib/probe.o" => object(Arm64).machine(EM_BPF),
        "usr/lib/firmware/device.elf" => object(Amd64),
        "lib/firmware/device.elf" => object(Amd64),
    };
    check(Arm64, result, &[]);
}

#[test]
fn objects_of_archives_count_each_kind_once() {
    let go = b"go object linux amd64 go1.24 X:none\n".as_slice();
    let members = [
        ("note.txt", b"text".as_slice()),
        ("a.o", &object(Arm64).bytes()),
        ("b.o", &object(Amd64).bytes()),
        ("c.o", &object(Amd64).bytes()),
        ("_go_.o", go),
        ("probe.o", &object(Amd64).machine(EM_BPF).bytes()),
    ];
    let findings = found(Arm64, things! { "usr/lib/libx.a" => archive(&members) }, Vec::new());
    expect(&findings, &[("usr/lib/libx.a", WrongArchitecture); 2]);
    assert!(findings.iter().any(|found| found.to_string().contains("in its member `b.o`, is for amd64")));
    assert!(findings.iter().any(|found| found.to_string().contains("in its member `_go_.o`, is for amd64")));
    check(Amd64, things! { "usr/lib/libx.a" => archive(&members[2..5]) }, &[]);
}

#[test]
fn a_thin_archive_leads_nowhere() {
    let mut thin = b"!<thin>\n".to_vec();
    thin.extend(&archive(&[("/etc/passwd", b"")])[8..]);
    check(Arm64, things! { "usr/lib/libx.a" => thin }, &[]);
}

#[test]
fn what_needs_newer_processors_is_held_against_the_baseline() {
    let result = || {
        things! {
            "usr/bin/v1" => program(Amd64, &[]).needs_isa(1),
            "usr/bin/v3" => program(Amd64, &[]).needs_isa(1 | 2 | 4),
            "usr/lib/glibc-hwcaps/x86-64-v3/libv3.so" => library(Amd64, "libv3.so", &[]).needs_isa(7),
            "usr/lib/glibc-hwcaps/x86-64-v3/libv4.so" => library(Amd64, "libv4.so", &[]).needs_isa(15),
            "usr/lib/libx.a" => archive(&[("x.o", &object(Amd64).needs_isa(3).bytes())]),
        }
    };
    let v4 = ("usr/lib/glibc-hwcaps/x86-64-v3/libv4.so", CpuBaseline);
    check(Amd64, result(), &[("usr/bin/v3", CpuBaseline), v4, ("usr/lib/libx.a", CpuBaseline)]);

    let world = World::new();
    let root = debian(Amd64).into_iter().chain(result()).collect::<Vec<_>>();
    let subject = Subject::new(Amd64, world.tree(&result()), world.tree(&root));
    let findings = world.audit(&Subject { baseline: Baseline::Amd64(X86Level::V3), ..subject });
    expect(&findings, &[v4]);
    assert!(findings[0].to_string().contains("needs x86-64-v4, and x86-64-v3 must do"), "{}", findings[0]);
}

#[test]
fn what_was_cut_off_is_told() {
    let whole = program(Arm64, &["libc.so.6"]).bytes();
    let result = things! {
        "a" => whole[..10].to_vec(),
        "b" => whole[..70].to_vec(),
        "c" => whole[..whole.len() - 1].to_vec(),
        "d.a" => archive(&[("x.o", &whole)])[..200].to_vec(),
        "e.a" => archive(&[("x.o", &whole[..80])]),
        "f" => b"\x7fELF".to_vec(),
    };
    check(Arm64, result, &["a", "b", "c", "d.a", "e.a", "f"].map(|path| (path, BrokenFile)));
}
