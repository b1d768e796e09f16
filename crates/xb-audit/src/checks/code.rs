//! For which processor code is, and which level of it.

use xb_core::{Arch, X86Level};

use super::is_beneath;
use crate::archive::{Archive, Code};
use crate::arm64::Use;
use crate::elf::Machine;
use crate::facts::{Facts, Form};
use crate::walk::File;
use crate::{Detail, Finding, Instructions, Subject};

/// Folders of data that a kernel passes to devices.
const FIRMWARE: &[&str] = &["lib/firmware"];

/// What is wrong with the code in a file.
pub(crate) fn check(file: &File, facts: &Facts, subject: &Subject, findings: &mut Vec<Finding>) {
    let path = file.path.as_str();
    let mut found = |detail| findings.push(Finding::new(file.path.clone(), detail));
    match &facts.form {
        Form::Broken(reason) => found(Detail::Fault { reason: reason.clone() }),
        Form::Elf(elf) if !is_beneath(path, FIRMWARE) => {
            if let Some(detail) = judge(path, Code::Elf(elf.machine, elf.needs), None, subject) {
                found(detail);
            }
            let uses = facts.uses.iter().filter(|(kind, _)| !subject.baseline.has(kind.extension()));
            uses.map(|(kind, used)| instructions(*kind, used, None, subject)).for_each(&mut found);
        }
        Form::Archive(archive) => {
            let Archive { objects, uses, fault, .. } = archive;
            let uses = uses.iter().filter(|(kind, _)| !subject.baseline.has(kind.extension()));
            uses.map(|(kind, (used, member))| instructions(*kind, used, Some(member), subject)).for_each(&mut found);
            objects.iter().filter_map(|(code, name)| judge(path, *code, Some(name), subject)).for_each(&mut found);
            if let Some(reason) = fault.clone() {
                found(Detail::Fault { reason });
            }
        }
        _ => {}
    }
}

fn instructions(instructions: Instructions, used: &Use, member: Option<&String>, subject: &Subject) -> Detail {
    let Use { function, functions, times } = used.clone();
    let allowed = subject.baseline.clone();
    Detail::Instructions { allowed, instructions, function, functions, times, member: member.cloned() }
}

fn judge(path: &str, code: Code, member: Option<&String>, subject: &Subject) -> Option<Detail> {
    let expected = subject.arch;
    let wrong = |found: String| Some(Detail::Architecture { expected, found, member: member.cloned() });
    match code {
        Code::Elf(machine, _) if is_wrong(machine, expected) => wrong(machine.to_string()),
        Code::Elf(machine, Some(needed)) if machine.is(Arch::Amd64) => {
            let allowed = subject.baseline.x86_level().max(level_of_folder(path));
            (needed > allowed).then(|| Detail::Baseline { allowed, needed, member: member.cloned() })
        }
        Code::Go(arch) if arch != Some(expected) => wrong(arch.map_or("another of Go's", Arch::debian).to_owned()),
        Code::Elf(..) | Code::Go(_) => None,
    }
}

fn is_wrong(machine: Machine, expected: Arch) -> bool {
    machine.runs_programs() && !machine.is(expected)
}

/// The level that libraries in a folder may need, since the loader looks there only on such a processor.
fn level_of_folder(path: &str) -> X86Level {
    let level = path.split_once("glibc-hwcaps/").and_then(|(_, rest)| rest.split('/').next());
    X86Level::ALL.into_iter().find(|known| Some(known.name()) == level).unwrap_or(X86Level::V1)
}
