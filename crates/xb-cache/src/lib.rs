//! Results that machines share, by way of a remote that only keeps what it is given.
//!
//! - [`Address`] is what was typed: a folder, or a url.
//! - [`Remote`] is what is there: small entries by keys, and blobs by their SHA-256.
//! - [`Shares`] is what a build asks: what [trusted](Trust) signers say of a result, and the pack in which it lies.
//! - [`check()`] looks whether a folder has what its names say.
//! - [`Packs`] moves trees between a store and a remote: as an index and chunks, of which similar trees share most.
//!
//! No remote is believed. A blob is what its SHA-256 says, or there is an error which says that the remote lied; what
//! an entry says is for whoever asked to check. No password is in an error.

mod apart;
mod blob;
mod check;
mod pack;
mod remote;
mod shares;

/// How a folder that is a cache is laid out: as Bazel's disk cache is.
pub mod layout {
    pub use crate::remote::{ASIDE, BLOBS, ENTRIES, FILE_MODE, FOLDER_MODE, place_of};
}

pub use blob::Blob;
pub use check::{CheckError, Checked, Wrong, check};
pub use pack::{Limits, PackError, Packs, Pulled, Pushed};
pub use remote::{Address, AddressError, Lump, MOST_ENTRY, Remote, RemoteError, open, patience};
pub use shares::{Place, Shares, Trust, TrustedKey};
pub use xb_http::Patience;
