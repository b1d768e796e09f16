//! From what a machine says about outputs to trees of the store. All of it is the word of a stranger.

use std::io::Read;

use xb_archive::{ArchiveError, Limits, unpack_build};
use xb_core::{RelPath, TreeId};
use xb_store::Contents;

use crate::disks::{OUTPUTS, Outputs};
use crate::machine::Lost;

/// How many bytes the list of an output may have; an honest machine makes none that is longer by more than one.
pub const LONGEST_LIST: u64 = 16 << 20;

/// A tar file ends in so many bytes that are zero.
const END: usize = 1024;

/// What became of an output.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// There was no such folder.
    Missing,
    /// It cannot be kept, for this reason; and its place, where that is known.
    Refused(Option<RelPath>, String),
    /// It was taken in.
    Taken(Taken),
}

impl Output {
    /// Where it really is in the root, every link on the way followed.
    pub const fn path(&self) -> Option<&RelPath> {
        match self {
            Self::Missing => None,
            Self::Refused(path, _) => path.as_ref(),
            Self::Taken(taken) => Some(&taken.path),
        }
    }
}

/// An output that was taken in.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Where it really is in the root, every link on the way followed.
    pub path: RelPath,
    /// Its tree.
    pub tree: TreeId,
    /// What the tree does not hold, by paths beneath the output.
    pub left_out: Vec<String>,
}

/// Why an output could not be taken in.
#[derive(Debug)]
pub enum Failed {
    /// The machine is of no more use.
    Lost(Lost),
    /// No machine of this kind can do the work: a sentence for a person.
    Unable(String),
    /// The store failed: a sentence for a person.
    Store(String),
}

/// The exit code of what looks for an output and finds no folder.
const NO_FOLDER: i32 = 1;

/// Takes an output of which there are a `list` and a `tree` of so many bytes.
///
/// What an honest machine can come to say about what a command left is no reason to give the machine up.
///
/// # Errors
/// When the machine says nonsense, or the store fails.
pub fn take(
    outputs: &mut Outputs,
    (list, tree, code): (u64, u64, i32),
    most: u64,
    store: &dyn Contents,
) -> Result<Output, Failed> {
    let nonsense = |what: &str| Failed::Lost(Lost(format!("it handed over nonsense: {what}")));
    let refused = |path: Option<RelPath>, why: &str| Ok(Output::Refused(path, why.to_owned()));
    let too_large = format!("it and those before it are larger than {} GB", OUTPUTS >> 30);
    let mut text = Vec::new();
    match outputs.next(list) {
        Some(mut section) if list <= LONGEST_LIST => section.read_to_end(&mut text),
        Some(_) => Ok(0),
        None => return refused(None, &too_large),
    }
    .map_err(|error| nonsense(&error.to_string()))?;
    let section = outputs.next(tree);
    match (list, code) {
        (0, NO_FOLDER) => return Ok(Output::Missing),
        (0, _) => return Err(nonsense(&format!("no list of an output, and the exit code {code}"))),
        (list, _) if list > LONGEST_LIST => {
            return refused(None, "it has too many pipes, sockets and devices, which no tree can hold");
        }
        _ => {}
    }
    let (path, left_out) = read_list(&text).ok_or_else(|| nonsense("a list that cannot be read"))?;
    let Some(path) = path else {
        return refused(None, "where links lead to it, its name is too long or not UTF-8");
    };
    if code != 0 {
        return refused(Some(path), &format!("`tar` could not pack it, and ended with the exit code {code}"));
    }
    let Some(section) = section else {
        return refused(Some(path), &too_large);
    };
    let mut end = [1; END];
    if section.read_end(&mut end).is_err() || end != [0; END] {
        return Err(nonsense("a tree that has no end"));
    }
    let limits = Limits { bytes: most, ..Limits::default() };
    let tree = match unpack_build(section, limits, store) {
        Ok(tree) => tree,
        Err(ArchiveError::Store(error)) => return Err(Failed::Store(error.to_string())),
        Err(ArchiveError::Broken(why)) => return Err(nonsense(&why)),
        Err(why) => return refused(Some(path), &why.to_string()),
    };
    Ok(Output::Taken(Taken { path, tree, left_out }))
}

/// The real path, if it is one that a tree can have, and what is left out: texts with a NUL behind each. What no tree
/// could hold under its name is left out of that, too.
fn read_list(bytes: &[u8]) -> Option<(Option<RelPath>, Vec<String>)> {
    let mut texts = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    let path = texts.next()?.strip_prefix(b"/")?;
    if path.split(|byte| *byte == b'/').any(|part| part == b"..") {
        return None;
    }
    let path = std::str::from_utf8(path).ok().and_then(|path| RelPath::new(path).ok());
    let others = texts.filter_map(|text| std::str::from_utf8(text).ok()?.strip_prefix("./"));
    let others = others.filter_map(|inside| RelPath::new(inside).ok());
    Some((path, others.map(|inside| inside.to_string()).collect()))
}

#[cfg(test)]
mod tests;
