//! The evaluator's window on a project: its files, and nothing outside of it.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use xb_core::RelPath;
use xb_eval::{ReadError, World};

/// The files of a project; a symbolic link that leads out of it is refused.
#[derive(Debug)]
pub struct ProjectWorld {
    folder: PathBuf,
}

impl ProjectWorld {
    /// The files beneath a folder, whose path must be without symbolic links.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

impl World for ProjectWorld {
    fn read(&self, path: &RelPath) -> Result<Arc<str>, ReadError> {
        let path = std::fs::canonicalize(self.folder.join(path.as_str())).map_err(|error| said(&error))?;
        if !path.starts_with(&self.folder) {
            return Err(ReadError::Other("it is a symbolic link that leads out of the project".to_owned()));
        }
        std::fs::read_to_string(&path).map(Into::into).map_err(|error| said(&error))
    }
}

fn said(error: &std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ReadError::Missing,
        ErrorKind::IsADirectory => ReadError::Folder,
        ErrorKind::InvalidData => ReadError::NotText,
        _ => ReadError::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_files_of_the_project_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let inside = std::fs::canonicalize(folder.path()).unwrap().join("in");
        std::fs::create_dir_all(inside.join("folder")).unwrap();
        std::fs::write(inside.join("a.xb"), "1").unwrap();
        std::fs::write(inside.join("bytes"), [0xff]).unwrap();
        std::fs::write(folder.path().join("secret"), "no").unwrap();
        std::os::unix::fs::symlink("../secret", inside.join("escape")).unwrap();
        std::os::unix::fs::symlink("a.xb", inside.join("link")).unwrap();

        let world = ProjectWorld::new(&inside);
        let read = |path: &str| world.read(&RelPath::new(path).unwrap());
        assert_eq!(read("a.xb").as_deref(), Ok("1"));
        assert_eq!(read("link").as_deref(), Ok("1"));
        assert_eq!(read("none"), Err(ReadError::Missing));
        assert_eq!(read("a.xb/none"), Err(ReadError::Missing));
        assert_eq!(read("folder"), Err(ReadError::Folder));
        assert_eq!(read("bytes"), Err(ReadError::NotText));
        assert!(matches!(read("escape"), Err(ReadError::Other(_))));
    }
}
