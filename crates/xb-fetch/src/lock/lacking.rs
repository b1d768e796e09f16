//! What a lock lacks, in words: the names that are new to it, and not those that it has anyway.

use super::{Lock, LockedSuite, PackageName, SetKey, first_of};

/// What is missing so that a set of a suite is in the lock.
pub(crate) fn packages(lock: &Lock, suite: &str, key: &SetKey) -> String {
    let Some(locked) = lock.debian.get(suite).filter(|suite| !suite.sets.is_empty()) else {
        return format!("the packages of Debian {suite}");
    };
    let new: Vec<&PackageName> = key.wanted.iter().filter(|name| !has(locked, name)).collect();
    match new[..] {
        [] => format!("a set of {} packages of Debian {suite}, each of which it has in other sets", key.wanted.len()),
        [only] => format!("the package {only} of Debian {suite}"),
        _ => format!("the packages {} of Debian {suite}", first_of(new.into_iter())),
    }
}

/// Whether a name was asked for in some set, or is in what a set takes.
fn has(suite: &LockedSuite, name: &PackageName) -> bool {
    let for_all = PackageName { name: name.name.clone(), arch: "all".to_owned() };
    let is_wanted = || suite.sets.keys().any(|key| key.wanted.contains(name));
    suite.packages.contains_key(name) || suite.packages.contains_key(&for_all) || is_wanted()
}
