//! What emulation has got wrong elsewhere, for real: environment and `sudo` at once, many threads, numbers of CPUs.

use std::path::Path;
use std::process::Command;

use crate::debs::project;
use crate::machine::{examples, is_possible, xb, xb_by};

/// What a step of a package of a project says, once it has passed.
fn log(project: &Path, package: &str, arch: &str, method: &str, more: &[&str]) -> String {
    log_by("", project, package, arch, method, more)
}

/// With programs of other architectures started in this way.
fn log_by(emulation: &str, project: &Path, package: &str, arch: &str, method: &str, more: &[&str]) -> String {
    let target = format!("{}:{package}", project.join("p.xb").display());
    let asked = match method {
        "pure-emulate" => &["--method", "emulate", "--pure-emulation"][..],
        method => &["--method", method],
    };
    let output = xb_by(emulation, &[&["build", &target, "--arch", arch], asked, more].concat());
    assert!(output.status.success(), "{arch} by {method}:\n{}", String::from_utf8_lossy(&output.stderr));
    // What was built by cross is checked where its programs run.
    let method = if method == "cross" { "emulate" } else { method };
    let output = xb(&["log", "--check", &target, "--arch", arch, "--method", method]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `names` prints what it is told by the environment, with a library that only the environment leads to.
const USERS: &str = r#"
package traps(arch) {
  needs = ["sudo", "libcap2-bin"]
  limits = { users = 65536 }
  build = sh"""
    mkdir -p $out/usr/local/bin $out/opt/lib
    echo 'const char *told(void) { return "by the library"; }' >told.c
    $CC -shared -fPIC -Wl,-soname,libtold.so told.c -o $out/opt/lib/libtold.so
    cat >names.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>
const char *told(void);
int main(void) {
  const char *word = getenv("WORD");
  printf("%s, %s, %d %d\n", told(), word ? word : "no word", getuid(), geteuid());
}
END
    $CC names.c -L$out/opt/lib -ltold -o $out/usr/local/bin/names
    cat >rights.c <<'END'
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
  int bound = bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof a) == 0;
  printf("%d %d %s\n", getuid(), geteuid(), bound ? "binds" : "refused");
}
END
    $CC rights.c -o $out/usr/local/bin/rights
  """
  check = sh"""
    exec 2>&1
    echo 'Defaults !fqdn' >/etc/sudoers.d/traps
    echo 'nobody ALL=(ALL) NOPASSWD: SETENV: ALL' >>/etc/sudoers.d/traps
    chmod 440 /etc/sudoers /etc/sudoers.d/traps
    echo "127.0.0.1 $(hostname)" >>/etc/hosts
    # Made on an installed system by `pam-auth-update`.
    for kind in auth account password session; do
      echo "$kind required pam_permit.so" >/etc/pam.d/common-$kind
    done
    cp /etc/pam.d/common-session /etc/pam.d/common-session-noninteractive
    bin=$out/usr/local/bin
    lib=LD_LIBRARY_PATH=$out/opt/lib
    chmod a+rx /xb /xb/build || true
    echo "environment: $(env $lib WORD=hello $bin/names)"
    echo "another: $(sudo -n -u nobody env $lib WORD=hello $bin/names)"
    echo "and back: $(sudo -n -u nobody sudo -n id -u)"
    echo "all at once: $(sudo -n -u nobody sudo -n WORD=kept env $lib $bin/names)"
    echo "sudo's own: $(sudo -n -u nobody sh -c 'echo $SUDO_USER $HOME')"
    cp $bin/rights /set-id
    chmod 4755 /set-id
    cp $bin/rights /able
    setcap cap_net_bind_service+ep /able
    getcap /able
    echo "set-id: $(sudo -n -u nobody /set-id)"
    echo "able: $(sudo -n -u nobody /able)"
    echo "not able: $(sudo -n -u nobody $bin/rights)"
    cp $bin/names /trusted
    chmod 4755 /trusted
    echo "trusted: $(sudo -n -u nobody env $lib /trusted 2>&1 | grep -c 'libtold.so: cannot open')"
  """
}
"#;

const EXPECTED: &str = "environment: by the library, hello, 0 0
another: by the library, hello, 65534 65534
and back: 0
all at once: by the library, kept, 0 0
sudo's own: root /nonexistent
/able cap_net_bind_service=ep
set-id: 65534 0 binds
able: 65534 65534 binds
not able: 65534 65534 refused
trusted: 1
";

#[test]
fn the_environment_and_sudo_both_work_in_one_sandbox() {
    if !is_possible() {
        return;
    }
    let project = project(USERS, &[]);
    for (arch, method) in [("amd64", "native"), ("arm64", "emulate"), ("arm64", "pure-emulate")] {
        assert_eq!(log(project.path(), "traps", arch, method, &[]), EXPECTED, "{arch} by {method}");
    }
    for method in ["emulate", "pure-emulate"] {
        let said = log_by("interpose", project.path(), "traps", "arm64", method, &["--rebuild"]);
        assert_eq!(said, EXPECTED, "interposed: {method}");
    }
}

/// Programs that start programs in ways of their own: a shell, make, Python and Perl, and scripts of each.
pub const FOLLOWED: &str = r##"
package followed(arch) {
  tools = ["python3", "perl"]
  build = sh"""
    mkdir -p $out/usr/local/bin
    cat >say.c <<'END'
#include <stdio.h>
int main(int n, char **a) { printf("%s %d\n", a[1], n); }
END
    $CC say.c -o $out/usr/local/bin/say
  """
  check = sh"""
    PATH=$out/usr/local/bin:$PATH
    printf 'all:\n\t@say make\n\t@sh -c "say sh; exec say exec"\n\t@$(MAKE) -s inner\ninner:\n\tsay inner\n' >Makefile
    make -s
    cat >p.py <<'END'
#!/usr/bin/env python3
import ctypes, os, subprocess, sys
subprocess.run(["say", "run"], check=True)
subprocess.run("say shell", shell=True, check=True)
subprocess.run(["say", "closed"], check=True, close_fds=True, cwd="/")
subprocess.run(["say", "session"], check=True, start_new_session=True, preexec_fn=lambda: None)
os.waitpid(os.posix_spawnp("say", ["say", "spawn"], os.environ), 0)
sys.stdout.flush()
os.execvp("perl", ["perl", "-e", 'system "say", "perl"; print `say backticks`; exec "say", "last"'])
END
    chmod +x p.py
    ./p.py
    uname -m
  """
}
"##;

/// What its check says.
pub fn followed() -> String {
    let words =
        ["make", "sh", "exec", "inner", "run", "shell", "closed", "session", "spawn", "perl", "backticks", "last"];
    words.iter().map(|word| format!("{word} 2\n")).chain(["aarch64\n".to_owned()]).collect()
}

#[test]
fn every_program_is_followed_whoever_starts_it() {
    if !is_possible() {
        return;
    }
    let project = project(FOLLOWED, &[]);
    for method in ["emulate", "pure-emulate"] {
        for emulation in ["", "interpose"] {
            let log = log_by(emulation, project.path(), "followed", "arm64", method, &["--rebuild"]);
            assert_eq!(log, followed(), "{method}, {emulation}");
        }
    }
}

/// A program in Go that runs so many times.
pub fn busy_text(runs: &str, ship: &str) -> String {
    let text = r#"
use std { go }
package busy(arch) {
  version = "1"
  summary = "Keep many threads busy"
  source = ./src
  build = go.build {}
  check = sh"""
    run=0
    while [ $run -lt RUNS ]; do
      run=$((run + 1))
      $out/usr/local/bin/busy >said || { echo "run $run: $?"; cat said; exit 1; }
    done
    cat said
  """
  ship = SHIP
}
"#;
    text.replace("RUNS", runs).replace("SHIP", ship)
}

/// Writes its sources into a project.
pub fn write_busy(project: &Path) {
    let source = project.join("src");
    std::fs::create_dir(&source).expect("a folder");
    std::fs::write(source.join("main.go"), include_str!("busy.go")).expect("a file");
    std::fs::write(source.join("go.mod"), "module example.org/busy\n\ngo 1.21\n").expect("a file");
}

/// `XB_TEST_RUNS` says how often the program runs.
fn busy(runs: &str, ship: &str) -> tempfile::TempDir {
    let project = project(&busy_text(runs, ship), &[]);
    write_busy(project.path());
    project
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get())
}

#[test]
fn many_threads_of_go_are_right_under_emulation_every_time() {
    if !is_possible() {
        return;
    }
    let runs = std::env::var("XB_TEST_RUNS").unwrap_or_else(|_| "20".to_owned());
    let project = busy(&runs, "null");
    assert_eq!(log(project.path(), "busy", "arm64", "emulate", &[]), format!("right {}\n", cpus()));
    let interposed = log_by("interpose", project.path(), "busy", "arm64", "emulate", &["--rebuild"]);
    assert_eq!(interposed, format!("right {}\n", cpus()));
    // What xb.toml says is no part of a key.
    std::fs::write(project.path().join("xb.toml"), "[emulation]\ncpus = 1\n").expect("a file");
    assert_eq!(log(project.path(), "busy", "arm64", "emulate", &[]), format!("right {}\n", cpus()));
    assert_eq!(log(project.path(), "busy", "arm64", "emulate", &["--rebuild"]), "right 1\n");
}

/// Installed, upgraded, removed and purged by apt: on one CPU where it is emulated, and on all where it is not, also
/// when it was installed where it was.
#[test]
fn what_is_guarded_has_one_cpu_where_it_is_emulated_and_only_there() {
    if !is_possible() {
        return;
    }
    let ship = r#"deb {
    maintainer = "A <a@example.org>"
    guard = true
    test = sh"""
      cpus=$(busy | cut -d ' ' -f 2)
      echo "cpus: $cpus of $(nproc), $(readlink /usr/local/bin/busy)"
      ln -sf ../lib/busy/guard /usr/local/bin/busy
      echo "again: $(busy)"
      case $(dpkg --print-architecture) in
        arm64) test "$cpus" = 1 ;;
        *) test "$cpus" = "$(nproc)" && test "$(busy)" = "right $(nproc)" ;;
      esac
    """
  }"#;
    let project = busy("1", ship);
    let target = format!("{}:busy", project.path().join("p.xb").display());
    let out = project.path().join("out");
    let output = xb(&["ship", &target, "--arch", "amd64,arm64", "--out", out.to_str().expect("a readable name")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = |arch| {
        let output = xb(&["log", &format!("{target}.deb"), "--arch", arch, "--check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.lines().filter(|line| line.starts_with("cpus: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let all = cpus();
    assert_eq!(log("amd64"), vec![format!("cpus: {all} of {all}, ../lib/busy/guarded/bin/busy"); 2]);
    assert_eq!(log("arm64"), vec![format!("cpus: 1 of {all}, ../lib/busy/guard"); 2]);
    let debs = std::fs::read_dir(&out).expect("packages").flatten().map(|entry| entry.path());
    let lintian = Command::new("lintian").args(["--allow-root", "--fail-on", "error"]).args(debs).output();
    if let Ok(output) = lintian {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The script is called for the links by its own path, and for a program by a link, whatever the program's name is.
/// To the script, a text is a program for another processor.
#[test]
fn a_guarded_program_may_have_the_name_of_what_guards_it() {
    let script = r#"
      mkdir -p usr/bin usr/lib/watch/guarded/bin
      printf '#!/bin/sh\necho "told: $*"\n' >usr/lib/watch/guarded/bin/guard
      sed "s|@here@|$PWD/usr/lib/watch|" "$0" >usr/lib/watch/guard
      chmod 755 usr/lib/watch/guard usr/lib/watch/guarded/bin/guard
      ln -s ../lib/watch/guarded/bin/guard usr/bin/guard
      "$PWD/usr/lib/watch/guard"
      readlink usr/bin/guard
      usr/bin/guard a b
    "#;
    let folder = tempfile::tempdir().expect("a folder");
    let guard = examples().join("../stdlib/deb/guard.sh").canonicalize().expect("the script");
    let output = Command::new("sh").args(["-euc", script]).arg(guard).current_dir(folder.path()).output();
    let output = output.expect("sh starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "../lib/watch/guard\ntold: a b\n");
}

/// However it is built, a step sees the CPUs that it may use, and its result knows nothing of them.
#[test]
fn numbers_of_cpus_and_jobs_are_seen_in_logs_only() {
    if !is_possible() {
        return;
    }
    let text = r#"
let count = """
    for way in "nproc" "getconf _NPROCESSORS_ONLN" "grep -c ^processor /proc/cpuinfo" "grep -c ^cpu[0-9] /proc/stat"; do
      $way
    done
"""
package one(arch) {
  limits = { cpus = 1 }
  build = sh"echo $jobs $(nproc); echo it >$out/file"
  check = count
}
package all(arch) {
  build = sh"echo jobs=$jobs; echo it >$out/file"
  check = count
}
"#;
    let project = project(text, &[]);
    let ways = [("amd64", "native"), ("arm64", "cross"), ("arm64", "emulate"), ("arm64", "pure-emulate")];
    for (arch, method) in ways {
        let said = log(project.path(), "one", arch, method, &[]);
        assert_eq!(said, "1\n".repeat(4), "{arch} by {method}");
        let said = log(project.path(), "all", arch, method, &[]);
        assert_eq!(said, format!("{}\n", cpus()).repeat(4), "{arch} by {method}");
    }
    let target = format!("{}:all", project.path().join("p.xb").display());
    let tree = |jobs: &str, more: &[&str]| {
        let output = xb(&[&["build", &target, "--jobs", jobs, "--no-check", "--json"], more].concat());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
        let said = String::from_utf8_lossy(&xb(&["log", &target]).stdout).into_owned();
        (report["results"][0]["action"].clone(), report["results"][0]["tree"].clone(), said)
    };
    let (action, result, _) = tree("1", &[]);
    for jobs in ["1", "2"] {
        assert_eq!(tree(jobs, &["--rebuild"]), (action.clone(), result.clone(), format!("jobs={jobs}\n")));
    }
}
