//! Functions whose names say that they are chosen as the program runs.

use crate::Instructions;

/// What is part of such names, whatever the instructions: libgcc's and Rust's atomics (`__aarch64_cas4_acq`), versions
/// of a function that a compiler made (`f._Mlse`), and what tries an instruction out.
const CHOSEN: &[&str] = &["aarch64_", "._m", "armv8", "arm64_", "probe", "resolver"];

/// Whether a name says that a function is for processors with such instructions.
pub(super) fn tells(function: &str, kind: Instructions) -> bool {
    let name = function.to_ascii_lowercase();
    let words: &[&str] = match kind {
        Instructions::Atomics => &["lse", "atomics"],
        Instructions::Crc32 => &["crc"],
        Instructions::DotProduct => &["dot", "i8mm"],
        Instructions::MatrixMultiply => &["i8mm", "mmla"],
        Instructions::HalfPrecision => &["fp16", "f16", "half", "asimdhp", "fphp"],
        Instructions::Sve => &["sve"],
    };
    CHOSEN.iter().chain(words).any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instructions::{Atomics, Crc32, DotProduct, Sve};

    #[test]
    fn names_that_tell() {
        let telling = [
            ("__aarch64_ldadd4_acq_rel", Atomics),
            ("work._Mlse", Atomics),
            ("libat_load_16_lse2", Atomics),
            ("crc32_arm64", Crc32),
            ("put_8tap_neon_dotprod", DotProduct),
            ("ChaCha20_ctr32_sve", Sve),
            ("memcpy __memcpy_sve", Sve),
            ("_armv8_sve_probe", Sve),
        ];
        for (name, kind) in telling {
            assert!(tells(name, kind), "{name}");
        }
        for (name, kind) in [("main", Atomics), ("crc32_z", Atomics), ("sum", Sve)] {
            assert!(!tells(name, kind), "{name}");
        }
    }
}
