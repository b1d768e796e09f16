//! The executor of this machine: a sandbox without privileges, with emulation.
//!
//! [`LocalExecutor`] runs an action in namespaces of its own, unprivileged or as root, on this machine's kernel and
//! with nothing else of this machine. It decides nothing: how a command ended is data.
//!
//! The sandbox's child is the program that offers the executor, started again: its `main` calls
//! [`maybe_run_as_child`] first.

mod child;
mod doctor;
mod emulator;
mod executor;
mod interactive;
mod output;
mod reclaim;
mod run;
mod sandbox;
mod scratch;
mod spec;
mod standby;
mod sys;
mod taken;
mod terminal;
mod users;

pub use child::{maybe_run_as_child, sandbox_main};
pub use doctor::{Finding, State, examine_kernel};
pub use emulator::Emulation;
pub use executor::{Ingest, LocalExecutor, Options};
pub use interactive::{HangUp, Session};
pub use scratch::{list_kept, list_stale, remove_kept, remove_stale};
pub use spec::Take;
pub use terminal::restore_terminal;
