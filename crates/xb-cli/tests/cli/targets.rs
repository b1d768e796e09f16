//! Several packages at once: which is which, what becomes of each, and what is said when they run again.

use serde_json::Value;

use crate::build::{has_base, moment};
use crate::world::World;

fn told(world: &World, args: &[&str]) -> Value {
    let said = world.xb(args);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", said.out, said.err))
}

fn texts(list: &Value, name: &str) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter().map(|one| one[name].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn packages_of_one_text_in_two_files_are_two_targets_with_the_same_result() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    for side in ["left", "right"] {
        let text = format!("package same(arch) {{ build = sh\"echo {now}; echo {now} >$out/it\" }}\n");
        world.write(&format!("{side}/same.xb"), &text);
    }
    let results = told(&world, &["build", "left", "right", "--json"])["results"].take();
    assert_eq!(texts(&results, "file"), ["left/same.xb", "right/same.xb"]);
    assert_eq!(results[0]["tree"], results[1]["tree"]);
    for side in ["left", "right"] {
        assert_eq!(world.xb(&["log", side]).good(), format!("{now}\n"));
    }
}

#[test]
fn packages_of_one_name_in_two_files_are_told_apart() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    world.write("left/same.xb", &format!("package same(arch) {{ build = sh\"echo {now} >$out/it\" }}\n"));
    world.write(
        "right/same.xb",
        "package broken(arch) { build = sh\"exit 1\" }\npackage same(arch) { build = sh\"\", needs = [broken(arch)] }\n",
    );
    let all = told(&world, &["build", "left", "right:same", "-k", "--json"]);
    assert_eq!(texts(&all["results"], "file"), ["left/same.xb"]);
    assert!(all["undone"][0].as_str().is_some_and(|undone| undone.starts_with("same (")), "{all}");

    let random = "package same(arch) { build = sh\"cat /proc/sys/kernel/random/uuid >$out/it\" }\n";
    world.write("right/same.xb", random);
    let verified = told(&world, &["verify", "left", "right", "--arch", "arm64", "--json"])["packages"].take();
    assert_eq!(texts(&verified, "file"), ["left/same.xb", "right/same.xb"]);
    assert_eq!((&verified[0]["equal"], &verified[1]["equal"]), (&Value::Bool(true), &Value::Bool(false)));
}

#[test]
fn who_keeps_going_builds_all_that_does_not_need_what_cannot_be_had() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    world.write("good.xb", &format!("package good(arch) {{ build = sh\"echo {now} >$out/it\" }}\n"));
    world.write(
        "bad.xb",
        "package bad(arch) { build = sh\"\", source = fetch.tarball(\"http://127.0.0.1:9/x.tar\") }\n",
    );
    world.write("bad.xb", &format!("use std {{ fetch }}\n{}", world.read("bad.xb")));
    let said = world.xb(&["build", "bad.xb", "good.xb", "-k"]);
    assert!(said.out.contains("/trees/") && said.err.contains("good ("), "{}", said.err);
    assert!(said.err.contains("x.tar") && said.err.contains("bad ("), "{}", said.err);
    assert_eq!(said.code, 3);
    let err = world.xb(&["build", "bad.xb", "good.xb"]).bad(3);
    assert!(!err.contains("good ("), "{err}");
}

#[test]
fn a_lock_that_lacks_something_is_refused_also_to_who_keeps_going() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let package = format!("package p(arch) {{ build = sh\"echo {} >$out/it\" }}\n", moment());
    world.write("alone/xb.toml", "");
    world.write("alone/p.xb", &package);
    let p = ["build", "alone/p.xb", "--arch", "arm64"];
    let _ = world.xb(&[&p[..], &["--method", "cross"]].concat()).good();
    // The sets of emulation are not in the lock, though cross is all that is needed.
    for more in [&["--locked"][..], &["--locked", "-k"]] {
        let err = world.xb(&[&p[..], more].concat()).bad(1);
        assert!(err.contains("qemu-user"), "{err}");
    }
}

#[test]
fn what_a_result_cannot_hold_is_warned_of() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let script = format!("mkfifo $out/pipe $build/other; touch $out/{}", moment());
    world.write("p.xb", &format!("package p(arch) {{ build = sh\"{script}\" }}\n"));
    for _ in 0..2 {
        let built = told(&world, &["build", "p.xb", "--json"])["results"][0].take();
        assert_eq!(built["warnings"], serde_json::json!(["`/pipe` is no file, folder or link, and left out"]));
    }
}

#[test]
fn what_ran_again_counts_whatever_was_known() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    // How many jobs there are is the only thing that a command knows of its machine, and no part of a key.
    let build = format!("cat /proc/sys/kernel/random/uuid >$out/{}", moment());
    world.write("p.xb", &format!("package p(arch) {{ build = sh\"{build}\", check = sh\"test $jobs = 1\" }}\n"));
    let first = told(&world, &["build", "p.xb", "-j1", "--json"])["results"][0].take();
    assert_eq!((&first["check"], &first["warnings"]), (&"passed".into(), &serde_json::json!([])));
    let again = told(&world, &["build", "p.xb", "--rebuild", "-j1", "--json"])["results"][0].take();
    assert_ne!(again["tree"], first["tree"]);
    let warning = again["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.starts_with("built again, it is not what it was: `xb diff "), "{again}");
    let compared = warning.split('`').nth(1).unwrap_or_default();
    let diff: Vec<&str> = compared.split(' ').skip(1).collect();
    assert_eq!(world.xb(&diff).code, 1, "{compared}");
    let then = told(&world, &["build", "p.xb", "-j1", "--json"])["results"][0].take();
    assert_eq!((&then["tree"], &then["warnings"]), (&again["tree"], &serde_json::json!([])));

    let _ = world.xb(&["test", "p.xb", "-j8"]).bad(1);
    let after = told(&world, &["build", "p.xb", "-j8", "--json"]);
    assert_eq!(after["results"][0]["check"], "failed", "{after}");
}
