//! What becomes of what a command made: the same as in the local sandbox.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use xb_build::Executor;
use xb_core::RelPath;
use xb_graph::Cause;
use xb_store::Contents;

use crate::support::{with_out, world};

#[test]
fn a_tree_is_the_one_that_a_folder_of_this_machine_gives() {
    let Some(world) = world() else { return };
    let outcome = world.run(
        "cd $out; mkdir -p a/empty a/b; echo x > a/b/plain; printf '' > none; echo y > run; chmod 755 run
        echo z > set; chmod 4711 set; chmod 1777 a/empty; ln -s ../run a/link; ln -s /nowhere dangling; ln run same
        echo w > shut; chmod 4111 shut; mkdir closed; touch closed/in; chmod 2055 closed
        mkfifo a/pipe; echo hidden > .hidden; dd if=/dev/zero of=large bs=1M count=3 2> /dev/null
        long=$(printf 'n%.0s' $(seq 1 200)); mkdir -p $long/$long; echo deep > $long/$long/file",
        with_out,
    );
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    assert_eq!(outcome.result.left_out, ["out/a/pipe"]);
    assert!(outcome.log.contains("`/out/a/pipe` is no file"), "{}", outcome.log);
    let folder = world.folder.join("the same");
    fs::create_dir_all(folder.join("a/empty")).unwrap();
    fs::create_dir_all(folder.join("a/b")).unwrap();
    let long = "n".repeat(200);
    fs::create_dir_all(folder.join(&long).join(&long)).unwrap();
    let put = |name: &str, text: &[u8], mode: u32| {
        fs::write(folder.join(name), text).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    put("a/b/plain", b"x\n", 0o644);
    put("none", b"", 0o644);
    put("run", b"y\n", 0o755);
    put("same", b"y\n", 0o755);
    put("set", b"z\n", 0o4711);
    put("shut", b"w\n", 0o4511);
    fs::create_dir(folder.join("closed")).unwrap();
    put("closed/in", b"", 0o644);
    fs::set_permissions(folder.join("closed"), fs::Permissions::from_mode(0o2755)).unwrap();
    put(".hidden", b"hidden\n", 0o644);
    put("large", &vec![0; 3 << 20], 0o644);
    put(&format!("{long}/{long}/file"), b"deep\n", 0o644);
    fs::set_permissions(folder.join("a/empty"), fs::Permissions::from_mode(0o1777)).unwrap();
    symlink("../run", folder.join("a/link")).unwrap();
    symlink("/nowhere", folder.join("dangling")).unwrap();
    assert_eq!(outcome.result.outputs["out"], world.store.ingest(&folder).unwrap());
}

#[test]
fn an_output_lies_where_links_lead_and_over_what_layers_have() {
    let Some(world) = world() else { return };
    let outcome =
        world.run("mkdir /real; rm -r /out; mkdir /real/out; ln -s /real /way; touch /real/out/f", |action| {
            action.outputs.insert("out".to_owned(), RelPath::new("way/out").unwrap());
            action.outputs.insert("etc".to_owned(), RelPath::new("etc").unwrap());
        });
    // The folder `/way` is made before the command, so that no link can take its place.
    assert!(!outcome.result.succeeded(), "{}", outcome.log);
    let outcome = world.run(
        "touch /etc/mine; rmdir /way/out /way; mkdir -p /real/out; ln -s /real /way; touch /way/out/f",
        |action| {
            action.outputs.insert("out".to_owned(), RelPath::new("way/out").unwrap());
            action.outputs.insert("etc".to_owned(), RelPath::new("etc").unwrap());
        },
    );
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    let tree = |name: &str| world.store.materialise(outcome.result.outputs[name]).unwrap();
    assert!(tree("out").join("f").exists());
    assert!(tree("etc").join("mine").exists() && tree("etc").join("set").exists());
}

/// Bubblewrap ends with its command, whatever that has started: nobody may write to what is being read.
#[test]
fn nobody_writes_to_an_output_any_more_when_it_is_read() {
    let Some(world) = world() else { return };
    let outcome = world.run(
        "cat > /tmp/writer <<'end'
        n=0
        while n=$((n + 1)); do echo $n > $out/$1-$n; echo $n > $out/$1; done
end
        for name in a b c d; do sh /tmp/writer $name < /dev/null > /dev/null 2>&1 & done
        while [ ! -e $out/d ]; do sleep 0.1; done",
        with_out,
    );
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    let tree = world.store.materialise(outcome.result.outputs["out"]).unwrap();
    for name in ["a", "b", "c", "d"] {
        let last = fs::read_to_string(tree.join(name)).unwrap_or_default();
        let numbers = (1..).take_while(|number| tree.join(format!("{name}-{number}")).exists()).count();
        let last = last.trim().parse().unwrap_or(numbers);
        assert!(numbers.abs_diff(last) <= 1, "{name}: {numbers} files, and it said {last}");
    }
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let Some(world) = world() else { return };
    let mut whole = world.script("true");
    whole.outputs.insert("all".to_owned(), RelPath::root());
    assert!(world.executor.refuses(&whole).is_some_and(|why| why.contains("the whole root")));
    let cause = |script: &str| world.run(script, with_out).result.cause;
    assert_eq!(cause("rmdir $out"), Cause::MissingOutput { path: "out".to_owned() });
    assert_eq!(cause("rmdir $out; ln -s /tmp $out"), Cause::MissingOutput { path: "out".to_owned() });
    let refused = |script: &str, why: &str| match cause(script) {
        Cause::RefusedOutput { path, reason } => assert!(path == "out" && reason.contains(why), "{path}: {reason}"),
        cause => panic!("{cause:?}"),
    };
    refused("touch $out/$(printf 'a\\377')", "UTF-8");
    let nested = world.run("true", |action| {
        with_out(action);
        action.outputs.insert("inner".to_owned(), RelPath::new("out/inner").unwrap());
    });
    assert!(matches!(nested.result.cause, Cause::RefusedOutput { .. }), "{:?}", nested.result);
}
