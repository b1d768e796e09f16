//! The lock as a file: read when opened, and read, changed and written in one go.
//!
//! One xb changes a lock at a time: each holds the folder that the file lies in (the file itself is replaced, and a
//! file beside it would litter the project) from when it reads until it has written.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{InvalidLock, Lock};

/// What may be done to make up for what is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// The lock must not change (`--locked`).
    pub locked: bool,
    /// The network must not be touched (`--offline`).
    pub offline: bool,
}

/// What is wrong with the file of a lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read, written, or kept from others meanwhile.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// `read`, `write` or `lock`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a lock.
    #[error("`{path}`, {invalid}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Where and why.
        invalid: InvalidLock,
    },
    /// It would have to change, and must not.
    #[error("`{path}` would have to change, and `--locked` forbids it; it lacks:{}", listed(.missing))]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        missing: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("\n  {name}")).collect()
}

/// The file of a lock. A file that is not there is an empty lock.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    manners: Manners,
    state: Mutex<Arc<Lock>>,
}

impl LockFile {
    /// Reads the lock.
    ///
    /// # Errors
    /// When it cannot be read, or is not a lock.
    pub fn open(path: impl Into<PathBuf>, manners: Manners) -> Result<Self, LockError> {
        let path = path.into();
        let lock = read(&path)?;
        Ok(Self { path, manners, state: Mutex::new(Arc::new(lock)) })
    }

    /// The lock as it is now.
    pub fn get(&self) -> Arc<Lock> {
        self.state().clone()
    }

    /// What may be done.
    pub fn manners(&self) -> Manners {
        self.manners
    }

    /// The error for what is missing and may not be added.
    pub fn refuse(&self, missing: Vec<String>) -> LockError {
        LockError::Missing { path: self.path.clone(), missing }
    }

    /// Changes the lock. The file is read again before, since another xb may have added to it, and is written only
    /// when something changed.
    ///
    /// # Errors
    /// When it must not change (`what` says what it lacks), or cannot be read or written.
    pub fn change(&self, what: &str, change: impl FnOnce(&mut Lock)) -> Result<(), LockError> {
        self.try_change(what, |lock| {
            change(lock);
            Ok(())
        })
    }

    /// Changes the lock as [`change`](Self::change) does, or leaves it as it is when `change` fails: what is to be
    /// checked against the lock is checked there, against what is in the file now.
    ///
    /// # Errors
    /// Those of [`change`](Self::change), and what `change` itself fails with.
    pub fn try_change<E: From<LockError>>(
        &self,
        what: &str,
        change: impl FnOnce(&mut Lock) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.manners.locked {
            return Err(self.refuse(vec![what.to_owned()]).into());
        }
        let mut state = self.state();
        let _held = hold(folder_of(&self.path)).map_err(|source| self.broken("lock", source))?;
        let before = read(&self.path)?;
        let mut after = before.clone();
        change(&mut after)?;
        if after != before {
            write_beside(&self.path, after.to_string().as_bytes()).map_err(|source| self.broken("write", source))?;
        }
        *state = Arc::new(after);
        Ok(())
    }

    fn broken(&self, action: &'static str, source: std::io::Error) -> LockError {
        LockError::Io { action, path: self.path.clone(), source }
    }

    fn state(&self) -> MutexGuard<'_, Arc<Lock>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Lock, LockError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Lock::default()),
        Err(source) => {
            return Err(LockError::Io { action: "read", path: path.to_owned(), source });
        }
    };
    text.parse().map_err(|invalid| LockError::Invalid { path: path.to_owned(), invalid })
}

/// Keeps other processes from changing what lies in a folder, until what is returned is dropped. A file system that
/// knows no such locks is used without.
fn hold(folder: &Path) -> std::io::Result<File> {
    let folder = File::open(folder)?;
    loop {
        match folder.lock() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() != ErrorKind::Unsupported => return Err(error),
            _ => return Ok(folder),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write_beside(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    // A link stays one.
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    let mut file = tempfile::Builder::new()
        .prefix(".xb.lock.")
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
