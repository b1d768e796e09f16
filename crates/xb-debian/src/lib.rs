//! Debian: its signed indexes, its rules of dependency across architectures, its package format, and what its
//! maintainer scripts would have done.
//!
//! Bytes go in and data comes out: no network, no store, no file system. The way is
//! [`read_in_release`] (which indexes are right) → [`Index::parse`] → [`resolve()`] (which packages) →
//! [`read_deb`] (what is in them) → [`configure`](configure::configure) (what is made on top). Where dpkg itself is
//! to know the packages, [`read_control`] and [`database`] give what it would have recorded.
//!
//! All of it reads what strangers wrote. What is unsigned is not parsed, sizes are bounded before anything is
//! allocated, and paths that are reported never lead out of the root.

mod ar;
mod cleartext;
pub mod configure;
mod control;
mod control_archive;
pub mod database;
mod deb;
mod decompress;
mod index;
mod keyring;
mod merged_usr;
mod relation;
mod release;
mod resolve;
mod sources;
mod version;

pub use control_archive::{ControlMember, read_control};
pub use deb::{DebEntry, DebError, DebKind, read_deb};
pub use decompress::{Compression, DecompressError, decompress, most_unpacked};
pub use index::{Index, IndexError};
pub use keyring::{Keyring, KeyringError};
pub use release::{IndexFile, Release, ReleaseError, read_in_release};
pub use resolve::{Pinned, ResolveError, UnknownNames, resolve};
pub use sources::{SourceIndex, SourcesError};
pub use version::compare_versions;
