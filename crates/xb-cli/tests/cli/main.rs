//! The program, driven from outside: each test has a project, a store and a home of its own.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod audit;
mod build;
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
mod targets;
mod world;
