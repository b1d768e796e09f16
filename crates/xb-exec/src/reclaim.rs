//! Removing what sandboxes left whose xb was killed, also where it belongs to users that only a sandbox has.

use std::fs;
use std::path::Path;

use rustix::process::geteuid;
use xb_store::remove_unused;

use crate::doctor::empty_spec;
use crate::executor::Inner;
use crate::interactive::{HangUp, interact};
use crate::scratch::{Scratch, list_stale, remove_stale};
use crate::users::{self, Kind};

/// Removes the folders of sandboxes whose xb was killed; those that cannot be removed stay.
pub fn sweep(inner: &Inner) {
    remove_stale(&inner.scratch);
    let users = users();
    if users <= 1 {
        return;
    }
    for path in list_stale(&inner.scratch) {
        if owned(inner, &path, users).is_some() {
            // Who comes later tries again.
            let _ = remove_unused(&path);
        }
    }
}

/// The end of a sandbox over the folder gives back to us what other users own in it.
fn owned(inner: &Inner, path: &Path, users: u32) -> Option<()> {
    let scratch = Scratch::reopen(path.to_owned(), &inner.alive).ok()?;
    let lower = path.join("lower");
    if !lower.is_dir() {
        fs::create_dir(&lower).ok()?;
    }
    interact(inner.child(users), &empty_spec(&scratch, &lower, users), &scratch, &HangUp::default()).ok().map(drop)
}

/// As many as there can be.
fn users() -> u32 {
    let user = geteuid().as_raw();
    let count = |kind| users::set_aside(kind, user).map(|range| range.count.saturating_add(1).min(users::MOST));
    match (count(Kind::User), count(Kind::Group)) {
        (Some(users), Some(groups)) => users.min(groups),
        // To root everything belongs.
        _ => 1,
    }
}
