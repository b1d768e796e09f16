//! Fetching, against real servers, real archives, real repositories and the real Debian.

mod archives;
mod common;
mod debian;
mod folders;
mod http;
mod locking;
mod pool;
mod repositories;
