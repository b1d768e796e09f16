//! Programs of another architecture in containers of a real Docker engine: each is followed, results are those of this
//! machine, and nothing stays.
//!
//! Containers are of this machine's kernel and of its first user namespace, and so would have its registered interpreters:
//! the tests see that what emulates is what xb brought.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::docker::start;
use crate::machine::examples;
use crate::reader::Reader;
use crate::store::store;
use crate::traps;

/// The engine, as `xb.toml` names it.
const SECTION: &str = "[executor.box]\nkind = \"docker\"\narch = \"amd64\"\n";

/// What a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(120);

impl Reader {
    /// Makes a project `p` of one file, which has its steps run by the engine.
    fn in_containers(self, text: &str) -> Self {
        let folder = self.path("p");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join("xb.toml"), SECTION).expect("a file");
        fs::write(folder.join("p.xb"), text).expect("a file");
        fs::copy(examples().join("xb.lock"), folder.join("xb.lock")).expect("the lock");
        self.run("p", "xb cache accept");
        self
    }

    /// What the check of its package says, once it has been built anew.
    fn said(&self, package: &str, method: &str) -> String {
        let (target, asked) = (format!("p.xb:{package} --arch arm64"), asked(method));
        let built = self.built("p", &format!("{target} {asked} --rebuild"));
        assert_eq!((&built["executor"], &built["check"]), (&"box".into(), &"passed".into()), "{built}");
        let log = self.run("p", &format!("xb log --check {target} --method {method}"));
        String::from_utf8_lossy(&log.stdout).into_owned()
    }
}

/// A method, as `xb build` is asked for it.
fn asked(method: &str) -> &'static str {
    if method == "pure-emulate" { "--method emulate --pure-emulation" } else { "--method emulate" }
}

/// A command that looks at its container.
const LOOKS: &str = r##"
package looks(arch) {
  tools = ["python3"]
  build = sh"mkdir -p $out/usr/local; echo built >$out/usr/local/file"
  check = sh"""
    tr '\0' ' ' </proc/1/cmdline; echo
    sh -c 'readlink /proc/$PPID/exe'
    uname -m; id -u; umask; hostname; ulimit -c; ulimit -n; ulimit -s
    cat /proc/self/personality
    stat -c %Y /etc
    ls -A / | grep '^[.]' || echo nothing hidden
    (cat /proc/1/environ || cat /proc/1/maps || readlink /proc/1/exe /proc/1/fd/*) 2>/dev/null || echo closed
    kill -9 1
    env | grep '^HOSTNAME=' || echo 'nothing of the engine'
    echo first; echo second >&2; echo third
    printf '#!/usr/bin/python3 -B\nimport platform, sys\nprint(platform.machine(), sys.argv[1:])\n' >script
    chmod +x script
    ./script one 'two words'
    printf '#!./script three\n' >outer
    chmod +x outer
    ./outer four
    ./missing 2>/dev/null || echo $?
  """
}
"##;

#[test]
fn a_command_finds_its_root_as_it_is_and_nothing_that_was_brought() {
    let Some((me, _)) = start() else { return };
    let me = me.in_containers(LOOKS);
    let said = me.said("looks", "pure-emulate");
    let lines: Vec<_> = said.lines().collect();
    let own = "/.xb/loader --inhibit-cache --library-path /.xb/lib /.xb/program __container /.xb ";
    assert_eq!(lines[..2], [own, "/.xb/emulator (deleted)"], "{said}");
    let rest = [
        "aarch64",
        "0",
        "0022",
        "xb",
        "0",
        "4096",
        "8192",
        "00040000",
        "1",
        "nothing hidden",
        "closed",
        "nothing of the engine",
        "first",
        "second",
        "third",
        "aarch64 ['one', 'two words']",
        "aarch64 ['three', './outer', 'four']",
        "127",
    ];
    assert_eq!(lines[2..], rest, "{said}");
}

#[test]
fn every_program_is_followed_in_a_container_whoever_starts_it() {
    let Some((me, _)) = start() else { return };
    let me = me.in_containers(traps::FOLLOWED);
    for method in ["emulate", "pure-emulate"] {
        assert_eq!(me.said("followed", method), traps::followed(), "{method}");
    }
}

#[test]
fn many_threads_of_go_are_right_in_a_container() {
    let Some((me, _)) = start() else { return };
    let me = me.in_containers(&traps::busy_text("5", "null"));
    traps::write_busy(&me.path("p"));
    let said = me.said("busy", "emulate");
    assert!(said.starts_with("right "), "{said}");
}

#[test]
fn emulated_builds_come_out_of_containers_as_they_do_here() {
    let Some((me, _)) = start() else { return };
    let project = me.path("examples");
    assert!(Command::new("cp").arg("-rT").args([&examples(), &project]).status().expect("cp starts").success());
    for (example, method) in [("lua", "emulate"), ("zlib", "emulate")] {
        let target = format!("{example} --arch arm64 {}", asked(method));
        fs::copy(examples().join("xb.toml"), project.join("xb.toml")).expect("a copy");
        let here = me.built("examples", &target);
        me.run("examples", &format!("printf '%s' '{SECTION}' >>xb.toml; xb cache accept"));
        let there = me.built("examples", &format!("{target} --rebuild"));
        let about = |result: &serde_json::Value| ["tree", "action", "method", "check"].map(|key| result[key].clone());
        assert_eq!((&here["executor"], &there["executor"]), (&"local".into(), &"box".into()), "{there}");
        assert_eq!(about(&there), about(&here), "{example} by {method}");
    }
}

/// The containers of the store.
fn containers() -> Vec<String> {
    let known = fs::read_dir(store()).expect("a store").flatten().map(|entry| entry.path().join("containers/name"));
    let name = known.into_iter().find_map(|name| fs::read_to_string(name).ok()).expect("the store has a name");
    let filter = format!("label=xb.store={}", name.split(' ').next().unwrap_or_default());
    let output = Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output().expect("docker starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Starts a build that does not end by itself, and waits until its command runs.
fn begin(me: &Reader) -> Child {
    let log = me.path("log");
    let file = fs::File::create(&log).expect("a file");
    let other = file.try_clone().expect("a file");
    let mut xb = me.shell("p", "exec xb build p.xb:long --arch arm64 --method emulate --verbose --rebuild");
    let mut child = xb.stdin(Stdio::null()).stdout(file).stderr(other).spawn().expect("sh starts");
    wait(|| {
        let ended = child.try_wait().expect("it can be waited for");
        assert!(ended.is_none(), "{ended:?}: {}", fs::read_to_string(&log).unwrap_or_default());
        fs::read_to_string(&log).expect("a log").contains("this is aarch64")
    });
    child
}

fn wait(mut until: impl FnMut() -> bool) {
    let began = Instant::now();
    while !until() {
        assert!(began.elapsed() < PATIENCE, "it takes too long");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn who_stops_emulation_leaves_no_container() {
    let Some((me, _)) = start() else { return };
    let text = "package long(arch) { build = sh\"echo this is $(uname -m); sleep 1000 & sleep 1000\" }\n\
                package short(arch) { build = sh\"mkdir -p $out/usr/local; uname -m >$out/usr/local/machine\" }\n";
    let me = me.in_containers(text);
    let stop = |mut child: Child, signal| {
        // Others build meanwhile, in containers of the same store.
        let id = Pid::from_child(&child);
        kill_process(id, signal).expect("it can be signalled");
        wait(|| child.try_wait().expect("it can be waited for").is_some());
    };
    let running = || {
        wait(|| !containers_of_long().is_empty());
        containers_of_long().remove(0)
    };
    let (child, stopped) = (begin(&me), running());
    stop(child, Signal::INT);
    assert!(!containers().contains(&stopped), "Ctrl-C leaves one");
    let (child, killed) = (begin(&me), running());
    stop(child, Signal::KILL);
    assert!(containers().contains(&killed), "who is killed removes nothing");
    let built = me.built("p", "p.xb:short --arch arm64 --method emulate --rebuild");
    assert_eq!(built["executor"], "box");
    assert!(!containers().contains(&killed), "the next one removes it");
}

/// Those in which the command of the test sleeps.
fn containers_of_long() -> Vec<String> {
    let sleeps = |one: &String| {
        let output = Command::new("docker").args(["top", one]).output().expect("docker starts");
        String::from_utf8_lossy(&output.stdout).contains("sleep 1000")
    };
    containers().into_iter().filter(sleeps).collect()
}

/// What is said by whoever cannot begin is told from what a command says by what is left there.
#[test]
fn who_cannot_emulate_says_why_and_leaves_what_was_brought() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |why: &str| {
        let mut xb = Command::new(env!("CARGO_BIN_EXE_xb"));
        let output = xb.arg("__container").arg(folder.path()).output().expect("xb starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(125) && said.starts_with(&format!("xb: cannot {why}: ")), "{output:?}");
    };
    check("read what to do");
    let dockers = r#"{"files":[],"folder":"etc","is_theirs":false}"#;
    let task = format!(r#"{{"arch":"arm64","command":["/bin/true"],"env":{{}},"cwd":"","dockers":{dockers}}}"#);
    fs::write(folder.path().join("task"), task).expect("a file");
    check("open the emulator");
    assert!(folder.path().join("task").exists());
}
