//! Registries of languages: from `crate:NAME/VERSION`, `pypi:NAME/VERSION`, `rock:NAME/VERSION` and `go:MODULE@VERSION`
//! to where a registry has that archive.
//!
//! Which registry stands for the public one is the matter of xb's and the language's own configuration; what comes from
//! there is believed by its digest alone.

mod cargo;
mod crates;
mod error;
mod goproxy;
mod luarocks;
mod module;
mod pip;
mod python;
mod rocks;
mod simple;

use xb_core::Sha256;

use crate::context::Context;
use crate::error::FetchError;

pub use crates::CrateIndex;
pub use error::RegistryError;
pub use goproxy::GoProxy;
pub(crate) use module::Module;
pub use python::PythonIndex;
pub use rocks::RockServers;

/// All registries.
pub(crate) struct Registries {
    crates: crates::Crates,
    python: python::Projects,
    go: goproxy::Proxies,
    rocks: rocks::Rocks,
}

/// Where an archive is.
pub(crate) struct Place {
    /// Its addresses, in the order in which they are tried.
    pub urls: Vec<String>,
    /// What the registry says it hashes to.
    pub sha256: Option<Sha256>,
}

impl Registries {
    pub(crate) fn new(crates: CrateIndex, python: PythonIndex, go: GoProxy, rocks: RockServers) -> Self {
        Self {
            crates: crates::Crates::new(crates),
            python: python::Projects::new(python),
            go: goproxy::Proxies::new(go),
            rocks: rocks::Rocks::new(rocks),
        }
    }

    /// Where a part of a Go module may be, in the order in which that is tried.
    pub(crate) async fn module(&self, module: &Module) -> Result<Vec<goproxy::Place>, FetchError> {
        self.go.places(module).await
    }

    /// Where the archive is that a URL names, if it is of a scheme of these.
    pub(crate) async fn place(
        &self,
        context: &Context,
        url: &str,
        sha256: Option<Sha256>,
    ) -> Result<Option<Place>, FetchError> {
        match url.split_once(':') {
            Some(("crate", path)) => {
                let url = self.crates.url(context, path, sha256).await?;
                Ok(Some(Place { urls: vec![url], sha256: None }))
            }
            Some(("pypi", path)) => Ok(Some(self.python.place(context, path).await?)),
            Some(("rock", path)) => Ok(Some(self.rocks.place(path).await?)),
            Some(("go", _)) => Err(RegistryError::WithoutHash(url.to_owned()).into()),
            _ => Ok(None),
        }
    }
}

/// The name and the version of `NAME/VERSION`, of letters, digits and what else each may have: neither can lead anywhere
/// else in a URL.
fn name_and_version<'a>(path: &'a str, of_name: &[u8], of_version: &[u8]) -> Option<(&'a str, &'a str)> {
    let plain = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
            && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    path.split_once('/').filter(|(name, version)| plain(name, of_name) && plain(version, of_version))
}
