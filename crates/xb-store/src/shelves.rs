//! What lies in `contents/` and `trees/`, whether or not anything is recorded of it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{ContentId, Digest, TreeId};

use crate::contents::hash_rest;
use crate::error::{Context, Result};
use crate::layout::{Form, Layout};
use crate::remove::{remove_file, remove_tree};

/// A file of `contents/`.
pub(crate) struct Shelved {
    pub(crate) path: PathBuf,
    /// The hash and the form that its name tells; none when it is no name that a content has.
    pub(crate) name: Option<([u8; 32], Form)>,
}

/// What [`Doomed`] is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Swept {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) trees: u64,
}

/// Every file of `contents/`.
pub(crate) fn list(layout: &Layout) -> Result<Vec<Shelved>> {
    let shelves = entries(&layout.contents())?;
    let files: Vec<Vec<PathBuf>> = shelves.par_iter().map(|shelf| entries(shelf)).collect::<Result<_>>()?;
    Ok(files.into_iter().flatten().map(|path| Shelved { name: parse(&path), path }).collect())
}

fn parse(path: &Path) -> Option<([u8; 32], Form)> {
    let (hex, form) = Form::parse(path.file_name()?.to_str()?)?;
    Some((*Digest::from_hex(hex, 0).ok()?.hash(), form))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).on("cannot read", folder)?;
    entries.map(|entry| Ok(entry.on("cannot read", folder)?.path())).collect()
}

/// Why a file is not what its name says; none when it is.
pub(crate) fn fault(path: &Path, form: Form, id: ContentId) -> Option<String> {
    check(path, form, id).unwrap_or_else(|error| Some(error.to_string()))
}

fn check(path: &Path, form: Form, id: ContentId) -> std::io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let stat = rustix::fs::fstat(&file)?;
    let mode = rustix::fs::Mode::from_raw_mode(stat.st_mode & 0o7777);
    if stat.st_size.cast_unsigned() != id.0.size() {
        return Ok(Some(format!("it has {} bytes", stat.st_size)));
    }
    if mode != form.mode() {
        return Ok(Some(format!("its mode is {:o}", mode.bits())));
    }
    let (hash, _) = hash_rest(&mut file)?;
    Ok((hash != *id.0.hash()).then(|| "its bytes are not those of its digest".to_owned()))
}

/// How many bytes each content takes in all of its forms together.
pub(crate) fn weights(layout: &Layout) -> Result<FxHashMap<[u8; 32], u64>> {
    let files = list(layout)?;
    let sizes: Vec<u64> = files.par_iter().map(|file| size_of(&file.path)).collect();
    let mut weights = FxHashMap::default();
    for (file, size) in files.iter().zip(sizes) {
        if let Some((hash, _)) = file.name {
            *weights.entry(hash).or_default() += size;
        }
    }
    Ok(weights)
}

/// What is not among what is kept.
pub(crate) struct Doomed {
    files: Vec<Shelved>,
    trees: Vec<PathBuf>,
}

impl Doomed {
    /// Every file and every tree that is not among these.
    pub(crate) fn find(layout: &Layout, contents: &FxHashSet<ContentId>, trees: &FxHashSet<TreeId>) -> Result<Self> {
        let hashes: FxHashSet<[u8; 32]> = contents.iter().map(|id| *id.0.hash()).collect();
        let is_kept = |file: &Shelved| file.name.is_some_and(|(hash, _)| hashes.contains(&hash));
        let files = list(layout)?.into_iter().filter(|file| !is_kept(file)).collect();
        let places: FxHashSet<PathBuf> = trees.iter().map(|tree| layout.tree(tree.0)).collect();
        let trees = entries(&layout.trees())?.into_iter().filter(|path| !places.contains(path)).collect();
        Ok(Self { files, trees })
    }

    /// How much it is.
    pub(crate) fn measure(&self) -> Swept {
        let bytes = self.files.par_iter().map(|file| size_of(&file.path)).sum();
        Swept { files: self.files.len() as u64, bytes, trees: self.trees.len() as u64 }
    }

    /// Removes it; called while nobody else has the store open.
    pub(crate) fn sweep(&self, layout: &Layout) -> Result<Swept> {
        let swept = self.measure();
        self.files.par_iter().try_for_each(|file| remove_file(&file.path))?;
        self.trees.par_iter().try_for_each(|path| discard(layout, path))?;
        Ok(swept)
    }
}

/// Takes a materialised tree from its place as a whole, and then apart: whoever is killed leaves no part of it where
/// all of it is expected.
pub(crate) fn discard(layout: &Layout, tree: &Path) -> Result<()> {
    let aside = layout.tmp().join(tree.file_name().unwrap_or_default());
    // What a killed one left has the same name.
    remove_tree(&aside)?;
    match fs::rename(tree, &aside) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        moved => moved.on("cannot move aside", tree).and_then(|()| remove_tree(&aside)),
    }
}

fn size_of(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |meta| meta.len())
}
