//! Crates: from `crate:NAME/VERSION` to where a registry has that archive.
//!
//! Which registry stands for the public one is the matter of xb's and cargo's configuration; what comes from there is
//! believed by its digest alone. A registry's index says in its `config.json` where archives are ("Index format" in
//! the Cargo book).

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use tokio::sync::OnceCell;
use xb_core::Sha256;

use crate::context::Context;
use crate::download::Download;
use crate::error::FetchError;
use crate::mirror::{keeps_tls, shown, without_slash};

use super::{RegistryError, cargo, name_and_version};

/// The index that cargo uses unless it is told otherwise.
const PUBLIC: &str = "https://index.crates.io";

/// How many bytes of an index's `config.json` are read.
const LONGEST_CONFIG: u64 = 1 << 20;

/// The index of crates that stands for the public one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrateIndex(Result<String, RegistryError>);

impl CrateIndex {
    /// The index at this address.
    pub fn at(url: &str) -> Self {
        Self(Ok(without_slash(url.trim_start_matches("sparse+"))))
    }

    /// What is configured; else what cargo would use in the folder of the project.
    pub fn of_machine(configured: Option<&str>, project: &Path) -> Self {
        match configured {
            Some(url) => Self::at(url),
            None => Self(cargo::index(&cargo::files(project)).map(|index| match index {
                Some(url) => without_slash(&url),
                None => PUBLIC.to_owned(),
            })),
        }
    }
}

/// A registry whose index is asked once where its crates are.
pub(super) struct Crates {
    index: CrateIndex,
    pattern: OnceCell<String>,
}

impl Crates {
    pub(super) fn new(index: CrateIndex) -> Self {
        Self { index, pattern: OnceCell::new() }
    }

    /// Where the archive of `NAME/VERSION` is.
    pub(super) async fn url(
        &self,
        context: &Context,
        path: &str,
        sha256: Option<Sha256>,
    ) -> Result<String, FetchError> {
        let (name, version) = parse(path)?;
        let index = self.index.0.as_ref().map_err(Clone::clone)?;
        let pattern = self.pattern.get_or_try_init(|| pattern(context, index)).await?;
        Ok(filled(pattern, name, version, sha256))
    }
}

fn parse(path: &str) -> Result<(&str, &str), RegistryError> {
    name_and_version(path, b"-_", b".-+").ok_or_else(|| RegistryError::Name(path.to_owned()))
}

async fn pattern(context: &Context, index: &str) -> Result<String, FetchError> {
    #[derive(Deserialize)]
    struct Config {
        dl: String,
    }
    let url = format!("{index}/config.json");
    let wanted = Download { name: shown(&url), urls: vec![url], at_most: Some(LONGEST_CONFIG), ..Download::default() };
    let mut fetched = context.download(&wanted).await?;
    let wrong = |reason: String| RegistryError::Config { index: shown(index), reason };
    let mut text = String::new();
    fetched.file.read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    let config: Config = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if !keeps_tls(index, &config.dl) {
        return Err(wrong(format!("they are at `{}`", shown(&config.dl))).into());
    }
    Ok(config.dl)
}

/// A pattern without a marker is what comes before `/NAME/VERSION/download`.
fn filled(pattern: &str, name: &str, version: &str, sha256: Option<Sha256>) -> String {
    let prefix = prefix(name);
    let markers = [
        ("{crate}", name.to_owned()),
        ("{version}", version.to_owned()),
        ("{lowerprefix}", prefix.to_ascii_lowercase()),
        ("{prefix}", prefix),
        ("{sha256-checksum}", sha256.map(|digest| digest.to_string()).unwrap_or_default()),
    ];
    if !markers.iter().any(|(marker, _)| pattern.contains(marker)) {
        return format!("{}/{name}/{version}/download", without_slash(pattern));
    }
    markers.iter().fold(pattern.to_owned(), |url, (marker, value)| url.replace(marker, value))
}

/// The folder of a crate in an index.
fn prefix(name: &str) -> String {
    match name.len() {
        1 | 2 => name.len().to_string(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_filled_as_cargo_fills_them() {
        let filled = |pattern, name| filled(pattern, name, "1.0.0", None);
        assert_eq!(filled("https://a.example/dl", "serde"), "https://a.example/dl/serde/1.0.0/download");
        assert_eq!(filled("https://a.example/{crate}-{version}.crate", "cc"), "https://a.example/cc-1.0.0.crate");
        assert_eq!(filled("http://a/{prefix}/{lowerprefix}", "CaRgO"), "http://a/Ca/Rg/ca/rg");
        assert_eq!(["a", "ab", "abc", "abcd"].map(prefix), ["1", "2", "3/a", "ab/cd"]);
    }

    #[test]
    fn what_names_no_crate_is_refused() {
        assert_eq!(parse("zstd-sys/2.0.16+zstd.1.5.7"), Ok(("zstd-sys", "2.0.16+zstd.1.5.7")));
        for path in ["serde", "serde/", "/1", "a/../b", "a b/1", "a/1?x", "../a/1", ".a/1", "a/1/2", "é/1"] {
            assert!(parse(path).is_err(), "{path}");
        }
    }
}
