//! Room in the store that actions are made from: it is tidied when much has come in.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use xb_translate::{Known, Placed};

/// Brings the store back to what it may hold: why not, as a sentence.
pub type Tidy = dyn Fn() -> Result<(), String> + Send + Sync;

/// How a store is kept small.
pub struct Room {
    /// After how many bytes that came in it is tidied as soon as nothing runs; after twice as many, nothing new runs
    /// before it is.
    pub after: u64,
    /// Called while nothing runs.
    pub tidy: Box<Tidy>,
}

/// What has come in since the store was tidied.
#[derive(Debug, Default)]
pub(super) struct Intake {
    bytes: AtomicU64,
    /// Folders of roots that are in the store.
    known: RwLock<Known>,
    is_awaited: AtomicBool,
}

/// Whether a store is to be tidied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    No,
    WhenIdle,
    Now,
}

impl Intake {
    /// So many bytes came in.
    pub fn took(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Nobody knows how much came in: it is looked at as soon as nothing runs.
    pub fn took_unknown(&self, room: &Room) {
        // Where there is no quota nobody looks.
        if room.after < u64::MAX {
            self.bytes.fetch_max(room.after, Ordering::Relaxed);
        }
    }

    /// The store has all of a root.
    pub fn learn(&self, root: Placed) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).learn(root);
    }

    /// The folders that the store has.
    pub fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody knows what the store has.
    pub fn forget(&self) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    pub fn due(&self, room: &Room) -> Due {
        match self.bytes.load(Ordering::Relaxed) {
            came if came < room.after => Due::No,
            came if came / 2 < room.after => Due::WhenIdle,
            _ => Due::Now,
        }
    }

    /// Whether whoever asks is the one to wait until nothing runs.
    pub fn is_first_to_wait(&self) -> bool {
        !self.is_awaited.swap(true, Ordering::Relaxed)
    }

    /// Whoever was the one to wait waits no more.
    pub fn waits_no_more(&self) {
        self.is_awaited.store(false, Ordering::Relaxed);
    }

    /// The store is tidied now: how much had come in.
    pub fn begin(&self) -> u64 {
        self.waits_no_more();
        self.forget();
        self.bytes.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_becomes_due_and_then_urgent() {
        let room = Room { after: 10, tidy: Box::new(|| Ok(())) };
        let never = Room { after: u64::MAX, tidy: Box::new(|| Ok(())) };
        let intake = Intake::default();
        let due = |bytes| {
            intake.took(bytes);
            intake.due(&room)
        };
        assert_eq!([due(9), due(1), due(9), due(1)], [Due::No, Due::WhenIdle, Due::WhenIdle, Due::Now]);
        assert_eq!(intake.due(&never), Due::No);
        assert!(intake.is_first_to_wait() && !intake.is_first_to_wait());
        assert_eq!((intake.begin(), due(9)), (20, Due::No));
        assert!(intake.is_first_to_wait());
        intake.took_unknown(&never);
        assert_eq!((intake.due(&never), intake.due(&room)), (Due::No, Due::No));
        for _ in 0..9 {
            intake.took_unknown(&room);
            assert_eq!(intake.due(&room), Due::WhenIdle);
        }
    }
}
