//! An executor that is a machine made of software: natively of its architecture, whatever this machine is.
//!
//! [`VmExecutor`] starts QEMU with a kernel and a few programs from pinned packages when the first action comes, keeps
//! the machine warm for those that follow, and stops it in the end. Nothing has to be installed, and nobody has to be
//! root. Where the architectures of both machines match and `/dev/kvm` can be used, the processor itself does the work.
//!
//! # What goes where
//!
//! | by | what |
//! |---|---|
//! | the initial RAM disk | busybox, bubblewrap, the modules of the kernel, the scripts of `guest/` |
//! | the disk `pool`, which the machine can only read | layers as EROFS images, each once in a machine's life; orders |
//! | the port `control` | lines: what to run, how it ended ([`protocol`]) |
//! | the port `log` | what the command says |
//! | the disk `outputs` | a tar file for each output |
//! | the disk `swap` | what is written and does not fit into the machine's memory |
//! | the console | what the kernel says, kept where the machine dies |
//!
//! In the machine a command runs as in the local sandbox: as the only user of a user namespace, without network, over
//! the layers and a file system in memory of its own, which are gone when it has ended. Everything that comes out of
//! the machine is the word of a stranger: lines are short and few kinds are known, logs and trees have limits, archives
//! become trees in memory, and who is silent for too long is killed.

mod bring;
mod collect;
mod console;
mod disks;
mod executor;
mod guard;
mod image;
mod initrd;
mod keeper;
mod launch;
mod machine;
mod modules;
mod order;
mod outputs;
mod ports;
pub mod protocol;
mod run;
mod shell;

pub use bring::{Bring, Parts};
pub use executor::{Options, VmExecutor, is_virtualised};
pub use guard::maybe_run_as_guard;
pub use machine::PREFIX;
