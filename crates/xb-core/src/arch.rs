//! Architectures, by Debian's names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An architecture: what a result is for, or what a building process believes to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// 64-bit x86 (`x86_64`).
    Amd64,
    /// 64-bit Arm (`aarch64`).
    Arm64,
}

impl Arch {
    /// Every architecture that xb knows, in the order in which they are listed to a person.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// Debian's name: `amd64`.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The name that `uname -m` prints: `x86_64`.
    pub const fn machine(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// The GNU triplet, which is also the multiarch folder: `x86_64-linux-gnu`.
    pub const fn triplet(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// The `e_machine` of its ELF files (`elf.h`).
    pub const fn elf_machine(self) -> u16 {
        match self {
            Self::Amd64 => 62,
            Self::Arm64 => 183,
        }
    }

    /// The architecture that this program was compiled for, if it is one that xb knows.
    pub const fn host() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::Amd64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Arm64)
        } else {
            None
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.debian())
    }
}

/// A name that is no architecture of xb's.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an architecture; known are amd64 (x86_64) and arm64 (aarch64)")]
pub struct UnknownArch(pub String);

impl FromStr for Arch {
    type Err = UnknownArch;

    fn from_str(name: &str) -> Result<Self, UnknownArch> {
        Self::ALL
            .into_iter()
            .find(|arch| arch.debian() == name || arch.machine() == name)
            .ok_or_else(|| UnknownArch(name.to_owned()))
    }
}
