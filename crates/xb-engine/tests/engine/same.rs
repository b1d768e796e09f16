//! An action runs on an engine as it does here.

use std::os::unix::fs::{MetadataExt, symlink};

use xb_build::Executor;
use xb_core::{Arch, RelPath};
use xb_graph::{Cause, ResolvedAction};

use crate::casd::Casd;
use crate::world::{World, make, write};

macro_rules! engine {
    ($casd:ident, $world:ident) => {
        let Some($casd) = Casd::start() else { return };
        let Some($world) = World::new(&$casd.address) else { return };
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_sees_what_it_sees_here() {
    engine!(_casd, world);
    let script = "id -u; pwd; umask; echo $jobs; stat -c %Y /etc/set /etc; stat -c %a /etc/set; \
                  ip -o link | wc -l; echo x > /etc/new; echo x > /tmp/x; \
                  echo an error >&2; echo the end";
    let (log, out) = world.done(script).await;
    assert_eq!(log, "0\n/build\n0022\n3\n1\n1\n4755\n1\nan error\nthe end\n");
    assert_eq!(out, world.tree(|_| {}));
    let lines = world.lines.0.lock().expect("nobody panicked");
    assert_eq!(lines.join("\n") + "\n", log);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_the_trees_that_they_are_here() {
    engine!(_casd, world);
    let script = "mkdir -p /out/a/empty /out/sticky; echo hi > /out/a/file; echo hi > /out/a/again; \
                  ln -s file /out/a/link; ln -s /nowhere /out/abs; echo p > /out/program; chmod 755 /out/program; \
                  cp /bin/busybox /out/large; echo s > /out/set; chmod 4711 /out/set; chmod 1777 /out/sticky; \
                  echo secret > /out/closed; chmod $CLOSED /out/closed; mkfifo /out/pipe";
    // A worker that is not root cannot read what its owner may not.
    let is_root = std::fs::metadata("/proc/self").expect("this process").uid() == 0;
    let (_, out) = world.done(&script.replace("$CLOSED", if is_root { "200" } else { "600" })).await;
    let here = world.tree(|out| {
        make(&out.join("a/empty"), 0o755);
        make(&out.join("sticky"), 0o1777);
        write(&out.join("a/file"), "hi\n", 0o644);
        write(&out.join("a/again"), "hi\n", 0o644);
        symlink("file", out.join("a/link")).expect("a link");
        symlink("/nowhere", out.join("abs")).expect("a link");
        write(&out.join("program"), "p\n", 0o755);
        std::fs::copy("/bin/busybox", out.join("large")).expect("a copy");
        write(&out.join("set"), "s\n", 0o4711);
        write(&out.join("closed"), "secret\n", 0o600);
    });
    assert_eq!(out, here);
    // An output is where it is said to be, whatever becomes of the working folder.
    let moved = "mkdir -p /real/in /out; echo 1 > /real/out; rmdir /build; ln -s /real/in /build";
    assert_eq!(world.done(moved).await.1, world.tree(|_| {}));
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_a_command_finds_here_are_there() {
    engine!(_casd, world);
    assert_eq!(world.done("true").await.1, world.tree(|_| {}));
    let mut action = world.script("stat -c %a /tmp; pwd; ls -A; ls -A /xb; echo x > /tmp/x; echo 1 > ../../out/of/x");
    action.cwd = RelPath::new("xb/src/sub").expect("a path");
    action.outputs = [("out".to_owned(), RelPath::new("xb/out/of").expect("a path"))].into();
    let outcome = world.run_action(&action).await.expect("the engine does its work");
    assert_eq!(outcome.log, "1777\n/xb/src/sub\nout\nsrc\n");
    assert_eq!(outcome.result.outputs["out"], world.tree(|out| write(&out.join("x"), "1\n", 0o644)));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_what_they_are_here() {
    engine!(_casd, world);
    let check = async |script: &str, change: fn(&mut ResolvedAction), exit_code, cause| {
        let mut action = world.script(script);
        change(&mut action);
        let outcome = world.run_action(&action).await.expect("the engine does its work");
        let found = (outcome.result.exit_code, outcome.result.cause);
        assert_eq!(found, (exit_code, cause), "{script}\n{}", outcome.log);
        assert!(outcome.result.outputs.is_empty(), "{script}");
    };
    let path = "out".to_owned();
    check("exit 3", |_| {}, 3, Cause::Failed).await;
    check("kill -KILL $$", |_| {}, 137, Cause::Failed).await;
    check("echo 'a.c:1:1: error: no' >&2; exit 1", |_| {}, 1, Cause::CompileError).await;
    check("exit 1", |action| action.step = "check".to_owned(), 1, Cause::TestFailure).await;
    check("rmdir /out", |_| {}, 0, Cause::MissingOutput { path: path.clone() }).await;
    check("rmdir /out; echo > /out", |_| {}, 0, Cause::MissingOutput { path: path.clone() }).await;
    check("echo begun; sleep 60", |action| action.limits.seconds = 1, 137, Cause::TimedOut).await;
    check("head -c 9999 /dev/zero > /out/x", |action| action.limits.disk = 9000, 0, Cause::DiskFull).await;
    let reason = "a name or the target of a link in it is not UTF-8".to_owned();
    let refused = Cause::RefusedOutput { path, reason };
    check("echo > \"/out/$(printf '\\377')\"", |_| {}, 0, refused).await;
    let reason = "it is the folder of `/out`, or lies in it".to_owned();
    let within = |action: &mut ResolvedAction| {
        action.outputs.insert("within".to_owned(), RelPath::new("out/in").expect("a path"));
    };
    let cause = Cause::RefusedOutput { path: "out/in".to_owned(), reason };
    check("mkdir -p /out/in", within, 0, cause).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_has_its_limit_and_a_large_one_its_end() {
    engine!(_casd, world);
    let mut action = world.script("seq 1 600000; echo the end");
    action.limits.log = 1000;
    let outcome = world.run_action(&action).await.expect("the engine does its work");
    assert!(outcome.log.starts_with("1\n2\n") && outcome.log.ends_with("600000\nthe end\n"), "{}", outcome.log);
    assert!(outcome.log.contains("bytes of the log are left out here") && outcome.log.len() < 1200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_cannot_do_it_refuses_before() {
    let Some(world) = World::new("127.0.0.1:1") else { return };
    let mut action = world.script("true");
    assert_eq!(world.executor.refuses(&action), None);
    action.limits.users = 65_536;
    assert!(world.executor.refuses(&action).is_some_and(|why| why.contains("one user")));
    let other = Arch::ALL.into_iter().find(|arch| *arch != world.executor.arch()).expect("another");
    assert!(!world.executor.can_run(other));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_share_what_they_send() {
    engine!(_casd, world);
    let runs = (0..6).map(|number| {
        let action = world.script(&format!("echo {number} > /out/x; cat /out/x"));
        let world = &world;
        async move { world.run_action(&action).await.expect("the engine does its work") }
    });
    for (number, outcome) in futures_util::future::join_all(runs).await.into_iter().enumerate() {
        assert!(outcome.result.succeeded() && outcome.log == format!("{number}\n"), "{}", outcome.log);
    }
}
