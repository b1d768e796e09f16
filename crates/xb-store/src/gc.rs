//! Garbage collection: one walk in memory from what is kept, then one transaction, then the files.
//!
//! Roots are kept always. Results, memos and materialised trees are kept when the policy says so, the most
//! recently used first, each with everything that it names. Rows go before files: whoever is killed in between
//! leaves files without a row, which the next collection removes.

use std::time::Duration;

use rusqlite::{Transaction, params};
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::{ContentId, TreeId};

use crate::Store;
use crate::census::{Census, Holder, HolderKind};
use crate::db::{Key, now};
use crate::error::Result;
use crate::lock::Lock;
use crate::remove::remove_file;
use crate::session::remove_stale;
use crate::shelves::{Doomed, Swept, weights};

/// What is kept beside the roots: by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcPolicy {
    /// Keeps what was used within this time.
    pub age: Option<Duration>,
    /// Keeps what was used last, up to so many bytes of contents and folders in all; with `age`, both must hold.
    pub bytes: Option<u64>,
    /// Whether to wait for other processes that have the store open; otherwise they are an error.
    pub wait: bool,
    /// Only tells what would go.
    pub dry_run: bool,
}

/// What went, and what stayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Files of contents that went.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Materialised trees that went.
    pub trees: u64,
    /// Directories that went.
    pub directories: u64,
    /// Results that went.
    pub results: u64,
    /// Memos and notes that went.
    pub memos: u64,
    /// Scratch folders of dead processes that went.
    pub scratch: u64,
    /// Bytes of the contents that stayed, and of the folders of the materialised trees.
    pub kept_bytes: u64,
}

/// What a folder takes on a disk, in bytes, on most file systems.
pub const FOLDER: u64 = 4096;

/// What is kept.
struct Kept<'a> {
    census: &'a Census,
    weights: &'a FxHashMap<[u8; 32], u64>,
    trees: FxHashSet<TreeId>,
    contents: FxHashSet<ContentId>,
    /// Trees that stay as folders.
    materialised: FxHashSet<TreeId>,
    bytes: u64,
    /// How many folders there are in a tree, however often it has the same one.
    folders: FxHashMap<TreeId, u64>,
}

/// What something that is not kept yet would keep.
#[derive(Default)]
struct Reach {
    trees: FxHashSet<TreeId>,
    contents: FxHashSet<ContentId>,
    is_whole: bool,
}

impl Store {
    /// Removes what no root needs and `policy` does not keep.
    ///
    /// Nothing goes while another process has the store open; what would go can be told all the same. This process must not use its own meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Busy`](crate::StoreError::Busy), which says who has the store open, unless the policy is to
    /// wait; and see [`StoreError`](crate::StoreError).
    pub fn gc(&self, policy: &GcPolicy) -> Result<GcReport> {
        self.gc_without(&[], policy)
    }

    /// As [`gc`](Self::gc), after removing these roots.
    ///
    /// # Errors
    /// As there. Where collecting itself fails, the roots are gone already.
    pub fn gc_without(&self, roots: &[String], policy: &GcPolicy) -> Result<GcReport> {
        if policy.dry_run {
            self.index().flush()?;
            return self.collect(roots, policy);
        }
        let collect = || {
            for root in roots {
                self.remove_root(root)?;
            }
            self.collect(roots, policy)
        };
        self.alone(policy.wait, collect)
    }

    /// Does `work` while nobody else has the store open, and believes nothing that was in memory before.
    pub(crate) fn alone<T>(&self, wait: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let flushed = self.index().flush();
        // On a full disk, what could not be noted is not believed in; room must be made first.
        if let Err(error) = flushed
            && !error.is_full()
        {
            return Err(error);
        }
        let work = || {
            self.index().forget();
            work()
        };
        let done = self.session().alone(self.layout(), wait, work);
        self.index().forget();
        done
    }

    fn collect(&self, without: &[String], policy: &GcPolicy) -> Result<GcReport> {
        let mut report = GcReport::default();
        if !policy.dry_run {
            report.scratch = remove_stale(self.layout())?;
        }
        let weights = weights(self.layout())?;
        let mut census = Census::take(&self.index().db)?;
        census.holders.retain(|holder| !matches!(&holder.kind, HolderKind::Root(name) if without.contains(name)));
        let (kept, dropped) = Kept::choose(&census, &weights, policy);
        report.kept_bytes = kept.bytes;
        let doomed = || Doomed::find(self.layout(), &kept.contents, &kept.materialised);
        if policy.dry_run {
            report.count(&kept, &dropped);
            report.add(doomed()?.measure());
            return Ok(report);
        }
        let oldest_note = policy.age.map_or(i64::MAX, |age| now().saturating_sub_unsigned(age.as_secs()));
        let drop_rows = || self.index().db.write(|rows| drop_rows(rows, &kept, &dropped, oldest_note));
        let rows = match drop_rows() {
            // Deleting rows takes a little room; what has no row at all makes some.
            Err(error) if error.is_full() => {
                let trees = census.materialised().collect();
                report.add(Doomed::find(self.layout(), &census.contents, &trees)?.sweep(self.layout())?);
                drop_rows()?
            }
            rows => rows?,
        };
        report.directories = rows.directories;
        report.results = rows.results;
        report.memos = rows.memos;
        report.add(doomed()?.sweep(self.layout())?);
        self.remove_idle_locks()?;
        Ok(report)
    }

    /// Removes the files of the locks of actions and slots; what this process itself still holds stays.
    fn remove_idle_locks(&self) -> Result<()> {
        let entries = std::fs::read_dir(self.layout().locks()).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()).filter(|path| !path.ends_with("gc.lock")) {
            if Lock::open(&path)?.try_lock().is_ok() {
                remove_file(&path)?;
            }
        }
        Ok(())
    }
}

impl GcReport {
    /// Counts the rows that would go, but for notes.
    fn count(&mut self, kept: &Kept<'_>, dropped: &[&Holder]) {
        // The empty one is known to everybody, and no row.
        let directories = kept.census.directories.keys().filter(|tree| tree.0.size() > 0);
        self.directories = directories.filter(|tree| !kept.trees.contains(tree)).count() as u64;
        for holder in dropped {
            match &holder.kind {
                HolderKind::Root(_) | HolderKind::Materialised(_) => {}
                HolderKind::Result(_) => self.results += 1,
                HolderKind::Memo(..) => self.memos += 1,
            }
        }
    }

    fn add(&mut self, swept: Swept) {
        self.files += swept.files;
        self.bytes += swept.bytes;
        self.trees += swept.trees;
    }
}

impl<'a> Kept<'a> {
    /// What is kept, and what names things and is not.
    fn choose(census: &'a Census, weights: &'a FxHashMap<[u8; 32], u64>, policy: &GcPolicy) -> (Self, Vec<&'a Holder>) {
        let mut kept = Self {
            census,
            weights,
            trees: FxHashSet::default(),
            contents: FxHashSet::default(),
            materialised: FxHashSet::default(),
            bytes: 0,
            folders: FxHashMap::default(),
        };
        let is_root = |holder: &&Holder| matches!(holder.kind, HolderKind::Root(_));
        let (roots, others): (Vec<&Holder>, Vec<&Holder>) = census.holders.iter().partition(is_root);
        for root in roots {
            // Even a root of which something is missing: what is here of it need not be fetched again.
            kept.add(kept.reach(root));
        }
        let (rooted, mut others): (Vec<&Holder>, Vec<&Holder>) = others
            .into_iter()
            .partition(|holder| matches!(holder.kind, HolderKind::Materialised(tree) if kept.trees.contains(&tree)));
        rooted.into_iter().for_each(|holder| kept.keep_folders(holder));
        others.sort_by_key(|holder| std::cmp::Reverse(holder.used));
        others.retain(|holder| !kept.try_keep(holder, policy));
        (kept, others)
    }

    fn try_keep(&mut self, holder: &Holder, policy: &GcPolicy) -> bool {
        if policy.age.is_none() && policy.bytes.is_none() {
            // What roots keep as folders is kept already.
            return !matches!(holder.kind, HolderKind::Materialised(_)) && self.is_kept_anyway(holder);
        }
        let oldest = policy.age.map_or(i64::MIN, |age| now().saturating_sub_unsigned(age.as_secs()));
        let reach = self.reach(holder);
        let weight = self.weight(&reach).saturating_add(self.weight_of_folders(holder));
        let fits = policy.bytes.is_none_or(|limit| self.bytes.saturating_add(weight) <= limit);
        if reach.is_whole && holder.used > oldest && fits {
            self.add(reach);
            self.keep_folders(holder);
            return true;
        }
        // A tree that others keep costs as much as its folders.
        let costs_more = policy.bytes.is_some() && matches!(holder.kind, HolderKind::Materialised(_));
        let is_kept = !costs_more && self.is_kept_anyway(holder);
        if is_kept {
            self.keep_folders(holder);
        }
        is_kept
    }

    /// A tree stays as folders.
    fn keep_folders(&mut self, holder: &Holder) {
        if let HolderKind::Materialised(tree) = holder.kind {
            self.bytes = self.bytes.saturating_add(self.weight_of_folders(holder));
            self.materialised.insert(tree);
        }
    }

    /// What the folders of a materialised tree take on the disk; its files are those of the contents.
    fn weight_of_folders(&mut self, holder: &Holder) -> u64 {
        match holder.kind {
            HolderKind::Materialised(tree) => self.count_folders(tree).saturating_mul(FOLDER),
            _ => 0,
        }
    }

    fn count_folders(&mut self, tree: TreeId) -> u64 {
        let census = self.census;
        let beneath = |tree: &TreeId| census.directories.get(tree).map_or(&[][..], |beneath| &beneath.folders);
        let mut ahead = vec![tree];
        while let Some(tree) = ahead.last().copied() {
            let unknown = beneath(&tree).iter().filter(|folder| !self.folders.contains_key(*folder));
            let before = ahead.len();
            ahead.extend(unknown);
            if ahead.len() == before {
                let below = beneath(&tree).iter().filter_map(|folder| self.folders.get(folder));
                let count = below.fold(1_u64, |count, below| count.saturating_add(*below));
                self.folders.insert(tree, count);
                ahead.pop();
            }
        }
        self.folders.get(&tree).copied().unwrap_or(1)
    }

    /// Whether a root holds everything that this holds: then it costs nothing to keep.
    fn is_kept_anyway(&self, holder: &Holder) -> bool {
        holder.trees.iter().all(|tree| self.trees.contains(tree))
            && holder.log.is_none_or(|log| self.contents.contains(&log))
            && self.reach(holder).is_whole
    }

    fn add(&mut self, reach: Reach) {
        self.bytes += self.weight(&reach);
        self.trees.extend(reach.trees);
        self.contents.extend(reach.contents);
    }

    fn weight(&self, reach: &Reach) -> u64 {
        reach.contents.iter().map(|id| self.weights.get(id.0.hash()).copied().unwrap_or_default()).sum()
    }

    fn reach(&self, holder: &Holder) -> Reach {
        let mut reach = Reach { is_whole: true, ..Reach::default() };
        reach.take_contents(self, &holder.log.into_iter().collect::<Vec<_>>());
        let mut ahead = holder.trees.clone();
        while let Some(tree) = ahead.pop() {
            if self.trees.contains(&tree) || !reach.trees.insert(tree) {
                continue;
            }
            match self.census.directories.get(&tree) {
                Some(beneath) => {
                    reach.take_contents(self, &beneath.files);
                    ahead.extend_from_slice(&beneath.folders);
                }
                None => reach.is_whole = false,
            }
        }
        reach
    }
}

impl Reach {
    fn take_contents(&mut self, kept: &Kept<'_>, contents: &[ContentId]) {
        for id in contents {
            if !kept.census.contents.contains(id) {
                self.is_whole = false;
            } else if !kept.contents.contains(id) {
                self.contents.insert(*id);
            }
        }
    }
}

/// How many rows went.
#[derive(Default)]
struct Dropped {
    directories: u64,
    results: u64,
    memos: u64,
}

fn drop_rows(
    rows: &Transaction<'_>,
    kept: &Kept<'_>,
    holders: &[&Holder],
    oldest_note: i64,
) -> rusqlite::Result<Dropped> {
    let mut dropped = Dropped::default();
    for holder in holders {
        match &holder.kind {
            HolderKind::Result(_) => dropped.results += 1,
            HolderKind::Memo(..) => dropped.memos += 1,
            HolderKind::Materialised(_) | HolderKind::Root(_) => {}
        }
        drop_holder(rows, &holder.kind)?;
    }
    let gone = kept.census.contents.iter().filter(|id| !kept.contents.contains(id));
    delete(rows, "DELETE FROM contents WHERE digest = ?1", gone.map(|id| Key(id.0)))?;
    let gone = kept.census.directories.keys().filter(|id| !kept.trees.contains(id));
    let damaged = kept.census.damaged.iter().map(|(id, _)| id);
    let gone = gone.chain(damaged).map(|id| Key(id.0));
    dropped.directories = delete(rows, "DELETE FROM directories WHERE digest = ?1", gone)?;
    dropped.memos += rows.execute("DELETE FROM notes WHERE used <= ?1", [oldest_note])? as u64;
    rows.execute("DELETE FROM fingerprints WHERE digest NOT IN (SELECT digest FROM contents)", [])?;
    Ok(dropped)
}

fn delete(rows: &Transaction<'_>, sql: &str, keys: impl Iterator<Item = Key>) -> rusqlite::Result<u64> {
    let mut statement = rows.prepare_cached(sql)?;
    let mut deleted = 0;
    for key in keys {
        deleted += statement.execute([key])? as u64;
    }
    Ok(deleted)
}

/// Deletes the row of something that names trees; a root's row is its owner's.
pub(crate) fn drop_holder(rows: &Transaction<'_>, kind: &HolderKind) -> rusqlite::Result<()> {
    match kind {
        HolderKind::Root(_) => 0,
        HolderKind::Result(action) => {
            rows.prepare_cached("DELETE FROM results WHERE action = ?1")?.execute([Key(action.0)])?
        }
        HolderKind::Memo(kind, key) => {
            rows.prepare_cached("DELETE FROM memos WHERE kind = ?1 AND key = ?2")?.execute(params![kind, key])?
        }
        HolderKind::Materialised(tree) => {
            rows.prepare_cached("DELETE FROM materialised WHERE tree = ?1")?.execute([Key(tree.0)])?
        }
    };
    Ok(())
}
