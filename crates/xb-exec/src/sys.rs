//! The system calls that no safe wrapper offers, but for those that interposing takes (`xb_interpose`).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::process::Signal;
use rustix::thread::UnshareFlags;
pub use xb_interpose::{Fork, close_from_on_exec, disable_address_randomisation, fork, replace_stdio, reset_signals};

/// Leaves the namespaces of the caller.
pub fn unshare(flags: UnshareFlags) -> io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES));
    // SAFETY: only unsharing the table of files can make a descriptor mean something else.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(Into::into)
}

/// The standard stream of this number, taken over by the caller.
pub fn take_stdio(number: i32) -> io::Result<OwnedFd> {
    debug_assert!((0..3).contains(&number));
    // SAFETY: the standard streams are open for the whole life of the process.
    let stream = unsafe { BorrowedFd::borrow_raw(number) };
    stream.try_clone_to_owned()
}

/// Makes a mount that is not attached yet read-only, with everything mounted beneath it.
pub fn make_read_only(mount: impl AsFd) -> io::Result<()> {
    let attributes = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path is empty and terminated, and the size is that of the structure.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(done)
}

/// Ended children can be waited for again, also where whoever started this program does not want to know of his own.
pub fn expect_children() {
    // SAFETY: no handler of ours is installed for this signal.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
}

/// Sends a signal to every process of this pid namespace but its first.
pub fn kill_everything() {
    // SAFETY: sends a signal; that nobody is left is no error.
    unsafe {
        libc::kill(-1, Signal::KILL.as_raw());
    }
}

/// Whether two threads are known to have the same table of descriptors.
pub fn share_descriptors(one: u32, other: u32) -> bool {
    const KCMP_FILES: libc::c_int = 2;
    // SAFETY: compares without changing anything, and the last two arguments are not used.
    unsafe { libc::syscall(libc::SYS_kcmp, one, other, KCMP_FILES, 0, 0) == 0 }
}

/// The largest resident memory that any single process had whose end this process has seen, in bytes.
pub fn largest_child() -> u64 {
    // SAFETY: all zeroes is a valid value, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024
}

/// Brings the network interface `lo` up.
pub fn loopback_up() -> io::Result<()> {
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    // SAFETY: all zeroes is a valid request; the union is written before the call that reads it.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
            *to = *from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        check(i64::from(libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request)))
    }
}

fn check(done: i64) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
