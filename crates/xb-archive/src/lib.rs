//! Archives, read as lists of entries: nothing is ever unpacked onto the disk by its path.
//!
//! Contents go to the store as they are read, and the tree is made in memory, so that an archive cannot write
//! anywhere, whatever its names and links say. Symbolic links are kept as they are: where they lead is decided by the
//! sandbox in which they are followed. Of modes only the executable bit counts, and the set-id and sticky bits.
//!
//! Formats are told by their first bytes, not by their names. How much an archive may hold depends on its own size: a
//! small one that becomes a large tree is hostile, whether by compression, by holes in files or by deep names.
//!
//! The other way round, [`TreeWriter`] writes trees as tar archives: the one writer for all that xb hands out as such.

mod collect;
mod format;
mod tarball;
mod tree_writer;
mod zipfile;

use std::fs::File;
use std::io::{BufReader, Read, Seek as _, SeekFrom};

use xb_core::TreeId;
use xb_debian::most_unpacked;
use xb_store::{Contents, StoreError};

pub use collect::{Collected, Mode, Sink, collect};
pub use format::Format;
pub use tree_writer::{Refuses, TreeWriter, WriteError};
pub use zipfile::{end, name_of, unreadable};

/// What an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Files, folders and links together; folders that only the names of others imply are among them.
    pub entries: u64,
    /// Bytes of all names and of where links lead, which are held in memory.
    pub names: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 30, entries: 2 << 20, names: 256 << 20 }
    }
}

impl Limits {
    /// Those of an archive of so many bytes: no honest one becomes a thousand times as large, or has an entry for each
    /// few of its bytes.
    #[must_use]
    pub fn of_archive(self, packed: u64) -> Self {
        Self {
            bytes: self.bytes.min(most_unpacked(packed)),
            entries: self.entries.min((1 << 16) + packed / 16),
            names: self.names.min((16 << 20) + packed * 16),
        }
    }
}

/// Who made an archive, which decides what of it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// Somebody else: what is no file, folder or link is an error, and files have no sticky bit.
    Stranger,
    /// The end of a build elsewhere, which gave all that there was: as for a folder of this machine that the store
    /// takes in, what is no file, folder or link is left out, every special bit of a mode counts, and owners may read
    /// what is theirs.
    Build,
}

/// Why an archive cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no archive, or none that xb knows.
    #[error("this is not an archive that xb reads: tar (plain or with gzip, xz, bzip2 or zstd) or zip")]
    Unknown,
    /// Its bytes cannot be read.
    #[error("it cannot be read: {0}")]
    Broken(String),
    /// An entry has a name that no file should have.
    #[error("its entry `{entry}` {reason}")]
    Entry {
        /// The entry's name.
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It has not the one folder at its top that should be dropped.
    #[error("it has several entries at its top (`{first}`, `{second}`), so that there is no leading folder to drop")]
    NoLeadingFolder {
        /// One of them.
        first: String,
        /// Another.
        second: String,
    },
    /// There is no file below the folders that should be dropped.
    #[error("nothing is left of it when {strip} leading folders are dropped")]
    Empty {
        /// How many.
        strip: u32,
    },
    /// It holds more than it may.
    #[error("it holds more than {limit}")]
    TooMuch {
        /// What it may hold.
        limit: String,
    },
    /// The store cannot take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ArchiveError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoLeadingFolder { .. } => Some("say `strip = 0` where it is fetched, to take it as it is".to_owned()),
            Self::Empty { .. } => Some("say a smaller `strip` where it is fetched".to_owned()),
            Self::Unknown => Some("take it as a file, with `fetch.file`".to_owned()),
            _ => None,
        }
    }

    /// An entry that cannot be: the reason follows its name.
    pub fn entry(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Entry { entry: name.into(), reason: reason.into() }
    }
}

/// Unpacks an archive into the store; `strip` leading folders of each path are dropped.
///
/// # Errors
/// See [`ArchiveError`].
pub fn unpack(
    file: File,
    strip: u32,
    limits: Limits,
    contents: &(impl Contents + ?Sized),
) -> Result<TreeId, ArchiveError> {
    read(file, limits, contents)?.strip(strip)?.build(contents)
}

/// The tree of a plain tar file that the end of a build made; what is too much or wrong in it is an error.
///
/// # Errors
/// See [`ArchiveError`].
pub fn unpack_build(
    from: impl Read,
    limits: Limits,
    contents: &(impl Contents + ?Sized),
) -> Result<TreeId, ArchiveError> {
    read_build(from, limits, contents)?.build(contents)
}

/// What a plain tar file holds that the end of a build made, with its contents in the store.
///
/// # Errors
/// See [`ArchiveError`].
pub fn read_build(
    from: impl Read,
    limits: Limits,
    contents: &(impl Contents + ?Sized),
) -> Result<Collected, ArchiveError> {
    collect(contents, limits, |sink| tarball::read(from, Maker::Build, sink))
}

/// What an archive holds, with its contents in the store.
///
/// # Errors
/// See [`ArchiveError`].
pub fn read(mut file: File, limits: Limits, contents: &(impl Contents + ?Sized)) -> Result<Collected, ArchiveError> {
    let limits = limits.of_archive(file.metadata().map_err(broken)?.len());
    let format = Format::of(&mut file).map_err(broken)?.ok_or(ArchiveError::Unknown)?;
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    collect(contents, limits, |sink| match format {
        Format::Zip => zipfile::read(BufReader::new(file), sink),
        Format::Tar(compression) => {
            let reader = compression.reader(BufReader::with_capacity(1 << 16, file));
            tarball::read(reader.map_err(broken)?, Maker::Stranger, sink)
        }
    })
}

/// An archive whose bytes cannot be read.
pub fn broken(error: std::io::Error) -> ArchiveError {
    ArchiveError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use xb_core::RelPath;
    use xb_graph::{Entry, Unbuilt, build_tree};
    use xb_store::Store;

    use super::*;

    #[test]
    fn what_is_written_of_a_tree_is_that_tree() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut root = Unbuilt::default();
        let content = store.add_content(&mut &b"contents"[..]).unwrap();
        let file = |executable, mode| Entry::File { content, executable, mode };
        let link = Entry::Symlink { target: format!("{}/../d", "t".repeat(200)) };
        for (path, entry) in [
            ("a", file(false, None)),
            ("d/run", file(true, None)),
            ("d/set", file(true, Some(0o4711))),
            ("empty", Entry::Directory { mode: Some(0o1777) }),
            ("link", link),
            (&"n".repeat(200), file(false, None)),
        ] {
            root.put(&RelPath::new(path).unwrap(), entry);
        }
        let tree = build_tree(root, &store).unwrap();
        let mut writer = TreeWriter::new(&store, |_| None, 1, Vec::new());
        writer.tree(tree, &RelPath::root()).unwrap();
        let bytes = writer.finish().unwrap();
        assert_eq!(unpack_build(&*bytes, Limits::default(), &store).unwrap(), tree);
        let mut refusing = TreeWriter::new(&store, |name| (name == "run").then_some("it runs"), 1, std::io::sink());
        let refused = refusing.tree(tree, &RelPath::root()).unwrap_err().to_string();
        assert_eq!(refused, "`d/run` cannot be put into it: it runs");
    }

    #[test]
    fn what_no_tree_can_hold_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut archive = tar::Builder::new(Vec::new());
        for (name, kind) in [("./", tar::EntryType::Directory), ("./d/pipe", tar::EntryType::Fifo)] {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(kind);
            header.set_mode(0o755);
            header.set_size(0);
            archive.append_data(&mut header, name, std::io::empty()).unwrap();
        }
        let bytes = archive.into_inner().unwrap();
        let collected = read_build(&*bytes, Limits::default(), &store).unwrap();
        assert_eq!(collected.left_out, [RelPath::new("d/pipe").unwrap()]);
        assert_eq!(collected.build(&store).unwrap(), build_tree(Unbuilt::default(), &store).unwrap());
    }
}
