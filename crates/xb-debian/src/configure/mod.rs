//! What maintainer scripts would have made of the unpacked packages, as far as builds need it.
//!
//! Scripts are never run: they are programs of another machine, they see its clock, and most of what they do serves
//! services. Here the same is said as data, the same for everybody:
//!
//! | what | like whom |
//! |---|---|
//! | `/bin`, `/sbin`, `/lib*` as links to `/usr`; `/var/run`, `/usr/local`, `/tmp` and the like | base-files |
//! | `/etc/passwd`, `/etc/group`, `/etc/shells`, `/etc/profile`, `/etc/nsswitch.conf` | base-passwd, debianutils, base-files, libc-bin |
//! | `awk`, `cc`, `which`, `yacc`, ... by `/etc/alternatives` | update-alternatives |
//! | `/etc/ssl/certs` | update-ca-certificates |
//! | `/etc/hosts`, `/etc/resolv.conf`, `/etc/machine-id`, `/etc/localtime`: of no machine in particular | the installer |
//! | `/var/lib/dpkg/status`, so that `dpkg -s` knows what is there | dpkg |
//!
//! There is no `/etc/ld.so.cache`: the loader finds what is in Debian's folders without, and a cache would have to
//! change with every library that a build adds.
//!
//! What a package ships wins over what is made here, modes included, as it does where maintainer scripts run; only an
//! empty folder gives way to a link.

mod accounts;
mod alternatives;
mod certificates;
mod folders;
mod machine;
mod status;

use std::collections::BTreeMap;

use xb_core::RelPath;

use crate::resolve::Pinned;

/// Names this configuration: it changes when anything that is made here changes, and belongs into every key of
/// something that was configured.
pub const CONFIGURATION: &str = "debian-configuration-2";

/// What lies at a path of a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A folder.
    Directory,
}

/// The unpacked packages, laid over each other. Paths are relative to the root: `usr/bin/gcc`.
pub trait Root {
    /// What lies at a path, without following a link there.
    fn kind(&self, path: &str) -> Option<Kind>;

    /// The names in a folder, sorted; none when it is no folder.
    fn list(&self, folder: &str) -> Vec<String>;

    /// The contents of a file; none when it is no file, or cannot be read.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// Something that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// A file.
    File {
        /// Its contents.
        contents: Vec<u8>,
        /// Its mode bits.
        mode: u32,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points to.
        target: String,
    },
    /// A folder where there is nothing.
    Directory {
        /// Its mode bits.
        mode: u32,
    },
}

/// What is to be laid over unpacked packages to make a root of them, by path. A link stands in the place of an empty
/// folder where there is one.
pub fn configure(root: &dyn Root, packages: &[Pinned]) -> BTreeMap<RelPath, Made> {
    let mut making = Making { root, made: BTreeMap::new() };
    folders::make(&mut making);
    accounts::make(&mut making);
    machine::make(&mut making);
    alternatives::make(&mut making);
    certificates::make(&mut making);
    status::make(&mut making, packages);
    making.made
}

/// What has been made so far, over what was there before.
struct Making<'a> {
    root: &'a dyn Root,
    made: BTreeMap<RelPath, Made>,
}

impl Making<'_> {
    fn is_there(&self, path: &str) -> bool {
        self.root.kind(path).is_some()
    }

    /// A file, unless something is there.
    fn file(&mut self, path: &str, contents: impl Into<Vec<u8>>) {
        if !self.is_there(path) {
            self.put(path, Made::File { contents: contents.into(), mode: 0o644 });
        }
    }

    /// A file as the package ships it elsewhere, else with these contents, unless something is there.
    fn copy(&mut self, from: &str, to: &str, otherwise: Option<&str>) {
        let shipped = self.root.read(from);
        if let Some(contents) = shipped.or_else(|| otherwise.map(Into::into)) {
            self.file(to, contents);
        }
    }

    /// A link, unless something other than an empty folder is there.
    fn link(&mut self, path: &str, target: &str) {
        let free = match self.root.kind(path) {
            None => true,
            Some(Kind::Directory) => self.root.list(path).is_empty(),
            Some(_) => false,
        };
        if free {
            self.put(path, Made::Symlink { target: target.to_owned() });
        }
    }

    /// A folder, unless something is there.
    fn folder(&mut self, path: &str, mode: u32) {
        if !self.is_there(path) {
            self.put(path, Made::Directory { mode });
        }
    }

    /// Paths that are no paths are passed over: names of files of a package can make them.
    fn put(&mut self, path: &str, made: Made) {
        if let Ok(path) = RelPath::new(path) {
            self.made.insert(path, made);
        }
    }
}
