//! What differs because the architectures do, and therefore tells nothing.

use xb_core::Arch;

/// Words of names that ask for the processor, its instructions, its sizes or its assembler. A number may follow, as in
/// `SSE2`.
const OF_A_PROCESSOR: &[&str] = &[
    "3dnow",
    "aarch",
    "aesni",
    "align",
    "alignment",
    "alignof",
    "altivec",
    "amd",
    "arm",
    "armv",
    "as",
    "asm",
    "assembler",
    "avx",
    "bigendian",
    "bmi",
    "cpuid",
    "dotprod",
    "endian",
    "f16c",
    "gas",
    "i386",
    "i486",
    "i586",
    "i686",
    "i8mm",
    "ia",
    "littleendian",
    "lse",
    "mmx",
    "nasm",
    "neon",
    "pclmul",
    "pclmulqdq",
    "pmull",
    "popcnt",
    "rdrand",
    "rdseed",
    "rdtsc",
    "sizeof",
    "sse",
    "ssse",
    "sve",
    "vaes",
    "x64",
    "x86",
    "xgetbv",
    "yasm",
];

/// Whether a name asks for what every processor answers differently.
pub(super) fn asks_for_processor(name: &str) -> bool {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).any(|word| {
        let is = |known: &&str| {
            let rest = word.strip_prefix(*known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        OF_A_PROCESSOR.iter().any(is)
    })
}

/// A text without the names of architectures and their systems.
pub(super) fn neutral(text: &str) -> String {
    let mut text = text.to_owned();
    for arch in Arch::ALL {
        let machine = arch.machine();
        for system in ["-pc-linux-gnu", "-unknown-linux-gnu", "-linux-gnu", ""] {
            text = text.replace(&format!("{machine}{system}"), "{arch}");
        }
        text = text.replace(&machine.replace('_', "-"), "{arch}").replace(arch.debian(), "{arch}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ask_for_a_processor() {
        for name in
            ["HAVE_SSE2", "HAVE_ARM_NEON_H", "ARCH_X86_64", "HAVE_AS_ARCHEXT_SVE2_DIRECTIVE", "ac_cv_c_bigendian"]
        {
            assert!(asks_for_processor(name), "{name}");
        }
        for name in ["HAVE_ARMY", "HAVE_AST", "HAVE_MMAP", "HAVE_CRC32", "HAVE_ASPRINTF", "HAVE_LIBQUADMATH", "OpenSSL"]
        {
            assert!(!asks_for_processor(name), "{name}");
        }
    }

    #[test]
    fn names_of_systems_are_all_alike() {
        let check = |one: &str, other: &str| assert_eq!(neutral(one), neutral(other));
        check("x86_64-pc-linux-gnu", "aarch64-unknown-linux-gnu");
        check("/usr/lib/x86_64-linux-gnu/cmake", "/usr/lib/aarch64-linux-gnu/cmake");
        check("ld-linux-x86-64", "ld-linux-aarch64");
        check("linux-amd64", "linux-arm64");
    }
}
