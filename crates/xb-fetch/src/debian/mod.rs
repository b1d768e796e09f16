//! The base of Debian: from names of packages to one tree.
//!
//! Names become a closure by the newest signed index (once: then by the lock); each package of the closure is fetched
//! and unpacked to a tree of its own (once: then by memory); the trees are merged; what maintainer scripts would have
//! made is added, and where it is asked for, dpkg's own records. Packages are unpacked while others come in.
//!
//! What no build needs is left out of every package, to keep roots small: `usr/share/doc`, `man`, `info`, `locale`,
//! `lintian` and `bug`.

mod configured;
mod database;
mod merge;
mod packages;
mod pool;
mod root;
mod suite;
mod unpack;

pub(crate) use packages::Packages;
pub(crate) use pool::{Listed, listed};
pub(crate) use root::{Suites, locked, pin, provide, update};
