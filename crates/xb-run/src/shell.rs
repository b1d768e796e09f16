//! Whether a root has a shell that can start a command.

use xb_core::{RelPath, TreeId};
use xb_graph::{Directories, Item, MissingDirectory, Step, follow, step, tree_at};

/// Where a shell is in a root that has one.
pub const SHELL: &str = "bin/sh";

/// Whether a root has a shell, at the end of whatever links.
///
/// # Errors
/// When a directory is not in the store.
pub fn has_shell(root: TreeId, store: &(impl Directories + ?Sized)) -> Result<bool, MissingDirectory> {
    let look = |path: &RelPath| if is_file(root, path, store)? { Ok(Step::Into) } else { step(root, path, store) };
    follow(&RelPath::root(), SHELL, look)?.map_or(Ok(false), |path| is_file(root, &path, store))
}

fn is_file(root: TreeId, path: &RelPath, store: &(impl Directories + ?Sized)) -> Result<bool, MissingDirectory> {
    let (Some(parent), Some(name)) = (path.parent(), path.name()) else { return Ok(false) };
    let Some(folder) = tree_at(root, &parent, store)? else { return Ok(false) };
    Ok(matches!(store.directory(folder)?.item(name), Some(Item::File(_))))
}

#[cfg(test)]
mod tests {
    use xb_core::{ContentId, Digest};
    use xb_graph::{Entry, MemoryDirectories, Unbuilt, build_tree};

    use super::*;

    #[test]
    fn a_shell_is_a_file_at_the_end_of_links_within_the_root() {
        let link = |target: &str| Entry::Symlink { target: target.to_owned() };
        let file = || Entry::File { content: ContentId(Digest::of(b"x")), executable: true, mode: None };
        let check = |entries: &[(&str, Entry)], has: bool| {
            let (store, mut root) = (MemoryDirectories::default(), Unbuilt::default());
            for (at, entry) in entries {
                root.put(&RelPath::new(at).expect("a path"), entry.clone());
            }
            let root = build_tree(root, &store).expect("it is built");
            assert_eq!(has_shell(root, &store).expect("all is here"), has, "{entries:?}");
        };
        check(&[("bin/sh", file())], true);
        check(&[("bin", link("usr/bin")), ("usr/bin/sh", link("dash")), ("usr/bin/dash", file())], true);
        check(&[("bin/sh", link("/../etc/./x")), ("etc/x", file())], true);
        check(&[("bin/sh", link("../../../y")), ("y", file())], true);
        check(&[("bin/sh", link("sh"))], false);
        check(&[("bin/sh", link("gone"))], false);
        check(&[("bin/sh", Entry::Directory { mode: None })], false);
        check(&[("bin", file())], false);
        check(&[], false);
    }
}
