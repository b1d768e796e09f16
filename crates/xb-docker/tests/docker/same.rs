//! An action runs in a container as it does here.

use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;

use xb_build::Executor;
use xb_core::Arch;
use xb_docker::{DockerExecutor, Options};
use xb_graph::{Cause, ResolvedAction};
use xb_store::Contents as _;

use crate::world::{World, make, options, path, write};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_sees_what_it_sees_here() {
    let Some(world) = World::new() else { return };
    let script = "id -u; pwd; umask; hostname; stat -c %Y /etc/set /etc /bin/busybox; stat -c %a /etc/set /tmp; \
                  ls -A /etc | grep -v hostname; ls -A /; ls -A /sys; ip -o link | wc -l; ifconfig lo | grep -c 127.0.0.1; \
                  touch a; chown 5:6 a; stat -c %u:%g a; grep NoNewPrivs /proc/self/status | cut -f2; \
                  ulimit -c; ulimit -n; ulimit -s; \
                  echo x > /etc/new; echo x > /tmp/x; echo an error >&2; echo the end; cat";
    let (log, out) = world.done(script).await;
    assert_eq!(
        log,
        "0\n/build\n0022\nxb\n1\n1\n1\n4755\n1777\nset\nbin\nbuild\ndev\netc\nout\nproc\nsys\ntmp\n1\n1\n0:0\n1\n0\n4096\n8192\n\
         an error\nthe end\n"
    );
    assert_eq!(out, world.tree(|_| {}));
    assert_eq!(world.lines().join("\n") + "\n", log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_the_actions_alone() {
    let Some(world) = World::new() else { return };
    let outcome = world.run("env | sort", |action| action.limits.cpus = 1).await;
    let lines: Vec<_> = outcome.log.lines().filter(|line| !line.starts_with("SHLVL=")).collect();
    assert_eq!(lines, ["HOME=/tmp", "PATH=/bin", "PWD=/build", "jobs=1"], "{}", outcome.log);
    let outcome = world
        .run("", |action| {
            action.command = ["/bin/busybox", "env"].map(str::to_owned).to_vec();
            action.env = [("jobs", "7"), ("a b", "c\nd = 'e'")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        })
        .await;
    assert_eq!(outcome.log, "a b=c\nd = 'e'\njobs=7\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_cannot_get_at_the_machine() {
    let Some(world) = World::new() else { return };
    world
        .done(
            r#"
            refused() { if "$@" 2> /dev/null; then echo "not refused: $*"; exit 1; fi; }
            refused mknod /disk b 254 0
            refused mount -t tmpfs tmpfs /tmp
            refused unshare -U true
            refused unshare -n true
            refused sh -c 'echo 1 > /proc/sys/kernel/randomize_va_space'
            refused sh -c 'echo b > /proc/sysrq-trigger'
            refused dd if=/dev/mem of=/dev/null count=1
            refused ping -c 1 127.0.0.2 -W 1
            refused wget -T 2 http://192.0.2.1/
            kill -9 1
            test "$(grep CapEff /proc/self/status | cut -f2)" = 00000000800005fb
            "#,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_the_trees_that_they_are_here() {
    let Some(world) = World::new() else { return };
    let script = "cd /out; mkdir -p a/empty sticky; echo hi > a/file; echo hi > a/again; ln -s file a/link; \
                  ln -s /nowhere abs; echo p > program; chmod 755 program; ln program same; cp /bin/busybox large; \
                  echo s > set; chmod 4711 set; chmod 1777 sticky; echo w > shut; chmod 4111 shut; \
                  echo secret > closed; chmod 200 closed; mkfifo a/pipe; chmod 2055 a/empty; printf '' > none; \
                  long=$(printf 'n%.0s' $(seq 1 200)); mkdir -p $long/$long; echo deep > $long/$long/file; \
                  truncate -s 3M holes; chmod 2755 /out";
    let outcome = world.run(script, |_| {}).await;
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    assert_eq!(outcome.result.left_out, ["out/a/pipe"]);
    assert!(outcome.log.contains("`/out/a/pipe` is no file"), "{}", outcome.log);
    let here = world.tree(|out| {
        make(&out.join("sticky"), 0o1777);
        make(&out.join("a/empty"), 0o2755);
        for (name, text, mode) in [
            ("a/file", "hi\n", 0o644),
            ("a/again", "hi\n", 0o644),
            ("program", "p\n", 0o755),
            ("same", "p\n", 0o755),
            ("set", "s\n", 0o4711),
            ("shut", "w\n", 0o4511),
            ("closed", "secret\n", 0o600),
            ("none", "", 0o644),
        ] {
            write(&out.join(name), text, mode);
        }
        symlink("file", out.join("a/link")).unwrap();
        symlink("/nowhere", out.join("abs")).unwrap();
        std::fs::copy("/bin/busybox", out.join("large")).unwrap();
        std::fs::write(out.join("holes"), vec![0; 3 << 20]).unwrap();
        let long = "n".repeat(200);
        make(&out.join(&long).join(&long), 0o755);
        write(&out.join(format!("{long}/{long}/file")), "deep\n", 0o644);
        make(out, 0o2755);
    });
    assert_eq!(outcome.result.outputs["out"], here);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_output_lies_where_links_lead_and_over_what_layers_have() {
    let Some(world) = World::new() else { return };
    let script = "touch /etc/mine; rmdir /way/out /way; mkdir -p /real/out; ln -s ../real /way; touch /way/out/f";
    let outcome = world
        .run(script, |action| {
            action.outputs.insert("out".to_owned(), path("way/out"));
            action.outputs.insert("etc".to_owned(), path("etc"));
        })
        .await;
    assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
    assert_eq!(outcome.result.outputs["out"], world.tree(|out| write(&out.join("f"), "", 0o644)));
    let etc = world.tree(|etc| {
        write(&etc.join("mine"), "", 0o644);
        write(&etc.join("set"), "#!/bin/sh\n", 0o4755);
    });
    assert_eq!(outcome.result.outputs["etc"], etc);
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_lie_above_each_other() {
    let Some(world) = World::new() else { return };
    let middle = world.tree(|top| {
        write(&top.join("instead"), "a file\n", 0o644);
        make(&top.join("share/hidden"), 0o755);
        make(&top.join("led/in"), 0o755);
        symlink("led", top.join("link")).unwrap();
    });
    let over = world.tree(|top| {
        make(&top.join("bin"), 0o1755);
        write(&top.join("bin/mine"), "#!/bin/sh\necho mine\n", 0o755);
        make(&top.join("instead/of"), 0o755);
        write(&top.join("share"), "a file\n", 0o644);
        make(&top.join("link/out"), 0o755);
    });
    let root = world.tree(|top| {
        let base = world.store.materialise(world.base).unwrap().join(".");
        assert!(Command::new("cp").arg("-a").arg(base).arg(top).status().unwrap().success());
        make(top, 0o755);
        make(&top.join("bin"), 0o1755);
        write(&top.join("bin/mine"), "#!/bin/sh\necho mine\n", 0o755);
        write(&top.join("share"), "a file\n", 0o644);
        ["instead/of", "led/in", "link/out"].iter().for_each(|folder| make(&top.join(folder), 0o755));
    });
    let outcome = world
        .run("mine; cat /share; stat -c %a /bin; ls -d /instead/of /link/*; ls /led", |action| {
            action.root = root;
            action.layers = vec![world.base, middle, over];
        })
        .await;
    assert_eq!(outcome.log, "mine\na file\n1755\n/instead/of\n/link/out\nin\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_without_a_shell_does() {
    let Some(world) = World::new() else { return };
    let root = world.tree(|root| {
        make(&root.join("program"), 0o755);
        std::fs::copy("/bin/busybox", root.join("program/busybox")).unwrap();
    });
    let check = async |words: &[&str]| {
        let change = |action: &mut ResolvedAction| {
            (action.root, action.layers) = (root, vec![root]);
            action.command = words.iter().map(|word| (*word).to_owned()).collect();
        };
        world.run("", change).await
    };
    let outcome = check(&["/program/busybox", "pwd"]).await;
    assert_eq!((outcome.log.as_str(), outcome.result.exit_code), ("/build\n", 0));
    let outcome = check(&["/nowhere"]).await;
    assert_eq!((&outcome.result.cause, outcome.result.exit_code), (&Cause::Failed, 127), "{}", outcome.log);
    assert!(outcome.log.contains("cannot execute the command"), "{}", outcome.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_lies_where_links_lead() {
    let Some(world) = World::new() else { return };
    let check = async |script: &str, change: fn(&mut ResolvedAction), exit_code, cause| {
        let outcome = world.run(script, change).await;
        let found = (outcome.result.exit_code, outcome.result.cause);
        assert_eq!(found, (exit_code, cause), "{script}\n{}", outcome.log);
        assert!(outcome.result.outputs.is_empty(), "{script}");
    };
    let out = || "out".to_owned();
    check("kill -TERM $$", |_| {}, 143, Cause::Failed).await;
    check("rmdir /out; ln -s /tmp /out", |_| {}, 0, Cause::MissingOutput { path: out() }).await;
    let around = |action: &mut ResolvedAction| drop(action.outputs.insert("out".to_owned(), path("way/out")));
    check("rm -r /way; ln -s /way /way", around, 0, Cause::MissingOutput { path: "way/out".to_owned() }).await;
    check(
        "rm -r /way; ln -s /dev /way; mkdir /dev/out",
        around,
        0,
        Cause::MissingOutput { path: "way/out".to_owned() },
    )
    .await;
    let outcome = world.run("echo > \"/out/$(printf 'a\\377')\"", |_| {}).await;
    assert!(
        matches!(&outcome.result.cause, Cause::RefusedOutput { path, reason } if path == "out" && reason.contains("UTF-8")),
        "{:?}",
        outcome.result.cause
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_do_it_refuses_before() {
    let world = World::at("unix:///nowhere/docker.sock".parse().unwrap());
    let mut action = world.script("true");
    assert_eq!(world.executor.refuses(&action), None);
    action.outputs.insert("all".to_owned(), path(""));
    assert!(world.executor.refuses(&action).is_some_and(|why| why.contains("the whole root")));
    action.outputs.clear();
    action.limits.users = 65_536;
    assert!(world.executor.refuses(&action).is_some_and(|why| why.contains("one user")));
}

fn other() -> Arch {
    Arch::ALL.into_iter().find(|arch| Arch::host() != Some(*arch)).unwrap()
}

/// What is started there to emulate is the program that runs here.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_emulates_where_this_program_can_run() {
    let world = World::at("unix:///nowhere/docker.sock".parse().unwrap());
    assert!(world.executor.can_run(other()));
    let elsewhere = Options { arch: other(), ..options(None) };
    let elsewhere = DockerExecutor::new(elsewhere, Arc::new(world.store.clone()), world.owners());
    assert!(elsewhere.can_run(other()) && !elsewhere.can_run(Arch::host().unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_brings_no_emulator_is_not_begun() {
    let Some(world) = World::new() else { return };
    let mut action = world.script("true");
    action.platform = other();
    let failed = world.run_action(&action).await.map(|outcome| outcome.log);
    assert!(failed.as_ref().is_err_and(|why| why.to_string().contains("brings no emulator")), "{failed:?}");
    assert_eq!(world.containers(), [""; 0]);
}
