//! Kinds of instructions that not every arm64 processor has.

use std::fmt;

use serde::{Deserialize, Serialize};
use xb_core::ArmExtension;

/// Instructions beyond armv8-a, by the extension to which they belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Instructions {
    /// Atomics in one instruction (LSE).
    Atomics,
    /// Checksums.
    Crc32,
    /// Dot products of bytes.
    DotProduct,
    /// Floating point numbers of 16 bits.
    HalfPrecision,
    /// Products of matrices of bytes (I8MM).
    MatrixMultiply,
    /// Vectors of any length.
    Sve,
}

impl Instructions {
    /// The extension that has them.
    pub const fn extension(self) -> ArmExtension {
        match self {
            Self::Atomics => ArmExtension::Lse,
            Self::Crc32 => ArmExtension::Crc,
            Self::DotProduct => ArmExtension::Dotprod,
            Self::HalfPrecision => ArmExtension::Fp16,
            Self::MatrixMultiply => ArmExtension::I8mm,
            Self::Sve => ArmExtension::Sve,
        }
    }

    /// The name by which compilers turn them on, behind the architecture that first had them: `armv8-a+crc`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Atomics => "armv8-a+lse",
            Self::Crc32 => "armv8-a+crc",
            Self::DotProduct => "armv8.2-a+dotprod",
            Self::HalfPrecision => "armv8.2-a+fp16",
            Self::MatrixMultiply => "armv8.2-a+i8mm",
            Self::Sve => "armv8.2-a+sve",
        }
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
