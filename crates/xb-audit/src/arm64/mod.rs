//! Instructions in code for arm64 that not every processor of armv8-a has.
//!
//! Nothing is noted in files for arm64, so that the code itself is looked at: each word of each function that has a
//! name. What lies between functions, tables for instance, is not code for certain and left out; so is a function whose
//! name says that it is chosen as the program runs.

mod encoding;
mod functions;
mod names;

use std::collections::BTreeMap;

use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader};

use crate::Instructions;
use crate::elf::Elf;
use crate::source::Part;
use functions::{Function, Functions};
use xb_core::Arch;

type Header = FileHeader64<Endianness>;

/// Where instructions of a kind are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// The first function that has one.
    pub(crate) function: String,
    /// How many functions have one.
    pub(crate) functions: u64,
    /// How many there are.
    pub(crate) times: u64,
}

/// The instructions that are used, by kind.
pub(crate) type Uses = BTreeMap<Instructions, Use>;

/// Sections that only Go's linker makes. Go asks for what the processor has before each such instruction.
const GO: &[u8] = b".go.buildinfo";

/// What a file uses; nothing when it is not for arm64, or cannot be read.
pub(crate) fn uses(elf: &Elf, data: Part<'_>) -> Uses {
    if elf.machine.is(Arch::Arm64) { read(data).unwrap_or_default() } else { Uses::new() }
}

fn read(data: Part<'_>) -> object::read::Result<Uses> {
    let header = Header::parse(data)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, data)?;
    let mut uses = Uses::new();
    if sections.section_by_name(endian, GO).is_some() {
        return Ok(uses);
    }
    let is_relocatable = header.e_type(endian) == elf::ET_REL;
    let functions = Functions::read(&sections, endian, data)?;
    for (index, section) in sections.enumerate() {
        let is_code = section.sh_flags(endian).0 & elf::SHF_EXECINSTR.0 != 0;
        if !is_code || section.sh_type(endian) != elf::SHT_PROGBITS {
            continue;
        }
        // What is too large to be read is left out.
        let Ok(code) = section.data(endian, data) else {
            continue;
        };
        let base = if is_relocatable { 0 } else { section.sh_addr(endian) };
        for function in functions.of(index.0) {
            let Some(code) = function.within(base, code) else {
                continue;
            };
            note(&mut uses, function, code);
        }
    }
    Ok(uses)
}

fn note(uses: &mut Uses, function: &Function<'_>, code: &[u8]) {
    let mut found: BTreeMap<Instructions, u64> = BTreeMap::new();
    for word in code.as_chunks().0 {
        if let Some(kind) = encoding::kind(u32::from_le_bytes(*word)) {
            *found.entry(kind).or_default() += 1;
        }
    }
    for (kind, times) in found {
        if function.names().any(|name| names::tells(&name, kind)) {
            continue;
        }
        let new = || Use { function: function.names().next().unwrap_or_default(), functions: 0, times: 0 };
        let used = uses.entry(kind).or_insert_with(new);
        used.functions += 1;
        used.times += times;
    }
}
