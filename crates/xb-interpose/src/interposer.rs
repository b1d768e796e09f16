//! Who answers: a process that is the first of its namespace, and so the parent of all that nobody else is.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

use crate::broken::{Broken, Tried};
use crate::descriptor;
use crate::flight::{self, Flight};
use crate::judge::{Judge, Wanted};
use crate::means::Means;
use crate::sys::{self, Request};
use crate::vessel::Vessels;

/// Executes what the kernel cannot.
pub struct Interposer {
    judge: Judge,
    children: OwnedFd,
    line: Option<UnixStream>,
    listener: Option<OwnedFd>,
    flights: BTreeMap<i32, Flight>,
    waiting: Vec<Request>,
    refused: Option<String>,
}

/// Who answers, and the line on which the command's process sends what it asks by.
pub type Interposed = (Interposer, UnixStream);

impl Interposer {
    /// Prepares, in init before it starts the command's process, which gets the other end of the line.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(means: Vec<Means>, vessels: Option<Vessels>) -> Result<Interposed, Broken> {
        let (line, other) = UnixStream::pair().tried("make a socket")?;
        let interposer = Self {
            judge: Judge { means, vessels },
            children: sys::watch_children().tried("watch children")?,
            line: Some(line),
            listener: None,
            flights: BTreeMap::new(),
            waiting: Vec::new(),
            refused: None,
        };
        Ok((interposer, other))
    }

    /// The program that was refused last.
    pub fn refused(&self) -> Option<String> {
        self.refused.clone()
    }

    /// Waits until the command's process can ask, which then executes nothing before it is answered.
    ///
    /// # Errors
    /// When it never does.
    pub fn begin(&mut self) -> Result<(), Broken> {
        if let Some(line) = self.line.take() {
            let listener = descriptor::receive(line).tried("interpose on `execve`: no filter can ask about it")?;
            sys::take_turns(&listener);
            self.listener = Some(listener);
        }
        Ok(())
    }

    /// Answers until a child has ended, and takes note of all others that end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn answer_until(&mut self, last: Pid) -> Result<WaitStatus, Broken> {
        self.begin()?;
        loop {
            if let Some(status) = self.reap(last)? {
                return Ok(status);
            }
            let asked = self.sleep().tried("wait for programs to be executed")?;
            if let Some(request) = asked {
                self.asked(request);
            }
        }
    }

    /// Waits until something happens; gives a request if that is what happened.
    fn sleep(&mut self) -> Result<Option<Request>, Errno> {
        let mut events = vec![PollFd::new(&self.children, PollFlags::IN)];
        events.extend(self.listener.as_ref().map(|listener| PollFd::new(listener, PollFlags::IN)));
        match poll(&mut events, None) {
            Err(Errno::INTR) => return Ok(None),
            done => done?,
        };
        let asks = events.get(1).map_or(PollFlags::empty(), PollFd::revents);
        // What has become of children is asked for in any case.
        let mut signals = [0; 1024];
        let _ = rustix::io::read(&self.children, &mut signals);
        if asks.contains(PollFlags::IN) {
            let request = self.listener.as_ref().map(sys::next_request);
            return request
                .transpose()
                .map(Option::flatten)
                .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
        }
        if !asks.is_empty() {
            // Nobody is left who could ask.
            self.listener = None;
        }
        Ok(None)
    }

    fn reap(&mut self, last: Pid) -> Result<Option<WaitStatus>, Broken> {
        let all = WaitOptions::NOHANG | WaitOptions::from_bits_retain(libc::__WALL as u32);
        loop {
            match wait(all) {
                Ok(Some((thread, status))) if status.stopped() => self.stopped(thread, status),
                Ok(Some((thread, status))) => {
                    self.landed(thread);
                    if thread == last {
                        return Ok(Some(status));
                    }
                }
                Ok(None) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error).tried("wait for the command"),
            }
        }
    }

    fn asked(&mut self, request: Request) {
        let Some(listener) = &self.listener else {
            return;
        };
        // Who waits no more needs no answer.
        let answer = |error: Option<Errno>| drop(sys::answer(listener, request.id, error.map(Errno::raw_os_error)));
        if let Some(flight) = self.flights.get(&request.thread.as_raw_pid()) {
            return answer(if flight.is_expected(&request) { None } else { Some(Errno::BUSY) });
        }
        // Of the threads of a process one alone lives on: it waits for the end of the others, who must not be traced.
        if self.flights.keys().any(|flying| is_same_process(*flying, request.thread)) {
            return self.waiting.push(request);
        }
        let wanted = Wanted::of(&request);
        let plan = wanted.as_ref().and_then(|wanted| self.judge.plan(wanted));
        let (Some(wanted), Some(plan)) = (wanted, plan) else {
            return answer(None);
        };
        match Flight::start(listener, &request, &wanted, &plan) {
            Ok(flight) => drop(self.flights.insert(request.thread.as_raw_pid(), flight)),
            Err(error) => {
                let name = plan.name.to_string_lossy();
                say(request.thread, &format!("xb: {name}: {}\n", why_not_traced(error)));
                answer(Some(error));
            }
        }
    }

    fn stopped(&mut self, thread: Pid, status: WaitStatus) {
        let number = flight::number_at_start(thread, status);
        let Some(flight) = self.flights.get_mut(&number) else {
            // Its number has been another's meanwhile.
            return drop(sys::let_go(thread));
        };
        if flight.stopped(thread, status) {
            self.refused = self.flights.remove(&number).and_then(Flight::into_refused).or_else(|| self.refused.take());
            self.ask_again();
        }
    }

    fn landed(&mut self, thread: Pid) {
        if self.flights.remove(&thread.as_raw_pid()).is_some() {
            self.ask_again();
        }
    }

    fn ask_again(&mut self) {
        for request in std::mem::take(&mut self.waiting) {
            self.asked(request);
        }
    }
}

/// How a process ended, as a shell would tell it.
#[must_use]
pub fn exit_code(status: WaitStatus) -> i32 {
    let signal = status.terminating_signal().map(|signal| 128 + signal);
    status.exit_status().or(signal).unwrap_or(255)
}

fn is_same_process(one: i32, other: Pid) -> bool {
    std::fs::metadata(format!("/proc/{one}/task/{}", other.as_raw_pid())).is_ok()
}

fn why_not_traced(error: Errno) -> String {
    match error {
        Errno::PERM => {
            "this program is for another architecture, and a program that is debugged or traced (gdb, strace) \
                        cannot execute it in this sandbox, where emulators are started by tracing"
                .to_owned()
        }
        error => format!("this program is for another architecture, and no emulator can be started for it: {error}"),
    }
}

/// Tells a person, where the standard errors of a thread lead.
fn say(thread: Pid, text: &str) {
    let path = format!("/proc/{}/fd/2", thread.as_raw_pid());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::APPEND | OFlags::NOCTTY | OFlags::CLOEXEC;
    // Nowhere is a place as well.
    let _ = openat(CWD, path, flags, Mode::empty()).and_then(|file| rustix::io::write(file, text.as_bytes()));
}
