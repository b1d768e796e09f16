//! Closures, by small indexes that show one rule each, and by a sample of Debian's own, compared with apt.

use std::collections::{BTreeMap, BTreeSet};

use xb_core::Arch;
use xb_debian::{Index, Pinned, ResolveError, resolve};

/// An index from lines such as `a 1.0 all; Depends: b (>= 2) | c; Multi-Arch: foreign`.
fn index(arch: Arch, lines: &str) -> Index {
    let mut text = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut fields = line.split("; ");
        let head: Vec<&str> = fields.next().unwrap().split(' ').collect();
        let architecture = head.get(2).copied().unwrap_or(arch.debian());
        let (name, version) = (head[0], head[1]);
        text += &format!("Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n");
        fields.for_each(|field| text += &format!("{field}\n"));
        text += &format!("Filename: pool/{name}_{version}_{architecture}.deb\nSize: 1\n");
        text += &format!("SHA256: {}\n\n", "0".repeat(64));
    }
    Index::parse(arch, text.as_bytes()).unwrap()
}

/// `make gcc:arm64`, as apt takes it.
fn wanted(native: Arch, text: &str) -> BTreeMap<Arch, BTreeSet<String>> {
    let mut wanted: BTreeMap<Arch, BTreeSet<String>> = BTreeMap::new();
    for word in text.split(' ') {
        let (name, arch) = word.split_once(':').unwrap_or((word, native.debian()));
        wanted.entry(arch.parse().unwrap()).or_default().insert(name.to_owned());
    }
    wanted
}

/// `name:arch` of each package, without the architecture where it is amd64 or all.
fn names(packages: &[Pinned]) -> Vec<String> {
    let name = |package: &Pinned| match package.arch.as_str() {
        "arm64" => format!("{}:arm64", package.name),
        _ => package.name.clone(),
    };
    packages.iter().map(name).collect()
}

fn solve(amd64: &str, arm64: &str, text: &str) -> Result<Vec<Pinned>, ResolveError> {
    let indexes = [(Arch::Amd64, amd64), (Arch::Arm64, arm64)];
    let indexes = indexes.map(|(arch, lines)| (arch, index(arch, lines)));
    resolve(&indexes.into(), Arch::Amd64, &wanted(Arch::Amd64, text))
}

/// The closure, in its order.
#[track_caller]
fn check(amd64: &str, arm64: &str, text: &str, expected: &str) {
    let closure = solve(amd64, arm64, text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(names(&closure).join(" "), expected);
}

#[track_caller]
fn check_error(amd64: &str, arm64: &str, text: &str, expected: &[&str]) {
    let error = solve(amd64, arm64, text).unwrap_err().to_string();
    for part in expected {
        assert!(error.contains(part), "no `{part}` in: {error}");
    }
}

#[test]
fn dependencies_come_first_and_recommendations_not_at_all() {
    let amd64 = "a 1; Depends: c, b; Recommends: d\n b 1; Pre-Depends: c\n c 1\n d 1";
    check(amd64, "", "a", "c b a");
    check("a 1; Depends: b\n b 1; Depends: a", "", "a", "b a");
}

#[test]
fn the_first_alternative_is_taken_unless_another_is_there() {
    let amd64 = "a 1; Depends: x | y\n b 1; Depends: y\n x 1\n y 1\n c 1; Depends: gone | y";
    check(amd64, "", "a", "x a");
    check(amd64, "", "a b", "y a b");
    check(amd64, "", "c", "y c");
}

#[test]
fn the_newest_version_that_fits_is_taken() {
    let amd64 = "a 1\n a 1.10\n a 1.9\n b 1; Depends: a (<< 1.10)\n c 1; Breaks: a (>> 1.5)";
    assert_eq!(solve(amd64, "", "a").unwrap()[0].version, "1.10");
    assert_eq!(solve(amd64, "", "b").unwrap()[0].version, "1.9");
    assert_eq!(solve(amd64, "", "a c").unwrap()[0].version, "1");
}

#[test]
fn virtual_packages_and_their_versions() {
    let amd64 = "p 1; Provides: v\n q 1; Provides: v (= 2)\n a 1; Depends: v (>= 2)\n b 1; Depends: v";
    check(amd64, "", "a", "q a");
    check(amd64, "", "b", "p b");
    check_error(amd64, "", "v", &["virtual package", "p, q"]);
    check("p 1; Provides: v", "", "v", "p");
}

#[test]
fn conflicts_spare_the_package_itself() {
    let amd64 = "a 1; Provides: v; Conflicts: v\n b 1; Provides: v; Conflicts: v";
    check(amd64, "", "a", "a");
    check_error(amd64, "", "a b", &["conflicts with v", "a 1", "b 1"]);
}

#[test]
fn another_architecture_is_served_by_what_is_foreign_or_allowed() {
    let amd64 = "make 4; Multi-Arch: foreign\n perl 5; Multi-Arch: allowed\n lib 1; Multi-Arch: same";
    let arm64 = "make 4; Multi-Arch: foreign\n perl 5; Multi-Arch: allowed\n lib 1; Multi-Arch: same
        a 1; Depends: make, lib\n b 1; Depends: perl:any\n c 1; Depends: perl\n d 1; Depends: make:native";
    check(amd64, arm64, "a:arm64", "make lib:arm64 a:arm64");
    check(amd64, arm64, "b:arm64", "perl b:arm64");
    check(amd64, arm64, "c:arm64", "perl:arm64 c:arm64");
    check(amd64, arm64, "d:arm64", "make d:arm64");
    check(amd64, arm64, "make:arm64 a:arm64", "make:arm64 lib:arm64 a:arm64");
}

#[test]
fn instances_beside_each_other_have_one_version() {
    let two = "lib 2; Multi-Arch: same\n lib 1; Multi-Arch: same\n tool 1";
    let one = "lib 1; Multi-Arch: same\n tool 1";
    let closure = solve(two, one, "lib lib:arm64").unwrap();
    assert!(closure.iter().all(|package| package.version == "1"));
    assert_eq!(closure.len(), 2);
    check_error(two, one, "tool tool:arm64", &["tool:arm64 1", "Multi-Arch: same"]);
}

#[test]
fn what_is_for_all_architectures_is_of_the_native_one() {
    let amd64 = "data 1 all\n headers 1 all; Multi-Arch: foreign";
    let arm64 = "data 1 all\n headers 1 all; Multi-Arch: foreign
        a 1; Depends: headers\n b 1; Depends: data";
    check(amd64, arm64, "a:arm64", "headers a:arm64");
    check(amd64, arm64, "data:arm64", "data");
    check_error(amd64, arm64, "b:arm64", &["b:arm64 1 depends on data", "no package"]);
    let indexes = BTreeMap::from([(Arch::Arm64, index(Arch::Arm64, arm64))]);
    let closure = resolve(&indexes, Arch::Arm64, &wanted(Arch::Arm64, "b")).unwrap();
    assert_eq!(names(&closure).join(" "), "data b:arm64");
}

/// A caller may have read more indexes before than this question is about.
#[test]
fn only_indexes_of_architectures_that_are_asked_for_count() {
    let arm64 = "tool 1; Multi-Arch: foreign";
    check_error("top 1; Depends: tool", arm64, "top", &["top 1 depends on tool", "no package"]);
    check("top 1; Depends: tool\n b 1", "tool 1; Multi-Arch: foreign\n c 1", "top c:arm64", "c:arm64 tool:arm64 top");
}

#[test]
fn errors_say_who_needs_what_and_what_to_do() {
    let amd64 = "top 1; Depends: mid\n mid 1; Depends: low (>= 2)\n low 1\n odd 1; Depends: b c";
    check_error(amd64, "", "top", &["mid 1 (needed by top 1) depends on low (>= 2), which no"]);
    check_error(amd64, "", "topp", &["no package `topp` for amd64", "did you mean `top`?"]);
    check_error(
        amd64,
        "",
        "topp:arm64 lov midd",
        &["names:\n  `lov` for amd64; did you mean `low`?\n  `midd`", "`topp`"],
    );
    check_error(amd64, "", "topp topp:arm64", &["no package `topp` for amd64 and arm64; did you mean `top`?"]);
    check_error(amd64, "", "odd", &["`b c` is not a relation"]);
    check_error(amd64, "", "a,b", &["`a,b` is not the name"]);
    let error = resolve(&BTreeMap::new(), Arch::Amd64, &wanted(Arch::Amd64, "a")).unwrap_err();
    assert!(matches!(error, ResolveError::NoIndex(Arch::Amd64)));
}

#[test]
fn a_name_that_is_unknown_in_two_sets_is_told_with_the_first() {
    let unknown = |text: &str| match solve("top 1", "top 1", text) {
        Err(ResolveError::Unknown(names)) => names,
        other => panic!("{other:?}"),
    };
    let (mut first, mut second) = (unknown("topp other"), unknown("topp:arm64 more:arm64"));
    first.absorb(&mut second);
    assert!(first.to_string().contains("`topp` for amd64 and arm64"), "{first}");
    assert_eq!(second.to_string(), "Debian has no package `more` for arm64");
    first.absorb(&mut unknown("other"));
    assert!(!second.is_empty());
}

#[test]
fn an_index_that_is_not_one_is_refused() {
    for text in ["Package: a\n", "Package: a\nVersion: 1\nArchitecture: s390x\n", "Version: 1\n"] {
        assert!(Index::parse(Arch::Amd64, text.as_bytes()).is_err(), "{text}");
    }
    assert!(Index::parse(Arch::Amd64, b"\xfd7zXZ").is_err());
    assert!(Index::parse(Arch::Amd64, b"").unwrap().is_empty());
}

/// `closures.txt` is what `apt-get --no-install-recommends` installs on an empty system with both architectures,
/// recorded with trixie's indexes, of which `Packages-*` hold the packages that are in question.
#[test]
fn debians_closures_are_those_of_apt() {
    let indexes: BTreeMap<Arch, Index> = BTreeMap::from([
        (Arch::Amd64, Index::parse(Arch::Amd64, include_bytes!("data/Packages-amd64")).unwrap()),
        (Arch::Arm64, Index::parse(Arch::Arm64, include_bytes!("data/Packages-arm64")).unwrap()),
    ]);
    for closure in include_str!("data/closures.txt").split("# ").filter(|text| !text.is_empty()) {
        let mut lines = closure.lines().filter(|line| !line.is_empty());
        let asked = lines.next().unwrap();
        let expected: BTreeSet<String> = lines.map(|line| line.replace(":amd64", "")).collect();
        let found = resolve(&indexes, Arch::Amd64, &wanted(Arch::Amd64, asked)).unwrap();
        assert_eq!(names(&found).into_iter().collect::<BTreeSet<_>>(), expected, "{asked}");
    }
}
