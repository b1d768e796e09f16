//! A server for a team: one process over one folder, which keeps what is shared and runs actions.
//!
//! - [`Server`] answers Bazel's HTTP caching protocol and the Remote Execution API at one address, with TLS or without,
//!   or at the end of a line that somebody else has drawn.
//! - [`Shelf`] is the folder: laid out as Bazel's disk cache is, with what was used least going first where it is full.
//! - [`Worker`] runs actions, where there is one.
//! - [`Tokens`] is a file that says who may read, who may write, and who may have something run.
//!
//! What is kept is what its name says: a blob whose bytes are others is not taken, and nobody sees half of one. Who
//! takes something from here checks it all the same.

mod access;
mod apart;
mod connection;
mod grpc;
mod http;
mod metrics;
mod server;
mod shelf;
mod tls;
mod tokens;
mod worker;

pub use access::{Access, Rights};
pub use server::{ListenError, Listening, Server};
pub use shelf::Shelf;
pub use tls::{Tls, TlsError};
pub use tokens::{NewToken, Tokens, TokensError};
pub use worker::{Ran, Room, Tell, Tidy, Worker};
