//! Python projects: from `pypi:NAME/VERSION` to where an index has that source distribution.

use std::io::Read;

use reqwest::Url;
use tokio::sync::OnceCell;

use super::simple::{self, File, normalised};
use super::{Place, RegistryError, name_and_version, pip};
use crate::context::{Context, blocking};
use crate::download::Download;
use crate::error::FetchError;
use crate::mirror::{keeps_tls, shown, without_slash};

/// How many bytes of a list of files are read: the longest of the public index have a few millions.
const LONGEST_LIST: u64 = 64 << 20;

/// The index of Python projects: one that is configured, or else the one that pip uses by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonIndex(Option<String>);

impl PythonIndex {
    /// The index at this address.
    pub fn at(url: &str) -> Self {
        Self(Some(without_slash(url)))
    }

    /// What is configured here; else what pip would use.
    pub fn of_machine(configured: Option<&str>) -> Self {
        let url = configured.map(str::to_owned).or_else(pip::index);
        Self(url.as_deref().map(without_slash))
    }
}

/// The projects of an index.
pub(super) struct Projects {
    configured: PythonIndex,
    index: OnceCell<String>,
}

impl Projects {
    pub(super) fn new(configured: PythonIndex) -> Self {
        Self { configured, index: OnceCell::new() }
    }

    /// Where the source distribution of `NAME/VERSION` is.
    pub(super) async fn place(&self, context: &Context, path: &str) -> Result<Place, FetchError> {
        let (name, version) = parse(path)?;
        let project = normalised(name);
        let index = self.index.get_or_try_init(|| found(&self.configured)).await?;
        let list = format!("{index}/{project}/");
        let wrong = |reason: String| RegistryError::Listing { index: shown(index), project: project.clone(), reason };
        let files = simple::files(&fetched(context, &list).await?).map_err(wrong)?;
        let file = chosen(&files, &project, version)?;
        let url = Url::parse(&list).and_then(|base| base.join(&file.url)).map_err(|error| wrong(error.to_string()))?;
        if !keeps_tls(index, url.as_str()) {
            return Err(wrong(format!("`{}` is at `{}`", file.filename, file.url)).into());
        }
        Ok(Place { urls: vec![url.into()], sha256: file.sha256() })
    }
}

/// Asks pip only when something is looked for.
async fn found(configured: &PythonIndex) -> Result<String, FetchError> {
    match &configured.0 {
        Some(url) => Ok(url.clone()),
        None => blocking(|| Ok(without_slash(&pip::default().ok_or(RegistryError::NoIndex)?))).await,
    }
}

async fn fetched(context: &Context, url: &str) -> Result<String, FetchError> {
    let wanted = Download {
        name: shown(url),
        urls: vec![url.to_owned()],
        at_most: Some(LONGEST_LIST),
        accept: Some(simple::ACCEPT),
        ..Download::default()
    };
    let mut bytes = Vec::new();
    let read = context.download(&wanted).await?.file.read_to_end(&mut bytes);
    read.map_err(|error| FetchError::Failed(format!("cannot read `{}`: {error}", shown(url))))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse(path: &str) -> Result<(&str, &str), RegistryError> {
    name_and_version(path, b"-_.", b".-+!_").ok_or_else(|| RegistryError::Project(path.to_owned()))
}

/// The source distribution of a version: one as a tar archive, where there are several.
fn chosen<'a>(files: &'a [File], project: &str, version: &str) -> Result<&'a File, RegistryError> {
    let sources = || files.iter().filter(|file| file.source().is_some_and(|(name, _)| normalised(name) == project));
    let is_of = |file: &&File| file.source().is_some_and(|(_, found)| found == version);
    let found = sources().filter(is_of).max_by_key(|file| file.filename.ends_with(".tar.gz"));
    found.ok_or_else(|| RegistryError::NoSdist {
        project: project.to_owned(),
        version: version.to_owned(),
        others: sources().filter_map(|file| Some(file.source()?.1.to_owned())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_project_is_refused() {
        assert_eq!(parse("ruamel.yaml.clib/0.2.12"), Ok(("ruamel.yaml.clib", "0.2.12")));
        for path in ["a", "a/", "/1", "a/../b", "a b/1", "a/1?x", "../a/1", ".a/1", "a/1/2", "é/1"] {
            assert!(parse(path).is_err(), "{path}");
        }
    }
}
