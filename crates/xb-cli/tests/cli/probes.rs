//! What a configuration finds by one way of building, and not by another.

use serde_json::Value;

use crate::build::has_base;
use crate::world::World;

/// Packages whose configuration asks the compiler, as `configure` does.
const PROJECT: &str = r##"
let configure = sh"""
  has() {
    echo "#include <$1>" >probe.c
    if $CC -E -o probe.i probe.c; then echo "#define HAVE_$2 1"; else echo "/* #undef HAVE_$2 */"; fi
  }
  { has stdio.h STDIO; has zlib.h ZLIB; has emmintrin.h SSE2; } >config.h
  mkdir $out/etc
  touch $out/etc/x
"""

package forgetful(arch) {
  needs = if arch.name == "amd64" then ["zlib1g-dev"] else []
  build = configure
}

package excused(arch) {
  needs = if arch.name == "amd64" then ["zlib1g-dev"] else []
  build = configure
  audit = { "probe-parity" = { level = "off", reason = "it has no use for zlib" } }
}

package runner(arch) {
  build = sh"""
    echo 'int main(void) { return 0; }' >probe.c
    $CC -o probe probe.c
    if ./probe; then echo "#define HAVE_WORKING_MALLOC 1"; else echo "/* #undef HAVE_WORKING_MALLOC */"; fi >config.h
    mkdir $out/etc
    touch $out/etc/x
  """
}
"##;

const NEXT: &str = "; what is off is left out of the result; give the build what it did not find, or its answer\n";

#[test]
fn what_is_found_for_one_architecture_only() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", PROJECT);
    let both = ["--arch", "amd64,arm64"];
    let audit = |package: &str, more: &[&str]| world.xb(&[&["audit", package], more].concat());

    let said = audit("p.xb:forgetful", &both);
    assert!(said.err.ends_with("1 warning in 2 results; 1 more to know, with `--level info`\n"), "{}", said.err);
    let found = "`config.h` of the build is on for amd64 and off for arm64: `HAVE_ZLIB`";
    assert_eq!(said.good(), format!("forgetful (amd64, arm64)\n  warn probe-parity: {found}{NEXT}"));
    let alone = audit("p.xb:forgetful", &["--arch", "arm64"]);
    assert!(alone.err.ends_with("nothing found in 1 result\n"), "{}", alone.err);

    let json: Value =
        serde_json::from_str(&audit("p.xb:forgetful", &[&both[..], &["--json"]].concat()).good()).unwrap();
    let [amd64, arm64] = json["audit"].as_array().expect("a list").as_slice() else { panic!("{json}") };
    assert_eq!((&amd64["method"], &amd64["findings"]), (&"native".into(), &serde_json::json!([])));
    let finding = &arm64["findings"][0];
    assert_eq!((&finding["path"], &finding["detail"]["off"]["arch"]), (&"config.h".into(), &"arm64".into()));
    assert_eq!(finding["detail"]["names"], serde_json::json!(["HAVE_ZLIB"]));
    assert_eq!(arm64["findings"][1]["detail"]["values"][0]["name"], "HAVE_SSE2");

    let excused = audit("p.xb:excused", &both);
    assert!(excused.err.contains("nothing found in 2 results; 1 more to know"), "{}", excused.err);
    let one = audit("p.xb:excused", &["--arch", "arm64", "--level", "info"]);
    assert_eq!(one.good(), "", "of what was not compared, nothing can be found");
}

#[test]
fn what_is_found_by_one_method_only() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("p.xb", PROJECT);
    let methods = ["audit", "p.xb:runner", "--methods", "cross,emulate"];
    let found = "`config.h` of the build is on for emulate and off for cross: `HAVE_WORKING_MALLOC`";
    let expected = format!("runner (arm64 by cross, arm64 by emulate)\n  warn probe-parity: {found}{NEXT}");
    assert_eq!(world.xb(&methods).good(), expected);
    let json: Value = serde_json::from_str(&world.xb(&[&methods[..], &["--json"]].concat()).good()).unwrap();
    let ways: Vec<_> = json["audit"].as_array().expect("a list").iter().map(|one| &one["method"]).collect();
    assert_eq!(ways, ["cross", "emulate"]);

    let check = |more: &[&str], words: &str| {
        let err = world.xb(&[&["audit", "p.xb:runner"], more].concat()).bad(2);
        assert!(err.contains(words), "{err}");
    };
    check(&["--methods", "cross"], "at least two different methods");
    check(&["--methods", "cross,emulate", "--arch", "amd64,arm64"], "there is one method only");
    check(&["--methods", "cross,emulate", "--method", "cross"], "cannot be used with");
}
