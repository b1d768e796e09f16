//! One package, as its trees in the store describe it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};

use md5::{Digest as _, Md5};
use xb_core::{ContentId, RelPath, TreeId};
use xb_debian::database::Package;
use xb_graph::{Item, subtree};
use xb_store::{Contents, StoreError};

use crate::archive::Mode;
use crate::debian::packages::{Unpacked, title};
use crate::error::FetchError;
use crate::storage::{file_content, missing};

/// A package, and what it brought.
pub(super) struct Installed<'s, S: ?Sized> {
    /// What its control file says.
    pub(super) package: Package,
    /// The members of its control archive.
    pub(super) members: BTreeMap<String, (ContentId, Mode)>,
    /// Every path that it puts into the root, with its contents where it is a file.
    pub(super) paths: BTreeMap<RelPath, Option<ContentId>>,
    store: &'s S,
}

impl<'s, S: Contents + ?Sized> Installed<'s, S> {
    /// A package whose control archive is `control`.
    pub(super) fn of(unpacked: &Unpacked, control: TreeId, store: &'s S) -> Result<Self, FetchError> {
        let wrong = |reason: String| FetchError::Deb { package: title(&unpacked.package), reason };
        let members = members(control, store)?;
        let (content, _) =
            members.get("control").ok_or_else(|| wrong("its control archive has no `control`".to_owned()))?;
        let package = Package::parse(&read(*content, store)?).map_err(|error| wrong(error.to_string()))?;
        let (name, arch) = (package.name(), package.arch());
        if name != unpacked.package.name || arch != unpacked.package.arch {
            return Err(wrong(format!("its control file is that of {name} ({arch})")));
        }
        let mut paths = BTreeMap::new();
        walk(&RelPath::root(), unpacked.tree, &mut paths, store)?;
        Ok(Self { package, members, paths, store })
    }

    /// The files that it puts into the root.
    pub(super) fn files(&self) -> impl Iterator<Item = (&RelPath, ContentId)> {
        self.paths.iter().filter_map(|(path, content)| Some((path, (*content)?)))
    }

    /// A member of its control archive as text, empty when there is none.
    pub(super) fn text(&self, member: &str) -> Result<String, FetchError> {
        let bytes = self.members.get(member).map(|(content, _)| read(*content, self.store)).transpose()?;
        Ok(String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned())
    }

    /// The hexadecimal MD5 of a file.
    pub(super) fn md5(&self, content: ContentId) -> Result<String, StoreError> {
        let mut reader = BufReader::new(self.store.open_content(content)?);
        let mut hasher = Md5::new();
        loop {
            let bytes = reader.fill_buf().map_err(|error| unreadable(content, &error))?;
            if bytes.is_empty() {
                break;
            }
            hasher.update(bytes);
            let read = bytes.len();
            reader.consume(read);
        }
        let mut text = String::new();
        for byte in hasher.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }
}

fn members(
    control: TreeId,
    store: &(impl Contents + ?Sized),
) -> Result<BTreeMap<String, (ContentId, Mode)>, StoreError> {
    let directory = store.directory(control).map_err(missing)?;
    let files = directory.files.iter().map(|file| {
        let content = file_content(file).ok_or_else(|| damaged(control))?;
        let mode = if file.is_executable { Mode(0o755) } else { Mode(0o644) };
        Ok((file.name.clone(), (content, mode)))
    });
    files.collect()
}

fn walk(
    at: &RelPath,
    tree: TreeId,
    paths: &mut BTreeMap<RelPath, Option<ContentId>>,
    store: &(impl Contents + ?Sized),
) -> Result<(), StoreError> {
    for item in store.directory(tree).map_err(missing)?.items() {
        let path = at.join(item.name()).map_err(|_| damaged(tree))?;
        let content = match item {
            Item::File(file) => Some(file_content(file).ok_or_else(|| damaged(tree))?),
            Item::Directory(folder) => {
                walk(&path, subtree(folder).map_err(missing)?, paths, store)?;
                None
            }
            Item::Symlink(_) => None,
        };
        paths.insert(path, content);
    }
    Ok(())
}

fn read(content: ContentId, store: &(impl Contents + ?Sized)) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.open_content(content)?.read_to_end(&mut bytes).map_err(|error| unreadable(content, &error))?;
    Ok(bytes)
}

fn unreadable(content: ContentId, error: &std::io::Error) -> StoreError {
    StoreError::Damaged { what: format!("the content {content}"), reason: format!("it cannot be read: {error}") }
}

fn damaged(tree: TreeId) -> StoreError {
    StoreError::Damaged { what: format!("the tree {tree}"), reason: "an entry of it names nothing".to_owned() }
}
