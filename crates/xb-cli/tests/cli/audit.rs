//! What is found in real results: which library a program loads, on which architecture.

use serde_json::Value;

use crate::build::has_base;
use crate::world::World;

/// A library of the distribution's in a newer version, in `/usr/local/lib`, and programs that are linked to it.
const PROJECT: &str = r#"
package newer_zlib(arch) {
  build = sh"""
    mkdir -p $out/usr/local/lib
    echo 'const char *zlibVersion(void) { return "99"; }' >z.c
    $CC -shared -fPIC -Wl,-soname,libz.so.1 -o $out/usr/local/lib/libz.so.1 z.c
    ln -s libz.so.1 $out/usr/local/lib/libz.so
  """
}

let link = sh"""
  mkdir -p $out/usr/local/bin
  echo 'extern const char *zlibVersion(void); int main(void) { return !zlibVersion(); }' >main.c
  $CC $LDFLAGS -o $out/usr/local/bin/program main.c -lz
"""

package guarded(arch) {
  needs = [newer_zlib, "zlib1g-dev"]
  build = link
}

package bare(arch) {
  needs = [newer_zlib, "zlib1g-dev"]
  env = { LDFLAGS = "-L/usr/local/lib" }
  build = link
}

package excused(arch) {
  needs = [newer_zlib, "zlib1g-dev"]
  env = { LDFLAGS = "-L/usr/local/lib" }
  build = link
  audit = { "library-order" = { level = "off", reason = "${name} is content with both" } }
}

package one_sided(arch) {
  build = sh"""
    mkdir -p $out/usr/local/bin
    printf '#!/bin/sh\n' >$out/usr/local/bin/tool
    mode=755
    if test $arch = arm64; then mode=4755; fi
    chmod $mode $out/usr/local/bin/tool
  """
}
"#;

const BOTH: [&str; 2] = ["--arch", "amd64,arm64"];

fn audit(world: &World, package: &str, more: &[&str]) -> crate::world::Said {
    let target = format!("p.xb:{package}");
    world.xb(&[&["audit", &target], &BOTH[..], more].concat())
}

#[test]
fn a_library_that_is_another_one_on_the_other_architecture() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", PROJECT);

    let guarded = audit(&world, "guarded", &[]);
    assert!(guarded.err.ends_with("nothing found in 2 results\n"), "{}", guarded.err);
    assert_eq!(guarded.good(), "", "the default flags say which library it is");

    let bare = audit(&world, "bare", &[]);
    assert_eq!((bare.code, bare.err.ends_with("2 errors in 2 results\n")), (1, true), "{}\n{}", bare.out, bare.err);
    assert_eq!(
        bare.out,
        "bare (amd64, arm64)\n  error library-order: `usr/local/bin/program` needs `libz.so.1`, which is \
         `usr/local/lib/libz.so.1` on amd64 and `usr/lib/aarch64-linux-gnu/libz.so.1.3.1` on arm64, by the order of \
         /etc/ld.so.conf.d: it runs with another library there; give it a RUNPATH to the one that is meant, or keep \
         only that in the root\n"
    );

    let again = audit(&world, "bare", &["--offline", "--locked", "--json"]);
    let json: Value = serde_json::from_str(&again.out).expect("JSON");
    assert_eq!((again.code, again.err.as_str()), (1, ""));
    let [amd64, arm64] = json["audit"].as_array().expect("a list").as_slice() else { panic!("{json}") };
    assert_eq!((&amd64["arch"], &arm64["arch"]), (&"amd64".into(), &"arm64".into()));
    assert_eq!((&amd64["refused"], &amd64["findings"][0]["kind"]), (&true.into(), &"library-order".into()));
    let finding = &arm64["findings"][0];
    assert_eq!((&finding["level"], &finding["reason"]), (&"error".into(), &Value::Null));
    assert_eq!((&finding["path"], &finding["on_one_architecture"]), (&"usr/local/bin/program".into(), &false.into()));
    assert_eq!(finding["detail"]["amd64"], "usr/local/lib/libz.so.1");
}

#[test]
fn a_package_gives_a_reason() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", PROJECT);
    let excused = audit(&world, "excused", &[]);
    assert!(excused.err.ends_with("nothing found in 2 results; 2 turned off, with `--level off`\n"), "{}", excused.err);
    assert_eq!(excused.good(), "");
    let all = audit(&world, "excused", &["--level", "off"]).good();
    assert!(
        all.contains("off library-order: ") && all.contains("the package says: excused is content with both"),
        "{all}"
    );
    let json: Value = serde_json::from_str(&audit(&world, "excused", &["--json"]).good()).expect("JSON");
    let finding = &json["audit"][0]["findings"][0];
    assert_eq!((&finding["level"], &finding["reason"]), (&"off".into(), &"excused is content with both".into()));

    world.write("p.xb", &PROJECT.replace("\"library-order\"", "\"libary-order\""));
    let err = audit(&world, "excused", &[]).bad(1);
    assert!(err.contains("there is no kind of finding `libary-order`"), "{err}");
    assert!(err.contains("did you mean `library-order`?"), "{err}");
}

#[test]
fn what_one_architecture_has_alone_is_told_apart() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", PROJECT);
    let out = audit(&world, "one_sided", &[]).good();
    assert!(out.starts_with("one-sided (amd64, arm64)\n  warn set-id: `usr/local/bin/tool` "), "{out}");
    assert!(out.ends_with(" [arm64 only]\n"), "{out}");
}

#[test]
fn what_cannot_be_audited_is_told_beside_what_was() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", &format!("{PROJECT}package broken(arch) {{ build = sh\"echo no way; exit 1\" }}\n"));
    let said = world.xb(&["audit", "p.xb:broken", "p.xb:bare", "-k", "--json"]);
    let json: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &json["audit"][0]["package"]), (1, &"bare".into()), "{json}");
    assert_eq!(json["failures"][0]["log_end"], serde_json::json!(["no way"]));

    let maintainer = "Name <name@example.org>";
    world.write(
        "s.xb",
        &format!(
            "package s(arch) {{\n  version = \"1\"\n  summary = \"S\"\n  build = sh\"\"\n  \
         ship = deb {{ maintainer = \"{maintainer}\" }}\n}}\n"
        ),
    );
    let err = world.xb(&["audit", "s.xb:s.deb"]).bad(1);
    assert!(err.contains("`s.deb` is what is shipped of a package"), "{err}");
}

#[test]
fn builds_are_audited_where_that_is_asked_for() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", PROJECT);
    let plain = world.xb(&["build", "p.xb:bare"]);
    assert!(!plain.err.contains("library-order"), "{}", plain.err);
    let path = plain.good();
    let asked = world.xb(&["build", "p.xb:bare", "--audit"]);
    assert_eq!((asked.code, &asked.out), (1, &path), "{}", asked.err);
    assert!(
        asked.err.contains("error library-order: ") && asked.err.contains("audit: 1 error in 1 result"),
        "{}",
        asked.err
    );
    world.write("xb.toml", "[build]\naudit = true\n");
    for command in ["build", "test"] {
        let set = world.xb(&[command, "p.xb:bare", "--json"]);
        let json: Value = serde_json::from_str(&set.out).expect("JSON");
        assert_eq!((set.code, &json["audit"][0]["refused"]), (1, &true.into()), "{command}: {json}");
    }
    let _ = world.xb(&["build", "p.xb:guarded"]).good();
    // The lock of the whole project keeps the root that results are audited in.
    let _ = world.xb(&["lock"]).good();
    let _ = world.xb(&["build", "p.xb:guarded", "--locked"]).good();
    world.write("xb.toml", "");
    let _ = world.xb(&["lock"]).good();
    let _ = audit(&world, "guarded", &["--locked"]).good();
}

#[test]
fn kinds_of_findings_are_explained() {
    let world = World::new();
    let text = world.xb(&["explain", "library-order"]).good();
    assert!(text.starts_with("library-order: the loader takes another library on the other architecture\n"), "{text}");
    assert!(text.contains("aarch64-linux-gnu.conf") && text.contains("It is `error`, unless"), "{text}");
    let err = world.xb(&["explain", "libary-order"]).bad(1);
    assert!(err.contains("did you mean `library-order`?"), "{err}");
    let list = world.xb(&["explain"]).good();
    assert!(list.contains("set-id  a file that runs"), "{list}");
}
