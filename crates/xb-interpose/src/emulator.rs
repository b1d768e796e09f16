//! Emulators: where a tree has one, and what they pretend to be.

use std::path::{Path, PathBuf};

use xb_core::Arch;

/// What an emulator is called where it is put for a command.
pub const EMULATOR: &str = "emulator";

/// The emulator of an architecture's programs in a tree that lies on the disk.
///
/// Debian's names have changed over time; links are followed within the tree.
#[must_use]
pub fn find(tree: &Path, arch: Arch) -> Option<PathBuf> {
    ["", "-static"].map(|suffix| tree.join(format!("usr/bin/qemu-{}{suffix}", arch.machine()))).into_iter().find_map(
        |path| {
            let real = path.canonicalize().ok()?;
            (real.is_file() && real.starts_with(tree.canonicalize().ok()?)).then_some(real)
        },
    )
}

/// Why programs of a platform cannot be run where no emulator is: a sentence for a person.
#[must_use]
pub fn lacking(host: Arch, platform: Arch) -> String {
    format!(
        "this {host} machine cannot run {platform} programs itself, and the action brings no emulator \
         (`usr/bin/qemu-{}`) for them",
        platform.machine()
    )
}

/// The CPU that an emulator pretends to be: one that many builds are made for, with little that is slow to emulate.
#[must_use]
pub const fn cpu(arch: Arch) -> &'static str {
    match arch {
        Arch::Amd64 => "Nehalem",
        Arch::Arm64 => "neoverse-n1",
    }
}
