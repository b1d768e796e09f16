//! Room in the store that actions are made from: it is tidied before it has grown beyond what it may hold.

use std::sync::atomic::{AtomicU64, Ordering};

/// Brings the store back to what it may hold: why not, as a sentence.
pub type Tidy = dyn Fn() -> Result<(), String> + Send + Sync;

/// How a store is kept small.
pub struct Room {
    /// After how many bytes that came in it is tidied.
    pub after: u64,
    /// Called while nothing runs.
    pub tidy: Box<Tidy>,
}

/// What has come in since the store was tidied.
#[derive(Debug, Default)]
pub(super) struct Intake(AtomicU64);

impl Intake {
    /// So many bytes came in.
    pub fn took(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether the store is to be tidied, which is told to one who asks.
    pub fn is_due(&self, room: &Room) -> bool {
        let came = self.0.load(Ordering::Relaxed);
        came >= room.after && self.0.compare_exchange(came, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_once_enough_has_come() {
        let room = Room { after: 10, tidy: Box::new(|| Ok(())) };
        let intake = Intake::default();
        intake.took(9);
        assert!(!intake.is_due(&room));
        intake.took(1);
        assert!(intake.is_due(&room) && !intake.is_due(&room));
    }
}
