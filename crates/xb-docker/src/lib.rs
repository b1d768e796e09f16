//! The executor that has actions run in containers of a Docker engine.
//!
//! - [`DockerExecutor`] is the executor; [`Options`] and [`Host`] say which engine it is.
//! - What goes there: `images` are the roots, a layer for each tree, of which `load` sends those that the engine lacks;
//!   `body` is what a container may do, `start` how its command begins, `seccomp` what it may not ask of the kernel, and
//!   `folders` are those that every command finds.
//! - Where programs are of another architecture, `brought` is what a container gets beside: this program itself, whose files
//!   `program` knows, and the emulator. `entry` is what it does there.
//! - What comes back: `outputs` are archives of a stranger, and `stream` is how bytes get from where nobody waits to
//!   where somebody does.
//! - `run` is one run from its beginning to its end, and `watch` what stops it; `container` is removed whatever comes, and
//!   `owner` says whose containers and images are, so that those of the dead are told from those of the living.
//!
//! An action runs there as it does here, as far as a container lets it. What Docker decides itself is in its own hands:
//! how much may be written to the disk, and what is in `/proc`.
//!
//! The first process of a container with emulation is the program that offers the executor, started there: its `main`
//! calls [`maybe_run_as_entry`] first.

mod body;
mod brought;
mod container;
mod engine;
mod entry;
mod executor;
mod folders;
mod host;
mod images;
mod load;
mod outputs;
mod owner;
mod program;
mod run;
mod seccomp;
mod start;
mod stream;
mod watch;

pub use entry::maybe_run_as_entry;
pub use executor::{DockerExecutor, Options};
pub use host::{Host, NoHost};
