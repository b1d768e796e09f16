//! What is remembered beside results. Forgetting all of it costs time, never correctness.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Small values by kind and key.
pub trait Memory: Send + Sync {
    /// The values of several keys of one kind, in their order.
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>>;

    /// Remembers a value, or fails to: nobody depends on it.
    fn remember(&self, kind: &str, key: &[u8], value: &[u8]);

    /// Remembers several values of one kind.
    fn remember_all(&self, kind: &str, values: &[(Vec<u8>, Vec<u8>)]) {
        values.iter().for_each(|(key, value)| self.remember(kind, key, value));
    }
}

/// Remembers nothing.
impl Memory for () {
    fn recall(&self, _: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        vec![None; keys.len()]
    }

    fn remember(&self, _: &str, _: &[u8], _: &[u8]) {}
}

type KindAndKey = (String, Vec<u8>);

/// Remembers as long as it lives.
#[derive(Debug, Default)]
pub struct ShortMemory {
    values: Mutex<BTreeMap<KindAndKey, Vec<u8>>>,
}

impl Memory for ShortMemory {
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().map(|key| values.get(&(kind.to_owned(), key.clone())).cloned()).collect()
    }

    fn remember(&self, kind: &str, key: &[u8], value: &[u8]) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert((kind.to_owned(), key.to_vec()), value.to_vec());
    }
}
