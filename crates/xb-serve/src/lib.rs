//! A cache server for a team: one process over one folder.
//!
//! - [`Server`] answers Bazel's HTTP caching protocol and the Remote Execution API at one address, with TLS or without.
//! - [`Shelf`] is the folder: laid out as Bazel's disk cache is, with what was used least going first where it is full.
//! - [`Tokens`] is a file that says who may read and who may write.
//!
//! What is kept is what its name says: a blob whose bytes are others is not taken, and nobody sees half of one. Who
//! takes something from here checks it all the same.

mod access;
mod apart;
mod grpc;
mod http;
mod metrics;
mod server;
mod shelf;
mod tls;
mod tokens;

pub use access::{Access, Rights};
pub use server::{ServeError, Server, Settings};
pub use shelf::Shelf;
pub use tls::{Tls, TlsError};
pub use tokens::{NewToken, Tokens, TokensError};
