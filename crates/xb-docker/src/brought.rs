//! What is brought into a container whose programs are of another architecture: the layer with this program and the
//! emulator, and what they are to do (`entry`).
//!
//! The layer lies above all others, so that those below are the ones that every container of the root has. It is a tree
//! as they are, and is sent as they are: once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use xb_build::ExecutorError;
use xb_core::{Arch, ContentId, RelPath, TreeId};
use xb_graph::{Entry, MissingDirectory, ResolvedAction, Unbuilt, build_tree};
use xb_interpose::emulator::{EMULATOR, find, lacking};
use xb_store::Contents;

use crate::entry::{ARGUMENT, Dockers, TASK, Task};
use crate::folders::{OfDocker, of_docker};
use crate::program::{Program, without_sections};
use crate::start::{Start, environment};

/// The folder of the layer, unless a root has something of that name.
const FOLDER: &str = ".xb";

/// What the files in it are called.
const PROGRAM: &str = "program";
const LOADER: &str = "loader";
const LIBRARIES: &str = "lib";

/// What is brought into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The layer.
    pub layer: TreeId,
    /// Where in the root what is to be done lies.
    pub place: String,
    /// What is to be done.
    pub task: Vec<u8>,
}

/// The running program, as contents of a store by their paths: taken in once.
#[derive(Default)]
pub struct Own(Mutex<Option<BTreeMap<RelPath, ContentId>>>);

impl Own {
    /// How an action for another architecture begins on a machine, with so many jobs.
    ///
    /// # Errors
    /// When there is no emulator, or a file cannot be read, or something is not in the store.
    pub fn start(
        &self,
        action: &ResolvedAction,
        host: Arch,
        jobs: u32,
        store: &dyn Contents,
    ) -> Result<Start, ExecutorError> {
        let own = self.files(store)?;
        let emulator = emulator(action, host, store)?;
        let missing = |error: MissingDirectory| ExecutorError::Store(error.to_string());
        let folder = folder(action, store).map_err(missing)?;
        let (mut layer, mut has_loader) = (Unbuilt::default(), false);
        for (path, content) in own.iter().map(|(path, content)| (path.as_str(), *content)).chain([(EMULATOR, emulator)])
        {
            has_loader |= path == LOADER;
            let path = RelPath::normalise(&format!("{folder}/{path}")).unwrap_or_default();
            layer.put(&path, Entry::File { content, executable: true, mode: None });
        }
        let layer = build_tree(layer, store).map_err(missing)?;
        let task = Task {
            arch: action.platform,
            command: action.command.clone(),
            env: environment(action, jobs),
            cwd: action.cwd.clone(),
            dockers: dockers(action.root, store).map_err(missing)?,
        };
        let task = serde_json::to_vec(&task).map_err(|error| ExecutorError::Machine(error.to_string()))?;
        let brought = Brought { layer, place: format!("{folder}/{TASK}"), task };
        Ok(Start { words: words(&folder, has_loader), folder: "/".to_owned(), env: Vec::new(), brought: Some(brought) })
    }

    fn files(&self, store: &dyn Contents) -> Result<BTreeMap<RelPath, ContentId>, ExecutorError> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = &*files {
            return Ok(files.clone());
        }
        let why = |error: io::Error| ExecutorError::Unable(format!("xb cannot bring itself into a container: {error}"));
        let Program { executable, loader, libraries } = Program::running().map_err(why)?;
        let path = |text: String| RelPath::new(&text).map_err(|error| why(io::Error::other(error)));
        let open = |file: &Path| File::open(file).map_err(why);
        let mut taken = BTreeMap::new();
        let mut program = without_sections(&executable).map_err(why)?;
        taken.insert(path(PROGRAM.to_owned())?, store.add_content(&mut program)?);
        if let Some(loader) = loader {
            taken.insert(path(LOADER.to_owned())?, store.add_content(&mut open(&loader)?)?);
        }
        for (name, file) in libraries {
            taken.insert(path(format!("{LIBRARIES}/{name}"))?, store.add_content(&mut open(&file)?)?);
        }
        Ok(files.insert(taken).clone())
    }
}

/// The emulator that an action brings.
fn emulator(action: &ResolvedAction, host: Arch, store: &dyn Contents) -> Result<ContentId, ExecutorError> {
    let tree = action.emulator.map(|tree| store.materialise(tree)).transpose()?;
    let file = tree.and_then(|tree| find(&tree, action.platform));
    let file = file.ok_or_else(|| ExecutorError::Machine(lacking(host, action.platform)))?;
    let mut file = File::open(&file).map_err(|error| ExecutorError::Store(format!("`{}`: {error}", file.display())))?;
    Ok(store.add_content(&mut file)?)
}

/// A name that nothing in the root of an action has, or will have.
fn folder(action: &ResolvedAction, store: &dyn Contents) -> Result<String, MissingDirectory> {
    let top = store.directory(action.root)?;
    let is_made = |name: &str| {
        let mut made = action.outputs.values().chain([&action.cwd]);
        made.any(|path| path.components().next() == Some(name))
    };
    let mut name = FOLDER.to_owned();
    while top.item(&name).is_some() || is_made(&name) {
        name.push('-');
    }
    Ok(name)
}

fn dockers(root: TreeId, store: &dyn Contents) -> Result<Dockers, MissingDirectory> {
    let (files, folder) = of_docker(root, store)?;
    let (OfDocker::All(name) | OfDocker::Inside(name)) = folder;
    let files = files.into_iter().map(str::to_owned).collect();
    Ok(Dockers { files, folder: name.to_owned(), is_theirs: matches!(folder, OfDocker::All(_)) })
}

fn words(folder: &str, has_loader: bool) -> Vec<String> {
    let at = |name: &str| format!("/{folder}/{name}");
    let loader = ["--inhibit-cache", "--library-path"].map(str::to_owned);
    let loader = [at(LOADER)].into_iter().chain(loader).chain([at(LIBRARIES)]).take_while(|_| has_loader);
    loader.chain([at(PROGRAM), ARGUMENT.to_owned(), format!("/{folder}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_loader_is_started_itself() {
        let with = ["/.xb/loader", "--inhibit-cache", "--library-path", "/.xb/lib", "/.xb/program", ARGUMENT, "/.xb"];
        assert_eq!(words(".xb", true), with);
        assert_eq!(words(".xb", false), with[4..]);
    }
}
