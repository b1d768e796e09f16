//! Names that tell where, and on what, a result was built.

use super::is_beneath;
use crate::elf::Elf;
use crate::facts::{Facts, Form};
use crate::scan::{Leak, Leaks, Needles, other};
use crate::walk::{Entries, File};
use crate::{Detail, Finding, Place, Subject};

/// Where other architectures are written about.
const DOCUMENTATION: &[&str] = &["share/doc", "share/man", "share/info", "share/locale"];

/// What a build of something else reads, by the end of its name.
const READ_BY_BUILDS: &[&str] =
    &[".pc", ".la", ".cmake", ".mk", ".prl", ".pri", "-config", "Makefile", "Config.pm", "Config_heavy.pl"];

/// What the names of files, folders and links tell.
pub(crate) fn check_names(entries: &Entries, subject: &Subject, needles: &Needles, findings: &mut Vec<Finding>) {
    let links = entries.links.iter().map(|(path, _)| path);
    for path in entries.files.iter().map(|file| &file.path).chain(&entries.folders).chain(links) {
        let leaks = needles.in_text(path.name().unwrap_or_default());
        note(path, Place::Name, Leaks { build_paths: None, ..leaks }, subject, findings);
    }
    for (path, target) in &entries.links {
        note(path, Place::Link, needles.in_text(target), subject, findings);
    }
}

/// What the contents of a file tell. What the loader is told counts more than that it stands in the file.
pub(crate) fn check_content(
    file: &File,
    facts: &Facts,
    subject: &Subject,
    needles: &Needles,
    findings: &mut Vec<Finding>,
) {
    let mut leaks = facts.leaks.clone();
    if is_beneath(file.path.as_str(), DOCUMENTATION) {
        leaks.foreign_names = None;
    }
    if !matches!(facts.form, Form::Elf(_) | Form::Archive(_)) {
        leaks.times = None;
    }
    if leaks == Leaks::default() {
        return;
    }
    if let Form::Elf(elf) = &facts.form {
        let told = needles.in_text(&told(elf));
        leaks.build_paths = leaks.build_paths.filter(|_| told.build_paths.is_none());
        leaks.foreign_names = leaks.foreign_names.filter(|_| told.foreign_names.is_none());
        note(&file.path, Place::Loader, told, subject, findings);
    }
    note(&file.path, place(file, &facts.form), leaks, subject, findings);
}

fn note(path: &xb_core::RelPath, place: Place, leaks: Leaks, subject: &Subject, findings: &mut Vec<Finding>) {
    let mut found = |detail| findings.push(Finding::new(path.clone(), detail));
    if let Some(Leak { text, times }) = leaks.build_paths {
        found(Detail::Sandbox { place, text, times });
    }
    if let Some(Leak { text, times }) = leaks.foreign_names {
        found(Detail::Foreign { arch: other(subject.arch), place, text, times });
    }
    if let Some(Leak { text: machine, times }) = leaks.hosts {
        found(Detail::Host { place, machine, times });
    }
    if let Some(Leak { text: date, times }) = leaks.times {
        found(Detail::Time { date, times });
    }
}

/// What a file tells the loader, each on a line.
fn told(elf: &Elf) -> String {
    let mut told: Vec<&str> = elf.interpreter.iter().map(String::as_str).collect();
    if let Some(dynamic) = &elf.dynamic {
        told.extend(dynamic.runpath.as_ref().or(dynamic.rpath.as_ref()).iter().flat_map(|path| path.split(':')));
        told.extend(dynamic.needed.iter().chain(&dynamic.soname).map(String::as_str));
    }
    told.join("\n")
}

fn place(file: &File, form: &Form) -> Place {
    let name = file.path.name().unwrap_or_default();
    match form {
        Form::Text(Some(_)) if file.executable => Place::Configuration,
        Form::Text(_) if is_read_by_builds(name) => Place::Configuration,
        Form::Text(_) => Place::Text,
        _ => Place::Data,
    }
}

fn is_read_by_builds(name: &str) -> bool {
    let is_pythons = name.starts_with("_sysconfigdata") || name.starts_with("_sysconfig_vars");
    is_pythons || READ_BY_BUILDS.iter().any(|end| name.ends_with(end))
}
