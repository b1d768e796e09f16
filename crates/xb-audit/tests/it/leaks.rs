//! Names that tell where, and on what, a result was built.

use xb_audit::FindingKind::{
    BuildHost, BuildPath, BuildPathString, BuildTime, FileMode, ForeignName, ForeignNameString, SetId,
    UnresolvedLibrary,
};
use xb_core::Arch::{Amd64, Arm64};

use crate::elf::{archive, library, object, program};
use crate::world::{Thing, check, expect, found, things};

#[test]
fn paths_of_the_sandbox_are_found_where_they_stand() {
    let result = things! {
        "usr/bin/data" => program(Arm64, &[]).section(".rodata", b"\0/xb/src/main.c\0/xb/src/b.c\0"),
        "usr/bin/debug" => program(Arm64, &[]).section(".debug_str", b"\0/xb/src/main.c\0"),
        "usr/bin/runpath" => program(Arm64, &[]).runpath("/usr/lib/x:/xb/out/usr/lib"),
        "usr/lib/debug.a" => archive(&[("x.o", &object(Arm64).section(".debug_line", b"/xb/build/").bytes())]),
        "usr/lib/link" => Thing::Link("/xb/out/usr/lib/x"),
        "usr/lib/module.pyc" => b"\0\0\r\n/xb/build/module.py\0".to_vec(),
        "usr/lib/packed.gz" => b"\x1f\x8b /xb/build/".to_vec(),
        "usr/lib/pkgconfig/x.pc" => "prefix=/xb/out/usr\n",
        "usr/lib/rodata.a" => archive(&[("x.o", &object(Arm64).section(".rodata", b"/xb/build/").bytes())]),
        "usr/share/doc/x/notes" => "built in /xb/build/x\n",
        "usr/share/like" => "/home/xb/src /xb/source\n",
    };
    let findings = found(Arm64, result, Vec::new());
    let expected = [
        ("usr/bin/data", BuildPathString),
        ("usr/bin/runpath", BuildPath),
        ("usr/lib/link", BuildPath),
        ("usr/lib/module.pyc", BuildPathString),
        ("usr/lib/pkgconfig/x.pc", BuildPath),
        ("usr/lib/rodata.a", BuildPathString),
        ("usr/share/doc/x/notes", BuildPath),
    ];
    expect(&findings, &expected);
    assert!(findings[0].to_string().contains("in its data: `/xb/src/main.c` and 1 more"), "{}", findings[0]);
    assert!(findings[1].to_string().contains("in what the loader is told: `/xb/out/usr/lib`"), "{}", findings[1]);
}

#[test]
fn names_of_the_other_architecture_are_found_where_they_stand() {
    let result = || {
        things! {
            "usr/bin/data" => program(Arm64, &[]).section(".rodata", b"/usr/lib/x86_64-linux-gnu/x\0"),
            "usr/bin/script" => Thing::Executable(b"#!/bin/sh\nexec x86_64-linux-gnu-gcc\n".to_vec()),
            "usr/bin/x-config" => "libdir=/usr/lib/x86_64-linux-gnu\n",
            "usr/lib/link" => Thing::Link("x86_64-linux-gnu/x"),
            "usr/lib/pkgconfig/x.pc" => "libdir=/usr/lib/x86_64-linux-gnu\n",
            "usr/lib/python3/_sysconfigdata__linux_.py" => "{'HOST': 'x86_64-pc-linux-gnu'}",
            "usr/lib/python3/x.cpython-313-x86_64-linux-gnu.so" => library(Arm64, "x.so", &[]),
            "usr/local/share/man/x" => "x86_64-linux-gnu\n",
            "usr/share/doc/x/INSTALL" => "--host=x86_64-linux-gnu\n",
            "usr/share/list" => "x86_64-linux-gnu aarch64-linux-gnu\n",
        }
    };
    let expected = [
        ("usr/bin/data", ForeignNameString),
        ("usr/bin/script", ForeignName),
        ("usr/bin/x-config", ForeignName),
        ("usr/lib/link", ForeignName),
        ("usr/lib/pkgconfig/x.pc", ForeignName),
        ("usr/lib/python3/_sysconfigdata__linux_.py", ForeignName),
        ("usr/lib/python3/x.cpython-313-x86_64-linux-gnu.so", ForeignName),
        ("usr/share/list", ForeignNameString),
    ];
    check(Arm64, result(), &expected);
    let folder = things! { "usr/lib/aarch64-linux-gnu/x" => "", "usr/lib/x86_64-linux-gnu/x" => "" };
    check(Amd64, folder, &[("usr/lib/aarch64-linux-gnu", ForeignName)]);
}

#[test]
fn a_name_across_two_blocks_is_found_once_and_shown_whole() {
    for before in (262_144 - 20..262_144 + 4).chain([524_280, 100]) {
        let mut bytes = vec![0; before];
        bytes.extend(b"/xb/build/across.c");
        bytes.resize(before + 300_000, 0);
        let findings = found(Amd64, things! { "usr/lib/data" => bytes }, Vec::new());
        expect(&findings, &[("usr/lib/data", BuildPathString)]);
        assert!(findings[0].to_string().contains("in its data: `/xb/build/across.c`; "), "{}", findings[0]);
    }
}

#[test]
fn a_program_of_many_blocks_is_read_like_a_small_one() {
    let mut data = vec![7; 700_000];
    let leak = b"\0/xb/src/far.c\0";
    data[600_000..600_000 + leak.len()].copy_from_slice(leak);
    let of = |name| program(Arm64, &["libc.so.6", "libgone.so"]).section(".text", &[7; 300_000]).section(name, &data);
    let result = things! { "usr/bin/data" => of(".rodata"), "usr/bin/debug" => of(".debug_info") };
    let findings = found(Arm64, result, Vec::new());
    let unresolved = |path| (path, UnresolvedLibrary);
    expect(&findings, &[unresolved("usr/bin/data"), ("usr/bin/data", BuildPathString), unresolved("usr/bin/debug")]);
    assert!(findings[1].to_string().contains("`/xb/src/far.c`; "), "{}", findings[1]);
}

#[test]
fn the_machine_of_the_build_is_found_where_it_stands() {
    let result = things! {
        "usr/bin/data" => program(Arm64, &[]).section(".rodata", b"\0(root@xb) #1\0Linux xb 6.12.3 #1 SMP\0"),
        "usr/bin/debug" => program(Arm64, &[]).section(".debug_str", b"\0root@xb\0"),
        "usr/lib/x.mk" => "HOST = root@xb\n",
        "usr/share/like" => "root@xbox xb root @xb\n",
    };
    let findings = found(Arm64, result, Vec::new());
    expect(&findings, &[("usr/bin/data", BuildHost), ("usr/lib/x.mk", BuildHost)]);
    assert!(findings[0].to_string().contains("in its data: `(root@xb)` and 1 more; "), "{}", findings[0]);
}

#[test]
fn times_of_a_build_are_found_in_programs_only() {
    let built = b"\x0010:15:00\0\0\0\0\0Nov 26 2026\0";
    let result = things! {
        "usr/bin/date" => program(Arm64, &[]).section(".rodata", b"\0Thu Nov 26 10:15:00 UTC 2026\0"),
        "usr/bin/epoch" => program(Arm64, &[]).section(".rodata", b"\x0000:00:01\0Jan  1 1970\0"),
        "usr/bin/macros" => program(Arm64, &[]).section(".rodata", built),
        "usr/lib/x.a" => archive(&[("x.o", &object(Arm64).section(".rodata", built).bytes())]),
        "usr/lib/x.db" => built.to_vec(),
        "usr/share/NEWS" => "Thu Nov 26 10:15:00 2026\n",
    };
    let findings = found(Arm64, result, Vec::new());
    expect(&findings, &[("usr/bin/date", BuildTime), ("usr/bin/macros", BuildTime), ("usr/lib/x.a", BuildTime)]);
    assert!(findings[0].to_string().contains("in its data: `Nov 26 10:15:00 2026`; "), "{}", findings[0]);
}

#[test]
fn modes_are_listed() {
    let result = things! {
        "usr/bin/su" => Thing::WithMode(b"x".to_vec(), 0o4755),
        "usr/bin/write" => Thing::WithMode(b"x".to_vec(), 0o2755),
        "var/spool/x" => Thing::Folder(0o1777),
        "var/spool/y" => Thing::Folder(0o2755),
    };
    let expected =
        [("usr/bin/su", SetId), ("usr/bin/write", SetId), ("var/spool/x", FileMode), ("var/spool/y", FileMode)];
    check(Amd64, result, &expected);
}
