//! How patient one is with a server.

use std::time::Duration;

/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How patient one is with a server.
#[derive(Clone, Debug)]
pub struct Patience {
    /// How many things are asked for or sent at one time.
    pub parallel: usize,
    /// How often one thing is tried without anything having come of it.
    pub tries: u32,
    /// The pause before the second try; it doubles from try to try.
    pub pause: Duration,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long nothing may go out or come in.
    pub silence: Duration,
}

impl Patience {
    /// Waits after so many tries, as long as the server asked for, but not too long.
    pub async fn pause_after(&self, tries: u32, asked: Option<Duration>) {
        tokio::time::sleep(self.between(tries, asked)).await;
    }

    fn between(&self, tries: u32, asked: Option<Duration>) -> Duration {
        let own = self.pause.saturating_mul(1 << tries.clamp(1, 8) >> 1);
        asked.unwrap_or(own).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let second = Duration::from_secs(1);
        let patience = Patience { parallel: 1, tries: 9, pause: second, connect: second, silence: second };
        let own = |tries| patience.between(tries, None).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 6, 7, u32::MAX].map(own), [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(patience.between(1, Some(9 * second)), 9 * second);
        assert_eq!(patience.between(1, Some(Duration::MAX)), LONGEST_PAUSE);
    }
}
