//! `xb.toml`: what a project says about how it is built. Nothing here can change a result.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use xb_core::{nearest, parse_size};

use crate::failure::Failure;

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

const KEYS: [(&str, &[&str]); 9] = [
    ("debian", &["mirrors"]),
    ("crates", &["index"]),
    ("pypi", &["index"]),
    ("go", &["proxy"]),
    ("rocks", &["servers"]),
    ("build", &["jobs", "memory", "audit"]),
    ("emulation", &["cpus"]),
    ("store", &["path"]),
    ("eval", &["steps", "memory", "depth"]),
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
        let table: Table = text.parse().map_err(|error: toml::de::Error| Wrong::new(error.to_string().trim_end()))?;
        check_keys(&table)?;
        let sections = Sections(&table);
        Ok(Self {
            mirrors: sections.texts("debian", "mirrors")?,
            crates: sections.text("crates", "index")?,
            python: sections.text("pypi", "index")?,
            go: sections.text("go", "proxy")?,
            rocks: sections.texts("rocks", "servers")?,
            jobs: sections.number("build", "jobs")?,
            memory: sections.size("build", "memory")?,
            audit: sections.flag("build", "audit")?,
            emulated_cpus: sections.number("emulation", "cpus")?.unwrap_or(0),
            store: sections.text("store", "path")?.map(|path| folder.join(path)),
            limits: EvalLimits {
                steps: sections.number("eval", "steps")?,
                memory: sections.size("eval", "memory")?,
                depth: sections.number("eval", "depth")?,
            },
        })
    }
}

/// What is wrong with the file.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    message: String,
    help: Option<String>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn into_failure(self, path: &Path) -> Failure {
        let failure = Failure::user(format!("`{}`: {}", path.display(), self.message));
        match self.help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

fn check_keys(table: &Table) -> Result<(), Wrong> {
    let known = BTreeMap::from(KEYS);
    for (section, value) in table {
        let Some(keys) = known.get(section.as_str()) else {
            return Err(unknown(&format!("[{section}]"), section, known.keys().copied()));
        };
        let inner =
            value.as_table().ok_or_else(|| Wrong::new(format!("`{section}` should be a section: `[{section}]`")))?;
        for key in inner.keys() {
            if !keys.contains(&key.as_str()) {
                let shown = format!("{key}` in `[{section}]");
                return Err(unknown(&shown, key, keys.iter().copied()));
            }
        }
    }
    Ok(())
}

fn unknown<'a>(shown: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Wrong {
    let help = match nearest(name, known.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known are: {}", known.collect::<Vec<_>>().join(", ")),
    };
    Wrong { message: format!("there is no setting `{shown}`"), help: Some(help) }
}

struct Sections<'a>(&'a Table);

impl Sections<'_> {
    fn get<T>(
        &self,
        section: &str,
        key: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, Wrong> {
        let Some(value) = self.0.get(section).and_then(|section| section.get(key)) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .ok_or_else(|| Wrong::new(format!("`{key}` in [{section}] should be {expected}, not `{value}`")))
    }

    fn text(&self, section: &str, key: &str) -> Result<Option<String>, Wrong> {
        self.get(section, key, "a string", |value| value.as_str().map(str::to_owned))
    }

    fn texts(&self, section: &str, key: &str) -> Result<Vec<String>, Wrong> {
        let texts = |value: &Value| {
            let texts = value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        };
        Ok(self.get(section, key, "a list of strings", texts)?.unwrap_or_default())
    }

    fn flag(&self, section: &str, key: &str) -> Result<bool, Wrong> {
        Ok(self.get(section, key, "true or false", Value::as_bool)?.unwrap_or_default())
    }

    fn number<N: TryFrom<i64>>(&self, section: &str, key: &str) -> Result<Option<N>, Wrong> {
        let positive = |value: &Value| {
            let number = value.as_integer().filter(|number| *number > 0)?;
            N::try_from(number).ok()
        };
        self.get(section, key, "a positive number", positive)
    }

    fn size(&self, section: &str, key: &str) -> Result<Option<u64>, Wrong> {
        let size = |value: &Value| match value {
            Value::String(text) => parse_size(text),
            Value::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        self.get(section, key, "a size such as \"4G\"", size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Config, String> {
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
        assert!(check("[build]\ncolour = 1").unwrap_err().contains("known are: jobs, memory, audit"));
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
