//! `xb.toml`: what a project says about how it is built. Nothing here can change a result, but for whom it lets
//! vouch for one.

mod cache;
mod executor;
mod section;
mod trust;
mod wrong;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Table;
use xb_docker::Host;

use crate::failure::Failure;
pub use cache::{CacheConfig, CacheUrl};
pub use executor::{EngineConfig, ExecutorConfig, ExecutorKind, VIRTUAL};
use section::Section;
pub use trust::{TrustConfig, TrustedKey};
use wrong::Wrong;

/// What `xb.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `[debian] mirrors`: where Debian's archive is to be had, best first.
    pub mirrors: Vec<String>,
    /// `[crates] index`: the sparse index that crates are taken from, in place of what cargo is configured with.
    pub crates: Option<String>,
    /// `[pypi] index`: the index that Python projects are taken from, in place of what pip is configured with.
    pub python: Option<String>,
    /// `[go] proxy`: the proxies that Go modules are taken from, in place of what Go is configured with.
    pub go: Option<String>,
    /// `[rocks] servers`: the servers that rocks are taken from, in place of those that LuaRocks is configured with.
    pub rocks: Vec<String>,
    /// `[build] jobs`: how many steps run at once.
    pub jobs: Option<u32>,
    /// `[build] memory`: what all steps together may use, in bytes.
    pub memory: Option<u64>,
    /// `[build] audit`: whether `xb build` and `xb test` audit what they built.
    pub audit: bool,
    /// `[emulation] cpus`: how many CPUs each emulated program may use; zero is no limit.
    pub emulated_cpus: u32,
    /// `[store] path`: where the store is, unless `XB_STORE` says otherwise.
    pub store: Option<PathBuf>,
    /// `[eval]`: limits of the evaluation.
    pub limits: EvalLimits,
    /// `[cache.NAME]`: the caches that are shared with others, in the order in which they are written.
    pub caches: Vec<CacheConfig>,
    /// `[trust]`: whose results are believed.
    pub trust: TrustConfig,
    /// `[executor.NAME]`: machines beside this one.
    pub executors: Vec<ExecutorConfig>,
    /// `[build] local`: whether this machine runs what it can, and engines only what it cannot.
    pub local_first: bool,
    /// `[build] cost`: how dear a second is on this machine beside one on another.
    pub cost: u32,
    /// `[build] features`: what this machine has that packages ask for.
    pub features: BTreeSet<String>,
}

/// Limits of the evaluation; what is not given is the evaluator's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvalLimits {
    /// `steps`: how many steps it may take.
    pub steps: Option<u64>,
    /// `memory`: how much memory it may use, in bytes.
    pub memory: Option<u64>,
    /// `depth`: how deep calls may nest.
    pub depth: Option<u64>,
}

/// Every section.
const SECTIONS: [&str; 12] = [
    "debian",
    "crates",
    "pypi",
    "go",
    "rocks",
    "build",
    "emulation",
    "store",
    "eval",
    cache::SECTION,
    trust::SECTION,
    executor::SECTION,
];

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML, or has a key that xb does not know.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::user(format!("cannot read `{}`: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).map_err(|wrong| wrong.into_failure(path))
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, Wrong> {
        let file: Table = text.parse().map_err(|error: toml::de::Error| Wrong::new(error.to_string().trim_end()))?;
        if let Some(section) = file.keys().find(|section| !SECTIONS.contains(&section.as_str())) {
            let message = format!("there is no setting `[{section}]`");
            return Err(Wrong::unknown(message, section, SECTIONS.into_iter()));
        }
        let build = Section::of(&file, "build", &["jobs", "memory", "audit", "local", "cost", "features"])?;
        let eval = Section::of(&file, "eval", &["steps", "memory", "depth"])?;
        let store = Section::of(&file, "store", &["path"])?;
        Ok(Self {
            mirrors: Section::of(&file, "debian", &["mirrors"])?.texts("mirrors")?.unwrap_or_default(),
            crates: Section::of(&file, "crates", &["index"])?.text("index")?,
            python: Section::of(&file, "pypi", &["index"])?.text("index")?,
            go: Section::of(&file, "go", &["proxy"])?.text("proxy")?,
            rocks: Section::of(&file, "rocks", &["servers"])?.texts("servers")?.unwrap_or_default(),
            jobs: build.number("jobs")?,
            memory: build.size("memory")?,
            audit: build.flag("audit")?,
            emulated_cpus: Section::of(&file, "emulation", &["cpus"])?.number("cpus")?.unwrap_or(0),
            store: store.text("path")?.map(|path| folder.join(path)),
            limits: EvalLimits {
                steps: eval.number("steps")?,
                memory: eval.size("memory")?,
                depth: eval.number("depth")?,
            },
            caches: cache::read(&file, text, folder)?,
            trust: trust::read(&file)?,
            executors: executor::read(&file, text)?,
            local_first: local_first(&build)?,
            cost: build.number("cost")?.unwrap_or(executor::COST),
            features: build.texts("features")?.into_iter().flatten().collect(),
        })
    }
}

impl Config {
    /// The executors that are engines, in the order of the file.
    pub fn engines(&self) -> impl Iterator<Item = (&ExecutorConfig, &EngineConfig)> {
        self.executors.iter().filter_map(|executor| match &executor.kind {
            ExecutorKind::Engine(engine) => Some((executor, engine.as_ref())),
            ExecutorKind::Vm { .. } | ExecutorKind::Docker { .. } => None,
        })
    }

    /// The executors that are Docker engines, in the order of the file, each with where it is said to be.
    pub fn dockers(&self) -> impl Iterator<Item = (&ExecutorConfig, Option<&Host>)> {
        self.executors.iter().filter_map(|executor| match &executor.kind {
            ExecutorKind::Docker { host } => Some((executor, host.as_ref())),
            ExecutorKind::Vm { .. } | ExecutorKind::Engine(_) => None,
        })
    }

    /// The executors that have to be accepted before anything runs there: they are sent what is built from, what they make
    /// is believed, and a container is not the sandbox of this machine.
    pub fn to_accept(&self) -> impl Iterator<Item = &ExecutorConfig> {
        self.executors.iter().filter(|executor| !matches!(executor.kind, ExecutorKind::Vm { .. }))
    }
}

fn local_first(build: &Section<'_>) -> Result<bool, Wrong> {
    match build.text("local")?.as_deref() {
        None | Some("last") => Ok(false),
        Some("first") => Ok(true),
        Some(other) => Err(build.wrong("local", format_args!("should be \"first\" or \"last\", not `{other}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the file of a project in `/p` says, or what is wrong with it.
    pub(super) fn check(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/p")).map_err(|wrong| {
            let help = wrong.help.map(|help| format!(" ({help})"));
            wrong.message + &help.unwrap_or_default()
        })
    }

    #[test]
    fn settings_are_read() {
        let config = check(
            "[debian]\nmirrors = [\"http://a/debian\"]\n[crates]\nindex = \"https://c\"\n[go]\nproxy = \"https://g,direct\"\n[rocks]\nservers = [\"https://r\"]\n[build]\njobs = 4\naudit = true\nmemory = \"2G\"\n[emulation]\ncpus = 1\n[store]\npath = \"s\"\n[eval]\nsteps = 10",
        )
        .unwrap();
        assert_eq!(config.mirrors, ["http://a/debian"]);
        assert_eq!(config.crates.as_deref(), Some("https://c"));
        assert_eq!(config.go.as_deref(), Some("https://g,direct"));
        assert_eq!(config.rocks, ["https://r"]);
        assert_eq!((config.jobs, config.audit), (Some(4), true));
        assert_eq!(config.memory, Some(2 << 30));
        assert_eq!((config.emulated_cpus, Config::default().emulated_cpus), (1, 0));
        assert_eq!(config.store, Some("/p/s".into()));
        assert_eq!(config.limits.steps, Some(10));
    }

    #[test]
    fn unknown_settings_are_errors_with_the_nearest_name() {
        assert_eq!(check("[biuld]\njobs = 1").unwrap_err(), "there is no setting `[biuld]` (did you mean `build`?)");
        assert_eq!(
            check("[build]\njbos = 1").unwrap_err(),
            "there is no setting `jbos` in `[build]` (did you mean `jobs`?)"
        );
        assert!(
            check("[build]\ncolour = 1").unwrap_err().contains("known are: jobs, memory, audit, local, cost, features")
        );
    }

    #[test]
    fn wrong_values_are_errors() {
        for text in [
            "[build]\njobs = 0",
            "[build]\njobs = \"x\"",
            "[build]\naudit = 1",
            "[emulation]\ncpus = 0",
            "[debian]\nmirrors = [1]",
            "build = 1",
            "[build",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
