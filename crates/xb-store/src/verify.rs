//! Verification: everything is hashed again, and what is wrong goes together with what depends on it.
//!
//! A damaged content is not mended in place: it goes, and so do the results, memos and materialised trees that
//! name it, and the results of commands that may have read it, as far as it is still known what they saw. Whoever
//! asks for them next finds nothing and builds or fetches again. Roots stay, since they are a person's wish; they are
//! reported.

use std::path::PathBuf;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{ContentId, Digest, TreeId};

use crate::Store;
use crate::census::{Census, Holder, HolderKind};
use crate::compare::Trust;
use crate::db::Key;
use crate::error::Result;
use crate::gc::drop_holder;
use crate::layout::Form;
use crate::remove::remove_file;
use crate::shelves::{discard, fault, list};

/// What was looked at, and what was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many contents were hashed.
    pub contents: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many directories were hashed.
    pub directories: u64,
    /// How many materialised trees were compared with what they should be.
    pub trees: u64,
    /// What was wrong.
    pub damaged: Vec<Damage>,
    /// Whether what was wrong, and what depends on it, was removed.
    pub repaired: bool,
}

/// Something that is not what its digest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// `the content HEX/SIZE`, `the directory HEX/SIZE`, `the materialised tree HEX/SIZE`.
    pub what: String,
    /// What is wrong with it.
    pub reason: String,
    /// What depends on it: `the root NAME`, `the result of HEX/SIZE`, `the memo KIND`, `the materialised tree ...`.
    pub affected: Vec<String>,
}

/// Faults, before it is known what depends on them.
#[derive(Default)]
struct Faults {
    /// Files of `contents/` that are wrong.
    files: Vec<(ContentId, PathBuf, String)>,
    /// Contents of which no sound file is left.
    lost: FxHashSet<ContentId>,
    /// Contents that are recorded and of which there is no file at all.
    absent: Vec<ContentId>,
    /// Directories that are wrong.
    directories: Vec<(TreeId, String)>,
    /// Materialised trees that are wrong.
    trees: Vec<(TreeId, String)>,
}

/// Who is in whom, upwards.
struct Parents(FxHashMap<Digest, Vec<TreeId>>);

impl Store {
    /// Hashes everything again. With `repair`, what is wrong goes, together with what depends on it; nobody else
    /// may then have the store open.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy) when it is to be repaired and somebody else has it open; and
    /// see [`StoreError`](crate::StoreError). What is wrong with the store's contents is no error but the report.
    pub fn verify(&self, repair: bool) -> Result<VerifyReport> {
        if repair {
            return self.alone(false, || self.examine(true));
        }
        self.index().flush()?;
        self.examine(false)
    }

    fn examine(&self, repair: bool) -> Result<VerifyReport> {
        let census = Census::take(&self.index().db)?;
        let faults = self.find_faults(&census)?;
        let mut report = VerifyReport {
            contents: census.contents.len() as u64,
            bytes: census.contents.iter().map(|id| id.0.size()).sum(),
            directories: (census.directories.len() + census.damaged.len()) as u64,
            trees: census.materialised().count() as u64,
            ..VerifyReport::default()
        };
        if faults.is_empty() {
            return Ok(report);
        }
        let parents = Parents::of(&census);
        report.damaged = faults.describe(&census, &parents);
        if repair {
            self.remove_faults(&census, &parents, &faults)?;
            report.repaired = true;
        }
        Ok(report)
    }

    fn find_faults(&self, census: &Census) -> Result<Faults> {
        let mut faults = self.find_bad_files(census)?;
        faults.directories.clone_from(&census.damaged);
        let trees: Vec<TreeId> = census.materialised().collect();
        faults.trees = trees
            .par_iter()
            .filter_map(|tree| {
                Some((*tree, self.difference(*tree, Trust::Contents).unwrap_or_else(|error| Some(error.to_string()))?))
            })
            .collect();
        Ok(faults)
    }

    fn find_bad_files(&self, census: &Census) -> Result<Faults> {
        let by_hash: FxHashMap<[u8; 32], ContentId> = census.contents.iter().map(|id| (*id.0.hash(), *id)).collect();
        let files: Vec<(ContentId, Form, PathBuf)> = list(self.layout())?
            .into_iter()
            .filter_map(|file| {
                let (hash, form) = file.name?;
                Some((*by_hash.get(&hash)?, form, file.path))
            })
            .collect();
        let checked: Vec<Option<String>> = files.par_iter().map(|(id, form, path)| fault(path, *form, *id)).collect();
        let mut faults = Faults::default();
        let mut sound = FxHashSet::default();
        let mut present = FxHashSet::default();
        for ((id, form, path), wrong) in files.into_iter().zip(checked) {
            present.insert(id);
            match wrong {
                Some(reason) => faults.files.push((id, path, reason)),
                // The other forms are copies of one of these two.
                None if !matches!(form, Form::Mode(_)) => {
                    sound.insert(id);
                }
                None => {}
            }
        }
        faults.lost = census.contents.difference(&sound).copied().collect();
        faults.absent = census.contents.difference(&present).copied().collect();
        Ok(faults)
    }

    fn remove_faults(&self, census: &Census, parents: &Parents, faults: &Faults) -> Result<()> {
        let lost = faults.lost.iter().map(|id| id.0).chain(faults.directories.iter().map(|(id, _)| id.0));
        let above_lost = parents.above(lost);
        // A materialised tree holds the very file that is wrong, even when another form of the content is sound.
        let above_bad = parents.above(faults.files.iter().map(|(id, ..)| id.0));
        let wrong_trees: FxHashSet<TreeId> = faults.trees.iter().map(|(tree, _)| *tree).collect();
        let goes = |holder: &&Holder| match holder.kind {
            HolderKind::Materialised(tree) => {
                above_lost.contains(&tree) || above_bad.contains(&tree) || wrong_trees.contains(&tree)
            }
            _ => holder.depends_on(&above_lost, &faults.lost) || holder.was_built_from(&above_bad),
        };
        let gone: Vec<&Holder> = census.holders.iter().filter(goes).collect();
        self.index().db.write(|rows| {
            let mut delete = rows.prepare_cached("DELETE FROM contents WHERE digest = ?1")?;
            faults.lost.iter().try_for_each(|id| delete.execute([Key(id.0)]).map(drop))?;
            let mut delete = rows.prepare_cached("DELETE FROM directories WHERE digest = ?1")?;
            faults.directories.iter().try_for_each(|(id, _)| delete.execute([Key(id.0)]).map(drop))?;
            gone.iter().try_for_each(|holder| drop_holder(rows, &holder.kind))?;
            rows.execute("UPDATE directories SET whole = 0", []).map(drop)
        })?;
        for (_, path, _) in &faults.files {
            remove_file(path)?;
        }
        for holder in gone {
            if let HolderKind::Materialised(tree) = holder.kind {
                discard(self.layout(), &self.layout().tree(tree.0))?;
            }
        }
        Ok(())
    }
}

impl Faults {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.absent.is_empty() && self.directories.is_empty() && self.trees.is_empty()
    }

    fn describe(&self, census: &Census, parents: &Parents) -> Vec<Damage> {
        let mut damaged: Vec<Damage> = Vec::new();
        let absent = self.absent.iter().map(|id| (*id, "its file is gone".to_owned()));
        let files = self.files.iter().map(|(id, _, reason)| (*id, reason.clone()));
        for (id, reason) in absent.chain(files) {
            let above = parents.above([id.0]);
            let mut affected = affected(census, &above, &FxHashSet::from_iter([id]));
            let built = census.holders.iter().filter(|holder| holder.was_built_from(&above));
            affected.extend(built.map(|holder| format!("{}, built from it", holder.kind)));
            damaged.push(Damage { what: format!("the content {id}"), reason, affected });
        }
        for (id, reason) in &self.directories {
            let affected = affected(census, &parents.above([id.0]), &FxHashSet::default());
            damaged.push(Damage { what: format!("the directory {id}"), reason: reason.clone(), affected });
        }
        for (id, reason) in &self.trees {
            let what = format!("the materialised tree {id}");
            damaged.push(Damage { what, reason: reason.clone(), affected: Vec::new() });
        }
        damaged.sort_by(|a, b| a.what.cmp(&b.what));
        damaged
    }
}

fn affected(census: &Census, trees: &FxHashSet<TreeId>, contents: &FxHashSet<ContentId>) -> Vec<String> {
    let holders = census.holders.iter().filter(|holder| holder.depends_on(trees, contents));
    let mut names: Vec<String> = holders.map(|holder| holder.kind.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

impl Holder {
    fn depends_on(&self, trees: &FxHashSet<TreeId>, contents: &FxHashSet<ContentId>) -> bool {
        self.trees.iter().any(|tree| trees.contains(tree)) || self.log.is_some_and(|log| contents.contains(&log))
    }

    fn was_built_from(&self, trees: &FxHashSet<TreeId>) -> bool {
        self.root.is_some_and(|root| trees.contains(&root))
    }
}

impl std::fmt::Display for HolderKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root(name) => write!(f, "the root {name}"),
            Self::Result(action) => write!(f, "the result of {action}"),
            Self::Memo(kind, _) => write!(f, "the memo {kind}"),
            Self::Materialised(tree) => write!(f, "the materialised tree {tree}"),
        }
    }
}

impl Parents {
    fn of(census: &Census) -> Self {
        let mut parents: FxHashMap<Digest, Vec<TreeId>> = FxHashMap::default();
        #[expect(clippy::iter_over_hash_type, reason = "the order of parents does not show")]
        for (id, beneath) in &census.directories {
            let inside = beneath.files.iter().map(|id| id.0).chain(beneath.folders.iter().map(|id| id.0));
            inside.for_each(|digest| parents.entry(digest).or_default().push(*id));
        }
        Self(parents)
    }

    /// Every directory that is one of these, or has one of these somewhere beneath it.
    fn above(&self, digests: impl IntoIterator<Item = Digest>) -> FxHashSet<TreeId> {
        let mut above = FxHashSet::default();
        let mut ahead: Vec<Digest> = digests.into_iter().collect();
        above.extend(ahead.iter().map(|digest| TreeId(*digest)));
        while let Some(digest) = ahead.pop() {
            for parent in self.0.get(&digest).into_iter().flatten() {
                if above.insert(*parent) {
                    ahead.push(parent.0);
                }
            }
        }
        above
    }
}
