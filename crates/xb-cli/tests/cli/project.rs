//! Projects, targets and the settings in `xb.toml`.

use crate::world::World;

#[test]
fn a_target_that_is_not_there_is_named() {
    let world = World::new();
    let err = world.xb(&["build", "nothing"]).bad(1);
    insta::assert_snapshot!(err, @"error: there is no file or folder `PROJECT/nothing`");
}

#[test]
fn a_folder_that_is_no_package_says_what_to_do() {
    let world = World::new();
    world.write("empty/notes.txt", "");
    let err = world.xb(&["build", "empty"]).bad(1);
    insta::assert_snapshot!(err, @"
    error: there is no `.xb` file in `PROJECT/empty`
      help: `xb init PROJECT/empty` begins a package there
    ");
}

#[test]
fn settings_are_checked() {
    let world = World::new();
    world.write("a.xb", "1");
    world.write("xb.toml", "[build]\njbos = 2\n");
    let err = world.xb(&["build", "a.xb"]).bad(1);
    insta::assert_snapshot!(err, @"
    error: `PROJECT/xb.toml`: there is no setting `jbos` in `[build]`
      help: did you mean `jobs`?
    ");
}

#[test]
fn targets_of_two_projects_are_refused() {
    let world = World::new();
    for project in ["a", "b"] {
        world.write(&format!("{project}/xb.toml"), "");
        world.write(&format!("{project}/{project}.xb"), "1");
    }
    let err = world.xb(&["build", "a", "b"]).bad(1);
    assert!(err.contains("different projects"), "{err}");
}

#[test]
fn a_file_without_packages_is_no_target() {
    let world = World::new();
    world.write("a.xb", "let x = 1");
    let err = world.xb(&["build", "a.xb"]).bad(1);
    assert!(err.contains("defines no package"), "{err}");
}

#[test]
fn graphs_and_ways_through_them() {
    let world = World::new();
    world.write(
        "app.xb",
        "package base(arch) { build = { script = sh\"true\" } }\n\
         package lib(arch) { build = { script = sh\"true\" }, needs = [base(arch)] }\n\
         package app(arch) { build = { script = sh\"true\" }, needs = [lib(arch), \"zlib1g-dev\"], tools = [\"bison\"] }\n",
    );
    let dot = world.xb(&["graph", "app.xb:app"]).good();
    assert_eq!(dot.matches(" -> ").count(), 2, "{dot}");
    let svg = world.xb(&["graph", "app.xb:app", "--format", "svg"]).good();
    assert!(svg.starts_with("<svg"), "{svg}");
    let json = world.xb(&["graph", "app.xb:app", "--format", "json"]).good();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["packages"].as_array().map(Vec::len), Some(3));
    let way = world.xb(&["why", "app.xb:app", "base", "--arch", "amd64"]).good();
    assert_eq!(way, "app (amd64)\n  needs lib (amd64)\n  needs base (amd64)\n");
    let way = world.xb(&["why", "app.xb:app", "zlib1g-dev", "--arch", "amd64"]).good();
    assert!(way.ends_with("needs Debian's zlib1g-dev (amd64)\n"), "{way}");
    let way = world.xb(&["why", "app.xb:app", "bison", "--arch", "arm64"]).good();
    assert_eq!(way, "app (arm64)\n  needs Debian's bison (amd64)\n", "not by the method that is tried first");
    let err = world.xb(&["why", "app.xb:app", "openssl"]).bad(1);
    assert!(err.contains("does not need"), "{err}");
    for (wrong, meant) in [("bsae", "base"), ("zlib1-dev", "zlib1g-dev")] {
        let err = world.xb(&["why", "app.xb:app", wrong]).bad(1);
        assert!(err.contains(&format!("did you mean `{meant}`?")), "{err}");
    }
}

#[test]
fn what_cannot_be_done_as_asked_is_refused_before_anything_is_built() {
    let world = World::new();
    for folder in ["a", "b"] {
        world.write(&format!("{folder}/x.xb"), &format!("package x(arch) {{ build = sh\"echo {folder}\" }}\n"));
    }
    let check = |args: &[&str], code: i32, why: &str| {
        let err = world.xb(args).bad(code);
        assert!(err.contains(why), "{args:?}: {err}");
    };
    check(&["build", "a", "b", "--out", "dist"], 1, "two results would be copied to");
    check(&["build", "a", "--out", &world.store().join("v1/trees/x").to_string_lossy()], 1, "lies in the store");
    check(&["verify", "a", "--methods", "cross,native"], 3, "natively");
    check(&["build", "a", "--method", "cross"], 2, "one method only");
    check(&["build", "a", "--method", "cross", "--pure-emulation", "--arch", "arm64"], 2, "goes with");
}

#[test]
fn a_project_is_all_that_lies_in_it() {
    let world = World::new();
    let package = |name: &str| format!("package {name}(arch) {{ build = {{ script = sh\"true\" }} }}\n");
    world.write("a/a.xb", &package("a"));
    world.write("b/b.xb", &package("b"));
    world.write("lib.d/lib.xb", "let flags = []\n");
    world.write("another/xb.toml", "");
    world.write("another/c.xb", &package("c"));
    let packages = |args: &[&str]| {
        let json = world.xb(&[&["graph", "--format", "json", "--arch", "amd64"], args].concat()).good();
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        json["packages"].as_array().map(Vec::len)
    };
    assert_eq!(packages(&[]), Some(2));
    assert_eq!(packages(&[":b"]), Some(1));
    let err = world.xb(&["graph", ":nothing"]).bad(1);
    assert!(err.contains("defines `nothing`"), "{err}");
}

#[test]
fn an_empty_target_is_a_wrong_command_line() {
    let world = World::new();
    world.write("a.xb", "package a(arch) { build = { script = sh\"true\" } }\n");
    for command in ["build", "test", "run", "shell", "graph", "log", "verify", "lock"] {
        let _ = world.xb(&[command, ""]).bad(2);
    }
    let _ = world.xb(&["why", "", "a"]).bad(2);
}

#[test]
fn a_name_that_no_file_defines_is_named_with_what_was_meant() {
    let world = World::new();
    for name in ["popt", "log_rotate"] {
        let text = format!("package {name}(arch) {{ build = {{ script = sh\"true\" }} }}\n");
        world.write(&format!("{name}/{name}.xb"), &text);
    }
    let _ = world.xb(&["graph", ":log-rotate"]).good();
    for targets in [&[":poppt"][..], &[":popt", ":poppt"]] {
        let err = world.xb(&[&["graph"], targets].concat()).bad(1);
        assert_eq!(
            err,
            "error: no file of `PROJECT` defines `poppt`\n  note: the packages there are log_rotate, popt\n  \
             help: did you mean `:popt`?\n"
        );
    }
    let err = World::new().xb(&["lock"]).bad(1);
    assert!(err.contains("there is no `.xb` file in `PROJECT`"), "{err}");
}

#[test]
fn the_sources_of_a_target_are_no_need_of_it() {
    let world = World::new();
    let source = "fetch.tarball(\"https://a.example/of/popt/popt-1.tar.gz\")";
    world.write(
        "a.xb",
        &format!(
            "use std {{ fetch }}\n\
             package popt(arch) {{ source = {source}, build = {{ script = sh\"true\" }} }}\n\
             package rotate(arch) {{ needs = [popt(arch)], build = {{ script = sh\"true\" }} }}\n"
        ),
    );
    let _ = world.xb(&["why", "a.xb:popt", "popt"]).bad(1);
    let _ = world.xb(&["why", "a.xb:rotate", "example"]).bad(1);
    let way = world.xb(&["why", "a.xb:rotate", "popt-1", "--arch", "amd64"]).good();
    assert!(way.ends_with("needs https://a.example/of/popt/popt-1.tar.gz\n"), "{way}");
}

#[test]
fn the_source_of_a_package_is_had_before_anything_says_how_it_builds() {
    let world = World::new();
    world.write("tool/Cargo.lock", "version = 3\n");
    std::os::unix::fs::symlink("/etc/passwd", world.project().join("tool/out")).expect("a link");
    world.write("p.xb", "package tool(arch) { source = ./tool, build = error \"not yet\" }\npackage bare(arch) {}\n");
    let folder = world.xb(&["source", "p.xb"]).good();
    let place = folder.trim_end().replace("STORE", &world.store().display().to_string());
    assert!(std::path::Path::new(&place).join("Cargo.lock").is_file(), "{place}");
    assert_eq!(world.xb(&["source", "p.xb:tool", "Cargo.lock"]).good(), "version = 3\n");
    for (target, file, why) in [
        ("p.xb:tool", "../../secret", "the source has no file `../../secret`"),
        ("p.xb:tool", "none", "the source has no file `none`"),
        ("p.xb:tool", "out", "is a link that leads out of it"),
        ("p.xb:bare", "a", "`bare` has no source"),
    ] {
        let err = world.xb(&["source", target, file]).bad(1);
        assert!(err.contains(why), "{target} {file}: {err}");
    }
}
