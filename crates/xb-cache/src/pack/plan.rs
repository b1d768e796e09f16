//! What is to be done for a pull, once the index is here and found to be of what was asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use xb_core::{ContentId, Digest, Sha256, TreeId};
use xb_graph::decode_directory;
use xb_graph::reapi::Directory;
use xb_store::Contents;

use super::PackError;
use super::index::{Chunk, Index, Unreadable, VERSION};
use super::memory::{Spot, spots};
use super::pull::Limits;
use super::walk::walk;
use crate::{Address, Blob, RemoteError};

/// A pack that is asked for, and how it is called in errors.
#[derive(Clone)]
pub(super) struct Asked {
    pub remote: Address,
    pub index: Blob,
    pub trees: Vec<TreeId>,
    pub beside: Vec<ContentId>,
    pub limits: Limits,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The chunks in which something lies that the store lacks, and where each begins in the text.
    pub chunks: Vec<(u64, Chunk)>,
    /// What the store lacks, and where it begins in the text.
    pub contents: Vec<(u64, ContentId)>,
    /// Where chunks will lie once all contents are here.
    pub spots: Vec<(Sha256, Spot)>,
    /// The directories, inner ones first.
    pub directories: Vec<Directory>,
    /// How many bytes the store lacks.
    pub lacking_bytes: u64,
}

impl Asked {
    /// Checks an index against what was asked for, and finds out what the store lacks.
    pub fn plan(&self, packed: &[u8], store: &dyn Contents) -> Result<Plan, PackError> {
        let index = Index::unpack(packed).map_err(|unreadable| match unreadable {
            Unreadable::Wrong(why) => self.lied(why),
            Unreadable::Version(version) => self.of_version(version),
        })?;
        self.check_size("bytes", index.raw_size(), self.limits.raw_bytes)?;
        self.check_size("directories", index.directories.len() as u64, self.limits.directories)?;
        let mut directories = self.directories(&index)?;
        let walked = walk(&self.trees, &self.beside, |id| {
            let lacking = || self.lied(format!("it lacks the directory {id}"));
            directories.get(&id).cloned().ok_or_else(lacking)
        })?;
        if walked.directories.len() != index.directories.len() {
            return Err(self.lied("it has directories that are in none of the trees".to_owned()));
        }
        let lacking = self.lacking(&index, &walked.contents, store)?;
        let directories = walked.inner_first.iter().filter_map(|id| directories.remove(id)).map(Arc::unwrap_or_clone);
        Ok(Plan {
            chunks: touched(&index.chunks, &lacking),
            lacking_bytes: lacking.iter().map(|(_, id)| id.0.size()).sum(),
            contents: lacking,
            spots: spots(&index),
            directories: directories.collect(),
        })
    }

    fn directories(&self, index: &Index) -> Result<HashMap<TreeId, Arc<Directory>>, PackError> {
        let read = |bytes: &Vec<u8>| {
            let id = TreeId(Digest::of(bytes));
            let directory = decode_directory(id, bytes).map_err(|error| self.lied(error.to_string()))?;
            Ok((id, Arc::new(directory)))
        };
        index.directories.iter().map(read).collect()
    }

    /// What the store lacks of what is wanted, and where it begins in the text.
    fn lacking(
        &self,
        index: &Index,
        wanted: &[ContentId],
        store: &dyn Contents,
    ) -> Result<Vec<(u64, ContentId)>, PackError> {
        let mut absent = HashSet::new();
        for id in wanted {
            if !store.has_content(*id)? {
                absent.insert(*id);
            }
        }
        let (mut start, mut named, mut lacking) = (0, HashSet::new(), Vec::new());
        for id in &index.contents {
            if !named.insert(*id) {
                return Err(self.lied(format!("it has the content {id} twice")));
            }
            if absent.remove(id) {
                lacking.push((start, *id));
            }
            start += id.0.size();
        }
        match wanted.iter().find(|id| absent.contains(id)) {
            Some(id) => Err(self.lied(format!("it lacks the content {id}"))),
            None => Ok(lacking),
        }
    }

    fn check_size(&self, what: &str, found: u64, most: u64) -> Result<(), PackError> {
        if found <= most {
            return Ok(());
        }
        let why = format!("it has {found} {what}, and {most} are taken");
        Err(PackError::TooLarge { remote: self.remote.clone(), what: self.name(), why })
    }

    fn of_version(&self, version: u32) -> PackError {
        PackError::Version { remote: self.remote.clone(), what: self.name(), version, known: VERSION }
    }

    /// How the pack is called in errors.
    pub fn name(&self) -> String {
        format!("the index {}", self.index.sha256)
    }

    /// The error of an index that is not the one it should be.
    pub fn lied(&self, why: String) -> PackError {
        self.lied_of(self.name(), why)
    }

    /// The error of a part of the pack that is not the one it should be.
    pub fn lied_of(&self, what: String, why: String) -> PackError {
        RemoteError::Lied { remote: self.remote.clone(), what, why }.into()
    }
}

/// The chunks in which any of these contents lies, and where each begins; the contents are in the order of the text.
fn touched(chunks: &[Chunk], contents: &[(u64, ContentId)]) -> Vec<(u64, Chunk)> {
    let mut contents = contents.iter().filter(|(_, id)| id.0.size() > 0).peekable();
    let (mut start, mut touched) = (0, Vec::new());
    for chunk in chunks {
        let end = start + chunk.raw.size();
        if contents.peek().is_some_and(|(begins, _)| *begins < end) {
            touched.push((start, *chunk));
        }
        while contents.next_if(|(begins, id)| begins + id.0.size() <= end).is_some() {}
        start = end;
    }
    touched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chunks_with_something_in_them_are_touched() {
        let chunk = |size| Chunk { blob: Blob::of(b""), raw: Digest::new([0; 32], size) };
        let chunks = [chunk(10), chunk(10), chunk(10), chunk(10)];
        let check = |contents: &[(u64, u64)], right: &[u64]| {
            let contents: Vec<_> =
                contents.iter().map(|(start, size)| (*start, ContentId(Digest::new([1; 32], *size)))).collect();
            let starts: Vec<_> = touched(&chunks, &contents).iter().map(|(start, _)| *start).collect();
            assert_eq!(starts, right, "{contents:?}");
        };
        check(&[], &[]);
        check(&[(0, 40)], &[0, 10, 20, 30]);
        check(&[(10, 10)], &[10]);
        check(&[(9, 2)], &[0, 10]);
        check(&[(5, 0), (10, 0), (25, 1)], &[20]);
        check(&[(0, 1), (3, 1), (19, 1), (39, 1)], &[0, 10, 30]);
        check(&[(9, 12), (21, 1)], &[0, 10, 20]);
    }
}
