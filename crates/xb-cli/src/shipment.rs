//! What is shipped, as files.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::report::Built;

/// The files of everything that is shipped, in the store, or as copies in `out`, where each takes the place of a file
/// of its name.
///
/// # Errors
/// When a result cannot be listed, or a copy cannot be made.
pub fn files(built: &[Built], out: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for one in built {
        let listed = listed(&one.path)
            .map_err(|error| Failure::environment(format!("cannot list `{}`: {error}", one.path.display())))?;
        files.extend(listed);
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = files.iter().filter_map(|file| file.file_name()).find(|name| !names.insert(*name)) {
        return Err(Failure::user(format!("two packages are called `{}`", twice.to_string_lossy()))
            .help("`ship = deb { name = \"...\" }` gives one another name"));
    }
    let Some(out) = out else {
        return Ok(files);
    };
    let cannot = |error: io::Error| {
        Failure::environment(format!("cannot copy packages to `{}`: {error}", out.display()))
            .help("name a folder where you may write")
    };
    fs::create_dir_all(out).map_err(cannot)?;
    files.iter().map(|file| copied(file, out).map_err(cannot)).collect()
}

fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Whoever reads the copy meanwhile reads the old one or the new one.
fn copied(file: &Path, out: &Path) -> io::Result<PathBuf> {
    let to = out.join(file.file_name().unwrap_or_default());
    let mut aside = NamedTempFile::with_prefix_in(".xb-ship-", out)?;
    io::copy(&mut fs::File::open(file)?, &mut aside)?;
    aside.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    aside.persist(&to)?;
    Ok(to)
}
