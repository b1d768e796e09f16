//! What servers of the Remote Execution API are asked.
//!
//! - [`Server`] is where one is, as it is typed: `grpcs://cache.example.org/instance`.
//! - [`Connection`] is how it is spoken with: what it can do, who one is to it, and how patient one is.
//! - [`Connection::missing`], [`Connection::read`] and [`Connection::write`] are about contents by their digests.
//! - [`Connection::result`] and [`Connection::put_result`] are about what actions left.
//! - [`Connection::execute`] has an action run.
//!
//! No server is believed: contents are what their digest says, or there is an error which says that the server lied. No
//! password is in an error.

mod ask;
mod capabilities;
mod connection;
mod contents;
mod error;
mod execution;
mod function;
mod hashing;
mod proof;
mod results;
mod server;

/// The messages of the API.
pub mod proto {
    pub use bazel_remote_apis::build::bazel::remote::execution::v2::*;
}

pub use capabilities::Capabilities;
pub use connection::Connection;
pub use contents::FileError;
pub use error::{Kind, RemoteError};
pub use execution::{Operation, Outcome};
pub use function::DigestFunction;
pub use hashing::Hashing;
pub use server::{Server, ServerError};
