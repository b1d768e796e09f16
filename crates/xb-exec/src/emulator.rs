//! Which programs of other architectures a sandbox runs, and by what.

use std::path::Path;

use serde::{Deserialize, Serialize};
use xb_core::Arch;
use xb_interpose::emulator::{find, lacking};

use crate::spec::Foreign;

/// How programs of other architectures are started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Emulation {
    /// As the kernel allows: by an interpreter that is registered, else by interposition.
    #[default]
    Auto,
    /// The kernel starts an interpreter that each sandbox registers by binfmt_misc: Linux 6.7 and later.
    Register,
    /// Each sandbox interposes on `execve`.
    Interpose,
}

impl Emulation {
    /// What each is called by.
    pub const NAMES: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("binfmt", Self::Register), ("interpose", Self::Interpose)];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find_map(|(each, emulation)| (each == name).then_some(emulation))
    }
}

/// What becomes of every architecture that the machine cannot run itself; an emulated program may use so many `cpus`.
///
/// # Errors
/// When the emulator's tree has none for the platform: a sentence for a person.
pub fn foreign(host: Arch, platform: Arch, tree: Option<&Path>, cpus: u32) -> Result<Vec<Foreign>, String> {
    let foreign: Vec<Foreign> = Arch::ALL
        .into_iter()
        .filter(|arch| *arch != host)
        .map(|arch| Foreign { arch, emulator: tree.and_then(|tree| find(tree, arch)), cpus })
        .collect();
    match foreign.iter().find(|each| each.arch == platform && each.emulator.is_none()) {
        None => Ok(foreign),
        Some(_) => Err(lacking(host, platform)),
    }
}

/// Whether programs of other architectures can be started in this way, as far as can be told without trying.
pub fn is_possible(emulation: Emulation) -> bool {
    match emulation {
        // What a sandbox needs to interpose, it needs for itself.
        Emulation::Auto | Emulation::Interpose => true,
        Emulation::Register => can_register(),
    }
}

/// Whether this kernel lets a sandbox register an emulator of its own: Linux 6.7 and later.
fn can_register() -> bool {
    let release = rustix::system::uname();
    kernel_version(&release.release().to_string_lossy()) >= (6, 7)
        && std::fs::read_to_string("/proc/filesystems")
            .is_ok_and(|known| known.lines().any(|line| line.ends_with("\tbinfmt_misc")))
}

/// `6.18.44-generic` to `(6, 18)`.
pub fn kernel_version(release: &str) -> (u32, u32) {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
