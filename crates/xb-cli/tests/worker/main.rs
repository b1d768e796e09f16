//! This machine as a worker of others: `xb serve --execute`, at an address and at the end of a line.

mod line;
mod served;
mod sshd;
