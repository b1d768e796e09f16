//! A thread on its way from the program that it wants to execute to the one that it executes.

use std::ffi::CString;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, CWD, fstat, statat};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitStatus, kill_process};

use crate::find::identity;
use crate::judge::{Place, Plan, Wanted};
use crate::registers::{AtCall, REPEAT};
use crate::stack::{Word, replace_first};
use crate::sys::{self, Registers, Request};

/// What is left to be done, for a thread that this process traces.
pub struct Flight {
    /// None where it is only to be let go.
    call: Option<Call>,
    step: Step,
    is_done: bool,
}

/// The call that is made in place of the thread's own.
struct Call {
    descriptors: Vec<i32>,
    arguments: [u64; 5],
    words: Vec<Word>,
    file: (u64, u64),
    name: CString,
}

/// Where it is. Registers are those with which the thread made its own call.
#[derive(Clone, Copy)]
enum Step {
    /// It is about to stop.
    Stopping,
    /// It is about to make the call.
    Calling(Registers),
    /// It is in the call.
    Executing(Registers),
    /// The call has failed; so many descriptors are still to be closed, and is it in a call that does so?
    Closing { own: Registers, error: i64, left: usize, is_called: bool },
}

impl Flight {
    /// Begins: the thread is traced, and about to stop, whatever becomes of the rest.
    ///
    /// # Errors
    /// When the thread cannot be traced.
    pub fn start(listener: impl AsFd, request: &Request, wanted: &Wanted, plan: &Plan<'_>) -> Result<Self, Errno> {
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let thread = request.thread;
        sys::seize(thread).map_err(errno)?;
        // It stops when it comes out of the kernel, or at once if its number is another's by now: then it is let go.
        let _ = sys::interrupt(thread);
        let call = match sys::still_waits(&listener, request.id) {
            true => Call::prepare(&listener, request, wanted, plan).map(Some),
            false => Ok(None),
        };
        let (call, error) = match call {
            Ok(call) => (call, REPEAT),
            Err(error) => (None, error.raw_os_error()),
        };
        let is_answered = sys::answer(&listener, request.id, Some(error)).is_ok();
        Ok(Self { call: call.filter(|_| is_answered), step: Step::Stopping, is_done: false })
    }

    /// Whether a call is the one that the thread was made to make.
    pub fn is_expected(&self, request: &Request) -> bool {
        let executes = matches!(self.step, Step::Executing(_));
        let made = self.call.as_ref().map(|call| call.arguments[0]);
        executes && request.call == libc::SYS_execveat && made == Some(request.arguments[0])
    }

    /// The program that was executed, when what was executed refuses it.
    pub fn into_refused(self) -> Option<String> {
        let call = self.call.filter(|call| self.is_done && call.is_refusal())?;
        Some(call.name.to_string_lossy().into_owned())
    }

    /// Goes on with a thread that has stopped; returns whether this was all, and it was let go.
    pub fn stopped(&mut self, thread: Pid, status: WaitStatus) -> bool {
        // Who is killed meanwhile is heard of once more.
        self.go_on(thread, status).unwrap_or(false)
    }

    fn go_on(&mut self, thread: Pid, status: WaitStatus) -> std::io::Result<bool> {
        const AT_CALL: i32 = libc::SIGTRAP | 0x80;
        let signal = status.stopping_signal().unwrap_or(0);
        match (event(status), signal) {
            (libc::PTRACE_EVENT_STOP, libc::SIGTRAP) => self.halted(thread),
            (libc::PTRACE_EVENT_STOP, _) => sys::leave_stopped(thread).map(|()| false),
            (libc::PTRACE_EVENT_EXEC, _) => self.executed(thread).map(|()| true),
            (0, AT_CALL) => self.at_call(thread),
            (_, signal) => sys::go_on(thread, signal).map(|()| false),
        }
    }

    fn halted(&mut self, thread: Pid) -> std::io::Result<bool> {
        let Step::Stopping = self.step else {
            return sys::go_on(thread, 0).map(|()| false);
        };
        let before = sys::registers(thread)?.before_repeating();
        let (Some(call), Some(before)) = (&self.call, before) else {
            return sys::let_go(thread).map(|()| true);
        };
        sys::set_registers(thread, before.with_call(libc::SYS_execveat, call.arguments))?;
        self.step = Step::Calling(before);
        sys::go_on(thread, 0).map(|()| false)
    }

    /// A thread stops before and after each call.
    fn at_call(&mut self, thread: Pid) -> std::io::Result<bool> {
        let registers = sys::registers(thread)?;
        let descriptors = self.call.as_ref().map(|call| call.descriptors.as_slice()).unwrap_or_default();
        self.step = match self.step {
            Step::Calling(own) => {
                // A handler of a signal may make others before.
                let first = self.call.as_ref().map(|call| call.arguments[0]);
                let is_it = registers.call() == (libc::SYS_execveat, first.unwrap_or_default());
                if is_it { Step::Executing(own) } else { Step::Calling(own) }
            }
            Step::Executing(own) if is_repeated(registers.result()) => {
                // No signal is to make an error of it.
                sys::set_registers(thread, registers.with_result(-i64::from(REPEAT), &registers))?;
                Step::Calling(own)
            }
            Step::Executing(own) => {
                let error = registers.result();
                close(thread, registers, descriptors.first())?;
                Step::Closing { own, error, left: descriptors.len(), is_called: false }
            }
            Step::Closing { own, error, left, is_called: false } => Step::Closing { own, error, left, is_called: true },
            Step::Closing { own, error, left: 0 | 1, .. } => {
                sys::set_registers(thread, registers.with_result(error, &own))?;
                return sys::let_go(thread).map(|()| true);
            }
            Step::Closing { own, error, left, .. } => {
                close(thread, registers, descriptors.get(descriptors.len() + 1 - left))?;
                Step::Closing { own, error, left: left - 1, is_called: false }
            }
            Step::Stopping => Step::Stopping,
        };
        sys::go_on(thread, 0).map(|()| false)
    }

    /// The process is another one now, which has not begun yet.
    fn executed(&mut self, thread: Pid) -> std::io::Result<()> {
        let Some(call) = self.call.as_ref().filter(|_| matches!(self.step, Step::Executing(_))) else {
            return sys::let_go(thread);
        };
        let done = call.is_executed(thread).and_then(|()| {
            let registers = sys::registers(thread)?;
            let stack = replace_first(thread, registers.stack(), &call.words)?;
            sys::set_registers(thread, registers.with_start(stack))
        });
        self.is_done = done.is_ok();
        if done.is_err() {
            // Nobody else is to have these arguments, nor rights that were meant for another.
            let _ = kill_process(thread, Signal::KILL);
        }
        sys::let_go(thread)
    }
}

impl Call {
    fn prepare(listener: impl AsFd, request: &Request, wanted: &Wanted, plan: &Plan<'_>) -> Result<Self, Errno> {
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        let hand_over = |file, closes| sys::hand_over(&listener, request.id, file, closes).map_err(errno);
        let first = hand_over(plan.file(), true)?;
        let mut descriptors = vec![first];
        let program = match &plan.program {
            Place::Path(path) => path.clone(),
            Place::Descriptor(file) => {
                let number = hand_over(file.as_fd(), false)?;
                descriptors.push(number);
                CString::new(format!("/proc/self/fd/{number}")).unwrap_or_default()
            }
        };
        let flags = libc::AT_EMPTY_PATH as u64;
        let arguments = [first as u64, wanted.end, wanted.arguments, wanted.environment, flags];
        let (words, name) = (plan.words(program), plan.name.clone());
        let file = identity(&fstat(plan.file())?);
        Ok(Self { descriptors, arguments, words, file, name })
    }

    fn is_refusal(&self) -> bool {
        matches!(self.words.first(), Some(Word::Text(text)) if text.to_bytes().ends_with(b"/refuse"))
    }

    /// An error if another file was executed than the one that was meant.
    fn is_executed(&self, thread: Pid) -> std::io::Result<()> {
        let path = format!("/proc/{}/exe", thread.as_raw_pid());
        let there = identity(&statat(CWD, path, AtFlags::empty())?);
        if there == self.file { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
    }
}

/// Has a thread close a descriptor that was put into its process.
fn close(thread: Pid, registers: Registers, descriptor: Option<&i32>) -> std::io::Result<()> {
    let arguments = [descriptor.map_or(u64::MAX, |number| *number as u64), 0, 0, 0, 0];
    sys::set_registers(thread, registers.before_returned().with_call(libc::SYS_close, arguments))
}

/// Whether the kernel makes a call again that returns this: `ERESTARTSYS` and its like.
fn is_repeated(result: i64) -> bool {
    (-516..=-512).contains(&result)
}

/// The number that a stopped thread had when it was last heard of.
pub fn number_at_start(thread: Pid, status: WaitStatus) -> i32 {
    let former =
        (event(status) == libc::PTRACE_EVENT_EXEC).then(|| sys::former_thread(thread).ok().flatten()).flatten();
    former.unwrap_or(thread).as_raw_pid()
}

fn event(status: WaitStatus) -> i32 {
    status.as_raw() >> 16
}
