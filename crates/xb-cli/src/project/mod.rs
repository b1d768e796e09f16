//! The project: the folder that the language sees, its configuration and its lock.
//!
//! A target's project is the nearest folder upwards that holds `xb.toml`, else the target's own folder. `xb.lock`
//! lies beside it. Nothing outside of the project's folder can be read by a description.

mod config;
mod target;
mod world;

use std::io;
use std::path::{Component, Path, PathBuf};

use xb_core::RelPath;

use crate::failure::Failure;

pub use config::{
    CacheConfig, CacheUrl, Config, EngineConfig, EvalLimits, ExecutorConfig, ExecutorKind, TrustConfig, TrustedKey,
    VIRTUAL,
};
pub use target::{Target, TargetSpec, file_of, nothing_in, xb_files};
pub use world::ProjectWorld;

/// The name of the file that marks a project and configures it.
pub const CONFIG_NAME: &str = "xb.toml";

/// The name of the lock.
pub const LOCK_NAME: &str = "xb.lock";

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its folder: absolute, without symbolic links.
    pub folder: PathBuf,
    /// What `xb.toml` says.
    pub config: Config,
}

impl Project {
    /// The project that an existing folder belongs to.
    ///
    /// # Errors
    /// When the folder or `xb.toml` cannot be read.
    pub fn of(folder: &Path) -> Result<Self, Failure> {
        let folder = canonical(folder)?;
        let marked = folder.ancestors().find(|above| is_marked(above));
        let Some(marked) = marked else {
            let config = Config::default();
            return Ok(Self { folder, config });
        };
        let config = Config::read(&marked.join(CONFIG_NAME))?;
        let folder = marked.to_owned();
        Ok(Self { folder, config })
    }

    /// Where the lock lies.
    pub fn lock(&self) -> PathBuf {
        self.folder.join(LOCK_NAME)
    }

    /// An existing path as the language names it: beneath the project's folder.
    ///
    /// # Errors
    /// When it lies outside, or is not UTF-8.
    pub fn relative(&self, path: &Path) -> Result<RelPath, Failure> {
        let path = canonical(path)?;
        let inside = path.strip_prefix(&self.folder).map_err(|_| {
            Failure::user(format!("`{}` is outside of the project `{}`", path.display(), self.folder.display()))
        })?;
        let text = inside.to_str().ok_or_else(|| not_text(&path))?;
        RelPath::new(text).map_err(|error| Failure::user(error.to_string()))
    }

    /// Where a path of the language lies on the disk.
    pub fn on_disk(&self, path: &RelPath) -> PathBuf {
        self.folder.join(path.as_str())
    }
}

/// Whether a folder is a project's by its `xb.toml`.
fn is_marked(folder: &Path) -> bool {
    folder.join(CONFIG_NAME).is_file()
}

/// The absolute path without symbolic links.
///
/// # Errors
/// When there is nothing.
pub fn canonical(path: &Path) -> Result<PathBuf, Failure> {
    std::fs::canonicalize(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::user(format!("there is no file or folder `{}`", path.display())),
        _ => Failure::user(format!("cannot open `{}`: {error}", path.display())),
    })
}

/// The one name of a file or folder, which may not be there yet: absolute, without symbolic links and without `..`.
///
/// # Errors
/// When a folder on the way cannot be looked at.
pub fn real(path: &Path) -> io::Result<PathBuf> {
    match std::fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let path = std::path::absolute(path)?;
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Ok(real(parent)?.join(name)),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// A path as a person would write it: as it is, unless it goes up and down again.
pub fn without_dots(path: &Path) -> PathBuf {
    let goes_up = path.components().any(|part| part == Component::ParentDir);
    let real = if goes_up { real(path).ok() } else { None };
    real.unwrap_or_else(|| path.components().collect())
}

fn not_text(path: &Path) -> Failure {
    Failure::user(format!("the name of `{}` is not UTF-8", path.display()))
}
