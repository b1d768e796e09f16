//! From a `.deb` to trees: what it puts into a root, and what it tells dpkg.

use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};

use xb_core::{RelPath, TreeId};
use xb_debian::{DebEntry, DebKind, read_control, read_deb};
use xb_graph::{Unbuilt, build_tree};
use xb_store::Contents;

use crate::archive::{ArchiveError, Limits, Mode, Sink, broken, collect};
use crate::storage::missing;

/// Unpacked packages, by the SHA-256 of the package. What is left out is part of what this name stands for.
pub(super) const UNPACKED: &str = "deb-v1";
/// Unpacked control archives, by the SHA-256 of the package.
pub(super) const CONTROL: &str = "deb-control-v1";

const LEFT_OUT: [&str; 6] =
    ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug"];

/// The tree of what a package puts into a root.
pub(super) fn unpack(
    mut file: &File,
    limits: Limits,
    contents: &(impl Contents + ?Sized),
) -> Result<TreeId, ArchiveError> {
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    let limits = limits.of_archive(file.metadata().map_err(broken)?.len());
    let collected = collect(contents, limits, |sink| {
        let read = read_deb(BufReader::new(file), &mut |entry| take(entry, sink));
        read.map_err(|error| ArchiveError::Broken(error.to_string()))
    })?;
    collected.build(contents)
}

/// The tree of a package's control archive.
pub(super) fn unpack_control(mut file: &File, contents: &(impl Contents + ?Sized)) -> Result<TreeId, ArchiveError> {
    file.seek(SeekFrom::Start(0)).map_err(broken)?;
    let members = read_control(BufReader::new(file)).map_err(|error| ArchiveError::Broken(error.to_string()))?;
    let mut root = Unbuilt::default();
    for member in members {
        let path = RelPath::new(&member.name)
            .map_err(|_| ArchiveError::entry(&member.name, "has a name that no file can have"))?;
        let mode = if member.is_executable() { Mode(0o755) } else { Mode(0o644) };
        root.put(&path, mode.file(contents.add_content(&mut member.contents.as_slice())?));
    }
    Ok(build_tree(root, contents).map_err(missing)?)
}

fn take<C: Contents + ?Sized>(entry: DebEntry<'_>, sink: &mut Sink<'_, '_, C>) -> Result<(), ArchiveError> {
    let path = entry.path.as_str();
    if is_left_out(path) {
        return Ok(());
    }
    let mode = Mode(entry.mode);
    match entry.kind {
        DebKind::File { size, contents } => sink.file(path, mode, size, contents),
        DebKind::Symlink { target } => sink.symlink(path, &target),
        DebKind::Hardlink { target } => sink.hard_link(path, target.as_str()),
        DebKind::Directory => sink.folder(path, mode),
    }
}

fn is_left_out(path: &str) -> bool {
    let beneath = |folder: &&str| {
        let rest = path.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    LEFT_OUT.iter().any(beneath)
}
