//! What the first bytes of a file say about how it is executed.

use std::ffi::CString;

use xb_core::Arch;

/// How many bytes the kernel looks at: `BINPRM_BUF_SIZE` of Linux.
pub const HEAD: usize = 256;

/// What a file is to who executes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A 64-bit ELF file for an architecture.
    Elf(Arch),
    /// A script: its interpreter, and the argument that goes before the script's own path.
    Script {
        /// As it is written.
        interpreter: CString,
        /// Everything behind it, in one.
        argument: Option<CString>,
    },
    /// Anything else, of which the kernel may know what to do.
    Other,
}

impl Program {
    /// Of the first [`HEAD`] bytes, fewer where the file is shorter.
    pub fn of(head: &[u8]) -> Self {
        if let Some(arch) = Arch::ALL.into_iter().find(|arch| is_elf(head, *arch)) {
            return Self::Elf(arch);
        }
        head.strip_prefix(b"#!").and_then(|_| script(head)).unwrap_or(Self::Other)
    }
}

/// 64-bit little-endian ELF, of any system, an executable or a shared object: what `child/foreign.rs` registers.
fn is_elf(head: &[u8], arch: Arch) -> bool {
    let [low, high] = arch.elf_machine().to_le_bytes();
    matches!(head, [0x7f, b'E', b'L', b'F', 2, 1, 1, _, 0, 0, 0, 0, 0, 0, 0, 0, 2 | 3, 0, l, h, ..] if (*l, *h) == (low, high))
}

/// As `load_script` of Linux reads it: an interpreter's name that may have been cut off is none.
fn script(head: &[u8]) -> Option<Program> {
    let mut line = [0; HEAD];
    let length = head.len().min(HEAD);
    line[..length].copy_from_slice(&head[..length]);
    let is_blank = |byte: u8| byte == b' ' || byte == b'\t';
    let ends = |byte: u8| is_blank(byte) || byte == 0;
    let first = |line: &[u8]| line.iter().position(|byte| !is_blank(*byte));
    let text = match line.iter().position(|byte| *byte == b'\n') {
        Some(end) => &line[2..end],
        None => {
            let text = &line[2..HEAD - 1];
            text[first(text)?..].iter().position(|byte| ends(*byte))?;
            text
        }
    };
    let text = &text[..text.iter().rposition(|byte| !is_blank(*byte))? + 1];
    let text = &text[first(text)?..];
    let (name, rest) = text.split_at(text.iter().position(|byte| ends(*byte)).unwrap_or(text.len()));
    let argument = match rest {
        [] | [0, ..] => None,
        rest => first(rest).map(|at| up_to_zero(&rest[at..])),
    };
    let interpreter = up_to_zero(name);
    (!interpreter.is_empty()).then_some(Program::Script { interpreter, argument })
}

fn up_to_zero(text: &[u8]) -> CString {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(interpreter: &str, argument: Option<&str>) -> Program {
        let text = |text: &str| CString::new(text).unwrap();
        Program::Script { interpreter: text(interpreter), argument: argument.map(text) }
    }

    #[test]
    fn scripts_are_read_as_the_kernel_reads_them() {
        let long = format!("#!/{} x", "a".repeat(HEAD));
        let cut = format!("#!/bin/sh {}", "x".repeat(HEAD));
        let cases = [
            ("#!/bin/sh\necho", script("/bin/sh", None)),
            ("#! \t/bin/sh \t\necho", script("/bin/sh", None)),
            ("#!/usr/bin/env  python3 -u \n", script("/usr/bin/env", Some("python3 -u"))),
            ("#!perl", script("perl", None)),
            ("#!/bin/sh\0-x\n", script("/bin/sh", None)),
            ("#!/bin/sh -e\0-x\n", script("/bin/sh", Some("-e"))),
            ("#!\n/bin/sh", Program::Other),
            ("#! \t", Program::Other),
            ("#!", Program::Other),
            ("#", Program::Other),
            ("", Program::Other),
            (&long, Program::Other),
            (&cut, script("/bin/sh", Some(&"x".repeat(HEAD - 1 - 10)))),
        ];
        for (text, program) in cases {
            assert_eq!(Program::of(text.as_bytes()), program, "{text:?}");
        }
    }

    #[test]
    fn programs_are_told_by_machine_and_kind() {
        let elf = |kind: u8, arch: Arch| {
            let mut head = b"\x7fELF\x02\x01\x01\x03\0\0\0\0\0\0\0\0".to_vec();
            head.extend([kind, 0]);
            head.extend(arch.elf_machine().to_le_bytes());
            head
        };
        for arch in Arch::ALL {
            assert_eq!(Program::of(&elf(2, arch)), Program::Elf(arch));
            assert_eq!(Program::of(&elf(3, arch)), Program::Elf(arch));
            assert_eq!(Program::of(&elf(1, arch)), Program::Other, "an object file");
            assert_eq!(Program::of(&elf(2, arch)[..19]), Program::Other, "too short");
        }
    }
}
