//! What a command gets, and what is kept of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use xb_core::RelPath;
use xb_graph::Cause;

use crate::support::{World, with_out};

#[test]
fn a_command_runs_and_its_output_is_kept() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("echo hello; mkdir -p /out; echo there > /out/file", with_out);
    let out = world.output(&outcome, "out");
    assert_eq!(outcome.log, "hello\n");
    assert_eq!(fs::read_to_string(out.join("file")).unwrap(), "there\n");
    assert_eq!(*world.lines.0.lock().unwrap(), ["hello"]);
    assert_eq!(outcome.result.executor, "local");
}

#[test]
fn nothing_is_left_in_the_scratch_folder() {
    let Some(world) = World::new() else { return };
    let hostile = "mkdir -p a/b/c; touch a/b/c/d; chmod 0 a/b/c a/b a; mkdir -p /tmp/x; chmod 0 /tmp/x";
    world.check(hostile);
    let failed = world.run(&format!("{hostile}; exit 3"), |_| {});
    assert_eq!(failed.result.cause, Cause::Failed);
    assert_eq!(failed.result.exit_code, 3);
    world.executor.settle();
    assert_eq!(fs::read_dir(world.scratch()).unwrap().count(), 0);
}

#[test]
fn a_missing_output_is_named() {
    let Some(world) = World::new() else { return };
    let path = "out".to_owned();
    for script in ["true", "touch /out", "ln -s /etc /out", "ln -s /tmp /out"] {
        let outcome = world.run(&format!("rmdir /out; {script}"), with_out);
        let cause = Cause::MissingOutput { path: path.clone() };
        assert_eq!(outcome.result.cause, cause, "{script}");
        assert!(outcome.result.outputs.is_empty());
    }
}

#[test]
fn the_folder_of_an_output_is_there_and_the_commands_own() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("mv /out /moved; mkdir /out; ls -d /moved >/out/file", with_out);
    assert_eq!(fs::read_to_string(world.output(&outcome, "out").join("file")).unwrap(), "/moved\n");
    let in_the_way = world.store.tree(|root| fs::write(root.join("out"), "").unwrap());
    let outcome = world.run("rm /out; mkdir /out", |action| {
        with_out(action);
        action.layers.push(in_the_way);
    });
    assert_eq!(outcome.result.cause, Cause::Success);
}

#[test]
fn an_output_that_no_tree_can_hold_is_the_commands_fault_and_its_log_is_kept() {
    let Some(mut world) = World::new() else { return };
    world.keep_failed = true;
    let deep = "mkdir -p /out; cd /out; n=0; while [ $n -lt 300 ]; do mkdir d; cd d; n=$((n + 1)); done";
    let strange = "mkdir -p /out; touch \"/out/$(printf 'a\\377')\"";
    for (script, why) in [(deep, "too long"), (strange, "not UTF-8")] {
        let outcome = world.run(&format!("echo here; echo kept >trace; {script}"), |action| {
            with_out(action);
            action.outputs.insert("build".to_owned(), RelPath::new("build").unwrap());
        });
        let Cause::RefusedOutput { path, reason } = &outcome.result.cause else {
            panic!("{script}: {:?}", outcome.result.cause)
        };
        assert!(path == "out" && reason.contains(why), "{reason}");
        assert_eq!(outcome.log, "here\n");
        assert!(outcome.result.outputs.is_empty());
        let kept = fs::read_dir(world.scratch()).unwrap().map(|entry| entry.unwrap().path().join("upper/build/trace"));
        assert!(kept.filter(|trace| trace.exists()).count() >= 1, "{script}");
    }
}

#[test]
fn outputs_that_meet_are_the_commands_fault() {
    let Some(world) = World::new() else { return };
    let two = |action: &mut xb_graph::ResolvedAction| {
        for name in ["a/x", "b/x"] {
            action.outputs.insert(name.to_owned(), RelPath::new(name).unwrap());
        }
    };
    for script in ["mkdir -p /a/x; ln -s a /b", "mkdir -p /a/x/x; ln -s a/x /b"] {
        let cause = world.run(&format!("rm -r /a /b; {script}"), two).result.cause;
        assert!(matches!(cause, Cause::RefusedOutput { .. }), "{script}: {cause:?}");
    }
}

#[test]
fn what_lies_above_an_output_may_be_closed() {
    let Some(world) = World::new() else { return };
    let outcome =
        world.run("mkdir -p /deep/er/out; touch /deep/er/out/file; chmod 0 /deep/er; chmod 555 /deep", |action| {
            action.outputs.insert("out".to_owned(), RelPath::new("deep/er/out").unwrap());
        });
    assert!(world.output(&outcome, "out").join("file").exists());
}

#[test]
fn what_no_tree_holds_is_named() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("mkdir -p /out/d; mkfifo /out/d/pipe; touch /out/file", with_out);
    assert!(world.output(&outcome, "out").join("file").exists());
    assert_eq!(outcome.result.left_out, ["out/d/pipe"]);
    assert!(outcome.log.contains("`/out/d/pipe` is no file"), "{}", outcome.log);
}

#[test]
fn an_output_over_a_layer_is_whole() {
    let Some(world) = World::new() else { return };
    let source = world.store.tree(|root| {
        fs::create_dir_all(root.join("build/kept/deep")).unwrap();
        fs::create_dir_all(root.join("build/replaced")).unwrap();
        for file in ["kept/deep/a", "kept/removed", "changed", "removed", "replaced/old"] {
            fs::write(root.join("build").join(file), "old").unwrap();
        }
        fs::set_permissions(root.join("build/kept/deep/a"), fs::Permissions::from_mode(0o755)).unwrap();
    });
    let script = "echo new > changed; rm removed kept/removed; rm -r replaced; mkdir replaced; \
                  echo new > replaced/new; echo new > kept/deep/b; ln -s nowhere link";
    let outcome = world.run(script, |action| {
        action.layers.push(source);
        action.outputs.insert("build".to_owned(), RelPath::new("build").unwrap());
    });
    let build = world.output(&outcome, "build");
    assert_eq!(
        listed(&build),
        ["changed", "kept", "kept/deep", "kept/deep/a", "kept/deep/b", "link", "replaced", "replaced/new"]
    );
    assert_eq!(fs::read_to_string(build.join("changed")).unwrap(), "new\n");
    assert_eq!(fs::read_to_string(build.join("kept/deep/a")).unwrap(), "old");
    let source = world.store.open(source).join("build");
    assert_eq!(fs::read_to_string(source.join("changed")).unwrap(), "old");
    assert!(source.join("removed").exists());
}

/// The paths beneath a folder, sorted.
fn listed(folder: &std::path::Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let below = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            paths.push(below);
            if path.is_dir() && !path.is_symlink() {
                pending.push(path);
            }
        }
    }
    paths.sort();
    paths
}

#[test]
fn an_output_behind_a_link_is_found() {
    let Some(world) = World::new() else { return };
    let linked = world.store.tree(|root| {
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        std::os::unix::fs::symlink("usr/lib", root.join("lib")).unwrap();
    });
    let outcome = world.run("mkdir -p /lib/mine; echo x > /lib/mine/x", |action| {
        action.layers.push(linked);
        action.outputs.insert("out".to_owned(), RelPath::new("lib/mine").unwrap());
    });
    assert_eq!(listed(&world.output(&outcome, "out")), ["x"]);
}

#[test]
fn unreadable_files_and_strange_links_can_be_outputs() {
    let Some(world) = World::new() else { return };
    let script = "mkdir -p /out/locked/deep; echo x > /out/locked/deep/file; ln -s /etc/shadow /out/link; \
                  mkfifo /out/pipe; ln -s ../../../../etc /out/up; chmod 0 /out/locked/deep/file /out/locked/deep \
                  /out/locked /out";
    let outcome = world.run(script, with_out);
    let out = world.output(&outcome, "out");
    assert_eq!(listed(&out), ["link", "locked", "locked/deep", "locked/deep/file", "up"]);
    assert_eq!(fs::read_link(out.join("link")).unwrap().to_str(), Some("/etc/shadow"));
}

#[test]
fn the_environment_is_exactly_what_the_action_says() {
    let Some(world) = World::new() else { return };
    let log = world.check("env | sort; umask; pwd; hostname; id -u; id -g; readlink /proc/self/fd/0; ls -A /");
    let root = "bin\nbuild\ndev\netc\nproc\ntmp\n";
    let expected = "HOME=/tmp\nPATH=/bin\nPWD=/build\nSHLVL=1\njobs=3\nout=/out\n0022\n/build\nxb\n0\n0\n/dev/null\n";
    assert_eq!(log, format!("{expected}{root}"));
}

#[test]
fn the_umask_of_whoever_runs_xb_does_not_count() {
    let Some(world) = World::new() else { return };
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let outcome = world.run("stat -c %a /build /dev/shm/..; umask", |_| {});
    rustix::process::umask(before);
    assert_eq!(outcome.log, "755\n755\n0022\n");
}

#[test]
fn a_command_that_is_not_there_fails() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("", |action| action.command = vec!["/bin/nothing".to_owned()]);
    assert_eq!(outcome.result.exit_code, 127);
    assert_eq!(outcome.result.cause, Cause::Failed);
    assert!(outcome.log.contains("cannot execute `/bin/nothing`"), "{}", outcome.log);
}

#[test]
fn a_signal_is_an_exit_code() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("kill -SEGV $$", |_| {});
    assert_eq!(outcome.result.exit_code, 139);
}

#[test]
fn hundreds_of_layers_are_one_root() {
    let Some(world) = World::new() else { return };
    let layers: Vec<_> = (0..150)
        .map(|number| {
            world.store.tree(|root| {
                fs::create_dir(root.join("many")).unwrap();
                fs::write(root.join(format!("many/{number}")), "").unwrap();
                fs::write(root.join("last"), number.to_string()).unwrap();
            })
        })
        .collect();
    let outcome = world.run("ls /many | wc -l; cat /last", |action| action.layers.extend(layers));
    assert_eq!(outcome.log, "150\n149");
}
