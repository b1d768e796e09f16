//! The folders that every command finds, as an archive that is unpacked into a container before it starts; and what
//! Docker puts into every root of its own accord.

use xb_core::{RelPath, TreeId};
use xb_graph::reapi::{Directory, NodeProperties};
use xb_graph::{Directories, MissingDirectory, ResolvedAction, subtree};
use xb_run::{Unfurnished, furnished};
use xb_store::Contents;

/// What Docker mounts into every root, and lets nobody remove.
pub const HOSTNAME: &str = "etc/hostname";

/// What Docker puts into every root where nothing of that name is.
const DOCKERS: [&str; 5] = [".dockerenv", "etc/hosts", HOSTNAME, "etc/resolv.conf", "etc/mtab"];

/// The folder that it makes for some of them.
const DOCKERS_FOLDER: &str = "etc";

/// Folders and their modes, each after the one that it is in.
type Folders = Vec<(RelPath, u32)>;

/// The archive of the folders that a root lacks, and of one file more, by its path.
///
/// # Errors
/// When something lies in the way of one, or a directory is not in the store.
pub fn lacking(
    action: &ResolvedAction,
    more: Option<(String, &[u8])>,
    store: &dyn Contents,
) -> Result<Vec<u8>, Unfurnished> {
    let with = furnished(action.root, &action.cwd, &action.outputs, store)?;
    let mut folders = Folders::new();
    added(Some(action.root), with, &RelPath::root(), store, &mut folders)?;
    Ok(archive(&folders, more))
}

/// The folders that a tree has beyond another one, or with another mode.
fn added(
    before: Option<TreeId>,
    after: TreeId,
    at: &RelPath,
    store: &dyn Contents,
    folders: &mut Folders,
) -> Result<(), MissingDirectory> {
    let before = before.map(|before| store.directory(before)).transpose()?;
    for node in &store.directory(after)?.directories {
        let tree = subtree(node)?;
        let old = before.as_ref().and_then(|before| before.directories.iter().find(|old| old.name == node.name));
        let old = old.map(subtree).transpose()?;
        let Ok(path) = at.join(&node.name) else { continue };
        if old == Some(tree) {
            continue;
        }
        let mode = |tree| Ok::<_, MissingDirectory>(mode(&*store.directory(tree)?));
        if old.map(mode).transpose()? != Some(mode(tree)?) {
            folders.push((path.clone(), mode(tree)?));
        }
        added(old, tree, &path, store, folders)?;
    }
    Ok(())
}

fn mode(directory: &Directory) -> u32 {
    let special = |properties: &NodeProperties| Some(properties.unix_mode.as_ref()?.value & 0o7777);
    directory.node_properties.as_ref().and_then(special).unwrap_or(0o755)
}

/// Memory takes all that is written, and a path of a tree has no parts that an archive cannot have.
fn archive(folders: &Folders, more: Option<(String, &[u8])>) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, mode) in folders {
        let _ = archive.append_data(&mut header(tar::EntryType::Directory, *mode, 0), format!("{path}/"), &[][..]);
    }
    if let Some((path, bytes)) = more {
        let _ = archive.append_data(&mut header(tar::EntryType::Regular, 0o600, bytes.len()), path, bytes);
    }
    archive.into_inner().unwrap_or_default()
}

fn header(kind: tar::EntryType, mode: u32, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    header.set_size(size as u64);
    header
}

/// The folder that Docker puts its files into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfDocker {
    /// It is there because of them.
    All(&'static str),
    /// It is in the root, or something else of that name is.
    Inside(&'static str),
}

/// What is in a container only because Docker put it there.
///
/// # Errors
/// When a directory is not in the store.
pub fn of_docker(
    root: TreeId,
    store: &(impl Directories + ?Sized),
) -> Result<(Vec<&'static str>, OfDocker), MissingDirectory> {
    let top = store.directory(root)?;
    let node = top.directories.iter().find(|node| node.name == DOCKERS_FOLDER);
    let folder = node.map(|node| store.directory(subtree(node)?)).transpose()?;
    let is_there = |path: &str| match path.strip_prefix("etc/") {
        Some(name) => folder.as_ref().is_some_and(|folder| folder.item(name).is_some()),
        None => top.item(path).is_some(),
    };
    let files = DOCKERS.into_iter().filter(|path| !is_there(path)).collect();
    let of = if top.item(DOCKERS_FOLDER).is_some() { OfDocker::Inside } else { OfDocker::All };
    Ok((files, of(DOCKERS_FOLDER)))
}
