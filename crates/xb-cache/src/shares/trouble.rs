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
    told: Mutex<BTreeSet<String>>,
}

impl Trouble {
    /// Whether it is left alone until the program ends.
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
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
