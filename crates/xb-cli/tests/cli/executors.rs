//! Where steps run, and what is said where they can run nowhere. Needs what the tests of `build` need.

use std::process::{Child, Stdio};

use serde_json::Value;

use crate::build::{has_base, moment};
use crate::serve::Serving;
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

#[test]
fn two_builds_of_one_store_share_the_slots_of_a_machine() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let host = World::alone();
    let serving = Serving::start(&host, &["--execute", "--anonymous", "execute"]);
    let farm = format!("kind = \"engine\"\narch = \"amd64\"\nslots = 1\nurl = \"grpc://{}\"", serving.address);
    world.write("xb.toml", &format!("[build]\ncost = 100000\n[executor.farm]\n{farm}\n"));
    let _ = world.xb(&["cache", "accept"]).good();
    let now = moment();
    let package = |name: &str, seconds: u32| {
        format!("package {name}(arch) {{ build = {{ script = sh\"sleep {seconds}; echo {now} >$out/{name}\" }} }}\n")
    };
    world.write("all.xb", &[package("warm", 0), package("one", 5), package("two", 5)].concat());
    let args =
        |name: &str| ["build".to_owned(), format!("all.xb:{name}"), "--arch=amd64".to_owned(), "--json".to_owned()];
    let start = |name: &str| {
        let args = args(name);
        let mut xb = world.command(&args.each_ref().map(String::as_str));
        xb.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("xb runs")
    };
    let said = |xb: Child| world.said(xb.wait_with_output().expect("it ends"));
    let _ = said(start("warm")).good();
    let both = [start("one"), start("two")].map(said);
    let waited = both.iter().filter(|said| said.err.contains("other builds use all slots of `farm`")).count();
    assert_eq!(waited, 1, "{}\n{}", both[0].err, both[1].err);
    for said in both {
        let report: Value = serde_json::from_str(&said.good()).expect("JSON");
        assert_eq!(report["results"][0]["executor"], "farm", "{report}");
    }
}
