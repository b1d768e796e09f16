//! What an action left, as it is told of and kept.

use std::collections::HashMap;
use std::io::Read as _;

use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionResult, Digest, ExecutedActionMetadata, OutputDirectory, OutputFile, OutputSymlink,
};
use bazel_remote_apis::google::protobuf::Any;
use rayon::prelude::*;
use xb_core::{ContentId, TreeId};
use xb_graph::{Item, subtree};
use xb_run::{ENTRY, Told};
use xb_store::Contents;
use xb_translate::{Named, Names, tree_message};

use super::Trouble;
use super::order::Asked;
use super::room::Intake;
use crate::Shelf;
use crate::shelf::{Name, blob};

/// What was printed goes with the result where it is no longer, in bytes.
const SHORT: u64 = 16 << 10;

/// How many bytes are moved at one time.
const PIECE: usize = 256 << 10;

/// Puts what a run left on the shelf, and tells of it; first, what it left is counted.
pub(super) fn told(
    shelf: &Shelf,
    names: &Names<'_>,
    left: &xb_graph::ActionResult,
    asked: &Asked,
    mut about: ExecutedActionMetadata,
    intake: &Intake,
) -> Result<ActionResult, Trouble> {
    intake.took(left.log.map_or(0, |log| log.0.size()));
    let mut result = ActionResult { exit_code: left.exit_code, ..ActionResult::default() };
    for (path, tree) in &left.outputs {
        let kept = output(shelf, names, path.clone(), *tree, asked, intake, &mut result);
        // That a command failed matters more than what it left.
        if left.succeeded() {
            kept?;
        }
    }
    if let Some(log) = left.log {
        match log.0.size() <= SHORT {
            true => drop(names.store.open_content(log)?.read_to_end(&mut result.stdout_raw)?),
            false => {
                let named = names.there(&[log])?;
                put(shelf, names.store, &named)?;
                result.stdout_digest = named.into_values().next();
            }
        }
    }
    let ended = Told { cause: left.cause.clone(), peak_memory: left.peak_memory, left_out: left.left_out.clone() };
    if let Ok(value) = serde_json::to_vec(&ended) {
        about.auxiliary_metadata.push(Any { type_url: Told::TYPE.to_owned(), value });
    }
    result.execution_metadata = Some(about);
    Ok(result)
}

/// Puts what lies at the place of an output on the shelf, and tells of it.
fn output(
    shelf: &Shelf,
    names: &Names<'_>,
    path: String,
    tree: TreeId,
    asked: &Asked,
    intake: &Intake,
    result: &mut ActionResult,
) -> Result<(), Trouble> {
    let alone = names.store.directory(tree)?;
    match alone.item(ENTRY) {
        None if alone.items().is_empty() => {}
        None => return Err(Trouble::Here(format!("what lies at `{path}` did not come alone"))),
        Some(Item::Directory(node)) => {
            let tree_digest = Some(folder(shelf, names, subtree(node)?, intake)?);
            result.output_directories.push(OutputDirectory { path, tree_digest, ..Default::default() });
        }
        Some(Item::File(node)) => {
            let files = files(&xb_translate::translate(tree, names, |_| None)?);
            keep(shelf, names.store, &files, intake)?;
            let (digest, is_executable) = (files.into_values().next(), node.is_executable);
            result.output_files.push(OutputFile { path, digest, is_executable, ..Default::default() });
        }
        Some(Item::Symlink(node)) => {
            #[expect(deprecated, reason = "older clients look for links here")]
            let links = match asked {
                Asked::Paths => &mut result.output_symlinks,
                Asked::Kinds(folders) if folders.contains(&path) => &mut result.output_directory_symlinks,
                Asked::Kinds(_) => &mut result.output_file_symlinks,
            };
            links.push(OutputSymlink { path, target: node.target.clone(), node_properties: None });
        }
    }
    Ok(())
}

/// Puts a folder on the shelf: what its list of directories is called.
fn folder(shelf: &Shelf, names: &Names<'_>, tree: TreeId, intake: &Intake) -> Result<Digest, Trouble> {
    let directories = xb_translate::translate(tree, names, |_| None)?;
    keep(shelf, names.store, &files(&directories), intake)?;
    directories.par_iter().try_for_each(|Named { digest, bytes, .. }| whole(shelf, digest, bytes))?;
    let list = tree_message(&directories);
    let digest = names.function.of(&list);
    whole(shelf, &digest, &list)?;
    Ok(digest)
}

fn files(directories: &[Named]) -> HashMap<ContentId, Digest> {
    directories.iter().flat_map(|directory| directory.contents.iter().cloned()).collect()
}

/// Puts files on the shelf; first, they are counted.
fn keep(
    shelf: &Shelf,
    store: &dyn Contents,
    files: &HashMap<ContentId, Digest>,
    intake: &Intake,
) -> Result<(), Trouble> {
    intake.took(files.keys().map(|content| content.0.size()).sum());
    put(shelf, store, files)
}

fn put(shelf: &Shelf, store: &dyn Contents, files: &HashMap<ContentId, Digest>) -> Result<(), Trouble> {
    files.par_iter().try_for_each(|(content, named)| file(shelf, store, *content, named))
}

fn whole(shelf: &Shelf, named: &Digest, bytes: &[u8]) -> Result<(), Trouble> {
    let blob = blob(named).ok_or_else(|| Trouble::Here(format!("`{}` is no SHA-256", named.hash)))?;
    Ok(shelf.put(Name::blob(blob.sha256), blob.size, bytes)?)
}

fn file(shelf: &Shelf, store: &dyn Contents, content: ContentId, named: &Digest) -> Result<(), Trouble> {
    let blob = blob(named).ok_or_else(|| Trouble::Here(format!("`{}` is no SHA-256", named.hash)))?;
    if shelf.has(blob)? {
        return Ok(());
    }
    let mut from = store.open_content(content)?;
    let mut incoming = shelf.begin(Name::blob(blob.sha256), Some(blob.size))?;
    let mut piece = vec![0; PIECE.min(usize::try_from(blob.size).unwrap_or(PIECE))];
    loop {
        match from.read(&mut piece)? {
            0 => break,
            length => incoming.take(&piece[..length])?,
        }
    }
    Ok(shelf.finish(incoming)?)
}
