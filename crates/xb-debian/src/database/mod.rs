//! dpkg's own records of packages that are unpacked and configured: the text of each of its files.
//!
//! In `/var/lib/dpkg` it keeps, for every package that is installed:
//!
//! | file | what |
//! |---|---|
//! | `status` | the fields of its control file, that it is installed, and its configuration files with their MD5 |
//! | `info/NAME.list` | each path that it brought |
//! | `info/NAME.MEMBER` | each other member of its control archive; `md5sums` is made where there is none |
//! | `triggers/File`, `triggers/TRIGGER` | which packages want to know of changes beneath a path, or of an event |
//! | `triggers/Unincorp` | what they were not yet told of, which is nothing |
//!
//! `NAME` is that of the package, with its architecture where several of them may stand beside each other.

mod conffiles;
mod package;
mod triggers;

use xb_core::RelPath;

pub use conffiles::{Conffile, conffiles};
pub use package::{Package, PackageError};
pub use triggers::Triggers;

/// Names the form of these records: it changes when any of them changes, and belongs into every key of something
/// that holds them.
pub const DATABASE: &str = "debian-database-1";

/// The members of a control archive that are not kept beside the others: the fields of `control` are in the status,
/// and a `list` is dpkg's own.
pub const NOT_KEPT: [&str; 2] = ["control", "list"];

/// A list of paths, as dpkg keeps those that a package brought: the root first.
pub fn list<'p>(paths: impl IntoIterator<Item = &'p RelPath>) -> String {
    let mut list = "/.\n".to_owned();
    for path in paths {
        list.extend(["/", path.as_str(), "\n"]);
    }
    list
}

/// The sums of a package's files, as packages ship them: hexadecimal MD5 and path.
pub fn md5sums<'p>(files: impl IntoIterator<Item = (&'p RelPath, String)>) -> String {
    files.into_iter().map(|(path, md5)| format!("{md5}  {path}\n")).collect()
}
