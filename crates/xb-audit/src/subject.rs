//! What is looked at, and by what measure.

use std::fmt;

use serde::{Deserialize, Serialize};
use xb_core::{Arch, TreeId};

/// A result, and where it will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The architecture that the result is for.
    pub arch: Arch,
    /// The package's own tree, laid out for `/`.
    pub result: TreeId,
    /// The whole tree in which it will run: the distribution's libraries of its architecture, its needs and itself.
    pub root: TreeId,
    /// What an amd64 processor must have at least. Nothing like it is noted in files for arm64, so there it plays no
    /// part.
    pub baseline: X86Level,
}

impl Subject {
    /// A result that runs on every processor of its architecture.
    pub const fn new(arch: Arch, result: TreeId, root: TreeId) -> Self {
        Self { arch, result, root, baseline: X86Level::V1 }
    }
}

/// A level of the x86-64 psABI: what a processor has, each level more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum X86Level {
    /// Every amd64 processor.
    #[serde(rename = "x86-64-v1")]
    V1,
    /// With SSE4.2 and POPCNT.
    #[serde(rename = "x86-64-v2")]
    V2,
    /// With AVX2, BMI2 and FMA.
    #[serde(rename = "x86-64-v3")]
    V3,
    /// With AVX-512.
    #[serde(rename = "x86-64-v4")]
    V4,
}

impl X86Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 4] = [Self::V1, Self::V2, Self::V3, Self::V4];

    /// The name that compilers and the loader have for it: `x86-64-v3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "x86-64-v1",
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        }
    }
}

impl fmt::Display for X86Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
