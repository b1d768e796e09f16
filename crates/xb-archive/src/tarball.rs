//! Tar files: GNU's and POSIX's long names, hard links, sparse files.
//!
//! What describes an entry (its header, its long names, POSIX's extensions, the map of a sparse file) is held in
//! memory while the entry is found, so that only so much of it is let through from one entry to the next.

use std::cell::Cell;
use std::io::{self, Read};

use tar::{Archive, Entry, EntryType};
use xb_store::Contents;

use crate::{ArchiveError, Maker, Mode, Sink, broken};

/// How many bytes may describe one entry.
const LONGEST_DESCRIPTION: u64 = 1 << 20;

/// Hands every entry to the sink.
pub(crate) fn read<C: Contents + ?Sized>(
    from: impl Read,
    maker: Maker,
    sink: &mut Sink<'_, '_, C>,
) -> Result<(), ArchiveError> {
    let left = Cell::new(0);
    let mut archive = Archive::new(Metered { from, left: &left });
    let mut entries = archive.entries().map_err(broken)?;
    loop {
        left.set(LONGEST_DESCRIPTION);
        let Some(entry) = entries.next() else {
            return Ok(());
        };
        left.set(u64::MAX);
        let mut entry = entry.map_err(broken)?;
        take(&mut entry, maker, sink)?;
        // What nobody wanted of this entry does not count as a description of the next.
        io::copy(&mut entry, &mut io::sink()).map_err(broken)?;
    }
}

/// Gives no more bytes than are left.
struct Metered<'l, R> {
    from: R,
    left: &'l Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !buffer.is_empty() {
            let text = format!("the names and extensions of one entry are longer than {LONGEST_DESCRIPTION} bytes");
            return Err(io::Error::other(text));
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.from.read(&mut buffer[..most])?;
        self.left.set(left - read as u64);
        Ok(read)
    }
}

fn take<R: Read, C: Contents + ?Sized>(
    entry: &mut Entry<'_, R>,
    maker: Maker,
    sink: &mut Sink<'_, '_, C>,
) -> Result<(), ArchiveError> {
    let kind = entry.header().entry_type();
    if kind == EntryType::XGlobalHeader {
        return Ok(());
    }
    let name = text(&entry.path_bytes())?;
    refuse_posix_sparse(entry, &name)?;
    let mode = Mode(entry.header().mode().map_err(broken)?);
    let of_folder = if maker == Maker::Build { mode.of_built_folder() } else { mode };
    match kind {
        EntryType::Directory => sink.folder(&name, of_folder),
        EntryType::Symlink => sink.symlink(&name, &target(entry, &name)?),
        EntryType::Link => sink.hard_link(&name, &target(entry, &name)?),
        EntryType::Regular | EntryType::Continuous if name.ends_with('/') => sink.folder(&name, of_folder),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let size = size(entry)?;
            sink.file_of(maker, &name, mode, size, entry)
        }
        EntryType::Fifo | EntryType::Char | EntryType::Block if maker == Maker::Build => sink.leave_out(&name),
        other => Err(ArchiveError::entry(name, format!("is a {other:?}, not a file, a folder or a link"))),
    }
}

/// The size once unpacked, which for a sparse file is not that of what is in the archive.
fn size<R: Read>(entry: &Entry<'_, R>) -> Result<u64, ArchiveError> {
    match entry.header().as_gnu() {
        Some(header) if entry.header().entry_type() == EntryType::GNUSparse => header.real_size().map_err(broken),
        _ => Ok(entry.size()),
    }
}

fn target<R: Read>(entry: &Entry<'_, R>, name: &str) -> Result<String, ArchiveError> {
    match entry.link_name_bytes() {
        Some(bytes) => text(&bytes),
        None => Err(ArchiveError::entry(name, "is a link that leads nowhere")),
    }
}

fn text(bytes: &[u8]) -> Result<String, ArchiveError> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| ArchiveError::entry(bytes.escape_ascii().to_string(), "has a name that is not UTF-8"))
}

fn refuse_posix_sparse<R: Read>(entry: &mut Entry<'_, R>, name: &str) -> Result<(), ArchiveError> {
    let Some(extensions) = entry.pax_extensions().map_err(broken)? else {
        return Ok(());
    };
    let sparse = |key: &str| key.starts_with("GNU.sparse.");
    match extensions.flatten().any(|extension| extension.key().is_ok_and(sparse)) {
        true => Err(ArchiveError::entry(name, "is sparse in the form of POSIX, which xb does not read")),
        false => Ok(()),
    }
}
