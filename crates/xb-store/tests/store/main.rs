//! The store as its users see it, on a real disk, in one test binary.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "children tell their parents, and skips say why")]

mod common;
mod full;
mod gc;
mod hostile;
mod power;
mod processes;
mod sources;
mod trees;
mod verify;
