//! xb's own terminal while a command in a sandbox has one: bytes and sizes pass through.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

/// How often the size of the terminal is compared: a signal handler would belong to the whole program.
const INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// The state in which a terminal was found that every key comes through now.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal in a state in which every key comes through; put back when dropped.
struct Raw;

impl Raw {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        restore_terminal();
    }
}

/// Puts this program's terminal back into the state in which an interactive sandbox found it, for a program that ends
/// while one is open.
pub fn restore_terminal() {
    if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The terminal may be gone.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &before);
    }
}

/// Passes everything between xb's terminal and `inner` until the last process there has closed it.
///
/// # Errors
/// When xb has no terminal or it goes away.
pub fn pass_through(inner: &OwnedFd) -> io::Result<()> {
    let _raw = Raw::new()?;
    let (keys, screen) = (rustix::stdio::stdin(), rustix::stdio::stdout());
    let mut typing = true;
    loop {
        adopt_size(inner);
        let keys_wanted = if typing { PollFlags::IN } else { PollFlags::empty() };
        let mut events = [PollFd::new(&inner, PollFlags::IN), PollFd::new(&keys, keys_wanted)];
        match poll(&mut events, Some(&INTERVAL)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let (from_inside, from_outside) = (events[0].revents(), events[1].revents());
        if !from_inside.is_empty() && !copy(inner.as_fd(), screen)? {
            return Ok(());
        }
        if typing && !from_outside.is_empty() {
            typing = copy(keys, inner.as_fd())?;
        }
    }
}

/// Passes on what is there; false at the end, which for a terminal is an error.
fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<bool> {
    let mut buffer = [0; 16 << 10];
    let mut rest = match rustix::io::read(from, &mut buffer[..]) {
        Ok(0) | Err(rustix::io::Errno::IO) => return Ok(false),
        Ok(length) => &buffer[..length],
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    while !rest.is_empty() {
        match rustix::io::write(to, rest) {
            Ok(length) => rest = &rest[length..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => wait_for_room(to)?,
            Err(rustix::io::Errno::IO) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Waits until something can be written to a terminal that somebody opened as one that does not wait.
fn wait_for_room(to: BorrowedFd<'_>) -> io::Result<()> {
    match poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn adopt_size(inner: &OwnedFd) {
    // A terminal without a size is still a terminal.
    let sizes = (tcgetwinsize(rustix::stdio::stdin()), tcgetwinsize(inner));
    if let (Ok(outer), Ok(current)) = sizes
        && (outer.ws_row, outer.ws_col) != (current.ws_row, current.ws_col)
    {
        let _ = tcsetwinsize(inner, outer);
    }
}
