//! `.deb`: what a package puts into a root.
//!
//! Entries are reported in the order of the archive, and nothing is followed: a path is a clean path beneath the
//! root, and what lies there is the business of who visits. `/bin`, `/sbin` and `/lib*` are links to their namesakes
//! beneath `/usr` in every root, so what lies beneath them is reported beneath `usr/`.

use std::io::{self, BufReader, Read};

use tar::{Archive, EntryType};
use xb_core::RelPath;

use crate::ar;
use crate::decompress::Compression;
use crate::merged_usr::{is_merged, merged};

/// The longest path or target that is read.
const LONGEST: u64 = 16 << 10;

/// One entry of a package.
pub struct DebEntry<'a> {
    /// Where it lies, beneath the root.
    pub path: RelPath,
    /// The mode bits, with set-id and sticky ones.
    pub mode: u32,
    /// What it is.
    pub kind: DebKind<'a>,
}

/// What an entry of a package is.
pub enum DebKind<'a> {
    /// A file.
    File {
        /// Its size in bytes.
        size: u64,
        /// Its contents.
        contents: &'a mut dyn Read,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points to, as it is written.
        target: String,
    },
    /// Another name of a file that came before.
    Hardlink {
        /// The file.
        target: RelPath,
    },
    /// A folder.
    Directory,
}

/// Why a package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DebError<E> {
    /// It is damaged, cut off, or not a package.
    #[error("it is not a sound Debian package: {0}; fetch it again")]
    Read(#[from] io::Error),
    /// An entry is of a kind that is not for a root, or has an impossible path.
    #[error("it contains `{path}`, {why}")]
    Entry {
        /// The path as it is written.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Who visits could not go on.
    #[error("{0}")]
    Visit(E),
}

/// Reads a `.deb` and hands each entry of its data to `visit`, in order.
///
/// # Errors
/// See [`DebError`].
pub fn read_deb<E>(bytes: impl Read, visit: &mut dyn FnMut(DebEntry<'_>) -> Result<(), E>) -> Result<(), DebError<E>> {
    read_member(bytes, "data.tar", visit)
}

/// Reads the first of the archives in a `.deb` whose name begins so.
pub(crate) fn read_member<E>(
    bytes: impl Read,
    name: &str,
    visit: &mut dyn FnMut(DebEntry<'_>) -> Result<(), E>,
) -> Result<(), DebError<E>> {
    let mut reader = BufReader::with_capacity(64 << 10, bytes);
    let member = find_member(&mut reader, name)?;
    let mut packed = reader.take(member.size);
    let mut data = Compression::of_name(&member.name).reader(&mut packed)?;
    read_tar(&mut data, visit)?;
    io::copy(&mut data, &mut io::sink())?;
    drop(data);
    if packed.limit() == 0 { Ok(()) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) }
}

fn find_member(reader: &mut impl Read, name: &str) -> io::Result<ar::Member> {
    ar::read_magic(reader)?;
    let first = ar::read_header(reader)?;
    if first.as_ref().map(|member| member.name.as_str()) != Some("debian-binary") {
        return Err(ar::invalid("it does not begin with `debian-binary`"));
    }
    let mut member = first;
    while let Some(it) = member {
        if it.name.starts_with(name) {
            return Ok(it);
        }
        ar::skip(reader, it.size)?;
        member = ar::read_header(reader)?;
    }
    Err(ar::invalid(&format!("it has no `{name}`")))
}

/// What a long name or target, in an entry of its own, says about the next entry.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

fn read_tar<E>(data: &mut dyn Read, visit: &mut dyn FnMut(DebEntry<'_>) -> Result<(), E>) -> Result<(), DebError<E>> {
    let mut archive = Archive::new(data);
    let mut ahead = Ahead::default();
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        match entry.header().entry_type() {
            EntryType::GNULongName => ahead.path = Some(read_long(&mut entry)?),
            EntryType::GNULongLink => ahead.target = Some(read_long(&mut entry)?),
            _ => report(&mut entry, std::mem::take(&mut ahead), visit)?,
        }
    }
    Ok(())
}

fn read_long(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    entry.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(ar::invalid("a path in it is longer than any path can be"));
    }
    let end = text.iter().position(|byte| *byte == 0);
    text.truncate(end.unwrap_or(text.len()));
    Ok(text)
}

fn report<E>(
    entry: &mut tar::Entry<'_, impl Read>,
    ahead: Ahead,
    visit: &mut dyn FnMut(DebEntry<'_>) -> Result<(), E>,
) -> Result<(), DebError<E>> {
    let header = entry.header();
    let path = ahead.path.unwrap_or_else(|| header.path_bytes().into_owned());
    let target = ahead.target.or_else(|| header.link_name_bytes().map(Into::into));
    let mode = header.mode()? & 0o7777;
    let wrong = |why| DebError::Entry { path: String::from_utf8_lossy(&path).into_owned(), why };
    let target = || target.ok_or_else(|| wrong("a link to nowhere"));
    let size = entry.size();
    let kind = match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous => DebKind::File { size, contents: entry },
        EntryType::Directory => DebKind::Directory,
        EntryType::Symlink => {
            DebKind::Symlink { target: text(target()?).ok_or_else(|| wrong("a link whose target is not UTF-8"))? }
        }
        EntryType::Link => DebKind::Hardlink { target: merged(clean(&target()?).map_err(wrong)?) },
        EntryType::Char | EntryType::Block | EntryType::Fifo => {
            return Err(wrong("a device or a pipe, which no root of a build has"));
        }
        _ => return Err(wrong("which is of a kind that Debian packages do not have")),
    };
    let path = clean(&path).map_err(wrong)?;
    let is_link = matches!(kind, DebKind::Symlink { .. });
    if path.is_root() {
        return Ok(());
    }
    let path = if is_link && is_merged(path.as_str()) { path } else { merged(path) };
    visit(DebEntry { path, mode, kind }).map_err(DebError::Visit)
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

/// A path of an archive: `./usr/bin/`.
fn clean(path: &[u8]) -> Result<RelPath, &'static str> {
    let path = str::from_utf8(path).map_err(|_| "whose path is not UTF-8")?;
    let inner = path.strip_prefix("./").unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let inner = if inner == "." { "" } else { inner };
    RelPath::new(inner).map_err(|_| "whose path leads out of the root")
}
