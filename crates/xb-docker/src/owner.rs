//! Whose containers and images are: a store's, and of containers, a process's that may have ended.
//!
//! A store has a name that no other has. A process has a folder in it, which is locked as long as the process lives and
//! goes with it; the folder's name is on each of its containers. So a container whose folder is nobody's was left by one
//! that was killed, and an engine can be shared by as many stores and machines as want to.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptions, RemoveContainerOptionsBuilder};
use uuid::Uuid;
use xb_build::ExecutorError;
use xb_store::{LockedFolder, remove_unused};

use crate::engine::Engine;

/// The label that names the store.
pub const STORE: &str = "xb.store";

/// The label that names the process.
pub const PROCESS: &str = "xb.process";

/// What the names of processes' folders begin with.
const PREFIX: &str = "process-";

/// The file with the store's name, and with the place of the folder that it was made for.
const NAME: &str = "name";

/// The file whose lock says that somebody gives a name.
const LOCK: &str = ".name.lock";

/// The file with the machine's name, where it has one.
const MACHINE: &str = "/etc/machine-id";

/// A process that has containers.
pub struct Owner {
    /// The store's name.
    pub store: String,
    /// The process's name.
    pub process: String,
    parent: PathBuf,
    /// What says that the process lives.
    _alive: LockedFolder,
}

impl Owner {
    /// This process, whose folder is made in `parent`, which is the store's.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new(parent: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let store = store(parent)?;
        let alive = LockedFolder::create(parent, PREFIX)?;
        let process = alive.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { store, process, parent: parent.to_owned(), _alive: alive })
    }

    /// What is written on a container of this process.
    pub fn labels(&self) -> HashMap<String, String> {
        [(STORE, &self.store), (PROCESS, &self.process)]
            .map(|(label, value)| (label.to_owned(), value.clone()))
            .into_iter()
            .collect()
    }

    /// What finds everything of the store.
    pub fn filters(&self) -> HashMap<String, Vec<String>> {
        of_store(&self.store)
    }

    /// Removes the containers of the store's processes that live no more, and says how many they were.
    ///
    /// # Errors
    /// When the engine does not tell.
    pub async fn sweep(&self, engine: &Engine) -> Result<u64, ExecutorError> {
        let all = ListContainersOptionsBuilder::new().all(true).filters(&self.filters()).build();
        let listed = engine.docker.list_containers(Some(all)).await;
        let mut swept = 0;
        for container in listed.map_err(|error| engine.failed("list containers", &error))? {
            let process = container.labels.as_ref().and_then(|labels| labels.get(PROCESS));
            let (Some(id), Some(process)) = (container.id, process) else { continue };
            if !self.is_alive(process) {
                // What cannot be removed now is removed by a later xb.
                swept += u64::from(engine.docker.remove_container(&id, Some(forced())).await.is_ok());
            }
        }
        Ok(swept)
    }

    fn is_alive(&self, process: &str) -> bool {
        // A label is a stranger's word, too, and is no path.
        if !process.starts_with(PREFIX) || process.contains('/') {
            return true;
        }
        let folder = self.parent.join(process);
        process == self.process || folder.exists() && !remove_unused(&folder).unwrap_or(false)
    }
}

/// What finds everything of a store.
pub fn of_store(name: &str) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{STORE}={name}")])])
}

/// A container is removed whether it runs or not.
pub fn forced() -> RemoveContainerOptions {
    RemoveContainerOptionsBuilder::new().force(true).v(true).build()
}

/// The name of the store whose folder this is, made when it has none.
fn store(parent: &Path) -> io::Result<String> {
    // Of two at the same time, one names it.
    let lock = File::create(parent.join(LOCK))?;
    lock.lock()?;
    let name = known_store(parent).and_then(|known| known.map_or_else(|| named(parent), Ok));
    lock.unlock()?;
    name
}

fn named(parent: &Path) -> io::Result<String> {
    let name = Uuid::new_v4().to_string();
    let mut aside = tempfile::NamedTempFile::new_in(parent)?;
    write!(aside, "{name} {}", place(parent)?)?;
    aside.persist(parent.join(NAME)).map_err(|error| error.error)?;
    Ok(name)
}

/// The name of the store whose folder this is, if it has one: the name in a copy of a folder is the other's, whose
/// processes are not known there.
pub fn known_store(parent: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(parent.join(NAME)) {
        Ok(text) => {
            let here = place(parent)?;
            Ok(text.split_once(' ').filter(|(_, of)| *of == here).map(|(name, _)| name.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What tells a folder from copies of it, as far as a machine can.
fn place(folder: &Path) -> io::Result<String> {
    let (machine, about) = (fs::read_to_string(MACHINE).unwrap_or_default(), fs::metadata(folder)?);
    Ok(format!("{}:{}:{}", machine.trim(), about.dev(), about.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alive_is_told_from_who_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let (one, other) = (Owner::new(parent.path()).unwrap(), Owner::new(parent.path()).unwrap());
        assert_eq!(one.store, other.store);
        let dead = other.process.clone();
        assert!(one.is_alive(&one.process) && one.is_alive(&dead));
        drop(other);
        assert!(!one.is_alive(&dead));
        // One that was killed leaves its folder.
        fs::create_dir(parent.path().join("process-killed")).unwrap();
        assert!(!one.is_alive("process-killed") && !parent.path().join("process-killed").exists());
        assert!(one.is_alive("../elsewhere") && one.is_alive("something"));
    }

    #[test]
    fn a_copy_of_a_store_is_another_store() {
        let parent = tempfile::tempdir().unwrap();
        let (first, copy) = (parent.path().join("first"), parent.path().join("copy"));
        let owner = Owner::new(&first).unwrap();
        fs::create_dir(&copy).unwrap();
        fs::copy(first.join(NAME), copy.join(NAME)).unwrap();
        assert_eq!(known_store(&copy).unwrap(), None);
        let other = Owner::new(&copy).unwrap();
        assert_ne!(owner.store, other.store);
        assert_eq!(known_store(&first).unwrap(), Some(owner.store.clone()));
        assert_eq!(known_store(&copy).unwrap(), Some(other.store.clone()));
    }
}
