//! What the dynamic section tells the loader.

use object::Endianness;
use object::elf;
use object::read::StringTable;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use rustc_hash::FxHashSet;

use super::{Read, said, text};
use crate::source::Part;

/// The loader does not look in its default folders (`elf.h`: `DF_1_NODEFLIB`).
const NO_DEFAULT_FOLDERS: u64 = 0x800;

/// So many libraries one file may need; real ones need some dozens.
const MOST_NEEDED: usize = 16_384;

/// What the dynamic section tells the loader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dynamic {
    /// The name by which others need it.
    pub(crate) soname: Option<String>,
    /// The libraries that it needs, in order, each once.
    pub(crate) needed: Vec<String>,
    /// Where to look for them, and for theirs; without meaning when there is a `runpath`.
    pub(crate) rpath: Option<String>,
    /// Where to look for them.
    pub(crate) runpath: Option<String>,
    /// Whether the loader looks nowhere else.
    pub(crate) only_there: bool,
}

/// Reads it by way of the segments, as the loader does. None when there is none.
pub(super) fn read<H: FileHeader<Endian = Endianness>>(
    segments: &[H::ProgramHeader],
    endian: Endianness,
    data: Part<'_>,
) -> Read<Option<Dynamic>> {
    let Some(segment) = segments.iter().find(|segment| segment.p_type(endian) == elf::PT_DYNAMIC) else {
        return Ok(None);
    };
    let entries = segment.dynamic(endian, data).map_err(said)?.unwrap_or_default();
    let entries: Vec<(elf::DynamicTag, u64)> = entries
        .iter()
        .map(|entry| (entry.d_tag(endian), entry.d_val(endian).into()))
        .take_while(|(tag, _)| *tag != elf::DT_NULL)
        .collect();
    let value = |wanted| entries.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value);
    let strings = match (value(elf::DT_STRTAB), value(elf::DT_STRSZ)) {
        (Some(address), Some(size)) => strings::<H>(segments, endian, data, address, size)?,
        _ => StringTable::default(),
    };
    let name = |offset: u64| {
        let found = u32::try_from(offset).map_err(drop).and_then(|offset| strings.get(offset));
        found.map(text).map_err(|()| "its dynamic section names a text that is not in the file".to_owned())
    };
    let one = |wanted| value(wanted).map(name).transpose();
    let mut seen = FxHashSet::default();
    let needed: Vec<u64> = entries
        .iter()
        .filter(|(tag, offset)| *tag == elf::DT_NEEDED && seen.insert(*offset))
        .map(|(_, offset)| *offset)
        .collect();
    if needed.len() > MOST_NEEDED {
        return Err(format!("it needs {} libraries", needed.len()));
    }
    Ok(Some(Dynamic {
        soname: one(elf::DT_SONAME)?,
        needed: needed.into_iter().map(name).collect::<Read<_>>()?,
        rpath: one(elf::DT_RPATH)?,
        runpath: one(elf::DT_RUNPATH)?,
        only_there: value(elf::DT_FLAGS_1).is_some_and(|flags| flags & NO_DEFAULT_FOLDERS != 0),
    }))
}

/// The table at an address of the running program, in the file.
fn strings<'data, H: FileHeader<Endian = Endianness>>(
    segments: &[H::ProgramHeader],
    endian: Endianness,
    data: Part<'data>,
    address: u64,
    size: u64,
) -> Read<StringTable<'data, Part<'data>>> {
    let offset_in = |segment: &H::ProgramHeader| {
        let (offset, len) = segment.file_range(endian);
        let within = address.checked_sub(segment.p_vaddr(endian).into())?;
        if within < len { offset.checked_add(within) } else { None }
    };
    let mut loaded = segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD);
    let start = loaded.find_map(offset_in).ok_or("its dynamic section names texts that no segment has")?;
    Ok(StringTable::new(data, start, start.saturating_add(size)))
}
