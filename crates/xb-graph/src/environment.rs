//! The environment of a run. Most of it is the same for thousands of runs, and these share it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Variables by their names: those of [`Common`], and this run's own, which win.
///
/// Which variables are common is not seen: environments that say the same are equal.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    common: Arc<Common>,
    own: Vec<(Arc<str>, Arc<str>)>,
}

/// Variables that many environments have in common.
#[derive(Debug, Default)]
pub struct Common {
    variables: BTreeMap<Arc<str>, Arc<str>>,
    hash: u64,
}

impl Common {
    /// These variables.
    pub fn new(variables: BTreeMap<Arc<str>, Arc<str>>) -> Self {
        let hash = variables.iter().fold(0, |sum: u64, (name, value)| sum.wrapping_add(hash(name, value)));
        Self { variables, hash }
    }
}

impl Environment {
    /// The environment with nothing of its own.
    pub fn new(common: Arc<Common>) -> Self {
        Self { common, own: Vec::new() }
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        let own = self.own.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
        own.or_else(|| self.common.variables.get(name)).map(|value| &**value)
    }

    /// Sets a variable.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let (name, value) = (name.into(), value.into());
        match self.own.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.own.push((name, value)),
        }
    }

    /// Leaves out the variables whose names are refused.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.own.retain(|(name, _)| keep(name));
        if !self.common.variables.keys().all(|name| keep(name)) {
            let kept = self.common.variables.iter().filter(|(name, _)| keep(name));
            let kept = kept.map(|(name, value)| (Arc::clone(name), Arc::clone(value)));
            self.common = Arc::new(Common::new(kept.collect()));
        }
    }

    pub(crate) fn fit(&mut self) {
        self.own.shrink_to_fit();
    }

    /// All variables, sorted by name.
    pub fn variables(&self) -> BTreeMap<&str, &str> {
        let own = self.own.iter().map(|(name, value)| (&**name, &**value));
        self.common.variables.iter().map(|(name, value)| (&**name, &**value)).chain(own).collect()
    }

    /// The sum of the hashes of all variables: it does not depend on which of them are common.
    fn hash_of_all(&self) -> u64 {
        self.own.iter().fold(self.common.hash, |sum, (name, value)| {
            let hidden = self.common.variables.get(name).map_or(0, |hidden| hash(name, hidden));
            sum.wrapping_sub(hidden).wrapping_add(hash(name, value))
        })
    }
}

fn hash(name: &str, value: &str) -> u64 {
    FxBuildHasher.hash_one((name, value))
}

impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        self.hash_of_all() == other.hash_of_all() && self.variables() == other.variables()
    }
}

impl Eq for Environment {}

impl Hash for Environment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash_of_all().hash(state);
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let mut environment = Self::default();
        variables.into_iter().for_each(|(name, value)| environment.insert(name, value));
        environment
    }
}

impl Serialize for Environment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.variables())
    }
}

impl<'de> Deserialize<'de> for Environment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(Arc::new(Common::new(BTreeMap::deserialize(deserializer)?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Environment::new(Arc::new(Common::new(variables.collect())))
    }

    fn hash(environment: &Environment) -> u64 {
        FxBuildHasher.hash_one(environment)
    }

    #[test]
    fn it_does_not_matter_what_is_common() {
        let mut one = common(&[("A", "1"), ("B", "2")]);
        one.insert("B", "3");
        one.insert("C", "4");
        let other: Environment = [("C", "4"), ("B", "0"), ("A", "1"), ("B", "3")].into_iter().collect();
        assert_eq!(one, other);
        assert_eq!(hash(&one), hash(&other));
        assert_eq!((one.get("A"), one.get("B"), one.get("D")), (Some("1"), Some("3"), None));
        one.insert("A", "0");
        assert_ne!(one, other);
    }

    #[test]
    fn what_is_refused_is_nowhere() {
        let mut one = common(&[("A", "1"), ("B", "2")]);
        one.insert("C", "4");
        one.retain(|name| name == "B");
        assert_eq!(one, common(&[("B", "2")]));
    }

    #[test]
    fn it_reads_what_it_writes() {
        let mut one = common(&[("B", "1")]);
        one.insert("A", "2");
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(text, r#"{"A":"2","B":"1"}"#);
        assert_eq!(serde_json::from_str::<Environment>(&text).unwrap(), one);
    }
}
