//! Where the outputs of the command really are.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2, readlink};
use xb_core::RelPath;

use crate::spec::Take;

/// What exists among `wanted`, with every link on the way followed within the root.
///
/// A link at the very end is not followed, and neither is a way into another file system (`/proc`, `/dev`):
/// what is there does not outlive the sandbox.
pub fn find(root: &OwnedFd, wanted: &BTreeMap<String, RelPath>, take: Take) -> BTreeMap<String, RelPath> {
    wanted.iter().filter_map(|(name, path)| Some((name.clone(), real(root, path, take)?))).collect()
}

fn real(root: &OwnedFd, path: &RelPath, take: Take) -> Option<RelPath> {
    let kind = if take == Take::Folders { OFlags::DIRECTORY } else { OFlags::empty() };
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC | kind;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
    let name = if path.is_root() { "." } else { path.as_str() };
    let found = openat2(root, name, flags, Mode::empty(), within).ok()?;
    let link = format!("/proc/self/fd/{}", found.as_raw_fd());
    let target = readlink(link, Vec::new()).ok()?;
    RelPath::new(target.to_str().ok()?.strip_prefix('/')?).ok()
}
