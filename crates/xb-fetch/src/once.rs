//! One piece of work for everybody who asks for the same thing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// Answers by what was asked for. While an answer is being made, others who ask wait for it; when whoever makes it
/// fails or goes away, the next one tries.
pub(crate) struct OnceMap<K, V> {
    cells: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K, V> Default for OnceMap<K, V> {
    fn default() -> Self {
        Self { cells: Mutex::default() }
    }
}

impl<K: Eq + Hash, V: Clone> OnceMap<K, V> {
    /// The answer, made when there is none.
    pub(crate) async fn get<E, F>(&self, key: K, make: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(key).or_default())
        };
        cell.get_or_try_init(make).await.cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn work_is_done_once_and_again_only_after_failure() {
        let map = OnceMap::default();
        let count = AtomicU32::new(0);
        let make = || async {
            tokio::task::yield_now().await;
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => Err("first"),
                n => Ok(n),
            }
        };
        let (a, b, c) = tokio::join!(map.get("key", make), map.get("key", make), map.get("key", make));
        assert_eq!([a, b, c].iter().filter(|answer| answer.is_err()).count(), 1);
        assert_eq!(map.get("key", make).await, Ok(1));
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}
