//! What an ELF file says about itself, as far as a port trips over it.

mod dynamic;
mod machine;
mod property;
mod sections;

use std::ops::Range;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, ReadRef};
use xb_core::X86Level;

use crate::source::Part;

pub(crate) use dynamic::Dynamic;
pub(crate) use machine::Machine;

/// What every ELF file begins with.
pub(crate) const MAGIC: &[u8] = b"\x7fELF";

/// An ELF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Elf {
    pub(crate) machine: Machine,
    /// Whether it is what a kernel starts: it asks for a loader, or lies at fixed addresses.
    pub(crate) is_program: bool,
    /// The loader that it asks for.
    pub(crate) interpreter: Option<String>,
    /// What the loader is told; none when nothing is.
    pub(crate) dynamic: Option<Dynamic>,
    /// The level of processor that it says it needs.
    pub(crate) needs: Option<X86Level>,
    /// Where what only debuggers and linkers read lies in the file.
    pub(crate) debug: Vec<Range<u64>>,
}

/// What is wrong with a file, as half a sentence.
type Read<T> = Result<T, String>;

impl Elf {
    /// Reads what an ELF file says.
    ///
    /// # Errors
    /// What is wrong with it, as half a sentence.
    pub(crate) fn read(data: Part<'_>) -> Read<Self> {
        match data.read_bytes_at(4, 1) {
            Ok([1]) => read::<FileHeader32<Endianness>>(data),
            Ok([2]) => read::<FileHeader64<Endianness>>(data),
            Ok(_) => Err("it is neither of 32 nor of 64 bits".to_owned()),
            Err(()) => Err("it ends within its header".to_owned()),
        }
    }
}

fn read<H: FileHeader<Endian = Endianness>>(data: Part<'_>) -> Read<Elf> {
    let header = H::parse(data).map_err(said)?;
    let endian = header.endian().map_err(said)?;
    let segments = header.program_headers(endian, data).map_err(said)?;
    let sections = sections::Sections::<H>::read(header, endian, data)?;
    let asks = segments.iter().find(|segment| segment.p_type(endian) == elf::PT_INTERP);
    // A file of debug information has the tables of the program that it is for, and nothing in them.
    let (interpreter, dynamic) = if sections.are_stubs() {
        (None, None)
    } else {
        let interpreter = asks.map(|segment| segment.interpreter(endian, data)).transpose().map_err(said)?;
        (interpreter.flatten().map(text), dynamic::read::<H>(segments, endian, data)?)
    };
    Ok(Elf {
        machine: Machine::of(header, endian),
        is_program: asks.is_some() || header.e_type(endian) == elf::ET_EXEC,
        interpreter,
        dynamic,
        needs: property::level::<H>(segments, sections.headers(), endian, data),
        debug: sections.debug(),
    })
}

fn said(error: object::read::Error) -> String {
    format!("the library that reads such files says: {error}")
}

/// What a file says, as text: names that are none are no names of files in a tree, either.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
