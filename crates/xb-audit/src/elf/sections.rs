//! The sections of an ELF file, of which only names, kinds and places are read.

use std::ops::Range;

use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, SectionHeader};

use super::{Read, said};
use crate::source::Part;

/// Sections that only debuggers and linkers read, by how their names begin.
const DEBUG: &[&[u8]] = &[b".debug_", b".zdebug_", b".gnu.debuglto_", b".stab", b".gdb_index"];

/// The sections of a file.
pub(super) struct Sections<'data, H: FileHeader> {
    headers: &'data [H::SectionHeader],
    names: &'data [u8],
    endian: Endianness,
}

impl<'data, H: FileHeader<Endian = Endianness>> Sections<'data, H> {
    pub(super) fn read(header: &H, endian: Endianness, data: Part<'data>) -> Read<Self> {
        let headers = header.section_headers(endian, data).map_err(said)?;
        let mut names: &[u8] = &[];
        if !headers.is_empty() {
            let index = header.section_strings_index(endian, data).map_err(said)?;
            if let Some(table) = headers.get(index.0).filter(|_| index.0 != 0) {
                names = table.data(endian, data).map_err(said)?;
            }
        }
        Ok(Self { headers, names, endian })
    }

    pub(super) const fn headers(&self) -> &'data [H::SectionHeader] {
        self.headers
    }

    /// Whether the sections have no contents, as in a file that was made for debuggers only.
    pub(super) fn are_stubs(&self) -> bool {
        self.headers.iter().any(|section| {
            section.sh_type(self.endian) == elf::SHT_NOBITS
                && matches!(self.name(section), b".dynamic" | b".interp" | b".dynstr")
        })
    }

    /// Where what only debuggers and linkers read lies: debug information, and names and symbols that are not loaded.
    pub(super) fn debug(&self) -> Vec<Range<u64>> {
        let is_debug = |section: &&H::SectionHeader| {
            let is_loaded = section.sh_flags(self.endian).0 & elf::SHF_ALLOC.0 != 0;
            let is_names = matches!(section.sh_type(self.endian), elf::SHT_SYMTAB | elf::SHT_STRTAB);
            let name = self.name(section);
            !is_loaded && (is_names || DEBUG.iter().any(|debug| name.starts_with(debug)))
        };
        let ranges = self.headers.iter().filter(is_debug).filter_map(|section| section.file_range(self.endian));
        ranges.map(|(offset, size)| offset..offset.saturating_add(size)).collect()
    }

    fn name(&self, section: &H::SectionHeader) -> &'data [u8] {
        let start = section.sh_name(self.endian) as usize;
        let rest = self.names.get(start..).unwrap_or_default();
        memchr::memchr(0, rest).and_then(|end| rest.get(..end)).unwrap_or_default()
    }
}
