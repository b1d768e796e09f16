//! Where things lie in a store's folder.
//!
//! ```text
//! v1/
//!   db.sqlite           directories, results, memos, roots; which contents are here
//!   contents/ab/HEX     a content, mode 0644
//!   contents/ab/HEX.x   its executable twin, mode 0755: an inode of its own, made when first needed
//!   contents/ab/HEX.MODE  the same for modes with set-id bits (octal), made when first needed
//!   trees/HEX/          a materialised tree: folders, symlinks, and hard links to contents
//!   tmp/PID-NAME/       scratch of an open store; it holds a lock on it while it lives
//!   boot                the machine's boot in which the store was last opened
//!   sandboxes/          what the executor of this machine works in; the store only gives it the place
//!   machines/           what machines made of software work in, and what consoles of lost ones said
//!   locks/              gc.lock; since the last garbage collection, a lock for each action that was built, and
//!                       one for each slot of a machine that was used
//! ```
//!
//! Only its owner can enter `v1`: set-id files that a build made lie in it.
//!
//! A content is here in at least one of its first two forms. The number in `v1` changes when an older xb
//! could no longer use what a newer one writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use xb_core::{ContentId, Digest};

use crate::error::{Context, Result};

/// The version in the name of the layout's folder.
pub(crate) const VERSION: &str = "v1";

/// The time of last change of everything that lies in the store: one constant, so that trees are equal.
pub(crate) const MTIME: i64 = 1;

/// The mode of the folders of a store's trees.
pub(crate) const FOLDER_MODE: u32 = 0o755;

/// The mode of the folder above everything: what lies beneath may have set-id bits that a hostile build chose, so
/// that nobody but its owner may come near.
const TOP_MODE: u32 = 0o700;

/// The form in which a content lies on the disk: each is an inode of its own, since mode bits are the inode's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Form {
    Plain,
    Executable,
    Mode(u32),
}

impl Form {
    pub(crate) fn of(executable: bool, mode: Option<u32>) -> Self {
        match mode {
            Some(mode) if mode & 0o7000 != 0 => Self::Mode(mode & 0o7777),
            _ if executable => Self::Executable,
            _ => Self::Plain,
        }
    }

    pub(crate) const fn mode(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Plain => 0o644,
            Self::Executable => 0o755,
            // The store's owner must always be able to read what it holds.
            Self::Mode(mode) => mode | 0o400,
        })
    }

    /// Where this form of a content lies, beneath `contents/`.
    pub(crate) fn path(self, id: ContentId) -> String {
        let hex = id.0.hex();
        let shelf = &hex[..2];
        match self {
            Self::Plain => format!("{shelf}/{hex}"),
            Self::Executable => format!("{shelf}/{hex}.x"),
            Self::Mode(mode) => format!("{shelf}/{hex}.{mode:o}"),
        }
    }

    /// Reads a name that [`Form::path`] gave: the hash in hexadecimal digits, and the form.
    pub(crate) fn parse(name: &str) -> Option<(&str, Self)> {
        match name.split_once('.') {
            None => Some((name, Self::Plain)),
            Some((hex, "x")) => Some((hex, Self::Executable)),
            Some((hex, mode)) => {
                let mode = u32::from_str_radix(mode, 8).ok()?;
                Some((hex, Self::Mode(mode)))
            }
        }
    }
}

/// The paths of a store.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The folder with the version in its name.
    pub(crate) top: PathBuf,
}

impl Layout {
    /// Makes the folders that are not there yet.
    pub(crate) fn create(store: &Path) -> Result<Self> {
        let top = store.join(VERSION);
        let layout = Self { top: std::path::absolute(&top).on("cannot find", &top)? };
        let last = layout.contents().join("ff");
        if !last.is_dir() {
            layout.create_folders()?;
        }
        layout.close()?;
        Ok(layout)
    }

    /// Closes the folder to others, also where somebody opened it.
    fn close(&self) -> Result<()> {
        let mode = fs::symlink_metadata(&self.top).on("cannot read", &self.top)?.permissions().mode();
        if mode & 0o7777 == TOP_MODE {
            return Ok(());
        }
        fs::set_permissions(&self.top, fs::Permissions::from_mode(TOP_MODE)).on("cannot set the mode of", &self.top)
    }

    fn create_folders(&self) -> Result<()> {
        fs::create_dir_all(&self.top).on("cannot make", &self.top)?;
        self.close()?;
        for folder in [self.trees(), self.tmp(), self.locks()] {
            fs::create_dir_all(&folder).on("cannot make", &folder)?;
        }
        for shelf in 0..=0xff_u8 {
            let folder = self.contents().join(format!("{shelf:02x}"));
            fs::create_dir_all(&folder).on("cannot make", &folder)?;
        }
        Ok(())
    }

    pub(crate) fn contents(&self) -> PathBuf {
        self.top.join("contents")
    }

    pub(crate) fn trees(&self) -> PathBuf {
        self.top.join("trees")
    }

    pub(crate) fn tree(&self, tree: Digest) -> PathBuf {
        self.trees().join(tree.hex())
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.top.join("tmp")
    }

    pub(crate) fn locks(&self) -> PathBuf {
        self.top.join("locks")
    }

    pub(crate) fn boot(&self) -> PathBuf {
        self.top.join("boot")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.top.join("db.sqlite")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_contents_read_back() {
        let id = ContentId(Digest::of(b"x"));
        for form in [Form::Plain, Form::Executable, Form::Mode(0o4755)] {
            let path = form.path(id);
            let name = path.rsplit('/').next().unwrap_or_default();
            assert_eq!(Form::parse(name), Some((id.0.hex().as_str(), form)));
        }
    }

    #[test]
    fn only_special_bits_make_a_form_of_their_own() {
        assert_eq!(Form::of(true, Some(0o755)), Form::Executable);
        assert_eq!(Form::of(true, Some(0o4755)), Form::Mode(0o4755));
        assert_eq!(Form::of(false, None), Form::Plain);
    }

    #[test]
    fn only_the_owner_can_enter_also_where_somebody_opened_it() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let top = Layout::create(folder.path()).unwrap().top;
            assert_eq!(fs::metadata(&top).unwrap().permissions().mode() & 0o7777, 0o700);
            fs::set_permissions(&top, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}
