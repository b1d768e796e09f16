//! `CMakeCache.txt`, in which CMake keeps what it was told and what it found.

use super::answer::{Answer, Answers};

/// What a found package is noted by.
const FOUND: &str = "FIND_PACKAGE_MESSAGE_DETAILS_";

/// Entries that say nothing about what was found, by how they end. An exit code is 0 when all is well.
const NOTHING_FOUND: &[&str] =
    &["-ADVANCED", "-STRINGS", "-MODIFIED", "_BINARY_DIR", "_SOURCE_DIR", "_IS_TOP_LEVEL", "_EXITCODE"];

pub(super) fn read(text: &str) -> Answers {
    let mut answers = Answers::default();
    for line in text.lines().filter(|line| !line.starts_with(['#', '/'])) {
        // Options are of the type BOOL, what checks found INTERNAL; the text of others was typed by somebody.
        if let Some((entry, value)) = line.split_once('=')
            && let Some((name, "BOOL" | "INTERNAL" | "PATH" | "FILEPATH")) = entry.rsplit_once(':')
        {
            entry_of(name.trim_matches('"'), value, &mut answers);
        }
    }
    answers
}

fn entry_of(name: &str, value: &str, answers: &mut Answers) {
    if let Some(package) = name.strip_prefix(FOUND) {
        answers.note(&format!("{package}_FOUND"), Answer::On);
        return;
    }
    let is_cmakes = name.starts_with("CMAKE_") && !name.starts_with("CMAKE_HAVE_");
    if !is_cmakes && !name.starts_with('_') && !NOTHING_FOUND.iter().any(|end| name.ends_with(end)) {
        answers.note(name, Answer::of(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::answer::Answer::{Is, Off, On};

    #[test]
    fn a_cache_has_what_was_found() {
        let answers = read(
            "# This is the CMakeCache file.\n//Path to a program.\nCMAKE_AR:FILEPATH=/usr/bin/ar\n\
             BUILD_TESTING:BOOL=ON\nZLIB_LIBRARY:FILEPATH=ZLIB_LIBRARY-NOTFOUND\nCFLAGS:STRING=-O2\n\
             GTest_DIR:PATH=/usr/lib/cmake/GTest\nBUILD_TESTING-ADVANCED:INTERNAL=1\nHAVE_MMAP:INTERNAL=\n\
             HAVE_RUN_EXITCODE:INTERNAL=0\nHAVE_FORK:INTERNAL=1\n\"a:b\":INTERNAL=TRUE\n__pkg:INTERNAL=1\n\
             FIND_PACKAGE_MESSAGE_DETAILS_Threads:INTERNAL=[TRUE][v()]\nCMAKE_HAVE_LIBC_PTHREAD:INTERNAL=1\n\
             odd\n=\n:=\n",
        );
        let all = answers.names(&answers).into_iter().map(|name| (name, answers.get(name).unwrap().answer.clone()));
        let expected = [
            ("BUILD_TESTING", On),
            ("CMAKE_HAVE_LIBC_PTHREAD", On),
            ("GTest_DIR", Is("/usr/lib/cmake/GTest".into())),
            ("HAVE_FORK", On),
            ("HAVE_MMAP", Off),
            ("Threads_FOUND", On),
            ("ZLIB_LIBRARY", Off),
            ("a:b", On),
        ];
        assert_eq!(all.collect::<Vec<_>>(), expected);
    }
}
