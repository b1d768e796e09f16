//! This machine's contents, trees, results and roots.
//!
//! A [`Store`] is a folder that can always be trusted or thrown away. Contents are files, each once, named by
//! their BLAKE3 digest; directories, results, memos and roots are rows of one SQLite database.
//!
//! What holds at every moment, whoever is killed:
//! - a file under its final name is complete: it is written aside and renamed;
//! - a row comes after what it names, in the same transaction or an earlier one;
//! - what a row names goes after the row, while nobody else has the store open; but for what a loss of power left in
//!   doubt, which stays in doubt until both are gone;
//! - what has no row is not believed in, and garbage collection removes it.
//!
//! Against a loss of power: see `epoch.rs`.

mod action_lock;
mod census;
mod compare;
mod contents;
mod db;
mod direct;
mod epoch;
mod error;
mod fingerprint;
mod folder;
mod gc;
mod index;
mod ingest;
mod layout;
mod lease;
mod lock;
mod materialise;
mod memory;
mod memos;
mod remove;
mod results;
mod roots;
mod rules;
mod session;
mod settle;
mod shelves;
mod stats;
mod store;
mod take;
mod threads;
mod traits;
mod turns;
mod verify;

pub use action_lock::ActionLock;
pub use error::StoreError;
pub use folder::{LockedFolder, is_older, list_stale, remove_stale, remove_unused};
pub use gc::{FOLDER, GcPolicy, GcReport};
pub use lease::Lease;
pub use memory::{Memory, ShortMemory};
pub use remove::remove_folder;
pub use rules::FolderRules;
pub use stats::Stats;
pub use store::Store;
pub use traits::{ActionCache, Contents};
pub use verify::{Damage, VerifyReport};
