//! One output of a command, made whole: what it wrote, over what its layers have at the same place.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use xb_core::{InvalidPath, RelPath};
use xb_run::{ENTRY, MOST_LEFT_OUT};

use crate::spec::Take;

/// A folder of one layer.
#[derive(Clone, Debug)]
struct Source {
    path: PathBuf,
    /// Whether it is what the command wrote, which is ours to change.
    ours: bool,
}

/// Makes what lies at `path` of a root whole, a folder, a file or a link: `upper` as overlayfs left it, `layers` from the
/// lowest, `into` a name that is not there yet. Nothing is copied: what the command wrote is moved, the rest is linked.
///
/// # Errors
/// When the system refuses.
pub fn gather(upper: &Path, layers: &[PathBuf], path: &RelPath, into: &Path) -> io::Result<()> {
    let upper = Source { path: upper.to_owned(), ours: true };
    let layers = layers.iter().rev().map(|path| Source { path: path.clone(), ours: false });
    let mut sources: Vec<Source> = std::iter::once(upper).chain(layers).collect();
    let (Some(above), Some(name)) = (path.parent(), path.name()) else { return merge(&sources, into) };
    for part in above.components() {
        sources = descend(&sources, &OsString::from(part))?;
    }
    let name = OsString::from(name);
    for source in &sources {
        match fs::symlink_metadata(source.path.join(&name)) {
            Ok(data) => return put(&sources, source, &name, data.file_type(), into),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// The folders of this name that shine through, from the uppermost.
fn descend(sources: &[Source], name: &OsString) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    for source in sources {
        let path = source.path.join(name);
        match fs::symlink_metadata(&path) {
            Ok(data) if data.is_dir() => {
                let hides = source.ours && is_opaque(&path)?;
                found.push(Source { path, ours: source.ours });
                if hides {
                    break;
                }
            }
            Ok(_) => break,
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn merge(sources: &[Source], into: &Path) -> io::Result<()> {
    match sources {
        [only] if only.ours => return fs::rename(&only.path, into),
        [first, ..] => make_like(&fs::metadata(&first.path)?, into)?,
        [] => return Err(io::ErrorKind::NotFound.into()),
    }
    for (name, (source, kind)) in uppermost(sources)? {
        put(sources, source, &name, kind, &into.join(&name))?;
    }
    Ok(())
}

/// What is seen under a name: it is of `source`, and of this kind.
fn put(sources: &[Source], source: &Source, name: &OsString, kind: FileType, to: &Path) -> io::Result<()> {
    let from = source.path.join(name);
    if kind.is_dir() {
        merge(&descend(sources, name)?, to)
    } else if source.ours {
        fs::rename(from, to)
    } else if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)
    } else {
        link(&from, to)
    }
}

/// What is seen under each name; names that the command removed are not among them.
fn uppermost(sources: &[Source]) -> io::Result<BTreeMap<OsString, (&Source, FileType)>> {
    let mut seen = BTreeMap::new();
    for source in sources {
        for entry in fs::read_dir(&source.path)? {
            let entry = entry?;
            seen.entry(entry.file_name()).or_insert((source, entry.file_type()?));
        }
    }
    // Overlayfs marks what was removed by a character device.
    seen.retain(|_, (_, kind)| !kind.is_char_device());
    Ok(seen)
}

fn make_like(like: &Metadata, path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(like.mode() | 0o700))
}

/// A hard link, or a copy where there can be no link.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

/// Whether overlayfs marked a folder as hiding those below it.
fn is_opaque(path: &Path) -> io::Result<bool> {
    let mut value = [0; 1];
    match rustix::fs::lgetxattr(path, c"user.overlay.opaque", &mut value[..]) {
        Ok(length) => Ok(length == 1 && value[0] == b'y'),
        Err(rustix::io::Errno::NODATA | rustix::io::Errno::OPNOTSUPP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What [`prepare`] found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What no tree can hold, if there is something: a name that is not UTF-8, a path that is too long or too deep.
    pub refused: Option<String>,
    /// Some of the pipes, sockets and devices, which trees leave out.
    pub left_out: Vec<String>,
    /// How many bytes the command wrote to files there.
    pub bytes: u64,
}

/// Gives ourselves the right to reach and read all that the command wrote at `path` of `upper`, and says what of it cannot
/// be kept where it is taken so.
///
/// # Errors
/// When the system refuses; where nothing is there is no error.
pub fn prepare(upper: &Path, path: &RelPath, take: Take) -> io::Result<Found> {
    let mut folder = upper.to_owned();
    for part in path.components() {
        match fs::symlink_metadata(&folder) {
            Ok(data) if data.is_dir() && data.mode() & 0o700 != 0o700 => {
                fs::set_permissions(&folder, fs::Permissions::from_mode(data.mode() | 0o700))?;
            }
            _ => {}
        }
        folder.push(part);
    }
    let mut found = Found::default();
    let mut pending = vec![(folder, RelPath::root())];
    while let Some((path, inside)) = pending.pop() {
        let data = match fs::symlink_metadata(&path) {
            Err(error) if is_absent(&error) => continue,
            data => data?,
        };
        let wanted = match (data.is_dir(), data.is_file()) {
            (true, _) => 0o700,
            (_, true) => 0o400,
            _ if data.is_symlink() && fs::read_link(&path)?.to_str().is_none() => {
                let link = if inside.is_root() { String::new() } else { format!(" of the link `{inside}`") };
                found.refused = Some(format!("the target{link} is not UTF-8"));
                return Ok(found);
            }
            _ => {
                // Overlayfs marks what was removed by a device without numbers.
                let is_mark = data.file_type().is_char_device() && data.rdev() == 0;
                if !data.is_symlink() && !is_mark && found.left_out.len() < MOST_LEFT_OUT {
                    found.left_out.push(inside.to_string());
                }
                continue;
            }
        };
        found.bytes += if data.is_file() { data.len() } else { 0 };
        if data.mode() & wanted != wanted {
            fs::set_permissions(&path, fs::Permissions::from_mode(data.mode() | wanted))?;
        }
        if data.is_dir() {
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                let name = entry.file_name();
                let Some(text) = name.to_str() else {
                    found.refused = Some(format!("the name {name:?} in `/{inside}` is not UTF-8"));
                    return Ok(found);
                };
                match inside.join(text).and_then(|inside| placed(inside, take)) {
                    Ok(inside) => pending.push((entry.path(), inside)),
                    Err(error) => {
                        found.refused = Some(error.to_string());
                        return Ok(found);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// A path within an output, where its tree can hold it.
fn placed(inside: RelPath, take: Take) -> Result<RelPath, InvalidPath> {
    if take == Take::Entries {
        RelPath::new(&format!("{ENTRY}/{inside}"))?;
    }
    Ok(inside)
}
