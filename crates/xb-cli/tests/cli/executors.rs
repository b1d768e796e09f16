//! Where steps run, and what is said where they can run nowhere. Needs what the tests of `build` need.

use serde_json::Value;

use crate::build::{has_base, moment};
use crate::world::World;

#[test]
fn who_asks_for_what_no_machine_has_is_told_which_setting_says_so() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let needy = format!(
        "package needy(arch) {{\n  limits = {{ features = [\"kvm\", \"gpu\"] }}\n  \
         build = {{ script = sh\"echo {} >$out/moment\" }}\n}}\n",
        moment()
    );
    world.write("needy.xb", &needy);
    world.write("xb.toml", "[build]\nfeatures = [\"gpu\"]\n");
    let build = ["build", "needy.xb", "--arch", "amd64"];
    let refused = world.xb(&build);
    assert_eq!(refused.code, 1, "{}", refused.err);
    for said in [
        "no executor can run needy (amd64, build)",
        "local: it is not said to have `kvm`",
        "where `local` has it, `[build] features = [\"gpu\", \"kvm\"]` in `xb.toml` says so",
    ] {
        assert!(refused.err.contains(said), "{said}:\n{}", refused.err);
    }
    let refused = world.xb(&[&build[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&refused.out).expect("JSON");
    let unmet = serde_json::json!([{ "executor": "local", "need": "it is not said to have `kvm`" }]);
    assert_eq!(report["failures"][0]["unmet"], unmet, "{report}");
    world.write("xb.toml", "[build]\nfeatures = [\"kvm\", \"gpu\"]\n");
    let _ = world.xb(&build).good();
    // Where it runs is no part of what it is.
    world.write("xb.toml", "");
    let _ = world.xb(&build).good();
}
