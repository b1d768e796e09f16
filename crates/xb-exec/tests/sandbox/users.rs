//! Several users in one sandbox, where the machine has ids for them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, getpid, kill_process};
use xb_core::{Arch, TreeId};
use xb_graph::{Cause, Method, ResolvedAction};

use crate::emulation::{BINDING, TELLING, elf};
use crate::support::{Outcome, World, compile, own_number, program, runtime, skip, with_out};

const ALL: u32 = 1 << 16;

struct Users {
    world: World,
    layer: TreeId,
}

/// Whether the machine has ids for several users: root takes them, and others have them set aside.
fn are_there() -> bool {
    let user = geteuid();
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let own = passwd.lines().find(|line| line.split(':').nth(2) == Some(user.as_raw().to_string().as_str()));
    let name = own.and_then(|line| line.split(':').next()).unwrap_or("-");
    let set_aside = fs::read_to_string("/etc/subuid").unwrap_or_default();
    user.is_root() || set_aside.lines().any(|line| line.starts_with(&format!("{name}:")))
}

impl Users {
    /// None where there can be no others: then that is what the sandbox says.
    fn new() -> Option<Self> {
        let world = World::new()?;
        let tell = compile("tell", include_str!("users.c"));
        let layer = world.store.tree(|root| {
            fs::create_dir_all(root.join("bin")).unwrap();
            fs::create_dir_all(root.join("etc")).unwrap();
            fs::write(root.join("bin/tell"), tell).unwrap();
            fs::set_permissions(root.join("bin/tell"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n").unwrap();
            fs::write(root.join("etc/group"), "root:x:0:\nnogroup:x:65534:\nextra:x:7:nobody\n").unwrap();
        });
        let users = Self { world, layer };
        if are_there() {
            return Some(users);
        }
        let error = users.world.try_run(&users.action("true")).err().expect("no users");
        assert!(error.to_string().contains("cannot have 65536 users: none are set aside for user"), "{error}");
        None
    }

    fn action(&self, script: &str) -> ResolvedAction {
        let mut action = self.world.script(&format!("nobody() {{ tell nobody \"$@\"; }}\n{script}"));
        action.layers.push(self.layer);
        action.limits.users = ALL;
        action
    }

    #[track_caller]
    fn check(&self, script: &str, said: &str) {
        let outcome = self.world.run_action(&self.action(script));
        assert!(outcome.result.succeeded(), "{:?}\n{}", outcome.result, outcome.log);
        assert_eq!(outcome.log, said, "{script}");
    }

    fn run(&self, script: &str) -> Outcome {
        let mut action = self.action(script);
        with_out(&mut action);
        self.world.run_action(&action)
    }
}

#[test]
fn files_belong_to_who_makes_them() {
    let Some(users) = Users::new() else { return };
    let script = "nobody touch /tmp/his; touch mine; touch other; chown 1234:65535 other
        stat -c %u:%g /tmp/his mine other /bin/tell
        mkdir -m 700 closed; nobody ls closed 2>/dev/null || echo closed
        nobody sh -c 'echo x >mine' 2>/dev/null || echo closed";
    users.check(script, "65534:65534\n0:0\n1234:65535\n0:0\nclosed\nclosed\n");
}

#[test]
fn who_becomes_another_has_no_rights_of_the_first() {
    let Some(users) = Users::new() else { return };
    let script = "tell; nobody tell; nobody grep CapEff /proc/self/status | tr -d '\\t'
        nobody chown 0 /bin/tell 2>/dev/null || echo refused; nobody id -G";
    users.check(
        script,
        "0 0 secure=0 binds=1\n65534 65534 secure=0 binds=0\nCapEff:0000000000000000\nrefused\n65534 7\n",
    );
}

#[test]
fn set_id_programs_and_those_with_capabilities_work() {
    let Some(users) = Users::new() else { return };
    let script = "cp /bin/tell root; chmod 4755 root; cp /bin/tell his; chown nobody his; chmod 4755 his
        cp /bin/tell able; tell give able; ./his; nobody ./root; nobody ./able; nobody tell";
    let said = [
        "0 65534 secure=1 binds=0",
        "65534 0 secure=1 binds=1",
        "65534 65534 secure=1 binds=1",
        "65534 65534 secure=0 binds=0",
    ];
    users.check(script, &(said.join("\n") + "\n"));
}

/// As those of this machine; who is not given rights by a program cannot take them by what emulates it either.
#[test]
fn set_id_programs_of_another_architecture_and_those_with_capabilities_work() {
    let Some(users) = Users::new() else { return };
    let Some(qemu) = program("/usr/bin/qemu-aarch64-static", "qemu-user-static") else { return };
    if Arch::host() == Some(Arch::Arm64) {
        return skip("the foreign program of this test is not foreign here");
    }
    let programs = users.world.store.tree(|root| {
        fs::create_dir(root.join("build")).unwrap();
        for (name, code) in [("telling", &TELLING[..]), ("binding", &BINDING)] {
            let path = root.join("build").join(name);
            fs::write(&path, elf(code)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    });
    let emulator = users.world.store.tree(|root| {
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::copy(qemu, root.join("usr/bin/qemu-aarch64")).unwrap();
    });
    let script =
        "set +e; chmod 755 /build; cp telling root; chmod 4755 root; cp telling his; chown nobody his; chmod 4755 his
        cp binding able; tell give able; cp telling closed; chmod 700 closed; mkdir -m 700 d; cp telling d
        nobody ./telling; echo nobody $?; nobody ./root; echo root $?; ./his; echo his $?; ./telling; echo own $?
        nobody ./able; echo able $?; nobody ./binding; echo not $?; ./binding; echo own $?
        nobody ./closed 2>/dev/null; echo closed $?; nobody ./d/telling 2>/dev/null; echo beneath $?
        cp /bin/busybox /tmp/grep; nobody sh -c './root; echo $?; exec ./able'; echo $?
        for f in /dev/.xb/set-id /proc/self/fd/9; do nobody ls $f 2>/dev/null; done";
    let mut action = users.action(script);
    action.layers.push(programs);
    action.emulator = Some(emulator);
    action.method = Method::Emulate;
    let outcome = users.world.run_action(&action);
    let said = "nobody 3\nroot 2\nhis 1\nown 0\nable 0\nnot 243\nown 0\nclosed 126\nbeneath 126\n2\n0\n";
    assert_eq!(outcome.log, said);
}

#[test]
fn rights_in_the_sandbox_stay_those_of_a_build() {
    let Some(users) = Users::new() else { return };
    let script = "cp /bin/busybox grep; chmod 4755 grep; nobody ./grep CapBnd /proc/self/status | tr -d '\\t'
        nobody mount -t tmpfs none /tmp 2>/dev/null || echo refused
        mount -t tmpfs none /tmp 2>/dev/null || echo refused
        unshare -r true 2>/dev/null || echo refused; mknod /tmp/device c 1 3 2>/dev/null || echo refused";
    users.check(script, &("CapBnd:00000000800005ff\n".to_owned() + &"refused\n".repeat(4)));
}

/// A tree has no owners.
#[test]
fn results_do_not_depend_on_who_made_them() {
    let Some(users) = Users::new() else { return };
    let outcome = users.run(
        "chmod 777 /out; nobody sh -c 'umask 077; mkdir -p /out/deep/er; echo there >/out/deep/er/file'
        cp /bin/tell /out/root; cp /bin/tell /out/his; chown nobody /out/his; chmod 4755 /out/root /out/his",
    );
    let out = users.world.output(&outcome, "out");
    assert_eq!(fs::read_to_string(out.join("deep/er/file")).unwrap(), "there\n");
    let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o7777;
    let own = geteuid().as_raw();
    assert!(["root", "his", "deep/er"].iter().all(|name| fs::metadata(out.join(name)).unwrap().uid() == own));
    assert_eq!(mode("his"), 0o755, "nobody is root");
    assert_ne!(mode("root") & 0o111, 0);
}

const CLOSED: &str = "nobody sh -c 'mkdir -p /tmp/a/b; touch /tmp/a/b/c; chmod 0 /tmp/a/b /tmp/a'";

#[test]
fn nothing_of_them_is_left() {
    let Some(users) = Users::new() else { return };
    for (end, cause) in [("true", Cause::Success), ("exit 3", Cause::Failed), ("sleep 60", Cause::TimedOut)] {
        let mut action = users.action(&format!("{CLOSED}; {end}"));
        action.limits.seconds = 5;
        assert_eq!(users.world.run_action(&action).result.cause, cause);
    }
    users.world.executor.settle();
    assert_eq!(fs::read_dir(users.world.scratch()).unwrap().count(), 0);
}

#[test]
fn what_is_kept_belongs_to_who_runs_xb() {
    let Some(mut users) = Users::new() else { return };
    users.world.keep_failed = true;
    let action = users.action(&format!("{CLOSED}; exit 1"));
    assert_eq!(users.world.run_action(&action).result.cause, Cause::Failed);
    let kept = users.world.executor.kept(action.id).unwrap();
    assert_eq!(fs::symlink_metadata(kept.join("upper/tmp/a")).unwrap().uid(), geteuid().as_raw());
}

#[test]
fn a_sandbox_whose_own_processes_were_killed_is_removed_by_the_next_xb() {
    let Some(users) = Users::new() else { return };
    let long = own_number(141_000);
    let action = users.action(&format!("{CLOSED}; sleep {long}"));
    let killer = std::thread::spawn(move || {
        wait_until("the command", || !processes(&["sleep", &long]).is_empty());
        // The first of them, which the others go with, is this process's child.
        let mine = processes(&["__sandbox", "65536"]).into_iter().filter(|pid| parent(*pid) == Some(getpid()));
        mine.for_each(|pid| kill_process(pid, Signal::KILL).unwrap());
        wait_until("the end of the command", || processes(&["sleep", &long]).is_empty());
    });
    let outcome = runtime().block_on(async {
        let context = users.world.context();
        xb_build::Executor::run(&users.world.executor, &action, &context).await
    });
    assert!(outcome.is_err());
    killer.join().unwrap();
    users.world.executor.settle();
    std::thread::sleep(Duration::from_secs(2));
    let child = xb_exec::Options { child: Some(env!("CARGO_BIN_EXE_xb-sandbox").into()), ..Default::default() };
    let next = xb_exec::LocalExecutor::new(users.world.store.clone(), users.world.scratch(), child);
    wait_until("the removal", || fs::read_dir(users.world.scratch()).unwrap().count() == 0);
    drop(next);
}

#[test]
fn more_than_there_are_is_refused() {
    let Some(users) = Users::new() else { return };
    let mut action = users.action("true");
    action.limits.users = ALL + 2;
    let error = users.world.try_run(&action).err().expect("too many");
    assert!(error.to_string().contains("a sandbox can have 65536 users, not 65538"), "{error}");
}

/// The processes whose arguments are, or end with, these.
fn processes(arguments: &[&str]) -> Vec<Pid> {
    let numbers = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let wanted = arguments.join("\0") + "\0";
    let is_it = |pid: &i32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).ends_with(&wanted))
    };
    numbers.filter(is_it).filter_map(Pid::from_raw).collect()
}

fn parent(pid: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}
