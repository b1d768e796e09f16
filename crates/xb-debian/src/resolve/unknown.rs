//! Names that Debian has no package of: all that were asked for, each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use xb_core::{Arch, nearest};

use super::universe::Universe;

/// Names of which there are no packages, nor any that provide them.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct UnknownNames(BTreeMap<String, Unknown>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Unknown {
    arches: BTreeSet<Arch>,
    /// What may have been meant.
    nearest: Option<String>,
}

impl UnknownNames {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes those names of `other` that are here too, and the architectures that they were asked for.
    pub fn absorb(&mut self, other: &mut Self) {
        other.0.retain(|name, unknown| match self.0.get_mut(name) {
            Some(own) => {
                own.arches.append(&mut unknown.arches);
                false
            }
            None => true,
        });
    }

    pub(super) fn add(&mut self, universe: Universe<'_>, name: &str, arch: Arch) {
        let names = universe.indexes.get(&arch).into_iter().flat_map(|index| index.names());
        let near = || Unknown { arches: BTreeSet::new(), nearest: nearest(name, names).map(str::to_owned) };
        self.0.entry(name.to_owned()).or_insert_with(near).arches.insert(arch);
    }
}

impl fmt::Display for UnknownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            f.write_str("Debian has no package ")?;
            return self.0.iter().try_for_each(|(name, unknown)| unknown.write(f, name));
        }
        f.write_str("Debian has no packages of these names:")?;
        self.0.iter().try_for_each(|(name, unknown)| {
            f.write_str("\n  ")?;
            unknown.write(f, name)
        })
    }
}

impl Unknown {
    fn write(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let arches: Vec<String> = self.arches.iter().map(ToString::to_string).collect();
        write!(f, "`{name}` for {}", arches.join(" and "))?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
