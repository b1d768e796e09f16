//! The store and the beginning of a project.

use crate::world::World;

#[test]
fn a_package_can_be_begun_and_is_well_formed() {
    let world = World::new();
    let _ = world.xb(&["init", "greeter"]).good();
    assert!(world.read("greeter/greeter.xb").contains("package greeter(arch)"));
    assert_eq!(world.xb(&["check", "greeter", "--json"]).good(), "{\n  \"found\": []\n}\n");
    let _ = world.xb(&["fmt", "--check", "greeter"]).good();
    let err = world.xb(&["init", "greeter"]).bad(1);
    assert!(err.contains("already"), "{err}");
    for name in ["2nd", "let"] {
        let err = world.xb(&["init", name]).bad(1);
        assert!(err.contains("cannot be a package's name"), "{err}");
        assert!(!world.project().join(name).exists(), "{name} was made all the same");
    }
}

#[test]
fn an_empty_store_is_sound() {
    let world = World::alone();
    let path = world.xb(&["store", "path"]).good();
    assert_eq!(path, "STORE\n");
    let _ = world.xb(&["store", "verify"]).good();
    let json = world.xb(&["store", "stats", "--json"]).good();
    let stats: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(stats["contents"].is_u64());
    let _ = world.xb(&["gc", "--keep", "1d"]).good();
    let err = world.xb(&["gc", "--keep", "soon"]).bad(2);
    assert!(err.contains("`soon` is not a time"), "{err}");
}

#[test]
fn folders_are_compared() {
    let world = World::new();
    world.write("a/same", "1");
    world.write("b/same", "1");
    assert_eq!(world.xb(&["diff", "a", "b"]).good(), "");
    world.write("b/same", "22");
    world.write("b/more", "");
    let said = world.xb(&["diff", "a", "b"]);
    assert_eq!(said.code, 1);
    assert_eq!(said.out, "/more: only in the second\n/same: the contents differ (1 and 2 bytes)\n");
    assert!(!said.err.contains("sources"), "{}", said.err);
    for name in ["a", "b"] {
        world.write(&format!("{name}/{name}.xb"), "");
    }
    let said = world.xb(&["diff", "a", "b"]);
    assert!(said.err.contains("`xb diff a:NAME:ARCH:METHOD b:NAME:ARCH:METHOD`"), "{}", said.err);
    let err = world.xb(&["diff", "a", "nothing"]).bad(1);
    assert!(err.contains("neither a tree"), "{err}");
}

#[test]
fn the_doctor_looks_at_this_machine() {
    let json = World::new().xb(&["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert!(found["findings"].as_array().is_some_and(|found| found.len() >= 3), "{found}");
    let world = World::new();
    let output = world.command(&["doctor"]).env("XB_EMULATION", "interpose").output().expect("xb runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("good: sandbox") == said.contains("interposes on `execve`"), "{said}");
    let world = World::alone();
    let output = world.command(&["doctor"]).env("XB_EMULATION", "x").output().expect("xb runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("names no way of emulation: `x`") && said.contains("`interpose`"), "{said}");
    let world = World::alone();
    std::fs::write(world.store(), "no folder").expect("a file");
    let said = world.xb(&["doctor"]);
    assert_eq!(said.code, 3);
    assert!(said.out.contains("kernel") && said.out.contains("bad: store"), "{}", said.out);
    let said = world.xb(&["doctor", "--json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&said.out).is_ok(), "no single object: {}", said.out);
}
