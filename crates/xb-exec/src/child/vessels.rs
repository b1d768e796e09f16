//! The folder of what set-id programs of other architectures are started by, where init interposes.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, mkdirat};
use xb_interpose::Vessels;

use super::devices::OWN;
use super::root::{attach, new_mount_with_set_id};
use super::{Broken, Tried};

/// The interpreter, as one that others may not use.
static SEALED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sealed"));

/// Their folder in the sandbox's own.
const NAME: &str = "set-id";

/// Prepares it in the folder of the sandbox, which is to be made read-only: nobody but this process writes there.
pub fn prepare(own: &OwnedFd) -> Result<Vessels, Broken> {
    let made_in = new_mount_with_set_id("tmpfs", &[("mode", "0700"), ("size", "16m")])
        .and_then(|mount| {
            mkdirat(own, NAME, Mode::from_raw_mode(0o700))?;
            attach(&mount, own, NAME).map(|()| mount)
        })
        .tried("prepare for set-id programs of other architectures")?;
    Ok(Vessels::new(made_in, format!("/dev/{OWN}/{NAME}"), SEALED))
}
