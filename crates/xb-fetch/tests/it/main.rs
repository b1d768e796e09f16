//! Fetching, against real servers, real archives, real repositories and the real Debian.

mod archives;
mod common;
mod crates;
mod debian;
mod folders;
mod http;
mod locking;
mod modules;
mod names;
mod pool;
mod python;
mod repositories;
mod rocks;
mod roots;
