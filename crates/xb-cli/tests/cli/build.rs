//! A small package from its description to its result. Needs a network for Debian's base, unless the store that
//! `XB_TEST_STORE` names has it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use crate::world::World;

/// Whether Debian's base is to be had; in CI a skip is a failure.
pub fn has_base(world: &World) -> bool {
    world.write("probe.xb", "package probe(arch) { build = { script = sh\"true\" } }\n");
    let probe = world.xb(&["build", "probe.xb"]);
    if probe.code == 3 || probe.err.contains("no index") || probe.err.contains("network") {
        assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "cannot build here:\n{}", probe.err);
        eprintln!("skipped: Debian's base is not to be had here:\n{}", probe.err);
        return false;
    }
    let _ = probe.good();
    true
}

/// A number that no earlier run of the tests has seen, for stores that are kept.
pub fn moment() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_nanos()
}

fn json(world: &World, args: &[&str]) -> Value {
    let out = world.xb(args).good();
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

const GREETER: &str = r#"
package greeter(arch) {
  version = "1.0"
  source = ./src
  build = { script = sh"mkdir -p $out/bin; cp greeting $out/bin/; echo built for $arch" }
  check = sh"grep -q Hello greeting"
}
"#;

#[test]
fn a_lock_of_the_whole_project_drops_what_nobody_uses() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let _ = world.xb(&["lock"]).good();
    let clean = world.read("xb.lock");
    let stale =
        format!("version = 1\n\n[[fetch]]\nurl = \"http://a.example/x\"\nsha256 = \"{}\"\nsize = 1\n", "0".repeat(64));
    let stale = clean.replacen("version = 1\n", &stale, 1);
    world.write("xb.lock", &stale);
    for part in [&["lock", "probe.xb:probe"][..], &["lock", "--arch", "amd64"], &["lock", "--locked"]] {
        let _ = world.xb(part).good();
        assert_eq!(world.read("xb.lock"), stale, "{part:?}");
    }
    let said = world.xb(&["lock"]);
    assert!(said.err.contains("1 entry dropped"), "{}", said.err);
    assert_eq!(world.read("xb.lock"), clean);
}

#[test]
fn from_a_description_to_a_result_and_back_to_a_failure() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("greeter.xb", GREETER);
    // The store may be shared with earlier runs, which must not have seen this one.
    let greeting = format!("Hello, {:?}!\n", std::time::SystemTime::now());
    world.write("src/greeting", &greeting);

    let built = json(&world, &["build", "greeter.xb", "--json"]);
    let result = &built["results"][0];
    assert_eq!(result["package"], "greeter");
    assert_eq!(result["method"], "native");
    assert_eq!(result["check"], "passed");
    assert_eq!(result["cached"], false);

    let again = json(&world, &["build", "greeter.xb", "--json"]);
    assert_eq!(again["results"][0]["cached"], true);
    assert_eq!(again["results"][0]["tree"], result["tree"]);

    let _ = world.xb(&["build", "greeter.xb", "--out", "dist", "--locked", "--offline"]).good();
    assert_eq!(world.read("dist/bin/greeting"), greeting);
    let _ = world.xb(&["build", "greeter.xb", "--out", "dist"]).good();
    for (taken, why) in [("mine", "is not empty, and was not made by xb\n"), ("dist", "is not as xb made it\n")] {
        world.write(&format!("{taken}/file"), "x");
        let err = world.xb(&["build", "greeter.xb", "--out", taken]).bad(1);
        assert!(err.contains(&format!("`PROJECT/{taken}` {why}")), "{err}");
        assert_eq!(world.read(&format!("{taken}/file")), "x");
    }
    let in_the_store = world.store().join("v1/trees/x");
    let err = world.xb(&["build", "greeter.xb", "--out", &in_the_store.to_string_lossy()]).bad(1);
    assert!(err.contains("lies in the store"), "of a result that was known: {err}");
    let err = world.xb(&["build", "greeter.xb", "--out", "src/greeting"]).bad(1);
    assert!(err.contains("it is no folder"), "{err}");

    assert!(world.xb(&["log", "greeter.xb"]).good().contains("built for"));
    let ran = world.xb(&["run", "greeter.xb", "--", "cat", "/bin/greeting"]);
    assert_eq!(ran.good(), greeting);

    // A failed check: the result is there all the same, and the exit code says so.
    world.write("src/greeting", "Good bye!\n");
    let failed = world.xb(&["build", "greeter.xb", "--json"]);
    assert_eq!(failed.code, 1, "{}", failed.err);
    let report: Value = serde_json::from_str(&failed.out).expect("JSON");
    assert_eq!(report["results"][0]["check"], "failed");
    assert_eq!(json(&world, &["build", "greeter.xb", "--no-check", "--json"])["results"][0]["check"], "skipped");
}

/// The url of a file on a server that has none.
fn empty_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/x.tar.gz", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    url
}

#[test]
fn a_source_that_cannot_be_brought_is_told_with_its_package() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let check = |field: &str, code: i32, why: &str| {
        let build = "build = { script = sh\"true\" }";
        world.write("odd.xb", &format!("use std {{ fetch }}\n\npackage odd(arch) {{\n  {field}\n  {build}\n}}\n"));
        let err = world.xb(&["build", "odd.xb"]).bad(code);
        assert!(err.contains(why) && err.contains("note: for odd (") && err.contains("odd.xb:3"), "{err}");
        assert_eq!(err.matches(why).count(), 1, "it is told twice: {err}");
    };
    world.write("source/a", "a");
    check("source = ./sourc", 1, "the project has no `sourc`; did you mean `source`?");
    check("tools = [\"no-such-tool-of-debian\"]", 1, "no package `no-such-tool-of-debian`");
    let url = &empty_server();
    check(&format!("source = fetch.tarball(\"{url}\")"), 1, url);
    let sum = "0".repeat(64);
    check(&format!("source = fetch.tarball(\"{url}\", sha256 = \"{sum}\")"), 1, url);
}

#[test]
fn a_folder_that_is_missing_is_told_before_anything_is_looked_up() {
    let world = World::new();
    world.write("odd.xb", "package odd(arch) { source = ./sourc, build = { script = sh\"true\" } }\n");
    let err = world.xb(&["build", "odd.xb", "--offline"]).bad(1);
    for part in ["error: the project has no `sourc`\n", "note: for odd (", "at odd.xb:1", "help: make it"] {
        assert!(err.contains(part), "no `{part}` in: {err}");
    }
}

#[test]
fn a_failed_build_shows_the_end_of_its_log_and_the_way_on() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write(
        "broken.xb",
        "package part(arch) { build = { script = sh\"echo one; echo two >&2; exit 3\" } }\n\
         package whole(arch) { build = { script = sh\"true\" }, needs = [part(arch)] }\n",
    );
    let err = world.xb(&["build", "broken.xb:whole", "--keep-failed"]).bad(1);
    for part in
        ["part (", "exit code 3", "| one", "| two", "whole (", "xb log broken.xb:part --arch", "xb shell", "--failed"]
    {
        assert!(err.contains(part), "{part} is missing in:\n{err}");
    }
    assert_eq!(world.xb(&["log", "broken.xb:part"]).good(), "one\ntwo\n");
}

#[test]
fn a_failed_build_says_what_its_log_gives_away() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let script = "echo 'a.c:1:10: fatal error: ev.h: No such file or directory'; exit 1";
    world.write("p.xb", &format!("package p(arch) {{ build = {{ script = sh\"{script}\" }} }}\n"));
    let err = world.xb(&["build", "p.xb"]).bad(1);
    assert!(err.contains("help: the header `ev.h` is missing: add the Debian package"), "{err}");
    let said = world.xb(&["build", "p.xb", "--json"]);
    let data: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert!(data["failures"][0]["hints"][0].as_str().unwrap_or_default().contains("`ev.h`"), "{data}");
}

#[test]
fn the_log_of_a_method_that_was_given_up_can_be_read() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    // What failed by cross in an earlier run of this test is not tried again.
    let now = moment();
    let script = format!("uname -m; test $(uname -m) = aarch64; mkdir $out/{now}");
    world.write("odd.xb", &format!("package odd(arch) {{ build = {{ script = sh\"{script}\" }} }}\n"));
    let built = json(&world, &["build", "odd.xb", "--arch", "arm64", "--json"]);
    assert_eq!(built["results"][0]["method"], "emulate");
    let log = |method: &[&str]| world.xb(&[&["log", "odd.xb", "--arch", "arm64"], method].concat());
    assert_eq!(log(&[]).good(), "aarch64\n");
    assert_eq!(log(&["--method", "cross"]).good(), "x86_64\n");
    let err = log(&["--method", "pure-emulate"]).bad(1);
    assert!(err.contains("by pure-emulate"), "{err}");
    world.write("odd.xb", &format!("package odd(arch) {{ build = {{ script = sh\"uname -m; exit 3 # {now}\" }} }}\n"));
    let err = world.xb(&["build", "odd.xb", "--arch", "arm64"]).bad(1);
    for method in ["emulate", "cross"] {
        let command = format!("`xb log odd.xb:odd --arch arm64 --method {method}`");
        assert!(err.contains(&command), "{command} is missing in:\n{err}");
    }
}

#[test]
fn a_log_is_that_of_what_counts_though_it_was_known() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let script = format!("uname -m; test $(uname -m) = aarch64; mkdir $out/{}", moment());
    world.write("odd.xb", &format!("package odd(arch) {{ build = {{ script = sh\"{script}\" }} }}\n"));
    world.write(
        "top.xb",
        "use \"./odd.xb\" { odd }\npackage top(arch) { needs = [odd], build = { script = sh\"true\" } }\n",
    );
    world.xb(&["build", "odd.xb", "--arch", "arm64", "--method", "emulate"]).good();
    world.xb(&["build", "top.xb", "--arch", "arm64"]).good();
    assert_eq!(world.xb(&["log", "odd.xb", "--arch", "arm64", "--method", "cross"]).good(), "x86_64\n");
    assert_eq!(world.xb(&["log", "odd.xb", "--arch", "arm64"]).good(), "aarch64\n");
}

#[test]
fn what_went_well_is_told_beside_what_failed() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    let package = |name: &str, script: &str| {
        world.write(
            &format!("{name}.xb"),
            &format!("package {name}(arch) {{ build = {{ script = sh\"{script}\" }} }}\n"),
        );
    };
    package("good", &format!("echo {now} >$out/it; ln -s $out/it $out/link"));
    package("odd", &format!("test $(uname -m) = aarch64; mkdir $out/{now}"));
    package("bad", &format!("echo {now}; exit 1"));
    let said = world.xb(&["build", "bad.xb", "good.xb", "-k"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("/trees/") && said.err.contains("good (") && said.err.contains("failed"), "{}", said.err);
    assert!(said.err.contains("`/link` leads to where the package was built (`/xb/"), "{}", said.err);

    let verify = ["verify", "odd.xb", "good.xb", "--arch", "arm64", "--json"];
    let told = |args: &[&str]| serde_json::from_str::<Value>(&world.xb(args).out).expect("JSON");
    let some = told(&[&verify[..], &["-k"]].concat());
    assert_eq!(
        (some["packages"].as_array().map(Vec::len), &some["packages"][0]["equal"]),
        (Some(1), &true.into()),
        "{some}"
    );
    assert!(some["failures"][0]["title"].as_str().is_some_and(|title| title.starts_with("odd (arm64")), "{some}");
    let none = told(&verify);
    assert_eq!(none["packages"].as_array().map(Vec::len), Some(0), "{none}");
    assert_eq!(world.xb(&["log", "odd.xb", "--arch", "arm64", "--method", "cross"]).code, 0);
}

#[test]
fn debian_packages_that_come_along_are_explained() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("a.xb", "package a(arch) { tools = [\"tcl\"], build = { script = sh\"true\" } }\n");
    let built = world.xb(&["build", "a.xb"]);
    assert!(built.err.contains("it is empty"), "{}", built.err);
    let _ = built.good();
    assert_eq!(world.xb(&["why", "a.xb", "tcl"]).good(), "a (amd64)\n  needs Debian's tcl (amd64)\n");
    let along = world.xb(&["why", "a.xb", "libtcl8.6"]).good();
    assert!(along.contains("libtcl8.6 (amd64), which comes along with") && along.contains("tcl"), "{along}");
    let _ = world.xb(&["why", "a.xb", "libreoffice"]).bad(1);
}

#[test]
fn a_copy_of_a_result_is_replaced_where_it_is_and_has_no_set_id_bits() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let script = "mkdir -p $out/d/e; echo x >$out/d/e/f; chmod 4555 $out/d/e/f; chmod 1777 $out/d/e";
    world.write("m.xb", &format!("package m(arch) {{ build = {{ script = sh\"{script}\" }} }}\n"));
    std::fs::create_dir(world.project().join("empty")).expect("a folder");
    let inode = || std::os::unix::fs::MetadataExt::ino(&world.project().join("empty").metadata().expect("a folder"));
    let before = inode();
    let half = world.project().join("empty/.xb-out-half");
    world.write("empty/.xb-out-half/made/file", "x");
    std::fs::File::open(&half).expect("a folder").set_modified(std::time::UNIX_EPOCH).expect("a time");
    let _ = world.xb(&["build", "m.xb", "--out", "empty"]).good();
    assert!(!half.exists(), "what a killed one left is still there");
    assert_eq!(before, inode());
    assert_eq!(world.read("empty/d/e/f"), "x\n");
    for _ in 0..2 {
        let _ = world.xb(&["build", "m.xb", "--out", "dist"]).good();
        let _ = world.xb(&["build", "m.xb", "--out", "dist"]).good();
        world.write("m.xb", &world.read("m.xb").replace("echo x", "echo y"));
    }
    world.write("sub/x", "");
    let printed = world.xb(&["-C", "sub", "build", "../m.xb", "--out", "../dist"]).good();
    assert_eq!(printed, "PROJECT/dist\n");
    std::os::unix::fs::symlink("dist", world.project().join("link")).expect("a link");
    world.write("m.xb", &world.read("m.xb").replace("echo y", "echo z"));
    let _ = world.xb(&["build", "m.xb", "--out", "link"]).good();
    assert!(world.project().join("link").is_symlink() && world.read("dist/d/e/f") == "z\n");
    world.write("m.xb", &world.read("m.xb").replace("echo z", "echo y"));
    let _ = world.xb(&["build", "m.xb", "--out", "dist"]).good();
    let names = std::fs::read_dir(world.project()).expect("a folder").flatten().map(|entry| entry.file_name());
    assert!(names.filter(|name| name.to_string_lossy().starts_with(".xb-out")).count() == 0);
    assert_eq!(world.read("dist/d/e/f"), "y\n");
    let mode = |path: &str| {
        let meta = std::fs::symlink_metadata(world.project().join(path)).expect("it is there");
        std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o7777
    };
    assert_eq!((mode("dist/d"), mode("dist/d/e"), mode("dist/d/e/f")), (0o755, 0o755, 0o755));
}

#[test]
fn a_result_is_named_by_its_folder_and_copied_only_where_a_folder_can_be() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("m/m.xb", "package m_m(arch) { build = { script = sh\"echo x >$out/x\" } }\n");
    let _ = world.xb(&["build", "m"]).good();
    let err = world.xb(&["build", "m", "--out", "/proc/foo"]).bad(3);
    assert!(err.contains("`/proc/foo`: no folder can be made in `/proc`") && !err.contains(".xb-out"), "{err}");
    let _ = world.xb(&["diff", "m:m_m:amd64:native", "m/m.xb:m-m:amd64:native"]).good();
    let _ = world.xb(&["diff", "m:m_m:arm64:native", "m/m.xb:m-m:amd64:native"]).bad(1);
}

#[test]
fn code_of_the_wrong_compiler_is_no_result_and_emulation_mends_it() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let text = r#"
package careless(arch) {
  build = sh"""
    echo 'int main(void) { return 0; }' >main.c
    gcc -o program main.c
    mkdir -p $out/usr/bin
    cp program $out/usr/bin
  """
}
package meant(arch) {
  build = careless(arch).build
  audit = { "wrong-architecture" = { level = "off", reason = "it runs on what builds" } }
}
"#;
    world.write("p.xb", text);
    let cross = ["--arch", "arm64", "--method", "cross"];
    let err = world.xb(&[&["build", "p.xb:careless"], &cross[..]].concat()).bad(1);
    assert!(err.contains("its result has code for amd64: `/usr/bin/program`"), "{err}");
    let again = world.xb(&[&["build", "p.xb:careless"], &cross[..]].concat()).bad(1);
    assert!(again.contains("its result has code for amd64"), "a result that is refused was kept: {again}");
    let built = json(&world, &["build", "p.xb:careless", "--arch", "arm64", "--json"]);
    assert_eq!(built["results"][0]["method"], "emulate");
    let _ = world.xb(&[&["build", "p.xb:meant"], &cross[..]].concat()).good();
}

#[test]
fn what_a_failed_step_left_can_be_entered() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    for step in ["build", "check"] {
        let failing = format!("sh\"echo left {now} {step} >trace; exit 1\"");
        let (build, check) = if step == "build" { (&*failing, "null") } else { ("sh\"true\"", &*failing) };
        world.write("bad.xb", &format!("package bad(arch) {{ build = {{ script = {build} }}, check = {check} }}\n"));
        let _ = world.xb(&["build", "bad.xb"]).bad(1);
        let _ = world.xb(&["shell", "bad.xb", "--failed", "--", "true"]).bad(1);
        let _ = world.xb(&["build", "bad.xb", "--keep-failed"]).bad(1);
        let left = world.xb(&["shell", "bad.xb", "--failed", "--", "cat", "build/trace"]).good();
        assert_eq!(left, format!("left {now} {step}\n"));
    }
    let gone = json(&world, &["gc", "--wait", "--json"]);
    assert_eq!(gone["sandboxes"], 0, "what was left just now stays");
    let told = json(&world, &["gc", "--wait", "--keep", "0s", "--max-size", "100T", "--dry-run", "--json"]);
    assert!(told["sandboxes"].as_u64() >= Some(2), "{told}");
    let left = world.xb(&["shell", "bad.xb", "--failed", "--", "true"]);
    assert_eq!(left.code, 0);
}

#[test]
fn the_log_of_a_failure_outlives_garbage_collection() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    world.write("bad.xb", &format!("package bad(arch) {{ build = {{ script = sh\"echo said {now}; exit 1\" }} }}\n"));
    let _ = world.xb(&["build", "bad.xb"]).bad(1);
    let _ = world.xb(&["gc", "--wait"]).good();
    assert_eq!(world.xb(&["log", "bad.xb"]).good(), format!("said {now}\n"));
}

#[test]
fn packages_of_one_name_in_two_files_are_two_packages() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let now = moment();
    let package = |side: &str| {
        let script = format!("echo {side} {now} >$out/side; echo {side} {now}");
        format!("package same(arch) {{ name = \"other\", build = {{ script = sh\"{script}\" }} }}\n")
    };
    for side in ["left", "right"] {
        world.write(&format!("{side}/same.xb"), &package(side));
        let _ = world.xb(&["build", side]).good();
    }
    assert_eq!(world.xb(&["log", "left"]).good(), format!("left {now}\n"));
    assert_eq!(world.xb(&["log", "right"]).good(), format!("right {now}\n"));
    let roots = world.xb(&["store", "roots"]).good();
    let roots_of = |side: &str| roots.lines().filter(|root| root.contains(&format!("/{side}/same.xb:other:"))).count();
    assert_eq!((roots_of("left"), roots_of("right")), (1, 1), "{roots}");
}

#[test]
fn a_makefile_that_installs_nothing_is_no_obstacle() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    world.write("src/Makefile", "tool:\n\techo made >tool\n");
    world.write(
        "tool.xb",
        "use std { c }\n\npackage tool(arch) {\n  source = ./src\n  build = c.make {\n    install = []\n    \
         after = sh\"install -D tool $out/usr/local/bin/tool\"\n  }\n}\n",
    );
    let _ = world.xb(&["build", "tool.xb", "--out", "dist"]).good();
    assert_eq!(world.read("dist/usr/local/bin/tool"), "made\n");
}

#[test]
fn a_result_that_somebody_wrote_to_is_no_result_until_it_is_as_it_was() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let text = moment().to_string();
    world.write("it.xb", &format!("package it(arch) {{ build = {{ script = sh\"echo {text} >$out/it\" }} }}\n"));
    let built = json(&world, &["build", "it.xb", "--json"]);
    let shown = built["results"][0]["path"].as_str().expect("a path");
    let file = world.store().join(shown.strip_prefix("STORE/").expect("in the store")).join("it");
    std::fs::write(&file, "other").expect("the owner may");
    for args in [&["build", "it.xb"][..], &["build", "it.xb", "--rebuild"], &["build", "it.xb", "--out", "dist"]] {
        let err = world.xb(args).bad(3);
        assert!(err.contains("somebody wrote") && err.contains("verify --repair"), "{args:?}: {err}");
    }
    let err = world.xb(&["run", "it.xb", "--", "true"]).bad(3);
    assert!(err.contains("somebody wrote") && !err.contains("doctor"), "{err}");
    std::fs::write(&file, format!("{text}\n")).expect("the owner may");
    let _ = world.xb(&["build", "it.xb"]).good();
}

#[test]
fn every_file_of_every_patch_is_applied_in_order() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let patch = |old: &str, new: &str| format!("--- a/file\n+++ b/file\n@@ -1 +1 @@\n-{old}\n+{new}\n");
    world.write("src/file", "one\n");
    world.write(".first.patch", &patch("one", "two"));
    world.write("more/1/b.patch", &patch("two", "three"));
    world.write("more/2 a.patch", &patch("three", "four"));
    let package = |patches: &str| {
        format!(
            "package p(arch) {{\n source = ./src\n patches = {patches}\n env = {{ jobs = 77 }}\n \
             build = sh\"cat file; echo $jobs\"\n}}\n"
        )
    };
    world.write("p.xb", &package("[./.first.patch, ./more]"));
    let _ = world.xb(&["build", "p.xb"]).good();
    let log = world.xb(&["log", "p.xb"]).good();
    assert!(log.ends_with("\nfour\n77\n"), "{log}");
    world.write("p.xb", &package("[path.only(./more, [\"*.diff\"])]"));
    let err = world.xb(&["build", "p.xb"]).bad(1);
    assert!(err.contains("patch 0000: there is no file in it"), "{err}");
}

#[test]
fn scarce_namespaces_and_whoever_starts_xb_keep_nobody_from_building() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let package = |number| format!("package p{number}(arch) {{ build = sh\"echo {number} {}\" }}\n", moment());
    world.write("many.xb", &(0..6).map(package).collect::<String>());
    // The only user that is mapped may not change groups; each sandbox takes one of the namespaces; and whoever ignores
    // the end of children leaves that to those whom he starts.
    let scarce = "echo 2 >/proc/sys/user/max_user_namespaces && trap '' CHLD && exec \"$@\"";
    let ours = world.command(&["build", "many.xb", "-j", "1"]);
    let mut within = std::process::Command::new("unshare");
    within.args(["--user", "--map-root-user", "sh", "-c", scarce, "sh"]).arg(ours.get_program()).args(ours.get_args());
    within.current_dir(world.project()).env_clear();
    within.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let built = within.output().expect("unshare runs");
    let err = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success() && err.contains("ready 6 packages"), "{err}");
}

#[test]
fn a_plan_tells_what_would_run_and_does_nothing_of_it() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let write = |word: &str| {
        world.write(
            "p.xb",
            &format!(
                "package part(arch) {{ build = {{ script = sh\"echo {word} >$out/a\" }} }}\n\
                 package whole(arch) {{ build = {{ script = sh\"touch $out/b\" }}, needs = [part] }}\n"
            ),
        );
    };
    let word = std::process::id().to_string();
    write(&word);
    let plan = || world.xb(&["build", "p.xb:whole", "--plan"]);
    let lock = || std::fs::read(world.project().join("xb.lock")).ok();
    let before = lock();
    let first = plan();
    assert!(first.err.contains("planned 2 steps, 1 of them perhaps, 2 never ran here"), "{}", first.err);
    assert!(first.good().contains("perhaps") && lock() == before);

    world.xb(&["build", "p.xb:whole"]).good();
    let done = plan();
    assert!(done.err.contains("planned nothing, 2 steps known"), "{}", done.err);
    assert_eq!(done.good(), "");

    write(&format!("{word}-changed"));
    let changed = plan().good();
    let lines: Vec<_> = changed.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("part (") && lines[0].contains("  took "), "{changed}");
    assert!(lines[1].contains("whole (") && lines[1].ends_with(", perhaps"), "{changed}");
    let data: serde_json::Value =
        serde_json::from_str(&world.xb(&["build", "p.xb:whole", "--plan", "--json"]).good()).expect("JSON");
    assert_eq!((&data["runs"][0]["certain"], &data["runs"][1]["certain"]), (&true.into(), &false.into()));
}
