//! What the configurations of two builds found out.

use proptest::prelude::*;
use xb_audit::FindingKind::{ProbeParity, ProbeValue};
use xb_audit::{AuditError, Built, Finding, FindingKind, Way, compare};
use xb_core::Arch::{Amd64, Arm64};
use xb_core::{Arch, TreeId};
use xb_graph::reapi::Directory;
use xb_graph::{DirectoriesMut, Method};

use crate::world::{Things, World, expect, things};

fn built(arch: Arch, method: Method, tree: TreeId) -> Built {
    Built { way: Way { arch, method }, tree }
}

fn amd64(tree: TreeId) -> Built {
    built(Amd64, Method::Native, tree)
}

fn arm64(tree: TreeId) -> Built {
    built(Arm64, Method::Cross, tree)
}

fn between_arches(first: Things, second: Things) -> Vec<Finding> {
    let world = World::new();
    compare(amd64(world.tree(&first)), arm64(world.tree(&second)), &world.store).unwrap()
}

fn between_methods(first: Things, second: Things) -> Vec<Finding> {
    let world = World::new();
    let (first, second) = (world.tree(&first), world.tree(&second));
    compare(built(Arm64, Method::Cross, first), built(Arm64, Method::Emulate, second), &world.store).unwrap()
}

/// Holds findings against paths, kinds and the middle of their sentences.
#[track_caller]
fn check(findings: &[Finding], expected: &[(&str, FindingKind, &str)]) {
    expect(findings, &expected.iter().map(|(path, kind, _)| (*path, *kind)).collect::<Vec<_>>());
    for (finding, (_, _, words)) in findings.iter().zip(expected) {
        assert!(finding.to_string().contains(words), "{finding}");
    }
}

#[test]
fn what_each_system_writes_down_is_compared() {
    let log = |mmap| format!("## Cache variables. ##\nac_cv_func_mmap={mmap}\n").into_bytes();
    let cache = |library| format!("Z_LIBRARY:FILEPATH={library}\n").into_bytes();
    let found = |name| format!("[{{\"name\": \"{name}\", \"type\": \"pkgconfig\"}}]").into_bytes();
    let first = things! {
        "a/config.log" => log("yes"),
        "b/CMakeCache.txt" => cache("/usr/lib/x86_64-linux-gnu/libz.so"),
        "c/meson-info/intro-dependencies.json" => found("libdrm"),
        "d/anything.h" => "#define WITH_TLS 1\n#define PATH \"/usr/lib/x86_64-linux-gnu\"\n",
        "e/only-here.h" => "#define ONLY_HERE 1\n",
        "f/intro-dependencies.json" => found("of-nothing"),
        "g/main.c" => "#define NOT_GENERATED 1\n",
    };
    let second = things! {
        "a/config.log" => log("no"),
        "b/CMakeCache.txt" => cache("Z_LIBRARY-NOTFOUND"),
        "c/meson-info/intro-dependencies.json" => "[]",
        "d/anything.h" => "/* #undef WITH_TLS */\n#define PATH \"/usr/lib/aarch64-linux-gnu\"\n",
        "f/intro-dependencies.json" => "[]",
        "g/main.c" => "",
    };
    let lost = " of the build is on for amd64 and off for arm64: ";
    check(
        &between_arches(first, second),
        &[
            ("d/anything.h", ProbeParity, &format!("{lost}`WITH_TLS`; ")),
            ("a/config.log", ProbeParity, &format!("{lost}`HAVE_MMAP`; ")),
            ("b/CMakeCache.txt", ProbeParity, &format!("{lost}`Z_LIBRARY`; ")),
            ("c/meson-info/intro-dependencies.json", ProbeParity, &format!("{lost}`dependency libdrm`; ")),
        ],
    );
}

#[test]
fn an_answer_is_told_once_and_by_the_header() {
    let log = |mmap| format!("## Cache variables. ##\nac_cv_func_mmap={mmap}\n").into_bytes();
    let first = things! { "config.log" => log("no"), "src/config.h" => "/* #undef HAVE_MMAP */" };
    let second = things! { "config.log" => log("yes"), "src/config.h" => "#define HAVE_MMAP 1" };
    let expected = [("src/config.h", ProbeParity, "on for arm64 and off for amd64: `HAVE_MMAP`; ")];
    check(&between_arches(first, second), &expected);
}

#[test]
fn the_processor_is_a_reason_between_architectures_only() {
    let first = || things! { "config.h" => "#define HAVE_NEON 1\n#define SIZE 8\n" };
    let second = || things! { "config.h" => "#define SIZE 16\n" };
    let values = [
        ("config.h", ProbeValue, "for amd64 and arm64: `SIZE` is `8` and `16`"),
        ("config.h", ProbeValue, "for amd64 and arm64: `HAVE_NEON` is `on` and `off`"),
    ];
    check(&between_arches(first(), second()), &values);
    let lost = [
        ("config.h", ProbeParity, "on for cross and off for emulate: `HAVE_NEON`; "),
        ("config.h", ProbeParity, "for cross and emulate: `SIZE` is `8` and `16`"),
    ];
    check(&between_methods(first(), second()), &lost);
}

#[test]
fn long_lists_and_long_values_are_cut_in_words_only() {
    let names: String = (0..20).map(|n| format!("#define HAVE_{n:02}\n")).collect();
    let (long, more) = ("x".repeat(100), "y".repeat(100));
    let first = things! { "config.h" => format!("{names}#define LONG \"{long}\"\n").into_bytes() };
    let second = things! { "config.h" => format!("#define LONG \"{more}\"\n").into_bytes() };
    let expected = [
        ("config.h", ProbeParity, "`HAVE_00`, `HAVE_01`, "),
        ("config.h", ProbeValue, &format!("`\"{}...` and ", "x".repeat(59))),
    ];
    let findings = between_arches(first, second);
    check(&findings, &expected);
    assert!(findings[0].to_string().contains("`HAVE_11` and 8 more; "), "{}", findings[0]);
    assert!(serde_json::to_string(&findings).unwrap().contains("HAVE_19"));
}

#[test]
fn trees_that_hold_more_than_could_be_written_down_are_refused() {
    let world = World::new();
    let deep = |text: &'static str| {
        let things: Things = things! { "config.h" => text };
        let mut tree = world.tree(&things);
        for _ in 0..60 {
            let mut directory = Directory::default();
            directory.put_directory("a", tree);
            directory.put_directory("b", tree);
            tree = world.store.add_directory(directory).unwrap();
        }
        tree
    };
    let compared = compare(amd64(deep("#define A")), arm64(deep("")), &world.store);
    assert!(matches!(compared, Err(AuditError::TooLarge(_))));
}

#[test]
fn any_text_leads_to_findings_at_most() {
    let world = World::new();
    let cases = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    let signs = "(#define |#undef |/\\*|\\*/|## |Cache variables\\. ##|confdefs\\.h\\. ##|ac_cv_func_|_TRUE|\
                 :INTERNAL|:|=|'|\"|\\[|\\{|name|type|HAVE_A|é|\n|\r|\t| |1|0){0,80}";
    proptest!(cases, |(first in signs, second in signs, raw in prop::collection::vec(any::<u8>(), 0..200))| {
        let tree = |text: &str, tail: &[u8]| {
            let bytes = [text.as_bytes(), tail].concat();
            let things: Things = things! {
                "CMakeCache.txt" => bytes.clone(),
                "config.h" => bytes.clone(),
                "config.log" => bytes.clone(),
                "meson-info/intro-buildoptions.json" => bytes.clone(),
                "meson-info/intro-dependencies.json" => bytes,
            };
            world.tree(&things)
        };
        let (first, second) = (tree(&first, &raw), tree(&second, b""));
        let (there, back) = (
            compare(amd64(first), arm64(second), &world.store).unwrap(),
            compare(arm64(second), amd64(first), &world.store).unwrap(),
        );
        prop_assert_eq!(there.len(), back.len());
        for finding in there {
            prop_assert!(finding.to_string().starts_with('`'));
        }
        prop_assert_eq!(compare(amd64(first), arm64(first), &world.store).unwrap(), []);
    });
}
