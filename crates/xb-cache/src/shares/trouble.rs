//! What goes wrong with a place, told once: a cache that does not work slows nothing down, and is no news each time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use xb_build::{Event, Events};

use crate::{PackError, RemoteError};

/// What went wrong with a place until now.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// Nothing is asked of it any more.
    down: AtomicBool,
    /// Nothing is sent to it any more.
    closed: AtomicBool,
    told: Mutex<BTreeSet<String>>,
}

impl Trouble {
    /// Whether it is left alone until the program ends.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Whether things are sent to it.
    pub fn may_write(&self) -> bool {
        !self.is_down() && !self.closed.load(Ordering::Relaxed)
    }

    /// Tells something, once.
    pub fn tell(&self, events: &dyn Events, message: String) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert(message.clone()) {
            events.event(Event::Warned { message });
        }
    }

    /// Leaves the place alone from now on, and tells why. Of many who fail at one time, the first is told.
    pub fn leave_alone(&self, events: &dyn Events, name: &str, why: &str) {
        if !self.down.swap(true, Ordering::Relaxed) {
            self.tell(events, format!("the cache `{name}` is left alone from here on: {why}"));
        }
    }

    /// Sends nothing to the place from now on, and tells why.
    pub fn stop_writing(&self, events: &dyn Events, name: &str, why: &str) {
        if !self.closed.swap(true, Ordering::Relaxed) {
            self.tell(events, format!("nothing is sent to the cache `{name}` from here on: {why}"));
        }
    }

    /// Takes note of an error of a pack that was to be sent. Who must not write may read all the same.
    pub fn of_write(&self, events: &dyn Events, name: &str, error: &PackError) {
        match error {
            PackError::Remote(error @ (RemoteError::Unreachable { .. } | RemoteError::Lied { .. })) => {
                self.of_remote(events, name, error);
            }
            PackError::Remote(error) => self.stop_writing(events, name, &error.to_string()),
            error => self.tell(events, format!("a result is not shared by way of the cache `{name}`: {error}")),
        }
    }

    /// Takes note of an error of a remote.
    pub fn of_remote(&self, events: &dyn Events, name: &str, error: &RemoteError) {
        self.leave_alone(events, name, &error.to_string());
    }

    /// Takes note of an error of a pack: what is not there any more is nobody's fault.
    pub fn of_pack(&self, events: &dyn Events, name: &str, error: &PackError) {
        match error {
            PackError::Absent { .. } => {}
            PackError::Remote(error) => self.of_remote(events, name, error),
            error => self.tell(events, format!("the cache `{name}` is of no use here: {error}")),
        }
    }
}
