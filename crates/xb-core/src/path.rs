//! Paths that cannot lead out of the folder they are taken in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A clean relative path: components joined by `/`, none of them empty, `.` or `..`, without NUL.
///
/// The empty path names the folder itself. A path has at most [`RelPath::LONGEST`] bytes and [`RelPath::DEEPEST`]
/// components, so that what is nested as a path is can be walked folder by folder on any stack; every way to make one
/// keeps to that.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

/// A text that is no path to take in a folder.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPath {
    /// It is absolute, leads upwards, or has a component that no file can have.
    #[error("`{0}` is not a clean relative path")]
    Unclean(String),
    /// It is longer or deeper than any file of a tree may lie.
    #[error(
        "`{start}…` is too long for a path: it has {bytes} bytes and {components} components, and {} and {} are allowed",
        RelPath::LONGEST,
        RelPath::DEEPEST
    )]
    TooLong {
        /// What it begins with.
        start: String,
        /// How long it is.
        bytes: usize,
        /// How deep it is.
        components: usize,
    },
}

impl RelPath {
    /// How many bytes a path may have: fewer than Linux lets a call name (4096), so that what has such a path can lie in
    /// a folder of the disk.
    pub const LONGEST: usize = 3584;

    /// How many components a path may have.
    pub const DEEPEST: usize = 256;

    /// The folder itself.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Takes a path that is already clean.
    ///
    /// # Errors
    /// When it is absolute, has an empty, `.` or `..` component or a NUL, or is too long.
    pub fn new(path: &str) -> Result<Self, InvalidPath> {
        let clean = path.is_empty() || path.split('/').all(is_component);
        if clean { Self::bounded(path.to_owned()) } else { Err(unclean(path)) }
    }

    /// Cleans a path: leading `/`, `./` and doubled slashes go; `..` goes up, but never above the root.
    ///
    /// # Errors
    /// When `..` would lead above the root, on a NUL, or when what is left is too long.
    pub fn normalise(path: &str) -> Result<Self, InvalidPath> {
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| unclean(path))?;
                }
                _ if part.contains('\0') => return Err(unclean(path)),
                _ => parts.push(part),
            }
        }
        Self::bounded(parts.join("/"))
    }

    fn bounded(path: String) -> Result<Self, InvalidPath> {
        let fits = path.len() <= Self::LONGEST && depth(&path) <= Self::DEEPEST;
        if fits { Ok(Self(path)) } else { Err(too_long(&path)) }
    }

    /// The path as text, without a leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the folder itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The components, from the outermost.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// This path with one more component.
    ///
    /// # Errors
    /// When `name` is not a single component, or the whole is too long.
    pub fn join(&self, name: &str) -> Result<Self, InvalidPath> {
        if !is_component(name) || name.contains('/') {
            return Err(unclean(name));
        }
        if self.is_root() { Self::bounded(name.to_owned()) } else { Self::bounded(format!("{}/{name}", self.0)) }
    }

    /// The folder that holds this path; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned())))
    }

    /// The last component; none for the root.
    pub fn name(&self) -> Option<&str> {
        self.components().next_back()
    }
}

fn depth(path: &str) -> usize {
    if path.is_empty() { 0 } else { path.bytes().filter(|byte| *byte == b'/').count() + 1 }
}

fn unclean(path: &str) -> InvalidPath {
    InvalidPath::Unclean(start(path))
}

fn too_long(path: &str) -> InvalidPath {
    InvalidPath::TooLong { start: start(path), bytes: path.len(), components: depth(path) }
}

/// As much of a text as is read in an error.
fn start(path: &str) -> String {
    path.chars().take(200).collect()
}

fn is_component(part: &str) -> bool {
    !matches!(part, "" | "." | "..") && !part.contains('\0')
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RelPath {
    type Err = InvalidPath;

    fn from_str(path: &str) -> Result<Self, InvalidPath> {
        Self::new(path)
    }
}

impl TryFrom<String> for RelPath {
    type Error = InvalidPath;

    fn try_from(path: String) -> Result<Self, InvalidPath> {
        Self::new(&path)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        for path in ["/", "/etc", "..", "a/../b", "a//b", "./a", "a/", "a\0"] {
            assert!(RelPath::new(path).is_err(), "{path:?}");
        }
        for path in ["..", "a/../..", "/../x"] {
            assert!(RelPath::normalise(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_path_can_be_only_so_long_and_so_deep() {
        let (deep, long) = (["d"; RelPath::DEEPEST].join("/"), "l".repeat(RelPath::LONGEST));
        for path in [&deep, &long] {
            let path = RelPath::new(path).unwrap();
            assert!(RelPath::normalise(path.as_str()).is_ok());
            assert!(matches!(path.join("x"), Err(InvalidPath::TooLong { .. })));
        }
        for path in [deep + "/x", long + "l", ["d"; 100_000].join("/")] {
            assert!(
                RelPath::new(&path).is_err() && RelPath::normalise(&path).is_err() && path.parse::<RelPath>().is_err()
            );
            let text = RelPath::new(&path).unwrap_err().to_string();
            assert!(text.len() < 400 && text.contains(&format!("{} bytes", path.len())), "{text}");
        }
    }

    #[test]
    fn normalising_stays_beneath() {
        assert_eq!(RelPath::normalise("./a//b/../c/").unwrap().as_str(), "a/c");
        assert_eq!(RelPath::normalise("/usr/bin").unwrap().parent().unwrap().as_str(), "usr");
    }
}
