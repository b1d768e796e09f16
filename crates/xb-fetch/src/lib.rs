//! Everything that comes from outside, as trees in the store.
//!
//! [`Sources`] is the [`xb_build::Provider`]: it answers from memories of the store when it can, and otherwise asks
//! the [lock] which bytes are meant, [fetches](download) them from wherever they are, believes them by their digest
//! alone, and [unpacks](archive) them. Nothing that was fetched is ever put onto the disk by a name that it brought.

pub mod archive;
mod complete;
mod context;
mod debian;
pub mod download;
mod error;
mod folder;
mod git;
mod go;
pub mod lock;
mod lua;
mod mirror;
mod once;
mod pin;
mod registry;
mod rock;
mod sources;
mod storage;

pub use complete::Unlocked;
pub use error::{FetchError, MovedOn};
pub use folder::ingest as ingest_folder;
pub use git::GitError;
pub use lock::{Lock, Manners};
pub use mirror::{
    AptConf, AptSource, Mirrors, Moment, UrlError, one_line_sources, paragraph_sources, parse_apt_conf, shown,
};
pub use registry::{CrateIndex, GoProxy, PythonIndex, RegistryError, RockServers};
pub use rock::RockError;
pub use sources::{Changes, Settings, Sources};
pub use storage::Storage;
pub use xb_http::Patience;
