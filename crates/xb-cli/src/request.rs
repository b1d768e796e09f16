//! From the options of a command to what is asked for: one project, its targets, architectures and methods.

use std::path::{Path, PathBuf};

use xb_core::Arch;
use xb_eval::Product;
use xb_graph::Method;

use crate::args::{How, MethodName};
use crate::failure::Failure;
use crate::machines::Beside;
use crate::project::{Project, Target, TargetSpec, nothing_in};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The project that all targets belong to.
    pub project: Project,
    /// Files, and which of their packages.
    pub targets: Vec<Target>,
    /// As the targets were typed.
    pub typed: Vec<String>,
    /// Architectures, each once, in the order in which they were given.
    pub arches: Vec<Arch>,
    /// How to build for an architecture that is not this machine's, best first.
    pub methods: Vec<Method>,
    /// The architecture of this machine.
    pub host: Arch,
    /// What is made of the targets.
    pub product: Product,
    /// Whether the results are audited.
    pub audit: bool,
}

impl Request {
    /// Looks the targets up and works out the methods.
    ///
    /// # Errors
    /// When a target does not exist, targets belong to different projects, or no method fits.
    pub fn new(from: &Path, typed: &[String], how: &How) -> Result<Self, Failure> {
        let (project, targets) = resolve(from, typed, TargetSpec::resolve)?;
        Self::of(project, targets, typed.to_vec(), how)
    }

    /// The same, but that a folder stands for all files beneath it.
    ///
    /// # Errors
    /// When a target does not exist, targets belong to different projects, or no method fits.
    pub fn of_trees(from: &Path, typed: &[String], how: &How) -> Result<Self, Failure> {
        let (project, targets) = resolve(from, typed, TargetSpec::resolve_tree)?;
        Self::of(project, targets, typed.to_vec(), how)
    }

    /// Everything that a project describes.
    ///
    /// # Errors
    /// When it describes nothing, or no method fits.
    pub fn of_project(project: Project, how: &How) -> Result<Self, Failure> {
        let targets = Target::all(&project, None)?;
        if targets.is_empty() {
            return Err(nothing_in(&project.folder));
        }
        let typed = vec![project.folder.display().to_string()];
        Self::of(project, targets, typed, how)
    }

    fn of(project: Project, targets: Vec<Target>, typed: Vec<String>, how: &How) -> Result<Self, Failure> {
        let host = host()?;
        let arches = arches(&how.arch, host);
        let methods = methods(how, &arches, host, &Beside::of(&project)?)?;
        Ok(Self { project, targets, typed, arches, methods, host, product: Product::Result, audit: false })
    }

    /// The only architecture.
    ///
    /// # Errors
    /// When there are several.
    pub fn one_arch(&self) -> Result<Arch, Failure> {
        match self.arches[..] {
            [arch] => Ok(arch),
            _ => Err(Failure::usage("this command takes one architecture")),
        }
    }
}

/// The architecture of this machine.
///
/// # Errors
/// When xb does not know it.
pub fn host() -> Result<Arch, Failure> {
    Arch::host().ok_or_else(|| {
        Failure::environment(format!("xb does not know this machine's architecture, {}", std::env::consts::ARCH))
    })
}

/// The architectures that were given, or else every one that is not this machine's.
pub fn or_every_other(given: &[Arch], host: Arch) -> Vec<Arch> {
    match given {
        [] => Arch::ALL.into_iter().filter(|arch| *arch != host).collect(),
        given => given.to_vec(),
    }
}

type Found = Result<(Project, Vec<Target>), Failure>;

fn resolve(from: &Path, typed: &[String], look_up: fn(&TargetSpec, &Path) -> Found) -> Found {
    let mut found: Option<(Project, &str)> = None;
    let mut targets = Vec::new();
    for text in typed {
        let (project, found_targets) = look_up(&TargetSpec::parse(text), from)?;
        match &found {
            Some((first, _)) if first.folder == project.folder => {}
            Some((first, first_text)) => {
                return Err(two_projects((first_text, &first.folder), (text, &project.folder)));
            }
            None => found = Some((project, text)),
        }
        for target in found_targets {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    let (project, _) = found.ok_or_else(|| Failure::usage("no target is given"))?;
    Ok((project, targets))
}

fn two_projects(first: (&str, &PathBuf), second: (&str, &PathBuf)) -> Failure {
    Failure::user(format!("`{}` and `{}` belong to different projects", first.0, second.0))
        .note(format!("the projects are `{}` and `{}`", first.1.display(), second.1.display()))
        .help("build them one after another, or put an `xb.toml` in a folder above both")
}

fn arches(given: &[Arch], host: Arch) -> Vec<Arch> {
    let mut arches = Vec::new();
    for arch in given {
        if !arches.contains(arch) {
            arches.push(*arch);
        }
    }
    if arches.is_empty() {
        arches.push(host);
    }
    arches
}

/// The methods for an architecture that is not this machine's, where there are machines `beside` it; for its own there
/// is only `native`.
fn methods(how: &How, arches: &[Arch], host: Arch, beside: &Beside) -> Result<Vec<Method>, Failure> {
    let emulate = if how.pure_emulation { Method::PureEmulate } else { Method::Emulate };
    let foreign = arches.iter().find(|arch| **arch != host);
    match (how.method, foreign) {
        (MethodName::Cross | MethodName::Native, _) if how.pure_emulation => {
            Err(Failure::usage("`--pure-emulation` goes with `--method emulate`"))
        }
        (MethodName::Cross | MethodName::Emulate, None) => {
            Err(Failure::usage(format!("for {host}, this machine's own architecture, there is one method only"))
                .help("`--arch` names the architecture to build for"))
        }
        (MethodName::Auto, _) if how.pure_emulation => Ok(vec![emulate]),
        (MethodName::Auto, Some(foreign)) if beside.has(*foreign) => Ok(vec![Method::Cross, emulate, Method::Native]),
        (MethodName::Auto, _) => Ok(vec![Method::Cross, emulate]),
        (MethodName::Emulate, _) => Ok(vec![emulate]),
        (MethodName::Cross, _) => Ok(vec![Method::Cross]),
        (MethodName::Native, _) => match arches.iter().find(|arch| **arch != host && !beside.has(**arch)) {
            None => Ok(vec![Method::Native]),
            Some(foreign) => Err(beside
                .lacks(host, *foreign)
                .help("leave `--method` out, or say `--method cross` or `--method emulate`")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_with(method: MethodName, pure: bool, arches: &[Arch], machines: &[Arch]) -> Option<Vec<Method>> {
        let how = How { arch: arches.to_vec(), method, pure_emulation: pure };
        methods(&how, &super::arches(arches, Arch::Amd64), Arch::Amd64, &machines.into()).ok()
    }

    fn check(method: MethodName, pure_emulation: bool, arches: &[Arch]) -> Option<Vec<Method>> {
        check_with(method, pure_emulation, arches, &[])
    }

    #[test]
    fn a_machine_of_the_architecture_is_the_last_resort_or_what_was_asked_for() {
        use MethodName::{Auto, Cross, Native};
        let arm64 = [Arch::Arm64];
        let all = Some(vec![Method::Cross, Method::Emulate, Method::Native]);
        assert_eq!(check_with(Auto, false, &arm64, &arm64), all);
        assert_eq!(check_with(Auto, true, &arm64, &arm64), Some(vec![Method::PureEmulate]));
        assert_eq!(check_with(Native, false, &arm64, &arm64), Some(vec![Method::Native]));
        assert_eq!(check_with(Native, false, &[Arch::Amd64, Arch::Arm64], &arm64), Some(vec![Method::Native]));
        assert_eq!(check_with(Cross, false, &arm64, &arm64), Some(vec![Method::Cross]));
        assert_eq!(check_with(Auto, false, &[], &arm64), Some(vec![Method::Cross, Method::Emulate]));
    }

    #[test]
    fn methods_by_what_was_asked_for() {
        use MethodName::{Auto, Cross, Emulate, Native};
        let foreign = [Arch::Arm64];
        assert_eq!(check(Auto, false, &foreign), Some(vec![Method::Cross, Method::Emulate]));
        assert_eq!(check(Auto, true, &foreign), Some(vec![Method::PureEmulate]));
        assert_eq!(check(Emulate, true, &foreign), Some(vec![Method::PureEmulate]));
        assert_eq!(check(Cross, false, &foreign), Some(vec![Method::Cross]));
        assert_eq!(check(Cross, true, &foreign), None);
        assert_eq!(check(Native, false, &foreign), None);
        assert_eq!(check(Native, false, &[]), Some(vec![Method::Native]));
        assert_eq!(check(Cross, false, &[]), None);
        assert_eq!(check(Cross, false, &[Arch::Amd64, Arch::Arm64]), Some(vec![Method::Cross]));
    }

    #[test]
    fn each_architecture_counts_once() {
        let given = [Arch::Arm64, Arch::Amd64, Arch::Arm64];
        assert_eq!(arches(&given, Arch::Amd64), [Arch::Arm64, Arch::Amd64]);
        assert_eq!(arches(&[], Arch::Arm64), [Arch::Arm64]);
    }
}
