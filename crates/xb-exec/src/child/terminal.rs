//! A terminal in the sandbox, for a person.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use xb_interpose::descriptor;

use super::{Broken, Tried};
use crate::spec::{self, Report};

/// Makes a terminal in the sandbox's own `/dev/pts`, and sends its other side to xb.
pub fn open(control: &UnixStream) -> Result<OwnedFd, Broken> {
    let make = || {
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
        let master = rustix::fs::open("/dev/ptmx", flags, rustix::fs::Mode::empty())?;
        unlockpt(&master)?;
        let peer = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        Ok::<_, rustix::io::Errno>((ioctl_tiocgptpeer(&master, peer)?, master))
    };
    let (terminal, master) = make().tried("make a terminal")?;
    spec::send(&mut &*control, &Report::Terminal).tried("announce the terminal")?;
    descriptor::send(control, master).tried("hand the terminal over")?;
    Ok(terminal)
}
