//! The first line of a script: by which program it is run.

/// So much of a script the kernel looks at (`BINPRM_BUF_SIZE`).
const LONGEST: usize = 256;

/// Folders in which `env` finds programs on any Debian.
pub(crate) const PATH: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// By what a script is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The program that the kernel starts.
    pub(crate) program: String,
    /// The one that is looked for in the `PATH`, when the program is `env`.
    pub(crate) by_name: Option<String>,
}

impl Script {
    /// Reads the first line; none when it is no `#!` line, or names nothing.
    pub(crate) fn read(head: &[u8]) -> Option<Self> {
        let head = head.get(..LONGEST).unwrap_or(head).strip_prefix(b"#!")?;
        let line = head.split(|byte| *byte == b'\n').next()?;
        let line = String::from_utf8_lossy(line);
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let program = words.next()?.to_owned();
        let is_env = program.rsplit('/').next() == Some("env");
        let by_name = if is_env { words.find(|word| !word.starts_with('-') && !word.contains('=')) } else { None };
        Some(Self { program, by_name: by_name.map(ToOwned::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_script_is_found() {
        let check = |text: &str, program: &str, by_name: Option<&str>| {
            let script = Script::read(text.as_bytes()).unwrap();
            assert_eq!((script.program.as_str(), script.by_name.as_deref()), (program, by_name), "{text}");
        };
        check("#!/bin/sh\necho", "/bin/sh", None);
        check("#! /usr/bin/perl -w", "/usr/bin/perl", None);
        check("#!/usr/bin/env python3\n", "/usr/bin/env", Some("python3"));
        check("#!/usr/bin/env -S LANG=C awk -f\n", "/usr/bin/env", Some("awk"));
        check("#!/usr/bin/env\n", "/usr/bin/env", None);
        check("#!/bin/sh\r\n", "/bin/sh\r", None);
        for text in ["", "#!", "#!\n/bin/sh", "# !/bin/sh", "#!   "] {
            assert_eq!(Script::read(text.as_bytes()), None, "{text:?}");
        }
    }
}
