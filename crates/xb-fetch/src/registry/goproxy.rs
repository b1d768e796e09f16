//! Proxies of Go modules: where this machine finds modules, as xb and Go are configured.
//!
//! "GOPROXY environment variable" in the Go Modules Reference.

use std::process::{Command, Stdio};

use tokio::sync::OnceCell;

use super::{Module, RegistryError};
use crate::context::blocking;
use crate::error::FetchError;
use crate::mirror::without_slash;

/// The proxies of Go modules: those that are configured, or else those that Go uses by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoProxy(Option<String>);

impl GoProxy {
    /// The proxies of a list as `GOPROXY` has it.
    pub fn at(list: &str) -> Self {
        Self(Some(list.to_owned()))
    }

    /// What is configured here; else what Go would use.
    pub fn of_machine(configured: Option<&str>) -> Self {
        let variable = || std::env::var("GOPROXY").ok().filter(|value| !value.is_empty());
        Self(configured.map(str::to_owned).or_else(variable))
    }
}

/// One proxy of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    root: String,
    /// Whether the next one is asked whatever went wrong, and not only when this one does not have a module.
    goes_on: bool,
}

/// Where a module may be.
pub(crate) struct Place {
    /// Its address.
    pub url: String,
    /// Whether the next place is tried whatever went wrong.
    pub goes_on: bool,
}

/// The proxies, once they are known.
pub(super) struct Proxies {
    configured: GoProxy,
    list: OnceCell<Vec<Listed>>,
}

impl Proxies {
    pub(super) fn new(configured: GoProxy) -> Self {
        Self { configured, list: OnceCell::new() }
    }

    /// Where a part of a module may be, in the order in which that is tried.
    pub(super) async fn places(&self, module: &Module) -> Result<Vec<Place>, FetchError> {
        let list = self.list.get_or_try_init(|| found(&self.configured)).await?;
        let part = module.part(if module.only_mod { "mod" } else { "zip" });
        Ok(list.iter().map(|it| Place { url: format!("{}/{part}", it.root), goes_on: it.goes_on }).collect())
    }
}

/// Asks Go only when something is looked for.
async fn found(configured: &GoProxy) -> Result<Vec<Listed>, FetchError> {
    let list = match &configured.0 {
        Some(list) => Some(list.clone()),
        None => blocking(|| Ok(told_by_go())).await?,
    };
    let list = list.ok_or(RegistryError::NoProxy)?;
    let proxies = proxies(&list);
    if proxies.is_empty() { Err(RegistryError::NoProxyIn(list).into()) } else { Ok(proxies) }
}

/// What Go uses by itself, or none where there is no Go.
fn told_by_go() -> Option<String> {
    let told = Command::new("go").args(["env", "GOPROXY"]).stdin(Stdio::null()).output().ok()?;
    let list = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && !list.is_empty()).then_some(list)
}

/// Those up to `off`. `direct` is passed over: what a version is in its repository, only Go can tell.
fn proxies(list: &str) -> Vec<Listed> {
    let mut proxies = Vec::new();
    for entry in list.split_inclusive([',', '|']) {
        let root = without_slash(entry.trim_end_matches([',', '|']).trim());
        if root == "off" {
            break;
        }
        if root.starts_with("https://") || root.starts_with("http://") {
            proxies.push(Listed { root, goes_on: entry.ends_with('|') });
        }
    }
    proxies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_go_reads_them() {
        let of =
            |list: &str| -> Vec<(String, bool)> { proxies(list).into_iter().map(|it| (it.root, it.goes_on)).collect() };
        let pair = |root: &str, goes_on| (root.to_owned(), goes_on);
        assert_eq!(of("https://a.example/go/,direct"), [pair("https://a.example/go", false)]);
        assert_eq!(
            of("direct, http://a.example|https://b.example"),
            [pair("http://a.example", true), pair("https://b.example", false)]
        );
        assert_eq!(of("https://a.example,off,https://b.example"), [pair("https://a.example", false)]);
        for none in ["", "direct", "off", "off,https://a.example", "file:///a", ","] {
            assert_eq!(of(none), [], "{none}");
        }
    }
}
