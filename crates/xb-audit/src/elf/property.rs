//! The notes in which compilers and linkers say which level of processor a file needs.

use object::elf;
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader};
use object::{Endianness, ReadRef};

use crate::source::Part;
use xb_core::X86Level;

/// The levels of `GNU_PROPERTY_X86_ISA_1_NEEDED`, the highest first.
const LEVELS: &[(u32, X86Level)] = &[(8, X86Level::V4), (4, X86Level::V3), (2, X86Level::V2), (1, X86Level::V1)];

/// So many notes of a file are read, and each only so far: real ones have a handful, of some dozen bytes.
const MOST_NOTES: usize = 64;
const LONGEST_NOTE: u64 = 64 << 10;

/// The highest level that a file says it needs, by its segments, or by its sections when it is not linked yet.
///
/// This is what the file says, and not what its instructions need: hand-written code for newer processors that is
/// chosen as the program runs is not in it, and neither is code whose compiler noted nothing. There is no such note for
/// arm64; its notes (`GNU_PROPERTY_AARCH64_FEATURE_1_AND`) tell what a file can cope with, never what it needs.
pub(super) fn level<H: FileHeader<Endian = Endianness>>(
    segments: &[H::ProgramHeader],
    sections: &[H::SectionHeader],
    endian: Endianness,
    data: Part<'_>,
) -> Option<X86Level> {
    let (mut of_segments, mut of_sections) = (
        segments
            .iter()
            .filter(|segment| segment.p_type(endian) == elf::PT_NOTE)
            .map(|segment| (segment.p_align(endian), segment.file_range(endian))),
        sections
            .iter()
            .filter(|section| section.sh_type(endian) == elf::SHT_NOTE)
            .filter_map(|section| Some((section.sh_addralign(endian), section.file_range(endian)?))),
    );
    let notes: &mut dyn Iterator<Item = (H::Word, (u64, u64))> =
        if segments.is_empty() { &mut of_sections } else { &mut of_segments };
    notes.take(MOST_NOTES).filter_map(|(align, place)| in_notes::<H>(align, place, endian, data)).max()
}

fn in_notes<H: FileHeader<Endian = Endianness>>(
    align: H::Word,
    (offset, size): (u64, u64),
    endian: Endianness,
    data: Part<'_>,
) -> Option<X86Level> {
    let bytes = data.read_bytes_at(offset, size.min(LONGEST_NOTE)).ok()?;
    let notes = NoteIterator::<H>::new(endian, align, bytes).ok()?;
    let properties = notes.map_while(Result::ok).filter_map(|note| note.gnu_properties(endian)).flatten();
    let needed = properties
        .map_while(Result::ok)
        .filter(|property| property.pr_type() == elf::GNU_PROPERTY_X86_ISA_1_NEEDED)
        .filter_map(|property| property.data_u32(endian).ok());
    let needed = needed.fold(0, |all, bits| all | bits);
    LEVELS.iter().find(|(bit, _)| needed & bit != 0).map(|(_, level)| *level)
}
