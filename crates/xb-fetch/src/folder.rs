//! Folders and files of the project.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use xb_core::TreeId;
use xb_graph::Folder;
use xb_store::FolderRules;

use crate::Storage;
use crate::error::FetchError;

/// The tree of a folder of the project, or of a single file under its name.
pub fn ingest(project: &Path, folder: &Folder, storage: &dyn Storage) -> Result<TreeId, FetchError> {
    let (project, path) = find(project, folder)?;
    let rules = FolderRules { project: Some(project), only: folder.only.clone(), except: folder.except.clone() };
    Ok(storage.ingest_filtered(&path, &rules)?)
}

/// The folder of the project, with links followed, and in it the path of one of its folders or files.
pub fn find(project: &Path, folder: &Folder) -> Result<(PathBuf, PathBuf), FetchError> {
    let project = project.canonicalize().map_err(|error| unreadable(folder, error.to_string()))?;
    let path = project.join(folder.path.as_str());
    refuse_outside(&project, folder, &path)?;
    Ok((project, path))
}

/// With links followed, a description cannot reach out of its project.
fn refuse_outside(project: &Path, folder: &Folder, path: &Path) -> Result<(), FetchError> {
    let path = path.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(project, folder),
        _ => unreadable(folder, error.to_string()),
    })?;
    if path.starts_with(project) {
        return Ok(());
    }
    Err(FetchError::Outside { path: shown(folder), target: path.display().to_string() })
}

fn missing(project: &Path, folder: &Folder) -> FetchError {
    let parent = folder.path.parent().unwrap_or_default();
    let beside = std::fs::read_dir(project.join(parent.as_str())).into_iter().flatten().flatten();
    let mut names: Vec<_> = beside.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let nearest = xb_core::nearest(folder.path.name().unwrap_or_default(), names.iter().map(String::as_str));
    let nearest = nearest.and_then(|name| parent.join(name).ok()).map(|path| path.to_string());
    FetchError::NoFolder { path: folder.path.to_string(), nearest }
}

fn unreadable(folder: &Folder, reason: String) -> FetchError {
    FetchError::Folder { path: shown(folder), reason }
}

fn shown(folder: &Folder) -> String {
    if folder.path.is_root() { ".".to_owned() } else { folder.path.to_string() }
}
