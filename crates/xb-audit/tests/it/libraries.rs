//! Whether every needed library is there, and the same on every architecture.

use xb_audit::Detail;
use xb_audit::FindingKind::{LibraryOrder, UnresolvedLibrary};
use xb_core::Arch::{self, Amd64, Arm64};

use crate::elf::{library, program};
use crate::world::{Thing, Things, check, expect, found, things};

#[test]
fn what_is_nowhere_is_told_with_where_it_was_looked_for() {
    let result = things! {
        "usr/bin/x" => program(Arm64, &["libc.so.6", "libgone.so.1"]).runpath("$ORIGIN/../lib/x"),
        "usr/lib/x/other.so" => library(Arm64, "other.so", &[]),
    };
    let findings = found(Arm64, result, Vec::new());
    expect(&findings, &[("usr/bin/x", UnresolvedLibrary)]);
    let Detail::Library { library, searched, .. } = &findings[0].detail else { panic!("{findings:?}") };
    assert_eq!(library, "libgone.so.1");
    let folders = [
        "/usr/bin/../lib/x",
        "/usr/local/lib/aarch64-linux-gnu",
        "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/local/lib",
        "/lib",
        "/usr/lib",
    ];
    assert_eq!(searched, &folders);
    let said = "which is not in /usr/bin/../lib/x, /usr/local/lib/aarch64-linux-gnu, /lib/aarch64-linux-gnu, \
                /usr/lib/aarch64-linux-gnu and 3 more folders";
    assert!(findings[0].to_string().contains(said), "{}", findings[0]);
}

/// The result has a library of its own in `/usr/local/lib`, and Debian has one of the same name.
fn trap(arch: Arch) -> (Things, Things) {
    let debians = match arch {
        Amd64 => "usr/lib/x86_64-linux-gnu/libz.so.1",
        Arm64 => "usr/lib/aarch64-linux-gnu/libz.so.1",
    };
    let result = things! {
        "usr/local/lib/libz.so.1" => library(arch, "libz.so.1", &[]),
        "usr/local/bin/x" => program(arch, &["libz.so.1", "libc.so.6"]),
    };
    (result, things! { debians => library(arch, "libz.so.1", &["libc.so.6"]) })
}

#[test]
fn the_order_of_the_configuration_differs_by_architecture() {
    for arch in Arch::ALL {
        let (result, debian) = trap(arch);
        let findings = found(arch, result, debian);
        expect(&findings, &[("usr/local/bin/x", LibraryOrder)]);
        let Detail::Order { amd64: Some(amd64), arm64: Some(arm64), .. } = &findings[0].detail else {
            panic!("{findings:?}")
        };
        assert_eq!(amd64.as_str(), "usr/local/lib/libz.so.1");
        assert_eq!(arm64.as_str(), format!("usr/lib/{}/libz.so.1", arch.triplet()));
        // What was looked at is the root of one architecture; what is said is what it is called on each.
        assert!(findings[0].to_string().contains("`usr/lib/aarch64-linux-gnu/libz.so.1` on arm64"), "{}", findings[0]);
    }
}

#[test]
fn a_runpath_decides_and_so_does_an_rpath() {
    for decided in [
        program(Arm64, &["libz.so.1"]).runpath("/usr/local/lib"),
        program(Arm64, &["libz.so.1"]).runpath("${ORIGIN}/../lib"),
        program(Arm64, &["libz.so.1"]).rpath("/usr/$LIB"),
        program(Arm64, &["/usr/local/lib/libz.so.1"]),
    ] {
        let (mut result, debian) = trap(Arm64);
        result.push(("usr/local/bin/x", Thing::from(decided)));
        expect(&found(Arm64, result, debian), &[]);
    }
}

#[test]
fn a_library_of_the_root_may_fall_into_the_trap_too_and_is_told_once() {
    let (mut result, mut more) = trap(Amd64);
    result.truncate(1);
    result.extend(things! {
        "usr/bin/a" => program(Amd64, &["libpng.so"]),
        "usr/bin/b" => program(Amd64, &["libpng.so"]),
    });
    more.extend(things! { "usr/lib/x86_64-linux-gnu/libpng.so" => library(Amd64, "libpng.so", &["libz.so.1"]) });
    let findings = found(Amd64, result, more);
    expect(&findings, &[("usr/bin/a", LibraryOrder)]);
    assert!(findings[0].to_string().contains("`usr/bin/a` loads `usr/lib/x86_64-linux-gnu/libpng.so`, which needs"));
}

#[test]
fn an_rpath_is_inherited_and_a_runpath_is_not() {
    let result = |program| {
        things! {
            "usr/bin/x" => program,
            "usr/lib/x/liba.so" => library(Arm64, "liba.so", &["libb.so"]),
            "usr/lib/x/libb.so" => library(Arm64, "libb.so", &[]),
        }
    };
    check(Arm64, result(program(Arm64, &["liba.so"]).rpath("/usr/lib/x")), &[]);
    let unresolved = [("usr/lib/x/liba.so", UnresolvedLibrary)];
    check(Arm64, result(program(Arm64, &["liba.so"]).runpath("/usr/lib/x")), &unresolved);
    check(Arm64, result(program(Arm64, &["liba.so"]).rpath("/usr/lib/x").runpath("/usr/lib/x")), &unresolved);
    // What the program has loaded already is not looked for.
    check(Arm64, result(program(Arm64, &["liba.so", "libb.so"]).runpath("/usr/lib/x")), &[]);
    // Nobody loads it, and alone it finds nothing.
    check(Arm64, result(program(Arm64, &[])), &unresolved);
}

#[test]
fn a_library_with_a_runpath_of_its_own_has_no_use_for_that_of_the_program() {
    let result = things! {
        "usr/bin/x" => program(Arm64, &["liba.so"]).rpath("/usr/lib/x"),
        "usr/lib/x/liba.so" => library(Arm64, "liba.so", &["libb.so"]).runpath("/usr/lib/y"),
        "usr/lib/x/libb.so" => library(Arm64, "libb.so", &[]),
    };
    check(Arm64, result, &[("usr/lib/x/liba.so", UnresolvedLibrary)]);
}

#[test]
fn what_is_loaded_is_taken_again_by_its_soname() {
    let result = things! {
        "usr/bin/x" => program(Amd64, &["libreal.so.1.2", "liba.so"]).runpath("/opt/x"),
        "opt/x/libreal.so.1.2" => library(Amd64, "libreal.so.1", &[]),
        "usr/lib/liba.so" => library(Amd64, "liba.so", &["libreal.so.1"]),
    };
    check(Amd64, result, &[]);
}

#[test]
fn a_library_of_another_architecture_is_passed_over() {
    let more = things! {
        "usr/local/lib/aarch64-linux-gnu/libx.so" => library(Amd64, "libx.so", &[]),
        "usr/lib/libx.so" => library(Arm64, "libx.so", &[]),
        "usr/local/lib/liby.so" => library(Amd64, "liby.so", &[]),
        "usr/lib/liby.so" => "no library",
    };
    let findings = found(Arm64, things! { "usr/bin/x" => program(Arm64, &["libx.so", "liby.so"]) }, more);
    expect(&findings, &[("usr/bin/x", UnresolvedLibrary)]);
    let text = findings[0].to_string();
    assert!(text.contains("needs `liby.so`") && text.contains("`usr/local/lib/liby.so` is for another"), "{text}");
}

#[test]
fn only_names_of_libraries_are_in_the_cache_of_configured_folders() {
    let result = things! {
        "usr/bin/x" => program(Arm64, &["plugin.so", "libx.so"]),
        "usr/local/lib/plugin.so" => library(Arm64, "plugin.so", &[]),
        "usr/local/lib/libx.so" => library(Arm64, "libx.so", &[]),
    };
    let findings = found(Arm64, result, Vec::new());
    expect(&findings, &[("usr/bin/x", UnresolvedLibrary)]);
    assert!(findings[0].to_string().contains("`plugin.so`"));
}

#[test]
fn a_file_may_refuse_the_default_folders() {
    check(
        Arm64,
        things! { "usr/bin/x" => program(Arm64, &["libc.so.6"]).flags(0x800) },
        &[("usr/bin/x", UnresolvedLibrary)],
    );
}

#[test]
fn included_files_may_include_others_and_come_in_the_order_of_their_names() {
    let result = things! {
        "usr/bin/x" => program(Arm64, &["libx.so", "liby.so", "libz.so"]),
        "opt/a/libx.so" => library(Arm64, "libx.so", &[]),
        "opt/b/liby.so" => library(Arm64, "liby.so", &[]),
        "opt/c/libz.so" => library(Arm64, "libz.so", &[]),
    };
    let more = || {
        things! {
            "etc/ld.so.conf.d/a.conf" => "include ../more/[ab]*.list /etc/ld.so.conf # it\nhwcap 1 x\n/opt/c=libc6\n",
            "etc/more/a.list" => "\t/opt/a  # first\n",
            "etc/more/b.list" => "opt/relative\n/opt/b/\n",
            "etc/ld.so.conf.d/.hidden.conf" => "/opt/hidden\n",
        }
    };
    // `..` of a pattern leads out of the folder of the file that has it.
    expect(&found(Arm64, result.clone(), more()), &[]);
    let mut without = more();
    without.remove(1);
    expect(&found(Arm64, result, without), &[("usr/bin/x", UnresolvedLibrary)]);
}

#[test]
fn what_lies_behind_links_of_the_root_is_one_library() {
    let result = things! {
        "usr/bin/x" => program(Amd64, &["libx.so.1"]),
        "usr/local/lib/libx.so.1" => Thing::Link("/usr/lib/x86_64-linux-gnu/libx.so.1"),
        "usr/lib/x86_64-linux-gnu/libx.so.1" => Thing::Link("libx.so.1.2"),
        "usr/lib/x86_64-linux-gnu/libx.so.1.2" => library(Amd64, "libx.so.1", &[]),
    };
    check(Amd64, result, &[]);
}

#[test]
fn files_for_debuggers_are_loaded_by_nobody() {
    let result = things! { "usr/lib/debug/x" => library(Arm64, "x", &["libgone.so"]) };
    check(Arm64, result, &[]);
}
