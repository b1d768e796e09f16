//! The program, driven from outside: each test has a project and a home of its own, and a store of its own where it needs
//! one.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod audit;
mod build;
mod caches;
mod executors;
mod help;
mod interrupt;
mod language;
mod maintain;
mod own_key;
mod port;
mod probes;
mod project;
mod release;
mod repl;
mod serve;
#[path = "../../../xb-cache/tests/common/server.rs"]
#[allow(dead_code, reason = "each test takes what it needs")]
mod server;
mod shared;
#[path = "../common/store.rs"]
mod store;
mod targets;
mod world;
