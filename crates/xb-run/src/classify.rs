//! Why a command failed, from how it ended and from what it said.

use xb_graph::Cause;

/// How a command ended, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// The program of another architecture that was refused last.
    pub foreign: Option<&'a str>,
    /// Whether programs were emulated.
    pub emulated: bool,
    /// Whether the command ran tests.
    pub is_check: bool,
    /// Whether hardly anything could be written at some time.
    pub nearly_full: bool,
    /// What it said.
    pub log: &'a [u8],
}

/// How much of the end of a log is looked at.
const LOOKED_AT: usize = 256 << 10;

/// How many lines from the end what ended a command is said: who is out of space does not go on for long.
const LAST_LINES: usize = 100;

/// What emulators say about what they lack.
const EMULATOR: &[&str] = &[
    "qemu: Unsupported syscall",
    "Unsupported syscall:",
    "qemu: uncaught target signal",
    "qemu: unhandled CPU exception",
    "qemu: Unsupported",
    "qemu-aarch64: ",
    "qemu-x86_64: ",
];

/// What file systems say when they are full.
const DISK: &[&str] = &["No space left on device", "Disk quota exceeded", "File size limit exceeded"];

/// What compilers and linkers say, within a line.
const COMPILER: &[&str] = &[
    ": error: ",
    ": fatal error: ",
    "ld: cannot find ",
    "undefined reference to ",
    "collect2: error:",
    "error: linking with ",
    "Assembler messages:",
];

/// What looks like a compiler and is none.
const CONFIGURE: &[&str] =
    &["configure: error: ", "configure.ac:", "configure.in:", "Makefile.am:", ".m4:", "autoreconf: error: "];

/// The cause of a failure.
pub fn classify(ending: &Ending<'_>) -> Cause {
    let start = ending.log.len().saturating_sub(LOOKED_AT);
    let log = String::from_utf8_lossy(&ending.log[start..]);
    let said = |patterns: &[&str]| log.lines().rev().find(|line| has(line, patterns));
    if let Some(program) = ending.foreign.filter(|program| !is_probe(program)) {
        return Cause::ForeignProgram { program: program.to_owned() };
    }
    if let Some(what) = said(EMULATOR).filter(|_| ending.emulated) {
        return Cause::EmulatorLacks { what: what.trim().to_owned() };
    }
    let compiler = log.lines().any(|line| has(line, COMPILER) && !has(line, DISK) && !has(line, CONFIGURE));
    let explained = compiler || ending.is_check;
    let last = log.lines().rev().take(LAST_LINES).any(|line| has(line, DISK));
    // Programs also quote these words, tests above all: without a measure they count where nothing else explains it.
    if last && (ending.nearly_full || !explained) {
        return Cause::DiskFull;
    }
    let compiler = log.lines().any(|line| has(line, COMPILER) && !has(line, CONFIGURE));
    match compiler {
        true => Cause::CompileError,
        false if ending.is_check => Cause::TestFailure,
        false => Cause::Failed,
    }
}

/// Whether a program is one by which `configure` finds out whether it can run what it compiles: it goes on either way.
fn is_probe(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("conftest" | "a.out"))
}

fn has(line: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| line.contains(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(log: &str, change: impl FnOnce(&mut Ending<'_>), cause: &Cause) {
        let mut ending =
            Ending { foreign: None, emulated: false, is_check: false, nearly_full: false, log: log.as_bytes() };
        change(&mut ending);
        assert_eq!(&classify(&ending), cause, "{log}");
    }

    #[test]
    fn compilers_and_linkers() {
        for log in [
            "a.c:1:10: fatal error: zlib.h: No such file or directory\ncompilation terminated.\n",
            "a.c:3:1: error: unknown type name 'foo'\nmake: *** [a.o] Error 1\n",
            "/usr/bin/ld: cannot find -lz: No such file or directory\ncollect2: error: ld returned 1\n",
            "a.s: Assembler messages:\na.s:1: Error: no such instruction\n",
        ] {
            check(log, |_| {}, &Cause::CompileError);
        }
        check("make: *** No rule to make target 'all'.\n", |_| {}, &Cause::Failed);
        check("configure: error: \"libevent not found\"\n", |_| {}, &Cause::Failed);
        check("configure.ac:4073: error: required file 'doc/Makefile.in' not found\n", |_| {}, &Cause::Failed);
    }

    #[test]
    fn tests_fail_only_in_a_check() {
        check("FAIL: test1\n", |ending| ending.is_check = true, &Cause::TestFailure);
        check("FAIL: test1\n", |_| {}, &Cause::Failed);
    }

    #[test]
    fn the_emulator_speaks_only_where_there_is_one() {
        let said = "qemu: uncaught target signal 11 (Segmentation fault) - core dumped";
        let lacks = Cause::EmulatorLacks { what: said.to_owned() };
        check(said, |ending| ending.emulated = true, &lacks);
        check(said, |_| {}, &Cause::Failed);
    }

    #[test]
    fn a_refused_program_explains_more_than_the_log() {
        let cause = Cause::ForeignProgram { program: "./gen".to_owned() };
        check("a.c:1:1: error: no\n", |ending| ending.foreign = Some("./gen"), &cause);
        check("make: *** No rule\n", |ending| ending.foreign = Some("./conftest"), &Cause::Failed);
    }

    #[test]
    fn a_full_disk() {
        check("cp: error writing 'x': No space left on device\n", |_| {}, &Cause::DiskFull);
        let compiler = "a.c:9:1: fatal error: error writing to /tmp/a.s: No space left on device\n";
        check(compiler, |_| {}, &Cause::DiskFull);
    }

    #[test]
    fn words_about_a_full_disk_need_more_where_something_else_explains_the_failure() {
        let words = "ok 1 - strerror(ENOSPC) is `No space left on device`\n";
        let log = format!("{words}a.c:3:1: error: unknown type name 'foo'\n");
        check(&log, |_| {}, &Cause::CompileError);
        check(&log, |ending| ending.nearly_full = true, &Cause::DiskFull);
        check(words, |ending| ending.is_check = true, &Cause::TestFailure);
        let long_ago = format!("{words}{}", "going on\n".repeat(LAST_LINES));
        check(&long_ago, |_| {}, &Cause::Failed);
    }
}
