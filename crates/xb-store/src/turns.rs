//! Work that several threads want at once and that one of them does, while the others wait.

use std::hash::Hash;
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::db::lock;

/// Whose turn it is, by what is worked on.
#[derive(Debug)]
pub(crate) struct Turns<K>(Mutex<FxHashMap<K, Arc<Mutex<()>>>>);

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Turns<K> {
    /// Does `work` while nobody else does work of the same key.
    pub(crate) fn alone<T>(&self, key: K, work: impl FnOnce() -> T) -> T {
        let turn = Arc::clone(lock(&self.0).entry(key).or_default());
        let done = {
            let _mine = lock(&turn);
            work()
        };
        let mut turns = lock(&self.0);
        // Ours and the map's: nobody waits.
        if Arc::strong_count(&turn) <= 2 {
            turns.remove(&key);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_at_a_time_by_key_and_nothing_stays() {
        let turns = Turns::default();
        let (inside, most) = (AtomicU32::new(0), AtomicU32::new(0));
        let work = || {
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(1));
            inside.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| turns.alone(1, work));
            }
        });
        assert_eq!(most.into_inner(), 1);
        assert!(lock(&turns.0).is_empty());
    }
}
