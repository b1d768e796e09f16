//! Zip files.

use std::io::{Read, Seek};

use xb_store::Contents;
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::{ArchiveError, Mode, Sink, broken};

/// Symbolic links hold their target as contents.
const LONGEST_TARGET: u64 = 4096;

/// Hands every entry to the sink.
pub(super) fn read<R: Read + Seek, C: Contents + ?Sized>(
    from: R,
    sink: &mut Sink<'_, '_, C>,
) -> Result<(), ArchiveError> {
    let mut archive = ZipArchive::new(from).map_err(unreadable)?;
    for index in 0..archive.len() {
        take(archive.by_index(index).map_err(unreadable)?, sink)?;
    }
    Ok(())
}

fn take<R: Read, C: Contents + ?Sized>(
    mut entry: ZipFile<'_, R>,
    sink: &mut Sink<'_, '_, C>,
) -> Result<(), ArchiveError> {
    let name = name_of(&entry)?;
    let mode = Mode(entry.unix_mode().unwrap_or(0o644));
    if entry.is_dir() {
        sink.folder(&name, mode)
    } else if entry.is_symlink() {
        let mut target = String::new();
        entry.take(LONGEST_TARGET + 1).read_to_string(&mut target).map_err(broken)?;
        sink.symlink(&name, &target)
    } else {
        let size = entry.size();
        sink.file(&name, mode, size, &mut entry)?;
        end(&name, &mut entry)
    }
}

/// The name of an entry.
///
/// # Errors
/// When it is not UTF-8.
pub fn name_of<R: Read>(entry: &ZipFile<'_, R>) -> Result<String, ArchiveError> {
    String::from_utf8(entry.name_raw().to_vec()).map_err(|error| {
        let name = error.as_bytes().escape_ascii().to_string();
        ArchiveError::entry(name, "has a name that is not UTF-8")
    })
}

/// Only who reads on to the end of an entry is told when the bytes are not those of the checksum.
///
/// # Errors
/// When they are not, or there are more than the entry's size.
pub fn end(name: &str, entry: &mut dyn Read) -> Result<(), ArchiveError> {
    match entry.read(&mut [0]).map_err(broken)? {
        0 => Ok(()),
        _ => Err(ArchiveError::entry(name, "goes on after its size")),
    }
}

/// What the zip library said, as an error of the archive.
pub fn unreadable(error: zip::result::ZipError) -> ArchiveError {
    ArchiveError::Broken(error.to_string())
}
