//! The system calls that no safe wrapper offers: how a process is prepared that will be asked about, and how who answers
//! does so.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use rustix::process::Pid;

/// Which side of a [`fork`] this is.
pub enum Fork {
    /// The new process.
    Child,
    /// The old process, and the new one's number.
    Parent(Pid),
}

/// Forks a process that has only one thread.
///
/// Whoever calls this has started no thread, as the first processes of sandboxes and containers have not: so every lock of
/// the copy is free.
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

/// Installs a seccomp filter for this thread and everything that it executes.
pub fn install_filter(program: &[libc::sock_filter]) -> io::Result<()> {
    set_filter(program, 0).map(drop)
}

/// Installs a seccomp filter that asks about some calls: who has the descriptor answers.
///
/// Where the kernel can (Linux 5.19), only what kills a thread interrupts it while it waits for the answer.
pub fn install_asking_filter(program: &[libc::sock_filter]) -> io::Result<OwnedFd> {
    let asking = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let listener = match set_filter(program, asking | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => set_filter(program, asking)?,
        done => done?,
    };
    // SAFETY: the call has just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(listener) })
}

fn set_filter(program: &[libc::sock_filter], flags: libc::c_ulong) -> io::Result<i32> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program during the call.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
    check(done)?;
    i32::try_from(done).map_err(io::Error::other)
}

/// A thread that waits for an answer to a system call that a filter asks about.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What the answer is for.
    pub id: u64,
    /// The thread.
    pub thread: Pid,
    /// The call's number.
    pub call: i64,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// Takes the next request, when there is one that still waits.
pub fn next_request(listener: impl AsFd) -> io::Result<Option<Request>> {
    // SAFETY: all zeroes is what the call wants to find, and it fills the value.
    let (done, asked) = unsafe {
        let mut asked: libc::seccomp_notif = std::mem::zeroed();
        let done = libc::ioctl(listener.as_fd().as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV as _, &raw mut asked);
        (done, asked)
    };
    match check(i64::from(done)) {
        Ok(()) => Ok(i32::try_from(asked.pid).ok().and_then(Pid::from_raw).map(|thread| Request {
            id: asked.id,
            thread,
            call: i64::from(asked.data.nr),
            arguments: asked.data.args,
        })),
        // It was killed, or interrupted.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets the kernel do what was asked for, or has the call return an error instead. Who waits no more is an error.
pub fn answer(listener: impl AsFd, id: u64, error: Option<i32>) -> io::Result<()> {
    let flags = if error.is_none() { libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 } else { 0 };
    let answer = libc::seccomp_notif_resp { id, val: 0, error: error.map_or(0, |error| -error), flags };
    // SAFETY: the structure is read during the call.
    let done =
        unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND as _, &raw const answer) };
    check(i64::from(done))
}

/// Whether a request still waits: until then, its thread's number is not another's.
pub fn still_waits(listener: impl AsFd, id: u64) -> bool {
    // SAFETY: the number is read during the call.
    let done =
        unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID as _, &raw const id) };
    done == 0
}

/// Has who asks and who answers take turns on one processor: only a wish, which kernels before 6.6 do not know.
pub fn take_turns(listener: impl AsFd) {
    const SYNC_WAKE_UP: libc::c_ulong = 1;
    // SAFETY: the argument is a number.
    unsafe {
        libc::ioctl(listener.as_fd().as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS as _, SYNC_WAKE_UP);
    }
}

/// Opens in the process of who waits what `file` is here, and gives its descriptor there.
pub fn hand_over(listener: impl AsFd, id: u64, file: impl AsFd, close_on_exec: bool) -> io::Result<i32> {
    let source = u32::try_from(file.as_fd().as_raw_fd()).map_err(io::Error::other)?;
    let newfd_flags = if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 };
    let wanted = libc::seccomp_notif_addfd { id, flags: 0, srcfd: source, newfd: 0, newfd_flags };
    // SAFETY: the structure is read during the call.
    let done =
        unsafe { libc::ioctl(listener.as_fd().as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD as _, &raw const wanted) };
    check(i64::from(done)).map(|()| done)
}

/// Reads the memory of a process, up to the first page that is not there; returns how many bytes.
pub fn read_memory(of: Pid, address: u64, into: &mut [u8]) -> io::Result<usize> {
    let page = rustix::param::page_size();
    let start = address as usize;
    let first = into.len().min(page - start % page);
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let part = |from: usize, length: usize| libc::iovec { iov_base: from as *mut _, iov_len: length };
    // Parts are read whole or not at all.
    let remote = [part(start, first), part(start.wrapping_add(first), into.len() - first)];
    // SAFETY: the kernel writes no more than `local` says, which is this slice.
    let done = unsafe { libc::process_vm_readv(of.as_raw_pid(), &raw const local, 1, remote.as_ptr(), 2, 0) };
    check(done as i64)?;
    usize::try_from(done).map_err(io::Error::other)
}

/// The registers of a thread that are the same for every program: of `struct user_regs_struct`.
pub type Registers = libc::user_regs_struct;

/// Becomes the tracer of a thread, which goes on; it is told of programs that it executes, and dies with the tracer.
pub fn seize(thread: Pid) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACEEXEC | libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
    trace(libc::PTRACE_SEIZE, thread, options as usize)
}

/// Stops a traced thread as soon as it comes to leave the kernel.
pub fn interrupt(thread: Pid) -> io::Result<()> {
    trace(libc::PTRACE_INTERRUPT, thread, 0)
}

/// Lets a stopped thread go on to its next system call with a signal, or with none, which is zero.
pub fn go_on(thread: Pid, signal: i32) -> io::Result<()> {
    trace(libc::PTRACE_SYSCALL, thread, signal as usize)
}

/// Leaves a thread stopped that was stopped by a signal, and hears when it goes on.
pub fn leave_stopped(thread: Pid) -> io::Result<()> {
    trace(libc::PTRACE_LISTEN, thread, 0)
}

/// Lets a stopped thread go, and is its tracer no more.
pub fn let_go(thread: Pid) -> io::Result<()> {
    trace(libc::PTRACE_DETACH, thread, 0)
}

/// What number a thread had before it executed a program: then it gets that of its process.
pub fn former_thread(thread: Pid) -> io::Result<Option<Pid>> {
    let mut number: libc::c_ulong = 0;
    trace(libc::PTRACE_GETEVENTMSG, thread, (&raw mut number) as usize)?;
    Ok(i32::try_from(number).ok().and_then(Pid::from_raw))
}

/// Reads the registers of a stopped thread.
pub fn registers(thread: Pid) -> io::Result<Registers> {
    // SAFETY: all zeroes is a valid value.
    let mut registers: Registers = unsafe { std::mem::zeroed() };
    let mut place = place_of(&mut registers);
    trace_registers(libc::PTRACE_GETREGSET, thread, &mut place)?;
    Ok(registers)
}

/// Changes the registers of a stopped thread.
pub fn set_registers(thread: Pid, mut registers: Registers) -> io::Result<()> {
    let mut place = place_of(&mut registers);
    trace_registers(libc::PTRACE_SETREGSET, thread, &mut place)
}

fn place_of(registers: &mut Registers) -> libc::iovec {
    libc::iovec { iov_base: (&raw mut *registers).cast(), iov_len: size_of::<Registers>() }
}

fn trace_registers(request: libc::c_uint, thread: Pid, place: &mut libc::iovec) -> io::Result<()> {
    // SAFETY: the place is that of a structure of this size, which lives during the call.
    check(unsafe { libc::ptrace(request, thread.as_raw_pid(), libc::NT_PRSTATUS as usize, &raw mut *place) })
}

/// For requests that take a number, or the address of one that lives during the call.
fn trace(request: libc::c_uint, thread: Pid, data: usize) -> io::Result<()> {
    // SAFETY: none of these requests writes to this process's memory, but one, to where `former_thread` says.
    check(unsafe { libc::ptrace(request, thread.as_raw_pid(), 0usize, data) })
}

/// A descriptor that can be read when something has become of a child or of a traced thread; blocks the signal.
pub fn watch_children() -> io::Result<OwnedFd> {
    // SAFETY: the set is filled before it is used, and the descriptor is new.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        let made = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        check(i64::from(made))?;
        Ok(OwnedFd::from_raw_fd(made))
    }
}

/// Whom this thread opens files as: a user and a group.
pub fn open_files_as(user: u32, group: u32) {
    // SAFETY: changes this thread only, and takes nothing away that it cannot have back.
    unsafe {
        libc::setfsgid(group);
        libc::setfsuid(user);
    }
}

/// Whether somebody has a file open to write to it, as far as can be told: its owner can.
pub fn is_written_to(file: impl AsFd) -> bool {
    let file = file.as_fd().as_raw_fd();
    // SAFETY: takes a lease for a moment, and gives it back.
    unsafe {
        if libc::fcntl(file, libc::F_SETLEASE, libc::F_RDLCK) == 0 {
            libc::fcntl(file, libc::F_SETLEASE, libc::F_UNLCK);
            return false;
        }
    }
    io::Error::last_os_error().raw_os_error() == Some(libc::EAGAIN)
}

fn check(done: i64) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
