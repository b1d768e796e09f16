//! What is shipped, as files.

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::report::Built;
use crate::whole::write_whole;

/// The files of everything that is shipped, in the store, or as copies in `out`, where each takes the place of a file
/// of its name. What several architectures made the same of one package is there once.
///
/// # Errors
/// When a result cannot be listed, a copy cannot be made, or what is for all architectures is not the same.
pub fn files(built: &[Built], out: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let mut listed_of = Vec::new();
    for one in built {
        let listed = listed(&one.path)
            .map_err(|error| Failure::environment(format!("cannot list `{}`: {error}", one.path.display())))?;
        listed_of.push((one, listed));
    }
    let files = each_once(&listed_of)?;
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

/// The files, in order, each name once.
fn each_once(listed: &[(&Built, Vec<PathBuf>)]) -> Result<Vec<PathBuf>, Failure> {
    let mut by_name: BTreeMap<String, (&Built, &Path)> = BTreeMap::new();
    let mut files = Vec::new();
    for (one, path) in listed.iter().flat_map(|(one, files)| files.iter().map(move |file| (*one, &**file))) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match by_name.get(&name) {
            Some(other) if shared::are_of_one_package(other.0, one) => shared::check_same(*other, (one, path))?,
            Some(_) => {
                return Err(Failure::user(format!("two packages are called `{name}`"))
                    .help("`ship = deb { name = \"...\" }` gives one another name"));
            }
            None => {
                by_name.insert(name, (one, path));
                files.push(path.to_owned());
            }
        }
    }
    shared::check_agreed(&by_name)?;
    Ok(files)
}

fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

fn copied(file: &Path, out: &Path) -> io::Result<PathBuf> {
    let to = out.join(file.file_name().unwrap_or_default());
    write_whole(&to, &mut fs::File::open(file)?)?;
    Ok(to)
}
