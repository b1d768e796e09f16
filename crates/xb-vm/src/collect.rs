//! From what a machine says about outputs to trees of the store. All of it is the word of a stranger.

use std::io::Read;

use xb_archive::{ArchiveError, Limits, unpack_build};
use xb_core::{RelPath, TreeId};
use xb_store::Contents;

use crate::disks::Outputs;
use crate::machine::Lost;

/// How many bytes the list of an output may have.
const LONGEST_LIST: u64 = 16 << 20;

/// A tar file ends in so many bytes that are zero.
const END: usize = 1024;

/// An output that the machine has.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where it really is in the root, every link on the way followed.
    pub path: RelPath,
    /// Its tree; or why it cannot be kept.
    pub tree: Result<TreeId, String>,
    /// What the tree does not hold, by paths beneath the output.
    pub left_out: Vec<String>,
}

/// Why an output could not be taken in.
#[derive(Debug)]
pub enum Failed {
    /// The machine is of no more use.
    Lost(Lost),
    /// The store failed: a sentence for a person.
    Store(String),
}

/// Takes an output of which there are a `list` and a `tree` of so many bytes; none where there was no such folder.
///
/// # Errors
/// When the machine says nonsense, or the store fails.
pub fn take(
    outputs: &mut Outputs,
    list: u64,
    tree: u64,
    code: i32,
    most: u64,
    store: &dyn Contents,
) -> Result<Option<Taken>, Failed> {
    let nonsense = |what: &str| Failed::Lost(Lost(format!("it handed over nonsense: {what}")));
    if list > LONGEST_LIST {
        return Err(nonsense("a list that is too long"));
    }
    let mut section = outputs.next(list).ok_or_else(|| nonsense("more than its disk holds"))?;
    let mut text = Vec::new();
    section.read_to_end(&mut text).map_err(|error| nonsense(&error.to_string()))?;
    let section = outputs.next(tree).ok_or_else(|| nonsense("more than its disk holds"))?;
    if text.is_empty() {
        return Ok(None);
    }
    let (path, left_out) = read_list(&text).ok_or_else(|| nonsense("a list that cannot be read"))?;
    if code != 0 {
        return Err(nonsense("a tree of which it says that it is not whole"));
    }
    let mut end = [1; END];
    if section.read_end(&mut end).is_err() || end != [0; END] {
        return Err(nonsense("a tree that has no end"));
    }
    let limits = Limits { bytes: most, ..Limits::default() };
    let tree = match unpack_build(section, limits, store) {
        Ok(tree) => Ok(tree),
        Err(ArchiveError::Store(error)) => return Err(Failed::Store(error.to_string())),
        Err(ArchiveError::Broken(why)) => return Err(nonsense(&why)),
        Err(refused) => Err(refused.to_string()),
    };
    Ok(Some(Taken { path, tree, left_out }))
}

/// The real path, and what is left out: texts with a NUL behind each. What is not UTF-8 is left out of that, too.
fn read_list(bytes: &[u8]) -> Option<(RelPath, Vec<String>)> {
    let mut texts = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    let path = std::str::from_utf8(texts.next()?).ok()?.strip_prefix('/')?;
    let path = if path.is_empty() { RelPath::root() } else { RelPath::new(path).ok()? };
    let others = texts.filter_map(|text| std::str::from_utf8(text).ok()?.strip_prefix("./"));
    Some((path, others.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::disks::{self, BLOCK};

    fn tar_of(add: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        add(&mut builder);
        builder.into_inner().unwrap()
    }

    fn file(builder: &mut tar::Builder<Vec<u8>>, name: &str, mode: u32) {
        let mut header = tar::Header::new_ustar();
        header.set_size(2);
        header.set_mode(mode);
        builder.append_data(&mut header, name, &b"hi"[..]).unwrap();
    }

    fn check(list: &[u8], tree: &[u8], code: i32) -> Result<Option<Taken>, String> {
        let folder = tempfile::tempdir().unwrap();
        let store = xb_store::Store::open(&folder.path().join("store")).unwrap();
        let (_, mut outputs) = disks::make(folder.path()).unwrap();
        let disk = std::fs::File::options().write(true).open(disks::path(folder.path(), "outputs")).unwrap();
        disk.write_all_at(list, 0).unwrap();
        disk.write_all_at(tree, if list.is_empty() { 0 } else { BLOCK }).unwrap();
        let taken = take(&mut outputs, list.len() as u64, tree.len() as u64, code, 1 << 20, &store);
        taken.map_err(|failed| match failed {
            Failed::Lost(Lost(why)) | Failed::Store(why) => why,
        })
    }

    #[test]
    fn an_honest_output_becomes_a_tree() {
        let tree = tar_of(|builder| {
            file(builder, "./a", 0o644);
            file(builder, "./set", 0o4755);
        });
        let taken = check(b"/xb/out\0./pipe\0", &tree, 0).unwrap().unwrap();
        assert_eq!((taken.path.as_str(), taken.left_out), ("xb/out", vec!["pipe".to_owned()]));
        assert!(taken.tree.is_ok());
        assert_eq!(check(b"", b"", 1), Ok(None));
    }

    #[test]
    fn a_pipe_and_a_device_are_left_out_and_links_kept() {
        let tree = tar_of(|builder| {
            for (name, kind) in [("./p", tar::EntryType::Fifo), ("./d", tar::EntryType::Char)] {
                let mut header = tar::Header::new_ustar();
                header.set_entry_type(kind);
                header.set_size(0);
                header.set_mode(0o644);
                builder.append_data(&mut header, name, &b""[..]).unwrap();
            }
        });
        let empty = check(b"/o\0", &tar_of(|_| {}), 0).unwrap().unwrap().tree;
        assert_eq!(check(b"/o\0", &tree, 0).unwrap().unwrap().tree, empty);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["../../etc/passwd", "/etc/passwd", "a/../../b"] {
            let tree = tar_of(|builder| {
                let mut header = tar::Header::new_gnu();
                header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
                header.set_size(2);
                header.set_mode(0o644);
                header.set_cksum();
                builder.append(&header, &b"hi"[..]).unwrap();
            });
            let taken = check(b"/o\0", &tree, 0).unwrap().unwrap();
            assert!(taken.tree.as_ref().is_err_and(|why| why.contains("name")), "{name}: {taken:?}");
        }
    }

    #[test]
    fn what_is_cut_or_says_so_is_nonsense() {
        let whole = tar_of(|builder| file(builder, "./a", 0o644));
        for (list, tree, code) in [
            (&b"/o\0"[..], &whole[..512], 0),
            (b"/o\0", &whole[..1024], 0),
            (b"/o\0", &whole, 1),
            (b"/o", &whole, 0),
            (b"o\0", &whole, 0),
            (b"/../o\0", &whole, 0),
            (b"/o\0", b"", 0),
        ] {
            let why = check(list, tree, code).unwrap_err();
            assert!(why.contains("nonsense"), "{why}");
        }
    }

    #[test]
    fn no_more_is_taken_than_may_be_written() {
        let tree = tar_of(|builder| {
            let mut header = tar::Header::new_ustar();
            header.set_size(2 << 20);
            header.set_mode(0o644);
            builder.append_data(&mut header, "./a", &vec![1; 2 << 20][..]).unwrap();
        });
        let taken = check(b"/o\0", &tree, 0).unwrap().unwrap();
        assert!(taken.tree.is_err_and(|why| why.contains("more than")));
    }
}
