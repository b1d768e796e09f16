//! What a source in the pool must be, by the signed index of its suite.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;

use xb_debian::{IndexFile, SourceIndex, decompress};

use super::root::{Suites, suite};
use super::suite::Suite;
use crate::context::{Context, blocking};
use crate::error::FetchError;

/// What a signed index says of a path in the pool.
pub(crate) struct Listed {
    pub(crate) file: IndexFile,
    /// The date of the index.
    pub(crate) date: String,
}

/// What a path in the pool must be, by the suites of the lock: those that the roots of the project are made of.
pub(crate) async fn listed(context: &Arc<Context>, suites: &Suites, path: &str) -> Result<Listed, FetchError> {
    let lock = context.lock.get();
    let names: Vec<&str> = lock.debian.keys().map(String::as_str).collect();
    if names.is_empty() {
        return Err(FetchError::NoSuite(path.to_owned()));
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut beside = BTreeSet::new();
    for name in &names {
        let suite = suite(context, suites, name).await?;
        let sources = suite.sources(context, component(path)).await?;
        if let Some(file) = sources.find(path) {
            return Ok(Listed { file, date: suite.release.date.clone() });
        }
        beside.extend(sources.beside(folder).into_iter().map(str::to_owned));
    }
    let (path, suites) = (path.to_owned(), names.join("`, `"));
    Err(FetchError::NotInSources { path, suites, beside: beside.into_iter().collect() })
}

/// `main`, of `pool/main/z/zlib/...`.
fn component(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

impl Suite {
    /// The sources of a component, fetched and read once.
    async fn sources(&self, context: &Arc<Context>, component: &str) -> Result<Arc<SourceIndex>, FetchError> {
        let file = format!("{component}/source/Sources.xz");
        self.sources.get(file.clone(), || async { self.load_sources(context, &file).await.map(Arc::new) }).await
    }

    async fn load_sources(&self, context: &Arc<Context>, file: &str) -> Result<SourceIndex, FetchError> {
        let Some(listed) = self.release.files.get(file) else {
            return Ok(SourceIndex::default());
        };
        let content = context.contents(&self.download(context, file, *listed)).await?;
        let (context, file) = (Arc::clone(context), file.to_owned());
        blocking(move || {
            let mut packed = Vec::new();
            let read = context.open(content)?.read_to_end(&mut packed);
            read.map_err(|error| FetchError::Failed(error.to_string()))?;
            let sources = decompress(&file, &packed).map_err(|error| FetchError::Failed(error.to_string()))?;
            SourceIndex::parse(&sources).map_err(|error| FetchError::Failed(error.to_string()))
        })
        .await
    }
}
