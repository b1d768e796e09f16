//! A tree of packages of which some can be ported: what is told of it, and what is tried again.

use serde_json::Value;

use crate::build::has_base;
use crate::world::World;

const LIBRARY: &str = r#"
package library(arch) {
  build = sh"""
    echo '#include <emmintrin.h>' >a.c
    $CC -c a.c
    cp a.o $out
  """
}
package user(arch) { needs = [library], build = sh"mkdir $out/user" }
"#;

const OTHERS: &str = r#"
package good(arch) {
  version = "1.0"
  build = sh"echo good >$out/file"
  check = sh"test -s $out/file"
}
package runs_itself(arch) {
  build = sh"""
    echo 'int main(void) { return 0; }' >a.c
    $CC -o a a.c
    ./a
    cp a $out
  """
}
package unlucky(arch) {
  build = sh"echo >$out/file"
  check = sh"date +%s%N; exit 1"
}
"#;

fn port(world: &World, more: &[&str]) -> Value {
    let said = world.xb(&[&["port", ".", "--json", "--no-audit"], more].concat());
    let json: Value = serde_json::from_str(&said.out).expect("JSON on standard output");
    said.bad(1);
    json
}

fn package<'a>(report: &'a Value, name: &str, arch: &str) -> &'a Value {
    let packages = report["packages"].as_array().expect("packages");
    let is_meant = |one: &&Value| one["package"] == name && one["arch"] == arch;
    packages.iter().find(is_meant).unwrap_or_else(|| panic!("{name} for {arch} in {report}"))
}

fn log_of(report: &Value, title: &str) -> Value {
    let blockers = report["blockers"].as_array().expect("blockers");
    let blocker = blockers.iter().find(|one| one["title"] == title).unwrap_or_else(|| panic!("{title} in {report}"));
    blocker["log"]["lines"].clone()
}

#[test]
fn a_tree_is_ported_as_far_as_it_comes() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("xb.toml", "");
    world.write("library.xb", LIBRARY);
    world.write("deep/others.xb", OTHERS);
    world.write("deep/broken.xb", "package broken(arch) { build = nope }\n");
    let first = port(&world, &["--arch", "amd64,arm64", "--verify"]);
    let state = |name, arch| package(&first, name, arch)["state"].as_str().expect("a state").to_owned();
    assert_eq!([state("library", "amd64"), state("library", "arm64")], ["ready", "failed"]);
    assert_eq!([state("user", "amd64"), state("user", "arm64")], ["ready", "waits"]);
    assert_eq!([state("good", "arm64"), state("unlucky", "arm64")], ["ready", "check-failed"]);
    assert_eq!(state("broken", "arm64"), "broken");
    assert_eq!(package(&first, "runs-itself", "arm64")["build"]["method"], "emulate");
    assert_eq!(package(&first, "runs-itself", "arm64")["bits"]["kind"], "unknown");
    assert_eq!(package(&first, "good", "arm64")["bits"]["kind"], "equal");
    let blocker = &first["blockers"][0];
    assert_eq!(
        (&blocker["title"], &blocker["waiting"][0]["package"]),
        (&"library (arm64, build)".into(), &"user".into())
    );
    let page = world.read("port-report/report.html");
    assert!(page.contains("library (arm64, build)"), "{page}");
    assert!(world.read("port-report/report.txt").contains("broken.xb"));

    let unlucky = "unlucky (arm64, check)";
    let again = port(&world, &[]);
    assert_eq!(log_of(&again, unlucky), log_of(&first, unlucky), "it was not tried again");
    let tried = port(&world, &["--again"]);
    assert_ne!(log_of(&tried, unlucky), log_of(&first, unlucky), "it was tried again");
}

#[test]
fn a_report_that_could_not_be_written_is_told_before_anything_is_built() {
    let world = World::new();
    world.write("p.xb", "package p(arch) { build = sh\"true\" }");
    world.write("taken", "a file");
    let err = world.xb(&["port", "p.xb", "--out", "taken/report"]).bad(3);
    assert!(err.contains("the report cannot be written to `PROJECT/taken/report`"), "{err}");
    assert!(!err.contains("begin p"), "{err}");
}

#[test]
fn a_name_that_nobody_defines_is_told_and_what_was_meant() {
    let world = World::new();
    world.write("p.xb", "package paper(arch) { build = sh\"true\" }");
    let err = world.xb(&["port", ".:papper"]).bad(1);
    assert!(err.contains("did you mean `:paper`?"), "{err}");
}

#[test]
fn a_report_is_no_part_of_a_source_around_it() {
    let world = World::new();
    world.write("p.xb", "package p(arch) { source = ./., build = sh\"exit 1\" }");
    let _ = world.xb(&["port", ".", "--offline", "--no-audit"]);
    assert_eq!(world.read("port-report/.gitignore"), "*\n");
}
