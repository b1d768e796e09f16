//! What is taken in of all that a command left: which outputs, within which limits, and what is said of the others.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use xb_build::ExecutorError;
use xb_core::{RelPath, TreeId};
use xb_graph::{Cause, ResolvedAction};
use xb_run::{ENTRY, Ended, MOST_LEFT_OUT, clash};

use crate::executor::Inner;
use crate::output::{self, Found};
use crate::scratch::Scratch;
use crate::spec::Take;

/// Of what a command that failed has left, no more is taken in, in MiB: it is read by people.
const MOST_OF_FAILED: u64 = 64;

/// What was taken in of the outputs.
#[derive(Default)]
pub struct Taken {
    pub trees: BTreeMap<String, TreeId>,
    /// What trees do not hold, by paths beneath the root.
    pub left_out: Vec<String>,
}

/// What outputs are taken from.
pub struct Taking<'a> {
    pub inner: &'a Inner,
    pub action: &'a ResolvedAction,
    pub scratch: &'a Scratch,
    pub layers: &'a [PathBuf],
    pub ended: &'a Ended,
}

impl Taking<'_> {
    /// All outputs that there are, or what is wrong with one: that is looked for before anything is moved.
    pub fn all(&self) -> Result<Result<Taken, Cause>, ExecutorError> {
        let refused = |wanted: &RelPath, reason| Ok(Err(Cause::RefusedOutput { path: wanted.to_string(), reason }));
        let mut taken = Taken::default();
        if let Some((wanted, reason)) = self.clash() {
            return refused(wanted, reason);
        }
        for (name, wanted) in &self.action.outputs {
            let path = match (self.ended.outputs.get(name), self.take()) {
                (Some(path), _) => path,
                (None, Take::Entries) => continue,
                (None, Take::Folders) => return Ok(Err(Cause::MissingOutput { path: wanted.to_string() })),
            };
            let found = self.prepare(path).map_err(|error| ExecutorError::Machine(self.wrong(wanted, &error)))?;
            if let Some(reason) = found.refused {
                return refused(wanted, reason);
            }
            taken.left_out.extend(named(wanted, found));
        }
        for (number, (name, wanted)) in self.action.outputs.iter().enumerate() {
            let Some(path) = self.ended.outputs.get(name) else { continue };
            let folder = self.gather(number, path);
            let folder = folder.map_err(|error| ExecutorError::Machine(self.wrong(wanted, &error)))?;
            let tree = self.inner.ingest(&folder);
            let tree = tree.map_err(|error| ExecutorError::Store(self.wrong(wanted, &error)))?;
            taken.trees.insert(name.clone(), tree);
        }
        taken.left_out.truncate(MOST_LEFT_OUT);
        Ok(Ok(taken))
    }

    /// What there is of the outputs of a command that failed, which matters more than they do: and for each that is not
    /// taken in, the line of the log that says why.
    pub fn of_failed(&self) -> (Taken, Vec<String>) {
        let (mut taken, mut lines) = (Taken::default(), Vec::new());
        if let Some((wanted, reason)) = self.clash() {
            return (taken, vec![is_not_taken(wanted, &reason)]);
        }
        let (mut room, mut untold) = (MOST_OF_FAILED << 20, 0);
        for (number, (name, wanted)) in self.action.outputs.iter().enumerate() {
            let Some(path) = self.ended.outputs.get(name) else { continue };
            match self.one_of_failed(number, path, &mut room) {
                Ok((tree, found)) => {
                    taken.trees.insert(name.clone(), tree);
                    taken.left_out.extend(named(wanted, found));
                }
                Err(reason) if lines.len() < MOST_LEFT_OUT => lines.push(is_not_taken(wanted, &reason)),
                Err(_) => untold += 1,
            }
        }
        if untold > 0 {
            lines.push(format!("[xb: {untold} more are not taken]\n"));
        }
        taken.left_out.truncate(MOST_LEFT_OUT);
        (taken, lines)
    }

    fn one_of_failed(&self, number: usize, path: &RelPath, room: &mut u64) -> Result<(TreeId, Found), String> {
        let mut found = self.prepare(path).map_err(|error| error.to_string())?;
        if let Some(reason) = found.refused.take() {
            return Err(reason);
        }
        let too_much = || format!("of a command that failed, no more than {MOST_OF_FAILED} MiB are kept");
        *room = room.checked_sub(found.bytes).ok_or_else(too_much)?;
        let folder = self.gather(number, path).map_err(|error| error.to_string())?;
        Ok((self.inner.ingest(&folder).map_err(|error| error.to_string())?, found))
    }

    fn take(&self) -> Take {
        self.inner.options.take
    }

    /// An output that cannot be taken in beside another, and why.
    fn clash(&self) -> Option<(&RelPath, String)> {
        let (inner, outer) = clash(&self.ended.outputs)?;
        let (inner, outer) = (self.action.outputs.get(inner)?, self.action.outputs.get(outer)?);
        Some((inner, format!("it is the folder of `/{outer}`, or lies in it")))
    }

    fn prepare(&self, path: &RelPath) -> io::Result<Found> {
        output::prepare(&self.scratch.upper(), path, self.take())
    }

    /// Moves an output into a folder of its own.
    fn gather(&self, number: usize, path: &RelPath) -> io::Result<PathBuf> {
        let folder = self.scratch.path().join(format!("output-{number}"));
        let into = match self.take() {
            Take::Folders => folder.clone(),
            Take::Entries => {
                std::fs::create_dir(&folder)?;
                folder.join(ENTRY)
            }
        };
        output::gather(&self.scratch.upper(), self.layers, path, &into)?;
        Ok(folder)
    }

    fn wrong(&self, wanted: &RelPath, error: &dyn Display) -> String {
        format!("cannot take in `/{wanted}` of {}: {error}", self.action.title)
    }
}

/// What trees do not hold of an output, by paths beneath the root.
fn named(wanted: &RelPath, found: Found) -> impl Iterator<Item = String> {
    found.left_out.into_iter().take(MOST_LEFT_OUT).map(move |inside| match inside.as_str() {
        "" => wanted.to_string(),
        inside => format!("{wanted}/{inside}"),
    })
}

/// The line of a log that tells why an output is not there.
pub fn is_not_taken(wanted: &(impl Display + ?Sized), reason: &str) -> String {
    format!("[xb: `/{wanted}` is not taken: {reason}]\n")
}
