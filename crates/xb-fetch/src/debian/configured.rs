//! What maintainer scripts would have made, laid over merged packages.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::Read as _;

use xb_core::{ContentId, RelPath};
use xb_debian::Pinned;
use xb_debian::configure::{self, Kind, Made, Root};
use xb_graph::Entry;
use xb_store::{Contents, StoreError};

use super::merge::Merged;
use crate::archive::Mode;

/// Adds what maintainer scripts would have made.
pub(crate) fn configure(
    merged: &mut Merged,
    packages: &[Pinned],
    store: &(impl Contents + ?Sized),
) -> Result<(), StoreError> {
    let view = View::of(merged, store);
    let made = configure::configure(&view, packages);
    if let Some(error) = view.unreadable.into_inner() {
        return Err(error);
    }
    for (path, made) in made {
        let entry = match made {
            Made::File { contents, mode } => Mode(mode).file(store.add_content(&mut contents.as_slice())?),
            Made::Symlink { target } => Entry::Symlink { target },
            Made::Directory { mode } => Mode(mode).folder(),
        };
        merged.put(path, entry);
    }
    Ok(())
}

/// Merged packages, as the configuration sees them.
struct View<'a, S: ?Sized> {
    merged: &'a Merged,
    names: HashMap<RelPath, Vec<String>>,
    store: &'a S,
    /// The first file that could not be read: what was made without it is not believed.
    unreadable: OnceCell<StoreError>,
}

impl<'a, S: Contents + ?Sized> View<'a, S> {
    fn of(merged: &'a Merged, store: &'a S) -> Self {
        let mut names: HashMap<RelPath, Vec<String>> = HashMap::new();
        for path in merged.paths() {
            if let (Some(folder), Some(name)) = (path.parent(), path.name()) {
                names.entry(folder).or_default().push(name.to_owned());
            }
        }
        names.values_mut().for_each(|names| names.sort());
        Self { merged, names, store, unreadable: OnceCell::new() }
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        self.merged.get(&RelPath::new(path).ok()?)
    }

    fn contents(&self, content: ContentId) -> Option<Vec<u8>> {
        let read = || {
            let mut bytes = Vec::new();
            self.store.open_content(content)?.read_to_end(&mut bytes).map_err(|error| StoreError::Damaged {
                what: format!("the content {content}"),
                reason: format!("it cannot be read: {error}"),
            })?;
            Ok(bytes)
        };
        read().map_err(|error| self.unreadable.set(error)).ok()
    }
}

impl<S: Contents + ?Sized> Root for View<'_, S> {
    fn kind(&self, path: &str) -> Option<Kind> {
        match self.entry(path)? {
            Entry::File { .. } => Some(Kind::File),
            Entry::Symlink { .. } => Some(Kind::Symlink),
            Entry::Directory { .. } | Entry::Tree(_) => Some(Kind::Directory),
        }
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let names = RelPath::new(folder).ok().and_then(|folder| self.names.get(&folder));
        names.cloned().unwrap_or_default()
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        match self.entry(path)? {
            Entry::File { content, .. } => self.contents(*content),
            _ => None,
        }
    }
}
