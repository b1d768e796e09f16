//! An open store among others: who may change what, and the scratch folder of this one.
//!
//! Everybody who has a store open holds `locks/gc.lock` shared for as long. What takes things away (garbage
//! collection, repair, dropping what a loss of power left behind) holds it alone, so nothing that was seen to be
//! here goes while somebody relies on it. The scratch folder is locked by its owner while it lives: a folder whose
//! lock can be had belongs to the dead.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Context, Result, StoreError};
use crate::folder::LockedFolder;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::remove::{remove_file, remove_tree};

pub(crate) struct Session {
    /// Goes before the gate opens.
    scratch: LockedFolder,
    gate: Lock,
    gate_path: PathBuf,
    next: AtomicU64,
}

impl Session {
    /// Opens a session. When nobody else has one, or `must_be_alone` says so, `alone` is called first, with the
    /// store held exclusively.
    pub(crate) fn open(
        layout: &Layout,
        must_be_alone: impl Fn() -> Result<bool>,
        alone: impl FnOnce() -> Result<()>,
    ) -> Result<Self> {
        let gate_path = layout.locks().join("gc.lock");
        let gate = Lock::open(&gate_path)?;
        if enter(&gate, &gate_path, must_be_alone)? {
            remove_stale(layout)?;
            alone()?;
            gate.lock_shared().on("cannot lock", &gate_path)?;
        }
        let tmp = layout.tmp();
        // The name tells others who has the store open.
        let prefix = format!("{}-", std::process::id());
        let scratch = LockedFolder::create(&tmp, &prefix).on("cannot make a folder in", &tmp)?;
        Ok(Self { gate, gate_path, scratch, next: AtomicU64::new(0) })
    }

    /// The scratch folder of this session, which goes with it.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A path in the scratch folder that nobody else uses.
    pub(crate) fn aside(&self) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.scratch().join(number.to_string())
    }

    /// Does `work` while nobody else has the store open.
    pub(crate) fn alone<T>(&self, layout: &Layout, wait: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let held = self.hold_alone(layout, wait);
        let done = held.and_then(|()| work());
        self.gate.lock_shared().on("cannot lock", &self.gate_path)?;
        done
    }

    fn hold_alone(&self, layout: &Layout, wait: bool) -> Result<()> {
        if wait {
            return self.gate.lock().on("cannot lock", &self.gate_path);
        }
        match self.gate.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError::Busy { path: layout.top.clone(), who: self.others(layout) })
            }
            Err(TryLockError::Error(error)) => Err(error).on("cannot lock", &self.gate_path),
        }
    }

    fn others(&self, layout: &Layout) -> String {
        let sessions = std::fs::read_dir(layout.tmp()).into_iter().flatten();
        let mut who: Vec<String> = sessions
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path != self.scratch() && is_alive(path))
            .filter_map(|path| describe(&path))
            .collect();
        who.sort();
        who.dedup();
        if who.is_empty() { "another process".to_owned() } else { who.join(", ") }
    }
}

/// Takes the gate: alone when it can be had so (`true`), otherwise shared.
fn enter(gate: &File, path: &Path, must_be_alone: impl Fn() -> Result<bool>) -> Result<bool> {
    match gate.try_lock() {
        Ok(()) => return Ok(true),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(error).on("cannot lock", path),
    }
    gate.lock_shared().on("cannot lock", path)?;
    if !must_be_alone()? {
        return Ok(false);
    }
    gate.lock().on("cannot lock", path)?;
    Ok(true)
}

/// Removes the scratch folders of the dead, and files that they left; called alone, so that nobody is between making
/// and locking one.
pub(crate) fn remove_stale(layout: &Layout) -> Result<u64> {
    let tmp = layout.tmp();
    let mut removed = 0;
    for entry in std::fs::read_dir(&tmp).on("cannot read", &tmp)? {
        let path = entry.on("cannot read", &tmp)?.path();
        if !is_alive(&path) {
            if path.is_dir() {
                remove_tree(&path)?
            } else {
                remove_file(&path)?
            }
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_alive(scratch: &Path) -> bool {
    match File::open(scratch) {
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        // Whatever keeps it from being locked, only a lock that was had says that nobody else has it.
        Ok(file) => file.try_lock().is_err(),
    }
}

fn describe(scratch: &Path) -> Option<String> {
    let name = scratch.file_name()?.to_str()?;
    let (pid, _) = name.split_once('-')?;
    let program = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(match program.trim() {
        "" => format!("process {pid}"),
        program => format!("process {pid} ({program})"),
    })
}
