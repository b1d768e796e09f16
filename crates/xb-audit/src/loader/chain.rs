//! Everything that is loaded for the sake of one file.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use xb_core::{Arch, RelPath};
use xb_store::Contents;

use super::search::{Found, Loader, Search};
use super::substitute::substitute;
use crate::AuditError;
use crate::elf::{Dynamic, Elf};

/// So many libraries one program may load; a large desktop program loads some hundreds.
const MOST_LOADED: usize = 16_384;

/// So many folders where a library was looked for are told.
const MOST_TOLD: usize = 64;

/// A library that a file needs, and which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// The file that needs it.
    pub(crate) by: RelPath,
    /// Its name.
    pub(crate) name: String,
    /// Where it lies; none when it is nowhere.
    pub(crate) found: Option<RelPath>,
    /// Where it was looked for, when it is nowhere.
    pub(crate) searched: Vec<String>,
    /// A file of its name that is not for this architecture, when it is nowhere.
    pub(crate) passed_over: Option<RelPath>,
}

/// A file that is loaded.
struct Loaded {
    path: RelPath,
    origin: Arc<str>,
    elf: Arc<Elf>,
    /// On whose behalf.
    by: Option<usize>,
}

/// All that is loaded, in the order of loading.
struct Chain<'l, 'a, C: ?Sized> {
    loader: &'l Loader<'a, C>,
    as_on: Arch,
    loaded: Vec<Loaded>,
    by_name: FxHashMap<String, usize>,
    by_path: FxHashMap<RelPath, usize>,
}

impl<C: Contents + ?Sized> Loader<'_, C> {
    /// Every need of a file and of what is loaded for it, in the order of loading, which goes by breadth; with the
    /// order of the default folders that an architecture has.
    pub(crate) fn load(&self, path: &RelPath, elf: Arc<Elf>, as_on: Arch) -> Result<Vec<Need>, AuditError> {
        let mut chain = Chain {
            loader: self,
            as_on,
            loaded: Vec::new(),
            by_name: FxHashMap::default(),
            by_path: FxHashMap::default(),
        };
        if let Some(loader) = elf.interpreter.as_deref().and_then(|path| path.rsplit('/').next()) {
            // The loader itself is there before anything is needed.
            chain.by_name.insert(loader.to_owned(), 0);
        }
        let origin = path.parent().unwrap_or_default();
        chain.add(Found { path: path.clone(), origin: format!("/{origin}").into(), elf }, None);
        let (mut needs, mut at) = (Vec::new(), 0);
        while let Some(dynamic) = chain.loaded.get(at).map(|file| file.elf.dynamic.clone()) {
            for name in dynamic.iter().flat_map(|dynamic| &dynamic.needed) {
                needs.extend(chain.need(at, name)?);
            }
            at += 1;
        }
        Ok(needs)
    }
}

impl<C: Contents + ?Sized> Chain<'_, '_, C> {
    fn add(&mut self, found: Found, by: Option<usize>) -> usize {
        let index = self.loaded.len();
        if let Some(name) = found.elf.dynamic.as_ref().and_then(|dynamic| dynamic.soname.clone()) {
            self.by_name.entry(name).or_insert(index);
        }
        self.by_path.insert(found.path.clone(), index);
        self.loaded.push(Loaded { path: found.path, origin: found.origin, elf: found.elf, by });
        index
    }

    /// Loads a library for a file; none when it is the loader, which nobody looks for.
    fn need(&mut self, by: usize, name: &str) -> Result<Option<Need>, AuditError> {
        let need = |found| Need {
            by: self.loaded.get(by).map(|file| file.path.clone()).unwrap_or_default(),
            name: name.to_owned(),
            found,
            searched: Vec::new(),
            passed_over: None,
        };
        if let Some(index) = self.by_name.get(name) {
            let path = self.loaded.get(*index).filter(|_| *index != 0).map(|file| file.path.clone());
            return Ok(path.map(|path| need(Some(path))));
        }
        let search = self.search(by, name)?;
        let mut need = need(search.found.as_ref().map(|found| found.path.clone()));
        match search.found {
            Some(found) if self.loaded.len() < MOST_LOADED => {
                let known = self.by_path.get(&found.path).copied();
                let index = known.unwrap_or_else(|| self.add(found, Some(by)));
                self.by_name.insert(name.to_owned(), index);
            }
            Some(_) => {}
            None => {
                need.searched = self.searched(by, name);
                need.passed_over = search.passed_over;
            }
        }
        Ok(Some(need))
    }

    fn search(&self, by: usize, name: &str) -> Result<Search, AuditError> {
        let mut search = Search::default();
        if name.contains('/') {
            let origin = self.loaded.get(by).map_or("", |file| &file.origin);
            self.loader.take(&substitute(name, origin, self.loader.arch()), &mut search)?;
            return Ok(search);
        }
        for (path, origin) in self.paths(by) {
            self.loader.by_path(path, origin, name, &mut search)?;
            if search.found.is_some() {
                return Ok(search);
            }
        }
        if self.looks_everywhere(by) {
            let by_default = self.loader.by_default(name, self.as_on)?;
            search.found = by_default.found;
            search.passed_over = search.passed_over.or(by_default.passed_over);
        }
        Ok(search)
    }

    /// The `RPATH`s or the `RUNPATH` that count for what a file needs, each with its `$ORIGIN`.
    fn paths(&self, by: usize) -> Vec<(&str, &str)> {
        let mut paths = Vec::new();
        let own = self.dynamic(by);
        if let Some((path, file)) = own.and_then(|(dynamic, file)| Some((dynamic.runpath.as_deref()?, file))) {
            paths.push((path, &*file.origin));
            return paths;
        }
        let mut at = Some(by);
        while let Some(file) = at.and_then(|index| self.loaded.get(index)) {
            if let Some(Dynamic { rpath: Some(path), runpath: None, .. }) = &file.elf.dynamic {
                paths.push((path.as_str(), &*file.origin));
            }
            at = file.by;
        }
        paths
    }

    fn dynamic(&self, index: usize) -> Option<(&Dynamic, &Loaded)> {
        let file = self.loaded.get(index)?;
        Some((file.elf.dynamic.as_ref()?, file))
    }

    fn looks_everywhere(&self, by: usize) -> bool {
        !self.dynamic(by).is_some_and(|(dynamic, _)| dynamic.only_there)
    }

    fn searched(&self, by: usize, name: &str) -> Vec<String> {
        if name.contains('/') {
            return Vec::new();
        }
        let own = self.paths(by).into_iter().flat_map(|(path, origin)| self.loader.folders_of(path, origin));
        let others = self.loader.default_folders(name, self.as_on).filter(|_| self.looks_everywhere(by));
        let mut folders: Vec<String> = Vec::new();
        for folder in own.chain(others.map(ToOwned::to_owned)) {
            if folders.len() < MOST_TOLD && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }
}
