//! The folder that an export is written into, for everybody to read.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Context, ExportError, Result};
use crate::mode::{create_file, create_folder};
use crate::sum::{Sum, Summing};

/// A folder that was empty when the export began, so that nothing of an older one is left in it. Everybody may read what
/// is put there.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder where it is not there yet.
    ///
    /// # Errors
    /// When it cannot be made, or holds something.
    pub fn create(path: &Path) -> Result<Self> {
        create_folder(path).on("cannot make", path)?;
        let mut inside = fs::read_dir(path).on("cannot read", path)?;
        if inside.next().is_some() {
            return Err(ExportError::Occupied(path.to_owned()));
        }
        Ok(Self(path.to_owned()))
    }

    /// The place of a file in it, whose folder is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn place(&self, name: &str) -> Result<PathBuf> {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            create_folder(parent).on("cannot make", parent)?;
        }
        Ok(path)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<Sum> {
        let path = self.place(name)?;
        create_file(&path).and_then(|mut file| file.write_all(bytes)).on("cannot write", &path)?;
        Ok(Sum::of(bytes))
    }

    /// Copies a file, and tells what was copied.
    pub(crate) fn copy(&self, from: &Path, name: &str) -> Result<Sum> {
        let path = self.place(name)?;
        let mut source = Summing::new(File::open(from).on("cannot open", from)?);
        let mut target = create_file(&path).on("cannot write", &path)?;
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
