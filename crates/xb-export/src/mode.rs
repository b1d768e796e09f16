//! Who may read what is exported: everybody, whatever the machine's habit is.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const FILE: u32 = 0o644;
const FOLDER: u32 = 0o755;

/// Makes a file where none is: two things of one name are an error.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    let file = File::create_new(path)?;
    file.set_permissions(Permissions::from_mode(FILE))?;
    Ok(file)
}

/// Makes a folder and those above that are not there; those that are there stay as they are.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
    fs::create_dir_all(path)?;
    missing.into_iter().try_for_each(|path| fs::set_permissions(path, Permissions::from_mode(FOLDER)))
}
