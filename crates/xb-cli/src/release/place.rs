//! The folder of a release, which is the old one or the new one and never half of it.

use std::fs;
use std::io;
use std::path::Path;

use xb_store::{LockedFolder, remove_stale};

use super::Manifest;
use crate::export::replace;
use crate::failure::Failure;

/// What the names of unfinished releases begin with.
const ASIDE: &str = ".xb-release-";

/// Refuses a folder that holds something else than a release.
///
/// # Errors
/// When it does.
pub fn check(out: &Path) -> Result<(), Failure> {
    match fs::read_dir(out).map(Iterator::count) {
        Ok(entries) if entries > 0 && Manifest::read(out).is_none() => {
            Err(Failure::user(format!("`{}` holds something that is no release", out.display()))
                .help("name a folder that is empty or not there yet: `--out DIR`"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(Failure::user(format!("`{}` is no folder", out.display())).help("name another one: `--out DIR`"))
        }
        _ => Ok(()),
    }
}

/// Makes a release beside the folder, which then takes its place.
///
/// # Errors
/// When it cannot be made, or not be put there.
pub fn put(out: &Path, make: impl FnOnce(&Path) -> Result<Manifest, Failure>) -> Result<Manifest, Failure> {
    check(out)?;
    let (aside, manifest) = aside(out, make)?;
    replace(&aside.path().join("made"), out).map_err(|error| cannot(out, &error))?;
    Ok(manifest)
}

/// Makes a release beside the folder and tells what it is; nothing is left of it.
///
/// # Errors
/// When it cannot be made.
pub fn try_out(out: &Path, make: impl FnOnce(&Path) -> Result<Manifest, Failure>) -> Result<Manifest, Failure> {
    aside(out, make).map(|(_, manifest)| manifest)
}

fn aside(
    out: &Path,
    make: impl FnOnce(&Path) -> Result<Manifest, Failure>,
) -> Result<(LockedFolder, Manifest), Failure> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|error| cannot(out, &error))?;
    remove_stale(parent, ASIDE);
    let aside = LockedFolder::create(parent, ASIDE).map_err(|error| cannot(out, &error))?;
    let made = aside.path().join("made");
    fs::create_dir(&made).map_err(|error| cannot(out, &error))?;
    let manifest = make(&made)?;
    Ok((aside, manifest))
}

/// That a release could not be written.
pub fn cannot(out: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("cannot write the release to `{}`: {error}", out.display()))
        .help("name a folder where you may write: `--out DIR`")
}
