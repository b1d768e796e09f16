//! Which instructions a word is, by the tables of A64 in the Arm Architecture Reference Manual (chapter C4).

use crate::Instructions;
use crate::Instructions::{Atomics, Crc32, DotProduct, HalfPrecision, MatrixMultiply, Sve};

/// Bits that count, what they have to be, and of which kind a word is then.
///
/// AES, SHA and their like are not here: no compiler makes them by itself, and what uses them asks the processor first.
const ENCODINGS: &[(u32, u32, Instructions)] = &[
    // CAS; CASP, which has a zero where LDXP and STXP have a one.
    (0x3FA0_7C00, 0x08A0_7C00, Atomics),
    (0xBFA0_7C00, 0x0820_7C00, Atomics),
    // LDADD, LDCLR, LDEOR, LDSET, LDSMAX, LDSMIN, LDUMAX, LDUMIN; SWP.
    (0x3F20_8C00, 0x3820_0000, Atomics),
    (0x3F20_FC00, 0x3820_8000, Atomics),
    // CRC32 and CRC32C of 8, 16 and 32 bits; of 64 bits.
    (0xFFE0_E800, 0x1AC0_4000, Crc32),
    (0xFFE0_EC00, 0x1AC0_4800, Crc32),
    (0xFFE0_EC00, 0x9AC0_4C00, Crc32),
    // SDOT and UDOT, of vectors and by element.
    (0x9FE0_FC00, 0x0E80_9400, DotProduct),
    (0x9FC0_F400, 0x0F80_E000, DotProduct),
    // SMMLA and UMMLA; USMMLA; USDOT; USDOT and SUDOT by element.
    (0xDFE0_FC00, 0x4E80_A400, MatrixMultiply),
    (0xFFE0_FC00, 0x4E80_AC00, MatrixMultiply),
    (0xBFE0_FC00, 0x0E80_9C00, MatrixMultiply),
    (0xBF40_F400, 0x0F00_F000, MatrixMultiply),
    // Half precision: of two registers; FMOV, FABS, FNEG, FSQRT; the FRINTs (FCVT is in every processor); of vectors.
    (0xFFE0_0C00, 0x1EE0_0800, HalfPrecision),
    (0xFFFE_7C00, 0x1EE0_4000, HalfPrecision),
    (0xFFFC_7C00, 0x1EE4_4000, HalfPrecision),
    (0x9F60_C400, 0x0E40_0400, HalfPrecision),
    // SVE has a sixteenth of all words. These are in nearly every loop: PTRUE, WHILELO and its like, CNTB and its like,
    // RDVL.
    (0xFF3F_FC10, 0x2518_E000, Sve),
    (0xFF20_E000, 0x2520_0000, Sve),
    (0xFF30_FC00, 0x0420_E000, Sve),
    (0xFFFF_F800, 0x04BF_5000, Sve),
];

/// The kind of a word that not every processor knows.
pub(super) fn kind(word: u32) -> Option<Instructions> {
    ENCODINGS.iter().find(|(mask, bits, _)| word & mask == *bits).map(|(_, _, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words as `aarch64-linux-gnu-as` writes them for `.arch armv8.6-a+sve+fp16+dotprod+i8mm+crc`, by its listing.
    const NEWER: &[(u32, &str, Instructions)] = &[
        (0x88A0_7C41, "cas w0, w1, [x2]", Atomics),
        (0xC8E3_FCA4, "casal x3, x4, [x5]", Atomics),
        (0x08E6_7D07, "casab w6, w7, [x8]", Atomics),
        (0x4860_FC82, "caspal x0, x1, x2, x3, [x4]", Atomics),
        (0xB820_0041, "ldadd w0, w1, [x2]", Atomics),
        (0xF8E3_00A4, "ldaddal x3, x4, [x5]", Atomics),
        (0x3820_1041, "ldclrb w0, w1, [x2]", Atomics),
        (0xF820_3041, "ldset x0, x1, [x2]", Atomics),
        (0xB869_216A, "ldeorl w9, w10, [x11]", Atomics),
        (0xB8A1_4062, "ldsmaxa w1, w2, [x3]", Atomics),
        (0xF821_7062, "ldumin x1, x2, [x3]", Atomics),
        (0xB820_003F, "stadd w0, [x1]", Atomics),
        (0xB820_8041, "swp w0, w1, [x2]", Atomics),
        (0xF8E0_8041, "swpal x0, x1, [x2]", Atomics),
        (0x1AC2_4020, "crc32b w0, w1, w2", Crc32),
        (0x9AC2_4C20, "crc32x w0, w1, x2", Crc32),
        (0x1AC2_5820, "crc32cw w0, w1, w2", Crc32),
        (0x9AC2_5C20, "crc32cx w0, w1, x2", Crc32),
        (0x4E82_9420, "sdot v0.4s, v1.16b, v2.16b", DotProduct),
        (0x2E82_9420, "udot v0.2s, v1.8b, v2.8b", DotProduct),
        (0x4FA2_E020, "sdot v0.4s, v1.16b, v2.4b[1]", DotProduct),
        (0x2FA5_E883, "udot v3.2s, v4.8b, v5.4b[3]", DotProduct),
        (0x4E82_A420, "smmla v0.4s, v1.16b, v2.16b", MatrixMultiply),
        (0x6E82_A420, "ummla v0.4s, v1.16b, v2.16b", MatrixMultiply),
        (0x4E82_AC20, "usmmla v0.4s, v1.16b, v2.16b", MatrixMultiply),
        (0x4E82_9C20, "usdot v0.4s, v1.16b, v2.16b", MatrixMultiply),
        (0x4F82_F820, "usdot v0.4s, v1.16b, v2.4b[2]", MatrixMultiply),
        (0x0F22_F020, "sudot v0.2s, v1.8b, v2.4b[1]", MatrixMultiply),
        (0x1EE2_2820, "fadd h0, h1, h2", HalfPrecision),
        (0x1EE5_0883, "fmul h3, h4, h5", HalfPrecision),
        (0x1EE1_C020, "fsqrt h0, h1", HalfPrecision),
        (0x1EE6_4020, "frinta h0, h1", HalfPrecision),
        (0x1EE0_C020, "fabs h0, h1", HalfPrecision),
        (0x4E42_1420, "fadd v0.8h, v1.8h, v2.8h", HalfPrecision),
        (0x0E42_0C20, "fmla v0.4h, v1.4h, v2.4h", HalfPrecision),
        (0x6E45_1C83, "fmul v3.8h, v4.8h, v5.8h", HalfPrecision),
        (0x2518_E3E0, "ptrue p0.b", Sve),
        (0x25D8_E083, "ptrue p3.d, vl4", Sve),
        (0x25A1_0C00, "whilelo p0.s, w0, w1", Sve),
        (0x25E3_1441, "whilelt p1.d, x2, x3", Sve),
        (0x0420_E3E0, "cntb x0", Sve),
        (0x04E1_E3E1, "cntd x1, all, mul #2", Sve),
        (0x04BF_5020, "rdvl x0, #1", Sve),
    ];

    /// Words of armv8-a that are like them, or are for the same data.
    const OLD: &[(u32, &str)] = &[
        (0x885F_7C20, "ldxr w0, [x1]"),
        (0x8802_FC83, "stlxr w2, w3, [x4]"),
        (0xC87F_0440, "ldxp x0, x1, [x2]"),
        (0xC823_14C4, "stxp w3, x4, x5, [x6]"),
        (0xC8DF_FC20, "ldar x0, [x1]"),
        (0x889F_FC20, "stlr w0, [x1]"),
        (0xB862_6820, "ldr w0, [x1, x2]"),
        (0xF862_D820, "ldr x0, [x1, w2, sxtw #3]"),
        (0x3862_4820, "ldrb w0, [x1, w2, uxtw]"),
        (0xB89F_C020, "ldursw x0, [x1, #-4]"),
        (0xB840_0820, "ldtr w0, [x1]"),
        (0xF8A1_6800, "prfm pldl1keep, [x0, x1]"),
        (0x1AC2_2020, "lsl w0, w1, w2"),
        (0x9AC2_0820, "udiv x0, x1, x2"),
        (0x9AC2_2C20, "ror x0, x1, x2"),
        (0x1EE2_4020, "fcvt s0, h1"),
        (0x1EE2_C020, "fcvt d0, h1"),
        (0x1E23_C020, "fcvt h0, s1"),
        (0x1E63_C020, "fcvt h0, d1"),
        (0x1E22_2820, "fadd s0, s1, s2"),
        (0x4E22_D420, "fadd v0.4s, v1.4s, v2.4s"),
        (0x4E62_CC20, "fmla v0.2d, v1.2d, v2.2d"),
        (0x4E62_9C20, "mul v0.8h, v1.8h, v2.8h"),
        (0x4E22_9420, "mla v0.16b, v1.16b, v2.16b"),
        (0x4EA2_B420, "sqdmulh v0.4s, v1.4s, v2.4s"),
        (0x2E22_C020, "umull v0.8h, v1.8b, v2.8b"),
        (0x0F72_8020, "mul v0.4h, v1.4h, v2.h[3]"),
        (0x4FA2_1020, "fmla v0.4s, v1.4s, v2.s[1]"),
        (0x0E22_E020, "pmull v0.8h, v1.8b, v2.8b"),
        (0x0E21_7820, "fcvtl v0.4s, v1.4h"),
        (0x0E21_6820, "fcvtn v0.4h, v1.4s"),
        (0x2E60_5820, "rbit v0.8b, v1.8b"),
        (0x4E42_3820, "zip1 v0.8h, v1.8h, v2.8h"),
        (0x6E02_1820, "ext v0.16b, v1.16b, v2.16b, #3"),
        (0x0E02_0C20, "dup v0.4h, w1"),
        (0x4E06_1C40, "mov v0.h[1], w2"),
    ];

    #[test]
    fn words_of_the_assembler_are_what_they_are() {
        for (word, text, expected) in NEWER {
            assert_eq!(kind(*word), Some(*expected), "{text}");
        }
        for (word, text) in OLD {
            assert_eq!(kind(*word), None, "{text}");
        }
    }
}
