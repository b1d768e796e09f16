//! This machine as a worker of others: `xb serve --execute`, at an address and at the end of a line.

mod bazel;
mod buildstream;
mod cut;
mod disk;
mod line;
mod luck;
mod others;
mod served;
mod sshd;
