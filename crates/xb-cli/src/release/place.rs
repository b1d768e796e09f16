//! The folder of a release, which is the old one or the new one and never half of it.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use xb_export::{MANIFEST, Manifest, ManifestDifference};
use xb_store::{LockedFolder, remove_stale};

use crate::export::replace;
use crate::failure::Failure;

/// What the names of unfinished releases begin with.
const ASIDE: &str = ".xb-release-";

/// Where in the folder of an unfinished release it lies.
const MADE: &str = "made";

/// Everybody may install from it, whatever the mask of who makes it.
const READABLE: u32 = 0o755;

/// Refuses a folder that holds something else than a release, or something beside it.
///
/// # Errors
/// When it does.
pub fn check(out: &Path) -> Result<(), Failure> {
    match fs::read_dir(out).map(Iterator::count) {
        Ok(entries) if entries > 0 => check_inside(out),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Failure::user(format!("`{}` is no folder", out.display())).help("name another one: `--out DIR`"))
        }
        _ => Ok(()),
    }
}

fn check_inside(out: &Path) -> Result<(), Failure> {
    let differences = manifest(out).and_then(|manifest| manifest.differences(out).ok());
    let Some(differences) = differences else {
        return Err(Failure::user(format!("`{}` holds something that is no release", out.display()))
            .help("name a folder that is empty or not there yet: `--out DIR`"));
    };
    let unknown = differences.into_iter().find_map(|difference| match difference {
        ManifestDifference::Unknown(path) => Some(path),
        _ => None,
    });
    unknown.map_or(Ok(()), |path| {
        Err(Failure::user(format!("`{}` holds `{path}`, which is not of the release there", out.display()))
            .help("what is in the place of a release goes with it: move the file, or name another folder"))
    })
}

/// The manifest of the release in a folder, where one is.
pub fn manifest(out: &Path) -> Option<Manifest> {
    Manifest::read(&fs::read(out.join(MANIFEST)).ok()?).ok()
}

/// Makes a release beside the folder, whose place it then takes.
///
/// # Errors
/// When it cannot be made, or not be put there.
pub fn put<T>(out: &Path, make: impl FnOnce(&Path) -> Result<T, Failure>) -> Result<T, Failure> {
    check(out)?;
    let (aside, made) = aside(out, make)?;
    replace(&aside.path().join(MADE), out).map_err(|error| cannot(out, &error))?;
    Ok(made)
}

/// Makes a release beside the folder, of which nothing is left.
///
/// # Errors
/// When it cannot be made.
pub fn try_out<T>(out: &Path, make: impl FnOnce(&Path) -> Result<T, Failure>) -> Result<T, Failure> {
    aside(out, make).map(|(_, made)| made)
}

fn aside<T>(out: &Path, make: impl FnOnce(&Path) -> Result<T, Failure>) -> Result<(LockedFolder, T), Failure> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| cannot(out, &error))?;
    remove_stale(parent, ASIDE);
    let aside = LockedFolder::create(parent, ASIDE).map_err(|error| cannot(out, &error))?;
    let folder = aside.path().join(MADE);
    let created = fs::create_dir(&folder);
    created
        .and_then(|()| fs::set_permissions(&folder, Permissions::from_mode(READABLE)))
        .map_err(|error| cannot(out, &error))?;
    let made = make(&folder)?;
    Ok((aside, made))
}

/// That a release could not be written.
pub fn cannot(out: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("cannot write the release to `{}`: {error}", out.display()))
        .help("name a folder where you may write: `--out DIR`")
}
