//! The folder that an export is written into.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Context, ExportError, Result};
use crate::sum::{Sum, Summing};

/// A folder that was empty when the export began, so that nothing of an older one is left in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder where it is not there yet.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).on("cannot make", path)?;
        let mut inside = fs::read_dir(path).on("cannot read", path)?;
        if inside.next().is_some() {
            return Err(ExportError::Occupied(path.to_owned()));
        }
        Ok(Self(path.to_owned()))
    }

    /// The place of a file in it, whose folder is made.
    pub(crate) fn place(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).on("cannot make", parent)?;
        }
        Ok(path)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<Sum> {
        let path = self.place(name)?;
        fs::write(&path, bytes).on("cannot write", &path)?;
        Ok(Sum::of(bytes))
    }

    /// Copies a file, and tells what was copied.
    pub(crate) fn copy(&self, from: &Path, name: &str) -> Result<Sum> {
        let path = self.place(name)?;
        let mut source = Summing::new(File::open(from).on("cannot open", from)?);
        let mut target = File::create(&path).on("cannot write", &path)?;
        io::copy(&mut source, &mut target).on("cannot write", &path)?;
        Ok(source.finish().1)
    }

    /// Gives a file another name.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<()> {
        let target = self.place(to)?;
        fs::rename(self.0.join(from), &target).on("cannot rename a file to", &target)
    }
}

/// The sum of a file.
pub(crate) fn sum_of(path: &Path) -> Result<Sum> {
    Sum::of_file(path).on("cannot read", path)
}
