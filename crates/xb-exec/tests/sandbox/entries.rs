//! Outputs that may be folders, files or links, as clients of the Remote Execution API want them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use xb_core::RelPath;
use xb_exec::Take;
use xb_graph::Cause;
use xb_run::ENTRY;

use crate::support::{Outcome, World};

fn world() -> Option<World> {
    World::with(|options| options.take = Take::Entries)
}

fn run(world: &World, script: &str, wanted: &[&str]) -> Outcome {
    world.run(script, |action| {
        action.outputs = wanted.iter().map(|path| ((*path).to_owned(), RelPath::new(path).unwrap())).collect();
    })
}

/// Where the one thing is that was taken in for an output; nothing may be there.
fn entry(world: &World, outcome: &Outcome, name: &str) -> PathBuf {
    let folder = world.store.open(outcome.result.outputs[name]);
    assert!(fs::read_dir(&folder).unwrap().all(|entry| entry.unwrap().file_name() == ENTRY), "{name}");
    folder.join(ENTRY)
}

#[test]
fn whatever_lies_at_the_place_of_an_output_is_taken() {
    let Some(world) = world() else { return };
    let script = "test -d /a && test ! -e /a/file && test ! -e /a/folder\n\
        echo 1 >/a/file; chmod 755 /a/file; ln -s nowhere /a/link; mkdir -p /a/folder/in; echo 2 >/a/folder/in/x\n\
        mkdir /real; ln -s /real /way; echo 3 >/way/x; mkfifo /a/pipe; rm /bin/cat";
    let wanted = ["a/file", "a/link", "a/folder", "a/none", "a/pipe", "way/x", "bin/busybox", "bin/cat"];
    let outcome = run(&world, script, &wanted);
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    let entry = |name| entry(&world, &outcome, name);
    assert_eq!(fs::read_to_string(entry("a/file")).unwrap(), "1\n");
    assert_eq!(fs::metadata(entry("a/file")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::read_link(entry("a/link")).unwrap(), PathBuf::from("nowhere"));
    assert_eq!(fs::read_to_string(entry("a/folder").join("in/x")).unwrap(), "2\n");
    assert_eq!(fs::read_to_string(entry("way/x")).unwrap(), "3\n");
    assert!(entry("bin/busybox").is_file(), "what was there before is an output, too");
    assert!(!entry("a/pipe").exists());
    assert_eq!(outcome.result.left_out, ["a/pipe"]);
    assert_eq!(outcome.result.outputs.keys().filter(|name| ["a/none", "bin/cat"].contains(&name.as_str())).count(), 0);
}

#[test]
fn a_command_that_failed_has_outputs_nevertheless() {
    let Some(world) = world() else { return };
    let outcome = run(&world, "echo why >/report; exit 3", &["report", "none"]);
    assert_eq!((&outcome.result.cause, outcome.result.exit_code), (&Cause::Failed, 3));
    assert_eq!(fs::read_to_string(entry(&world, &outcome, "report")).unwrap(), "why\n");
    assert!(!outcome.result.outputs.contains_key("none"));
}

#[test]
fn of_a_command_that_failed_each_output_is_taken_by_itself() {
    let Some(world) = world() else { return };
    let script =
        "echo why >/report; head -c 70000000 /dev/zero >/large; mkdir /odd; echo >\"/odd/$(printf '\\377')\"; exit 1";
    let outcome = run(&world, script, &["large", "odd", "report"]);
    assert_eq!(outcome.result.cause, Cause::Failed);
    assert_eq!(outcome.result.outputs.keys().collect::<Vec<_>>(), ["report"]);
    for line in ["[xb: `/large` is not taken: of a command that failed, ", "[xb: `/odd` is not taken: the name "] {
        assert!(outcome.log.contains(line), "{}", outcome.log);
    }
}

#[test]
fn what_no_tree_can_hold_is_refused_and_told() {
    let Some(world) = world() else { return };
    let deep = "mkdir /deep; cd /deep; for n in $(seq 256); do mkdir d; cd d; done";
    for (script, why) in
        [(deep, "too long for a path"), ("ln -s \"$(printf '\\377')\" /deep", "the target is not UTF-8")]
    {
        let outcome = run(&world, script, &["deep"]);
        let is_refused = matches!(&outcome.result.cause, Cause::RefusedOutput { path, .. } if path == "deep");
        assert!(is_refused && outcome.result.outputs.is_empty(), "{:?}", outcome.result);
        assert!(outcome.log.contains("`/deep` is not taken: ") && outcome.log.contains(why), "{}", outcome.log);
    }
}

#[test]
fn the_whole_root_can_be_an_output() {
    let Some(world) = world() else { return };
    let outcome = run(&world, "echo 1 >/build/x; rm /bin/cat", &[""]);
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    let root = entry(&world, &outcome, "");
    assert_eq!(fs::read_to_string(root.join("build/x")).unwrap(), "1\n");
    assert!(root.join("bin/busybox").is_file() && fs::symlink_metadata(root.join("bin/cat")).is_err());
}
