//! Proxies of Go modules: where this machine finds modules, as xb and Go are configured.
//!
//! "GOPROXY environment variable" in the Go Modules Reference.

use std::process::{Command, Stdio};

use globset::GlobBuilder;
use tokio::sync::OnceCell;

use super::{Module, RegistryError};
use crate::context::blocking;
use crate::error::FetchError;
use crate::mirror::{shown, without_slash};

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
        Self(configured.map(str::to_owned).or_else(|| variable("GOPROXY")))
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
    private: OnceCell<String>,
}

impl Proxies {
    pub(super) fn new(configured: GoProxy) -> Self {
        Self { configured, list: OnceCell::new(), private: OnceCell::new() }
    }

    /// Where a part of a module may be, in the order in which that is tried.
    ///
    /// No proxy is told the name of a module that `GONOPROXY`, or else `GOPRIVATE`, keeps from it.
    pub(super) async fn places(&self, module: &Module) -> Result<Vec<Place>, FetchError> {
        let private = self.private.get_or_try_init(private).await?;
        if is_private(private, &module.path) {
            return Err(RegistryError::Private(module.path.clone()).into());
        }
        let list = self.list.get_or_try_init(|| found(&self.configured)).await?;
        let part = module.part(if module.only_mod { "mod" } else { "zip" });
        Ok(list.iter().map(|it| Place { url: format!("{}/{part}", it.root), goes_on: it.goes_on }).collect())
    }
}

/// Asks Go only when something is looked for.
async fn found(configured: &GoProxy) -> Result<Vec<Listed>, FetchError> {
    let list = match &configured.0 {
        Some(list) => Some(list.clone()),
        None => blocking(|| Ok(told_by_go("GOPROXY"))).await?,
    };
    let list = list.ok_or(RegistryError::NoProxy)?;
    let proxies = proxies(&list);
    if proxies.is_empty() {
        let listed: String = list.split_inclusive([',', '|']).map(|entry| shown(entry.trim())).collect();
        return Err(RegistryError::NoProxyIn(listed).into());
    }
    Ok(proxies)
}

/// Whether one of several patterns, with commas between them, is that of the beginning of a module's path.
fn is_private(patterns: &str, path: &str) -> bool {
    patterns.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).any(|pattern| {
        let parts = pattern.split('/').count();
        let beginning: Vec<&str> = path.split('/').take(parts).collect();
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        beginning.len() == parts && glob.is_ok_and(|glob| glob.compile_matcher().is_match(beginning.join("/")))
    })
}

/// The patterns of private modules: of the environment, or else as Go is configured.
async fn private() -> Result<String, FetchError> {
    match variable("GONOPROXY").or_else(|| variable("GOPRIVATE")) {
        Some(patterns) => Ok(patterns),
        None => blocking(|| Ok(told_by_go("GONOPROXY").unwrap_or_default())).await,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What Go goes by itself, or none where there is no Go.
fn told_by_go(variable: &str) -> Option<String> {
    let told = Command::new("go").args(["env", variable]).stdin(Stdio::null()).output().ok()?;
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
    fn patterns_are_of_the_beginnings_of_paths() {
        for (patterns, path, expected) in [
            ("git.example.com", "git.example.com/team/tool", true),
            ("*.example.com, example.org/secret", "git.example.com/team/tool", true),
            ("*.example.com, example.org/secret", "example.org/secret/tool/v2", true),
            ("*.example.com, example.org/secret", "example.org/open", false),
            ("example.org/secret/tool", "example.org/secret", false),
            ("example.org/*", "example.org", false),
            ("", "example.org/open", false),
        ] {
            assert_eq!(is_private(patterns, path), expected, "{patterns}: {path}");
        }
    }

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
