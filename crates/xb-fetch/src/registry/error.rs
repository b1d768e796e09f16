//! Why something cannot be looked for in a registry.

use crate::mirror::shown;

/// Why something cannot be looked for in a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Not the name and version of a crate.
    #[error("`crate:{0}` does not name a crate and its version, like `crate:ripgrep/14.1.1`")]
    Name(String),
    /// A source of cargo's that replaces another one, and is not there.
    #[error("cargo's configuration replaces the source `{from}` by `{to}`, which it does not describe")]
    NoSource {
        /// What is replaced.
        from: String,
        /// By what.
        to: String,
    },
    /// Sources that replace each other in a circle.
    #[error("cargo's configuration replaces the source `{0}` by itself")]
    Circle(String),
    /// A source of another kind.
    #[error(
        "cargo's configuration takes crates from the source `{0}`, which is no sparse index (`sparse+https://...`)"
    )]
    Kind(String),
    /// An index that does not say where crates are.
    #[error("the index of crates at `{index}` does not say where they are: {reason}")]
    Config {
        /// Where it is.
        index: String,
        /// Why.
        reason: String,
    },
    /// Not the name and version of a Python project.
    #[error("`pypi:{0}` does not name a Python project and its version, like `pypi:markupsafe/3.0.2`")]
    Project(String),
    /// Nothing that names an index of Python projects.
    #[error("nothing names an index of Python projects, and there is no pip here to ask for its own")]
    NoIndex,
    /// An index that does not list the files of a project.
    #[error("the index of Python projects at `{}` does not list the files of `{project}`: {reason}", shown(.index))]
    Listing {
        /// Where it is.
        index: String,
        /// The project.
        project: String,
        /// Why.
        reason: String,
    },
    /// A project without a source distribution of a version.
    #[error("the Python project `{project}` has no source distribution of version {version}{}", having(.others))]
    NoSdist {
        /// The project.
        project: String,
        /// The version.
        version: String,
        /// Versions of which it has one, as the index lists them.
        others: Vec<String>,
    },
    /// Not the path and version of a Go module.
    #[error("`{0}` does not name a Go module and its version, like `go:github.com/pkg/errors@v0.9.1`")]
    Module(String),
    /// A Go module that is not known by its hash.
    #[error("`{0}` is a Go module, which is fetched only by what `go.sum` says of it")]
    WithoutHash(String),
    /// A Go module of which no proxy may know.
    #[error("`{0}` is private by `GONOPROXY` or `GOPRIVATE`: no proxy is asked for it")]
    Private(String),
    /// Nothing that names a proxy of Go modules.
    #[error("nothing names a proxy of Go modules, and there is no Go here to ask for its own")]
    NoProxy,
    /// Not the name and version of a rock.
    #[error("`rock:{0}` does not name a rock, its version and its revision, like `rock:lua-cjson/2.1.0.10-1`")]
    Rock(String),
    /// A rock that is to be unpacked as an archive.
    #[error("`{0}` is a rock, whose source lies in an archive of its own, where its rockspec says")]
    RockAsArchive(String),
    /// Nothing that names a server of rocks.
    #[error("nothing names a server of rocks, and there is no LuaRocks here to ask for its own")]
    NoRockServer,
    /// A list of servers that has none that can be asked.
    #[error("no server of rocks can be asked by https or http: {}", .0.join(", "))]
    NoRockServerIn(Vec<String>),
    /// A list of proxies that has none.
    #[error("`GOPROXY` is `{0}`, which names no proxy of Go modules")]
    NoProxyIn(String),
}

/// How many versions are named.
const MOST_LISTED: usize = 8;

/// The newest come last in an index, and are named.
fn having(versions: &[String]) -> String {
    match versions {
        [] => "; it has none at all".to_owned(),
        [.., last] => {
            let named = &versions[versions.len().saturating_sub(MOST_LISTED)..];
            let before = if named.len() < versions.len() { "the last are " } else { "there are " };
            let list = if named.len() == 1 { last.clone() } else { named.join(", ") };
            format!("; {before}{list}")
        }
    }
}

impl RegistryError {
    /// Whether the machine, the network or the registry is at fault, and not what was asked for.
    pub(crate) fn is_of_environment(&self) -> bool {
        !matches!(
            self,
            Self::Name(_)
                | Self::Project(_)
                | Self::NoSdist { .. }
                | Self::Module(_)
                | Self::WithoutHash(_)
                | Self::Rock(_)
                | Self::RockAsArchive(_)
        )
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Name(_) | Self::Project(_) | Self::Module(_) | Self::Rock(_) => None,
            Self::WithoutHash(_) => Some("`go.build { lock = ./go.sum }` fetches modules"),
            Self::Private(_) => Some(
                "`go mod vendor` brings it into the source; or `GONOPROXY=none` lets the proxies of `[go] proxy` be asked",
            ),
            Self::NoProxy | Self::NoProxyIn(_) => {
                Some("`[go] proxy = \"https://...\"` in `xb.toml` names a proxy of Go modules")
            }
            Self::RockAsArchive(_) => Some("`fetch.rock(\"NAME/VERSION-REVISION\")` unpacks it"),
            Self::NoRockServer | Self::NoRockServerIn(_) => {
                Some("`[rocks] servers = [\"https://...\"]` in `xb.toml` names servers of rocks")
            }
            Self::NoSdist { .. } => Some("`fetch.file` takes a wheel by its address, where there is no source"),
            Self::NoIndex | Self::Listing { .. } => {
                Some("`[pypi] index = \"https://.../simple\"` in `xb.toml` names an index of Python projects")
            }
            Self::NoSource { .. } | Self::Circle(_) | Self::Kind(_) | Self::Config { .. } => {
                Some("`[crates] index = \"https://...\"` in `xb.toml` names a sparse index")
            }
        }
    }
}
