//! What the end of a log gives away: a table of what tools say, and what mends it.

use regex_lite::Regex;

/// What a line looks like, and what to do about it; `$1` is what it names.
const HINTS: &[(&str, &str)] = &[
    (
        r"fatal error: ((?:\w*mmintrin|cpuid|x86\w*)\.h): No such file",
        "`$1` is for instructions of amd64 alone: look for an option of the package that leaves that code out",
    ),
    (
        r"unrecognized command-line option .(-m[\w.=-]+)",
        "`$1` is an option for amd64 alone: it must not be given for other architectures",
    ),
    (
        r"fatal error: ([\w/.+-]+): No such file",
        "the header `$1` is missing: add the Debian package that has it (`...-dev`) to `needs`",
    ),
    (r"cannot find -l([\w.+-]+)", "the library `$1` is missing: add its Debian package (`...-dev`) to `needs`"),
    (
        r"No package '([^']+)' found",
        "pkg-config does not know `$1`: add the Debian package with its `.pc` file (`...-dev`) to `needs`",
    ),
    (
        r"Package '?([\w.+-]+)'?,? (?:required by|was not found)",
        "pkg-config does not know `$1`: add the Debian package with its `.pc` file (`...-dev`) to `needs`",
    ),
    (
        r"file in wrong format|Relocations in generic ELF|incompatible with (?:aarch64|elf64)",
        "an object of another architecture came into the link: whatever compiled it must call `$CC`",
    ),
    (
        r"Unknown compiler\(s\).*g\+\+|No CMAKE_CXX_COMPILER|([\w.-]*g\+\+): (?:command )?not found|cc1plus.*: No such file",
        "a C++ compiler is missing: `languages = [\"c\", \"c++\"]` in the settings of the builder brings it",
    ),
    (
        r"(?:^|: )([\w.+-]+): (?:command )?not found$",
        "the program `$1` is missing: add the Debian package that has it to `tools`",
    ),
    (
        r"No rule to make target [`'‘]([^'’]+)['’], needed by",
        "the source lacks `$1`, as Debian's do of which something is left out: have an older file of that name made in `before`, \
         or leave out what needs it",
    ),
    (
        r"cannot run test program while cross compiling",
        "a test of `configure` has to run a program: give its answer by `cache` of `c.autotools`, or build by emulation",
    ),
    (
        r"cannot guess build type|machine .([\w-]+). not recognized",
        "its `config.guess` is older than the architecture: `reconfigure = true` brings a new one",
    ),
    (r"Could NOT find (\w+)", "CMake does not find `$1`: add the Debian package with it (`...-dev`) to `needs`"),
    (
        r"Operation not permitted|Permission denied",
        "it wants rights that a sandbox does not give: a test that needs them has to be left out, by name",
    ),
    (
        r"Could not resolve host|Temporary failure in name resolution|Network is unreachable",
        "it wants the network, which a sandbox does not have: fetch it as a source, or leave that test out, by name",
    ),
];

/// What the lines give away, in the order of the table; each hint once.
pub fn hints(lines: &[String]) -> Vec<String> {
    let mut hints = Vec::new();
    let mut named = Vec::new();
    for (pattern, hint) in HINTS {
        // A pattern that is wrong is found by a test.
        let Ok(pattern) = Regex::new(pattern) else { continue };
        for found in lines.iter().filter_map(|line| pattern.captures(line)) {
            let name = found.get(1).map_or("", |name| name.as_str());
            let hint = hint.replace("$1", name);
            // What is for amd64 alone is no header of another package.
            if !hints.contains(&hint) && (name.is_empty() || !named.contains(&name)) {
                named.push(name);
                hints.push(hint);
            }
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let hints = hints(&[line.to_owned()]);
        assert!(hints.len() == 1 && hints[0].starts_with(expected), "{line}: {hints:?}");
    }

    #[test]
    fn what_tools_say() {
        assert!(HINTS.iter().all(|(pattern, _)| Regex::new(pattern).is_ok()));
        check("a.c:1:10: fatal error: emmintrin.h: No such file or directory", "`emmintrin.h` is for instructions");
        check("a.c:1:10: fatal error: mmintrin.h: No such file or directory", "`mmintrin.h` is for instructions");
        check("a.c:1:10: fatal error: ev.h: No such file or directory", "the header `ev.h` is missing");
        check("meson.build:1:0: ERROR: Unknown compiler(s): [['aarch64-linux-gnu-g++']]", "a C++ compiler is missing");
        check("sh: 1: aarch64-linux-gnu-g++: not found", "a C++ compiler is missing");
        check("gcc: error: unrecognized command-line option '-msse2'", "`-msse2` is an option for amd64");
        check("/usr/bin/ld: cannot find -lssl: No such file or directory", "the library `ssl`");
        check("No package 'libffi' found", "pkg-config does not know `libffi`");
        check("ld: f.o: error adding symbols: file in wrong format", "an object of another architecture");
        check("/xb/run.sh: 12: bison: not found", "the program `bison` is missing");
        check("configure: error: cannot run test program while cross compiling", "a test of `configure`");
        check(
            "make[2]: *** No rule to make target 'doc/a.texi', needed by 'a.info'.  Stop.",
            "the source lacks `doc/a",
        );
        check("-- Could NOT find ZLIB (missing: ZLIB_LIBRARY)", "CMake does not find `ZLIB`");
    }

    #[test]
    fn a_hint_is_given_once_and_nothing_gives_none() {
        let lines = ["ld: cannot find -lz", "ld: cannot find -lz", "ld: cannot find -lm2"].map(str::to_owned);
        assert_eq!(hints(&lines).len(), 2);
        assert!(hints(&["all is well".to_owned()]).is_empty());
    }
}
