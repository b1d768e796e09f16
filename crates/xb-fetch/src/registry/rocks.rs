//! Rocks: from `rock:NAME/VERSION` to where a server may have its source.
//!
//! A server of rocks is a folder that has them by their names ("Creating a rocks server" in LuaRocks' documentation).

use tokio::sync::OnceCell;

use super::{Place, RegistryError, luarocks, name_and_version};
use crate::context::blocking;
use crate::error::FetchError;
use crate::mirror::{shown, without_slash};

/// The servers of rocks: those that are configured, or else those that LuaRocks uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RockServers(Vec<String>);

impl RockServers {
    /// What is configured here, in the order in which they are asked; where that is none, what LuaRocks would use.
    pub fn of_machine(configured: impl IntoIterator<Item = String>) -> Self {
        Self(configured.into_iter().collect())
    }
}

/// The servers, once they are known.
pub(super) struct Rocks {
    configured: RockServers,
    servers: OnceCell<Vec<String>>,
}

impl Rocks {
    pub(super) fn new(configured: RockServers) -> Self {
        Self { configured, servers: OnceCell::new() }
    }

    /// Where the rock with the source of `NAME/VERSION` may be.
    pub(super) async fn place(&self, path: &str) -> Result<Place, FetchError> {
        let (name, version) = parse(path)?;
        let servers = self.servers.get_or_try_init(|| found(&self.configured)).await?;
        let urls = servers.iter().map(|root| format!("{root}/{name}-{version}.src.rock")).collect();
        Ok(Place { urls, sha256: None })
    }
}

/// Asks LuaRocks only when something is looked for.
async fn found(configured: &RockServers) -> Result<Vec<String>, FetchError> {
    let all = match configured.0.as_slice() {
        [] => blocking(|| Ok(luarocks::servers())).await?.ok_or(RegistryError::NoRockServer)?,
        urls => urls.to_vec(),
    };
    let is_of_the_web = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
    let servers: Vec<String> = all.iter().filter(is_of_the_web).map(|url| without_slash(url)).collect();
    match servers.is_empty() {
        true => Err(RegistryError::NoRockServerIn(all.iter().map(|url| shown(url)).collect()).into()),
        false => Ok(servers),
    }
}

/// A version of a rock ends with the revision of its rockspec.
fn parse(path: &str) -> Result<(&str, &str), RegistryError> {
    let ends_with_revision = |version: &str| {
        let revision = version.rsplit_once('-').map(|(_, revision)| revision);
        revision.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    name_and_version(path, b"-_.", b".-_")
        .filter(|(_, version)| ends_with_revision(version))
        .ok_or_else(|| RegistryError::Rock(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_rock_is_refused() {
        assert_eq!(parse("lua-cjson/2.1.0.10-1"), Ok(("lua-cjson", "2.1.0.10-1")));
        assert_eq!(parse("lua_x.y/scm-12"), Ok(("lua_x.y", "scm-12")));
        for path in ["a", "a/", "/1-1", "a/1", "a/1-", "a/1-b", "a/../b-1", "a b/1-1", "a/1-1?x", ".a/1-1", "a/b/1-1"] {
            assert!(parse(path).is_err(), "{path}");
        }
    }
}
