//! Programs of other architectures where no interpreter can be registered: who starts a command answers for the kernel.
//!
//! [`Interposer`] is the part of the first process of a sandbox or of a container, here called init; [`install_filter`]
//! that of the command's process. [`Means`] say what programs of an architecture are started by, [`Vessels`] are for
//! those that give rights, and `sys` is what has no safe wrapper.
//!
//! A filter has every `execve` and `execveat` wait until init has looked at the program. It lets the kernel go on with
//! everything that the kernel can execute, and that is all that it costs; only a program of another architecture is
//! made another one:
//!
//! 1. init puts a descriptor of the emulator into the waiting process, becomes the tracer of the waiting thread, and has
//!    its call returned as one to be made again;
//! 2. before it is, its registers are changed, so that it is an `execveat` of that descriptor;
//! 3. when the kernel has made the process anew, init puts `-cpu MODEL -0 ARGV0 PROGRAM` in place of the first argument
//!    on its stack, and lets go of it.
//!
//! So no memory is written to that another thread or a parent may share, no path that could be changed leads to the
//! emulator, and nobody is traced who does not just execute such a program: signals, children and debuggers are as they
//! are without. A filter that stops threads for a tracer (`SECCOMP_RET_TRACE`) would do the same with init as the tracer
//! of everything for good, which stops each thread at its start, its end, each signal and each child.
//!
//! One thing is not as it is without: a signal whose handler was set without `SA_RESTART`, and that comes before init has
//! taken the question, has `execve` fail with `EINTR`.
//!
//! A program is looked at before it is executed and may have changed in between. Then what is executed fails, or is
//! another program of those who changed it; what was not meant to be executed in its place is killed.

mod broken;
mod caller;
pub mod descriptor;
pub mod emulator;
mod filter;
mod find;
mod flight;
mod interposer;
mod judge;
mod means;
mod program;
mod registers;
mod stack;
mod sys;
mod vessel;

pub use broken::{Broken, Tried};
pub use filter::install_filter;
pub use interposer::{Interposed, Interposer, exit_code};
pub use means::Means;
pub use sys::{Fork, close_from_on_exec, disable_address_randomisation, fork, replace_stdio, reset_signals};
pub use vessel::Vessels;
