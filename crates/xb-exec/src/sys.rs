//! The system calls that no safe wrapper offers: the only file of the workspace with `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::process::{Pid, Signal};
use rustix::thread::UnshareFlags;

/// Which side of a [`fork`] this is.
pub enum Fork {
    /// The new process.
    Child,
    /// The old process, and the new one's number.
    Parent(Pid),
}

/// Leaves the namespaces of the caller.
pub fn unshare(flags: UnshareFlags) -> io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES));
    // SAFETY: only unsharing the table of files can make a descriptor mean something else.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(Into::into)
}

/// Forks a process that has only one thread.
///
/// Nothing but the sandbox's own child calls this, before it starts any thread: so every lock of the copy is free.
pub fn fork() -> io::Result<Fork> {
    // SAFETY: the process has one thread, so the child may do everything that the parent may.
    match unsafe { libc::fork() } {
        0 => Ok(Fork::Child),
        pid => Pid::from_raw(pid).filter(|_| pid > 0).map(Fork::Parent).ok_or_else(io::Error::last_os_error),
    }
}

/// Marks every descriptor from `first` on to be closed by the next `execve`.
pub fn close_from_on_exec(first: u32) -> io::Result<()> {
    // SAFETY: descriptors stay open in this process.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    check(done)
}

/// Makes `target` (0, 1 or 2) another name of `fd`.
pub fn replace_stdio(fd: impl AsFd, target: i32) -> io::Result<()> {
    debug_assert!((0..3).contains(&target));
    // SAFETY: the standard streams are not owned by any value that closes them.
    check(i64::from(unsafe { libc::dup2(fd.as_fd().as_raw_fd(), target) }))
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

/// Sets how the program that is executed next is laid out in memory: without chance.
pub fn disable_address_randomisation() -> io::Result<()> {
    // SAFETY: changes a flag of this process only.
    check(i64::from(unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong) }))
}

/// Every signal does again what it does by default, and none is blocked: programs inherit both.
pub fn reset_signals() {
    // SAFETY: no handler of ours is installed, and an empty mask is a valid one.
    unsafe {
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
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

/// Installs a seccomp filter for this thread and everything that it executes.
pub fn install_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program during the call.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const filter) };
    check(done)
}

fn check(done: i64) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
