//! Where the loader looks, and what it finds there.

use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;
use xb_core::{Arch, ContentId, RelPath};
use xb_store::Contents;

use super::conf;
use super::substitute::substitute;
use crate::AuditError;
use crate::elf::Elf;
use crate::facts::read_elf;
use crate::tree::Tree;

/// A library that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Where it lies, when links are followed: two names of one file are one library.
    pub(super) path: RelPath,
    /// The folder by which it was found: its `$ORIGIN`.
    pub(super) origin: Arc<str>,
    pub(super) elf: Arc<Elf>,
}

/// What a search came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    pub(super) found: Option<Found>,
    /// The first file of that name that is for another machine, or no library at all.
    pub(super) passed_over: Option<RelPath>,
}

/// The loader of a root.
pub(crate) struct Loader<'a, C: ?Sized> {
    root: &'a Tree<'a, C>,
    store: &'a C,
    arch: Arch,
    /// The folders that `/etc/ld.so.conf` names, in the order of amd64 and in that of arm64.
    configured: [Vec<String>; 2],
    built_in: Vec<String>,
    elves: Mutex<FxHashMap<ContentId, Option<Arc<Elf>>>>,
    by_name: Mutex<FxHashMap<(Arch, String), Search>>,
}

impl<'a, C: Contents + ?Sized> Loader<'a, C> {
    /// The loader of a root of an architecture.
    pub(crate) fn of(root: &'a Tree<'a, C>, store: &'a C, arch: Arch) -> Result<Self, AuditError> {
        let [amd64, arm64] = Arch::ALL.map(|as_on| conf::folders(root, store, arch, as_on));
        let triplet = arch.triplet();
        let built_in = [&format!("/lib/{triplet}"), &format!("/usr/lib/{triplet}"), "/lib", "/usr/lib"];
        Ok(Self {
            root,
            store,
            arch,
            configured: [amd64?, arm64?],
            built_in: built_in.map(ToOwned::to_owned).to_vec(),
            elves: Mutex::default(),
            by_name: Mutex::default(),
        })
    }

    /// The architecture of the root.
    pub(crate) const fn arch(&self) -> Arch {
        self.arch
    }

    /// Where a path leads in the root.
    pub(crate) fn real(&self, path: &str) -> Result<Option<RelPath>, AuditError> {
        Ok(self.root.follow(&RelPath::root(), path)?)
    }

    /// The folders where libraries are looked for that no `RPATH` or `RUNPATH` leads to.
    ///
    /// `/etc/ld.so.cache` is what ldconfig(8) makes of the folders of `/etc/ld.so.conf` and of those built in, in this
    /// order; of several libraries of one name, the cache gives the first. The loader asks the cache before it looks
    /// into the folders built in (ld.so(8)), so this one order is that of both. In a root without a cache only the
    /// folders built in count; it is the order of an installed system that is calculated.
    ///
    /// ldconfig takes only names like `libx.so.1` into its cache; others are found where the loader looks by itself.
    pub(super) fn default_folders(&self, name: &str, as_on: Arch) -> impl Iterator<Item = &str> {
        let is_cached = (name.starts_with("lib") || name.starts_with("ld-")) && name.contains(".so");
        let configured = match as_on {
            _ if !is_cached => &[],
            Arch::Amd64 => self.configured[0].as_slice(),
            Arch::Arm64 => self.configured[1].as_slice(),
        };
        configured.iter().chain(&self.built_in).map(String::as_str)
    }

    /// Looks for a library in the default folders, in the order of an architecture.
    pub(super) fn by_default(&self, name: &str, as_on: Arch) -> Result<Search, AuditError> {
        let key = (as_on, name.to_owned());
        if let Some(known) = self.by_name.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let mut search = Search::default();
        self.among(self.default_folders(name, as_on), name, &mut search)?;
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner).insert(key, search.clone());
        Ok(search)
    }

    /// Looks for a library in the folders of a `RPATH` or `RUNPATH`.
    pub(super) fn by_path(&self, path: &str, origin: &str, name: &str, search: &mut Search) -> Result<(), AuditError> {
        let folders: Vec<String> = self.folders_of(path, origin).collect();
        self.among(folders.iter().map(String::as_str), name, search)
    }

    /// The folders that a `RPATH` or `RUNPATH` names. An empty one is the working folder of whoever starts the program,
    /// and a relative one lies beneath it: of neither is anything known.
    pub(super) fn folders_of(&self, path: &str, origin: &str) -> impl Iterator<Item = String> {
        let folders = path.split(':').map(|folder| substitute(folder, origin, self.arch));
        folders.filter(|folder| folder.starts_with('/'))
    }

    /// Takes the file at a path, if it is a library for this architecture.
    pub(super) fn take(&self, path: &str, search: &mut Search) -> Result<(), AuditError> {
        let Some(real) = self.real(path)? else {
            return Ok(());
        };
        let Some(content) = self.root.file(&real)? else {
            return Ok(());
        };
        match self.elf(content)?.filter(|elf| elf.machine.is(self.arch)) {
            Some(elf) => {
                let origin = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                search.found = Some(Found { path: real, origin: origin.into(), elf });
            }
            None => {
                search.passed_over.get_or_insert(real);
            }
        }
        Ok(())
    }

    fn among<'f>(
        &self,
        folders: impl Iterator<Item = &'f str>,
        name: &str,
        search: &mut Search,
    ) -> Result<(), AuditError> {
        for folder in folders {
            self.take(&format!("{folder}/{name}"), search)?;
            if search.found.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn elf(&self, content: ContentId) -> Result<Option<Arc<Elf>>, AuditError> {
        if let Some(known) = self.elves.lock().unwrap_or_else(PoisonError::into_inner).get(&content) {
            return Ok(known.clone());
        }
        let elf = read_elf(content, self.store)?.map(Arc::new);
        self.elves.lock().unwrap_or_else(PoisonError::into_inner).insert(content, elf.clone());
        Ok(elf)
    }
}
