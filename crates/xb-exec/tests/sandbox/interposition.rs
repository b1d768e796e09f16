//! Every way to execute a program, where it is of another architecture: the same whichever way it is emulated.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

use xb_exec::Emulation;

use crate::emulation::Foreign;
use crate::support::{Outcome, World, compile};

/// A world with `execs` in its root, which executes programs in many ways.
fn executing(emulation: Emulation) -> Option<Foreign> {
    static PROGRAM: OnceLock<Vec<u8>> = OnceLock::new();
    let foreign = Foreign::emulated(World::with(|options| options.emulation = emulation)?)?;
    let program = PROGRAM.get_or_init(|| compile("execs", include_str!("execs.c")));
    Some(foreign.with_layer(|root| {
        fs::create_dir(root.join("bin")).unwrap();
        let path = root.join("bin/execs");
        fs::write(&path, program).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }))
}

fn run(emulation: Emulation, script: &str) -> Option<Outcome> {
    executing(emulation).map(|foreign| foreign.run(script))
}

/// Runs a script in both ways, and wants the same of them.
#[track_caller]
fn check(script: &str, said: &str) {
    for emulation in [Emulation::Auto, Emulation::Interpose] {
        let Some(outcome) = run(emulation, script) else { return };
        assert_eq!(outcome.log, said, "{emulation:?}: {script}");
    }
}

/// How the program is executed that prints its arguments and its environment and gives 7.
fn executed(how: &str) -> String {
    format!("env -i A=b /bin/execs {how} ./foreign one || echo $?")
}

const SAYS: &str = "./foreign\none\nA=b\n7\n";

#[test]
fn whoever_executes_it_gets_its_words_across() {
    for how in ["plain", "vfork", "spawn", "clone", "thread", "descriptor"] {
        check(&executed(how), SAYS);
    }
    check("cd /; env -i A=b /bin/execs vfork build/foreign one || echo $?", "build/foreign\none\nA=b\n7\n");
    check("env -i /bin/execs none ./foreign || echo $?", "\n7\n");
    // To the emulator that would be an option.
    check("cp foreign ./-version; env -i /bin/execs plain -version || echo $?", "-version\n7\n");
}

/// A registered interpreter is told a path, which leads nowhere when its descriptor is closed: on a machine of the
/// program's architecture that matters as little as where xb interposes.
#[test]
fn open_programs_are_executed_whether_they_have_a_path_or_not() {
    for how in ["at", "empty", "empty-path", "memory", "deleted"] {
        let Some(outcome) = run(Emulation::Interpose, &executed(how)) else { return };
        assert_eq!(outcome.log, SAYS, "{how}");
    }
}

#[test]
fn scripts_are_given_to_interpreters_of_another_architecture() {
    let script = |line: &str| format!("printf '#!{line}\\n' >s; chmod 755 s; env -i ./s 'one two' || echo $?");
    check(&script("/build/foreign"), "/build/foreign\n./s\none two\n7\n");
    check(&script(" ./foreign  a b "), "./foreign\na b\n./s\none two\n7\n");
    check("cd /; printf '#!build/foreign\\n' >s; chmod 755 s; env -i /s || echo $?", "build/foreign\n/s\n7\n");
    let outer = "printf '#!/build/inner x\\n' >outer; printf '#!/build/foreign y\\n' >inner; chmod 755 outer inner";
    check(&format!("{outer}; env -i ./outer z || echo $?"), "/build/foreign\ny\n/build/inner\nx\n./outer\nz\n7\n");
    check("printf '#!/bin/sh\\n./foreign $1\\n' >s; chmod 755 s; env -i ./s a | head -2", "./foreign\na\n");
}

#[test]
fn what_cannot_be_executed_says_why() {
    let cases = [
        ("chmod 644 foreign; execs vfork ./foreign", "9\n"),
        ("execs at ./missing", "ENOENT\n1\n"),
        ("execs at ./foreign/x", "ENOTDIR\n1\n"),
        ("mkdir d; execs at ./d", "EACCES\n1\n"),
        ("chmod 644 foreign; execs plain ./foreign", "EACCES\n1\n"),
        ("ln -s foreign link; execs at-nofollow ./link", "ELOOP\n1\n"),
        ("ln -s link link; execs plain ./link", "ELOOP\n1\n"),
        ("cp foreign own; execs busy ./own", "ETXTBSY\n1\n"),
        ("execs null ./foreign", "EFAULT\n1\n"),
        ("head -c 100 /dev/zero >zeroes; chmod 755 zeroes; execs plain ./zeroes", "ENOEXEC\n1\n"),
        ("printf '#!./nothing\\n' >s; chmod 755 s; execs plain ./s", "ENOENT\n1\n"),
        ("cp foreign i; chmod 644 i; printf '#!./i\\n' >s; chmod 755 s; execs plain ./s", "EACCES\n1\n"),
        ("printf '#!./s\\n' >s; chmod 755 s; execs plain ./s", "ELOOP\n1\n"),
    ];
    for (script, said) in cases {
        check(&format!("{script} || echo $?"), said);
    }
}

#[test]
fn a_program_that_is_not_executed_leaves_nothing_behind() {
    check("env -i execs long ./foreign || echo $?", "E2BIG, 0 left open\n./foreign\n7\n");
    check("execs much ./foreign | wc -l", "100007\n");
}

#[test]
fn signals_stops_and_threads_come_through() {
    check("execs signals ./foreign; execs stops ./foreign", "40\n40\n");
    check("execs crowd ./foreign; execs together ./foreign", "20\n60\n");
}

#[test]
fn who_changes_a_path_while_it_is_looked_at_gains_nothing() {
    check("mkdir b; cp /bin/true b/foreign; cp /bin/true foreignx; execs race ./foreign", "400\n");
}

#[test]
fn what_is_debugged_is_refused_with_the_reason() {
    let Some(outcome) = run(Emulation::Interpose, "execs traced ./foreign || echo $?") else { return };
    let reason = "xb: ./foreign: this program is for another architecture, and a program that is debugged or traced (gdb, \
                  strace) cannot execute it in this sandbox, where emulators are started by tracing";
    assert_eq!(outcome.log, format!("{reason}\nEPERM\n1\n"));
    // One of this architecture is traced as ever: it stops before its first instruction.
    let traced = run(Emulation::Interpose, "execs traced /bin/true & sleep 1; grep State: /proc/$!/status; kill -9 $!");
    assert_eq!(traced.unwrap().log, "State:\tt (tracing stop)\n");
}

#[test]
fn the_emulator_cannot_be_replaced() {
    let Some(foreign) = executing(Emulation::Interpose) else { return };
    let script = "cd /dev; mv .xb x 2>&1 | grep -c busy; mv .xb/aarch64 .xb/x 2>&1 | grep -c -e Read-only -e busy
        cp /bin/true .xb/aarch64/emulator 2>&1 | grep -c Read-only; rm -rf .xb 2>/dev/null || cd /build
        env -i ./foreign || echo $?";
    assert_eq!(foreign.run(script).log, "1\n1\n1\n./foreign\n7\n");
}
