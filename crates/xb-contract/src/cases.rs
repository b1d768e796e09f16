//! What is checked.

use std::os::unix::fs::symlink;
use std::time::Duration;

use futures_util::future::join_all;
use xb_core::RelPath;
use xb_graph::{Cause, ResolvedAction};
use xb_run::HOST_NAME;

use crate::{World, make, write};

/// Who it is, where it is, what files look like, that there is no network, that what it prints is one log.
pub async fn a_command_sees_what_every_command_sees(world: &World) {
    let script = "id -u; pwd; umask; echo $jobs; stat -c %Y /etc/set /etc; stat -c %a /etc/set; \
                  ip -o link | wc -l; echo x > /etc/new; echo x > /tmp/x; \
                  echo an error >&2; echo the end";
    let (log, out) = world.done(script).await;
    let jobs = world.jobs;
    assert_eq!(log, format!("0\n/build\n0022\n{jobs}\n1\n1\n4755\n1\nan error\nthe end\n"));
    assert_eq!(out, world.tree(|_| {}));
    assert_eq!(world.lines().join("\n") + "\n", log);
}

/// The name of the machine is that of every sandbox.
pub async fn the_machine_has_the_name_of_all(world: &World) {
    assert_eq!(world.done("hostname").await.0, format!("{HOST_NAME}\n"));
}

/// Files, folders, links and modes come back as they were left.
pub async fn outputs_are_the_same_trees(world: &World) {
    let script = "mkdir -p /out/a/empty /out/sticky; echo hi > /out/a/file; echo hi > /out/a/again; \
                  ln -s file /out/a/link; ln -s /nowhere /out/abs; echo p > /out/program; chmod 755 /out/program; \
                  cp /bin/busybox /out/large; echo s > /out/set; chmod 4711 /out/set; chmod 1777 /out/sticky; \
                  mkfifo /out/pipe";
    let (_, out) = world.done(script).await;
    let here = world.tree(|out| {
        make(&out.join("a/empty"), 0o755);
        make(&out.join("sticky"), 0o1777);
        write(&out.join("a/file"), "hi\n", 0o644);
        write(&out.join("a/again"), "hi\n", 0o644);
        symlink("file", out.join("a/link")).expect("a link");
        symlink("/nowhere", out.join("abs")).expect("a link");
        write(&out.join("program"), "p\n", 0o755);
        std::fs::copy(&world.busybox, out.join("large")).expect("a copy");
        write(&out.join("set"), "s\n", 0o4711);
    });
    assert_eq!(out, here);
    // An output is where it is said to be, whatever becomes of the working folder.
    let moved = "mkdir -p /real/in /out; echo 1 > /real/out; rmdir /build; ln -s /real/in /build";
    assert_eq!(world.done(moved).await.1, world.tree(|_| {}));
}

/// The working folder, those of the outputs, and `/tmp`.
pub async fn folders_that_a_command_needs_are_there(world: &World) {
    assert_eq!(world.done("true").await.1, world.tree(|_| {}));
    let mut action = world.script("stat -c %a /tmp; pwd; ls -A; ls -A /xb; echo x > /tmp/x; echo 1 > ../../out/of/x");
    action.cwd = RelPath::new("xb/src/sub").expect("a path");
    action.outputs = [("out".to_owned(), RelPath::new("xb/out/of").expect("a path"))].into();
    let outcome = world.run_action(&action).await.expect("the executor does its work");
    assert_eq!(outcome.log, "1777\n/xb/src/sub\nout\nsrc\n");
    assert_eq!(outcome.result.outputs["out"], world.tree(|out| write(&out.join("x"), "1\n", 0o644)));
}

/// Why a command failed is known, and nothing of it is kept.
pub async fn failures_have_the_same_causes(world: &World) {
    let check = async |script: &str, change: fn(&mut ResolvedAction), exit_code, cause: fn(&Cause) -> bool| {
        let mut action = world.script(script);
        change(&mut action);
        let outcome = world.run_action(&action).await.expect("the executor does its work");
        let (found, log) = (&outcome.result, &outcome.log);
        assert!(found.exit_code == exit_code && cause(&found.cause), "{script}\n{found:?}\n{log}");
        assert!(found.outputs.is_empty(), "{script}");
    };
    let failed = |cause: &Cause| *cause == Cause::Failed;
    check("exit 3", |_| {}, 3, failed).await;
    check("kill -KILL $$", |_| {}, 137, failed).await;
    let compiler = "echo 'a.c:1:1: error: no' >&2; exit 1";
    check(compiler, |_| {}, 1, |cause| *cause == Cause::CompileError).await;
    let test = |action: &mut ResolvedAction| action.step = "check".to_owned();
    check("exit 1", test, 1, |cause| *cause == Cause::TestFailure).await;
    let is_missing = |cause: &Cause| *cause == Cause::MissingOutput { path: "out".to_owned() };
    check("rmdir /out", |_| {}, 0, is_missing).await;
    check("rmdir /out; echo > /out", |_| {}, 0, is_missing).await;
    let soon = |action: &mut ResolvedAction| action.limits.seconds = 1;
    check("echo begun; sleep 60", soon, 137, |cause| *cause == Cause::TimedOut).await;
    let is_refused = |cause: &Cause| matches!(cause, Cause::RefusedOutput { path, .. } if path == "out");
    check("echo > \"/out/$(printf '\\377')\"", |_| {}, 0, is_refused).await;
    let within = |action: &mut ResolvedAction| {
        action.outputs.insert("within".to_owned(), RelPath::new("out/in").expect("a path"));
    };
    let is_clash = |cause: &Cause| matches!(cause, Cause::RefusedOutput { path, .. } if path == "out/in");
    check("mkdir -p /out/in", within, 0, is_clash).await;
}

/// The middle of a long log is left out.
pub async fn a_log_has_its_limit_and_a_large_one_its_end(world: &World) {
    let mut action = world.script("seq 1 600000; echo the end");
    action.limits.log = 1000;
    let outcome = world.run_action(&action).await.expect("the executor does its work");
    assert!(outcome.log.starts_with("1\n2\n") && outcome.log.ends_with("600000\nthe end\n"), "{}", outcome.log);
    assert!(outcome.log.contains("bytes of the log are left out here") && outcome.log.len() < 1200);
}

/// Several at a time leave each their own.
pub async fn several_run_at_once(world: &World) {
    let runs = (0..6).map(|number| {
        let action = world.script(&format!("echo {number} > /out/x; cat /out/x"));
        async move { world.run_action(&action).await.expect("the executor does its work") }
    });
    for (number, outcome) in join_all(runs).await.into_iter().enumerate() {
        assert!(outcome.result.succeeded() && outcome.log == format!("{number}\n"), "{}", outcome.log);
    }
}

/// Nothing is left of a run that nobody waits for, and the next one runs.
pub async fn who_is_given_up_is_stopped(world: &World) {
    // Others run the same at the same time.
    let seconds = &(40_000_000 + std::process::id()).to_string();
    let action = world.script(&format!("exec sleep {seconds}"));
    let waited = tokio::time::timeout(Duration::from_secs(3), world.run_action(&action)).await;
    assert!(waited.is_err(), "it sleeps for a day");
    for _ in 0..200 {
        if !runs(seconds) {
            assert_eq!(world.done("echo on").await.0, "on\n");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it still runs")
}

/// Whether a process of this machine has a word among its arguments.
fn runs(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").expect("processes").flatten();
    let arguments = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    arguments.into_iter().any(|arguments| arguments.split(|byte| *byte == 0).any(|found| found == word.as_bytes()))
}
