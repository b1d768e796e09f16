//! Work that is done now and then and takes no more than a part of the time.

use std::time::{Duration, Instant};

/// Such work takes at most one part in this many of the time.
const SHARE: u32 = 20;

/// It takes no longer than this at one time, and misses what it has not come to.
pub const LONGEST: Duration = Duration::from_secs(2);

/// When such work may be done again.
pub struct Pace {
    least: Duration,
    next: Instant,
}

impl Pace {
    /// For work that may be done at once, and then not before `least` has passed.
    pub fn new(least: Duration) -> Self {
        Self { least, next: Instant::now() }
    }

    /// Whether it may be done now.
    pub fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Does it, and tells it when to stop.
    pub fn work<T>(&mut self, work: impl FnOnce(Instant) -> T) -> T {
        let started = Instant::now();
        let done = work(started + LONGEST);
        self.next = Instant::now() + (started.elapsed() * SHARE).max(self.least);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_done_rarely() {
        let mut pace = Pace::new(Duration::ZERO);
        assert!(pace.is_due());
        pace.work(|_| std::thread::sleep(Duration::from_millis(50)));
        assert!(!pace.is_due());
        assert!(pace.next > Instant::now() + Duration::from_millis(500));
    }
}
