//! What a processor must have at least: a level of x86-64, or a version of the Arm architecture with extensions.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Arch;

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

/// An extension of the Arm architecture that a baseline can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArmExtension {
    /// AES and long polynomial products.
    Aes,
    /// Floating point numbers of 16 bits for machine learning.
    Bf16,
    /// Checksums.
    Crc,
    /// Dot products of bytes.
    Dotprod,
    /// Floating point numbers of 16 bits.
    Fp16,
    /// Products of matrices of bytes.
    I8mm,
    /// Atomics in one instruction.
    Lse,
    /// Loads for consistent order within a processor.
    Rcpc,
    /// Rounding products that are doubled.
    Rdma,
    /// SHA-1 and SHA-256.
    Sha2,
    /// SHA-512 and SHA-3.
    Sha3,
    /// Vectors of any length.
    Sve,
    /// More on vectors of any length.
    Sve2,
}

impl ArmExtension {
    /// Every extension, by name.
    pub const ALL: [Self; 13] = [
        Self::Aes,
        Self::Bf16,
        Self::Crc,
        Self::Dotprod,
        Self::Fp16,
        Self::I8mm,
        Self::Lse,
        Self::Rcpc,
        Self::Rdma,
        Self::Sha2,
        Self::Sha3,
        Self::Sve,
        Self::Sve2,
    ];

    /// The name by which GCC turns it on: `lse`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes => "aes",
            Self::Bf16 => "bf16",
            Self::Crc => "crc",
            Self::Dotprod => "dotprod",
            Self::Fp16 => "fp16",
            Self::I8mm => "i8mm",
            Self::Lse => "lse",
            Self::Rcpc => "rcpc",
            Self::Rdma => "rdma",
            Self::Sha2 => "sha2",
            Self::Sha3 => "sha3",
            Self::Sve => "sve",
            Self::Sve2 => "sve2",
        }
    }

    /// The first version of each of the two lines, `armv8` and `armv9`, for which GCC turns it on by itself, where one
    /// does; what every `armv9` has is there from its zeroth on.
    const fn since(self) -> (Option<u8>, Option<u8>) {
        match self {
            Self::Crc | Self::Lse | Self::Rdma => (Some(1), Some(0)),
            Self::Rcpc => (Some(3), Some(0)),
            Self::Dotprod => (Some(4), Some(0)),
            Self::Bf16 | Self::I8mm => (Some(6), Some(1)),
            Self::Fp16 | Self::Sve | Self::Sve2 => (None, Some(0)),
            Self::Aes | Self::Sha2 | Self::Sha3 => (None, None),
        }
    }
}

/// A version of the Arm architecture, of those that GCC knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArmVersion {
    nine: bool,
    minor: u8,
}

impl ArmVersion {
    const EIGHT: Self = Self { nine: false, minor: 0 };

    fn parse(name: &str) -> Option<Self> {
        let all =
            (0..=9).map(|minor| Self { nine: false, minor }).chain((0..=4).map(|minor| Self { nine: true, minor }));
        all.into_iter().find(|version| version.to_string() == name)
    }

    /// Whether it has all that another version has: `armv9-a` came after `armv8.5-a`, and each of its versions after that.
    fn covers(self, other: Self) -> bool {
        match (self.nine, other.nine) {
            (true, false) => self.minor + 5 >= other.minor,
            (false, true) => false,
            _ => self.minor >= other.minor,
        }
    }

    fn has(self, extension: ArmExtension) -> bool {
        let (eight, nine) = extension.since();
        let first = if self.nine { nine } else { eight };
        first.is_some_and(|first| self.minor >= first)
    }
}

impl fmt::Display for ArmVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = if self.nine { 9 } else { 8 };
        match self.minor {
            0 => write!(f, "armv{line}-a"),
            minor => write!(f, "armv{line}.{minor}-a"),
        }
    }
}

/// What every processor has on which a result runs; in data, its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Baseline {
    /// For amd64.
    Amd64(X86Level),
    /// For arm64: a version, and what is beyond it.
    Arm64(ArmVersion, BTreeSet<ArmExtension>),
}

impl Baseline {
    /// What every processor of an architecture has.
    pub const fn lowest(arch: Arch) -> Self {
        match arch {
            Arch::Amd64 => Self::Amd64(X86Level::V1),
            Arch::Arm64 => Self::Arm64(ArmVersion::EIGHT, BTreeSet::new()),
        }
    }

    /// Reads what compilers take behind `-march=`: `x86-64-v2`, `armv8.1-a`, `armv8-a+lse+crc`.
    ///
    /// # Errors
    /// When the architecture has no such baseline; the error says which there are.
    pub fn parse(arch: Arch, name: &str) -> Result<Self, UnknownBaseline> {
        let unknown = || UnknownBaseline { arch, name: name.to_owned() };
        match arch {
            Arch::Amd64 => {
                X86Level::ALL.into_iter().find(|level| level.name() == name).map(Self::Amd64).ok_or_else(unknown)
            }
            Arch::Arm64 => {
                let mut parts = name.split('+');
                let version = parts.next().and_then(ArmVersion::parse).ok_or_else(unknown)?;
                let find = |part| ArmExtension::ALL.into_iter().find(|extension| extension.name() == part);
                let extensions: Option<BTreeSet<_>> = parts.map(find).collect();
                let beyond = |extension: &ArmExtension| !version.has(*extension);
                Ok(Self::Arm64(version, extensions.ok_or_else(unknown)?.into_iter().filter(beyond).collect()))
            }
        }
    }

    /// Whether every processor that has this has the other as well.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Amd64(level), Self::Amd64(other)) => level >= other,
            (Self::Arm64(version, _), Self::Arm64(other, extensions)) => {
                version.covers(*other) && extensions.iter().all(|extension| self.has(*extension))
            }
            _ => false,
        }
    }

    /// The level of an amd64 processor; the lowest for another.
    pub const fn x86_level(&self) -> X86Level {
        match self {
            Self::Amd64(level) => *level,
            Self::Arm64(..) => X86Level::V1,
        }
    }

    /// Whether an arm64 processor has an extension for certain.
    pub fn has(&self, extension: ArmExtension) -> bool {
        match self {
            Self::Amd64(_) => false,
            Self::Arm64(version, extensions) => version.has(extension) || extensions.contains(&extension),
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amd64(level) => level.fmt(f),
            Self::Arm64(version, extensions) => {
                version.fmt(f)?;
                extensions.iter().try_for_each(|extension| write!(f, "+{}", extension.name()))
            }
        }
    }
}

impl From<Baseline> for String {
    fn from(baseline: Baseline) -> Self {
        baseline.to_string()
    }
}

impl TryFrom<String> for Baseline {
    type Error = UnknownBaseline;

    fn try_from(name: String) -> Result<Self, UnknownBaseline> {
        Self::parse(Arch::Amd64, &name).or_else(|_| Self::parse(Arch::Arm64, &name))
    }
}

/// A name that is no baseline of the architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownBaseline {
    /// The architecture.
    pub arch: Arch,
    /// What was given.
    pub name: String,
}

impl UnknownBaseline {
    /// Which baselines the architecture has.
    pub fn known(&self) -> String {
        match self.arch {
            Arch::Amd64 => X86Level::ALL.map(X86Level::name).join(", "),
            Arch::Arm64 => {
                let extensions = ArmExtension::ALL.map(ArmExtension::name).join(", ");
                format!("armv8-a to armv8.9-a and armv9-a to armv9.4-a, each with `+` and any of {extensions}")
            }
        }
    }
}

impl std::error::Error for UnknownBaseline {}

impl fmt::Display for UnknownBaseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no baseline of {}", self.name, self.arch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arch: Arch, name: &str) -> Option<String> {
        Baseline::parse(arch, name).ok().map(|baseline| baseline.to_string())
    }

    #[test]
    fn names_are_those_of_compilers() {
        assert_eq!(check(Arch::Amd64, "x86-64-v3").as_deref(), Some("x86-64-v3"));
        assert_eq!(check(Arch::Arm64, "armv8-a+lse+crc").as_deref(), Some("armv8-a+crc+lse"));
        assert_eq!(check(Arch::Arm64, "armv9.4-a").as_deref(), Some("armv9.4-a"));
        for (arch, name) in [
            (Arch::Amd64, "x86-64"),
            (Arch::Amd64, "armv8-a"),
            (Arch::Arm64, "x86-64-v2"),
            (Arch::Arm64, "armv8"),
            (Arch::Arm64, "armv8.0-a"),
            (Arch::Arm64, "armv8.10-a"),
            (Arch::Arm64, "armv10-a"),
            (Arch::Arm64, "armv8-a+"),
            (Arch::Arm64, "armv8-a+avx"),
            (Arch::Arm64, ""),
        ] {
            assert_eq!(check(arch, name), None, "{name}");
        }
    }

    #[test]
    fn a_version_has_what_compilers_turn_on_for_it() {
        let has = |name: &str, extension| Baseline::parse(Arch::Arm64, name).unwrap().has(extension);
        assert!(!has("armv8-a", ArmExtension::Lse) && has("armv8.1-a", ArmExtension::Lse));
        assert!(has("armv8-a+lse", ArmExtension::Lse) && !has("armv8-a+lse", ArmExtension::Crc));
        assert!(!has("armv8.9-a", ArmExtension::Sve) && has("armv9-a", ArmExtension::Sve));
        assert!(!has("armv9-a", ArmExtension::I8mm) && has("armv9.1-a", ArmExtension::I8mm));
        assert_eq!(check(Arch::Arm64, "armv8.1-a+lse+aes").as_deref(), Some("armv8.1-a+aes"));
    }

    #[test]
    fn what_has_more_covers_what_has_less() {
        let all = ["armv8-a", "armv8.1-a", "armv8.1-a+aes", "armv8.5-a", "armv8.6-a", "armv9-a", "armv9.1-a"];
        let all = all.map(|name| Baseline::parse(Arch::Arm64, name).unwrap());
        let covered = |this: &Baseline| all.each_ref().map(|other| u8::from(this.covers(other)));
        assert_eq!(
            all.each_ref().map(covered),
            [
                [1, 0, 0, 0, 0, 0, 0],
                [1, 1, 0, 0, 0, 0, 0],
                [1, 1, 1, 0, 0, 0, 0],
                [1, 1, 0, 1, 0, 0, 0],
                [1, 1, 0, 1, 1, 0, 0],
                [1, 1, 0, 1, 0, 1, 0],
                [1, 1, 0, 1, 1, 1, 1],
            ]
        );
        let (one, two) = (Baseline::Amd64(X86Level::V1), Baseline::Amd64(X86Level::V2));
        assert!(two.covers(&one) && two.covers(&two) && !one.covers(&two) && !two.covers(&all[0]));
    }

    #[test]
    fn the_lowest_is_what_is_meant_when_nothing_is_said() {
        assert_eq!(Baseline::lowest(Arch::Arm64).to_string(), "armv8-a");
        assert_eq!(Baseline::lowest(Arch::Amd64).to_string(), "x86-64-v1");
        for arch in Arch::ALL {
            let lowest = Baseline::lowest(arch);
            assert_eq!(Baseline::parse(arch, &lowest.to_string()), Ok(lowest));
        }
    }
}
