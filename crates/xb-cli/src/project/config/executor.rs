//! `[executor.NAME]`: machines beside this one.

use std::collections::{BTreeMap, BTreeSet};

use toml::Table;
use xb_core::Arch;
use xb_docker::Host;
use xb_remote::Server;

use super::cache::positions;
use super::section::Section;
use super::wrong::Wrong;

/// The section whose sections these are.
pub(super) const SECTION: &str = "executor";

/// The kinds that there are, each with its settings.
const KINDS: [(&str, &[&str]); 3] = [
    ("vm", &["kind", "arch", "slots", "memory", "cost", "features"]),
    ("engine", &["kind", "arch", "slots", "memory", "cost", "features", "url", "jobs", "properties", "token"]),
    ("docker", &["kind", "arch", "slots", "memory", "cost", "features", "host"]),
];

/// Every setting of any kind.
const SETTINGS: [&str; 11] =
    ["kind", "arch", "slots", "memory", "cost", "features", "url", "jobs", "properties", "token", "host"];

/// The architectures of which a machine can be made of software.
pub const VIRTUAL: [Arch; 1] = [Arch::Arm64];

/// The name of this machine's own executor.
const LOCAL: &str = "local";

/// How much memory a machine made of software has where nothing is said, in bytes.
const MEMORY: u64 = 2 << 30;

/// With less memory no such machine starts and has room for a compiler, in bytes.
const LEAST_MEMORY: u64 = 512 << 20;

/// How many runs an engine is given at one time where nothing is said.
const SLOTS: u32 = 8;

/// How many runs a Docker engine is given at one time where nothing is said: it is one machine.
const CONTAINERS: u32 = 2;

/// How dear a second is where nothing is said.
pub(super) const COST: u32 = 1;

/// How dear one is on a machine made of software, where nothing is said: it is about so many times as slow as another.
const COST_OF_SOFTWARE: u32 = 16;

/// How many jobs a command runs at once on an engine where nothing is said.
const JOBS: u32 = 4;

/// A machine beside this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorConfig {
    /// What it is called.
    pub name: String,
    /// `arch`: its architecture.
    pub arch: Arch,
    /// `slots`: how many actions run there at once.
    pub slots: u32,
    /// `memory`: how much memory they are expected to use together, in bytes; zero is no limit. Machines made of software
    /// have their own.
    pub memory: u64,
    /// `cost`: how dear a second is there beside one on this machine.
    pub cost: u32,
    /// `features`: what it has that packages ask for.
    pub features: BTreeSet<String>,
    /// `kind`, with the settings of that kind.
    pub kind: ExecutorKind,
}

/// What kind of machine it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutorKind {
    /// Made of software, one for each slot.
    Vm {
        /// `memory`: how much each has, in bytes.
        memory: u64,
    },
    /// A server of the Remote Execution API.
    Engine(Box<EngineConfig>),
    /// A Docker engine.
    Docker {
        /// `host`: where it is; none is where Docker's own program looks for it.
        host: Option<Host>,
    },
}

/// The settings of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// `url`: where it is.
    pub server: Server,
    /// `jobs`: how many jobs a command runs at once.
    pub jobs: u32,
    /// `properties`: what a worker must be, in the engine's own words.
    pub properties: BTreeMap<String, String>,
    /// `token`: the variable of the environment that holds the token by which one is known.
    pub token: Option<String>,
}

/// The executors, in the order of the file.
pub(super) fn read(file: &Table, text: &str) -> Result<Vec<ExecutorConfig>, Wrong> {
    let positions = positions(text, SECTION);
    let sections = Section::of_sections(file, SECTION)?.named(&SETTINGS)?;
    let executors = sections.into_iter().map(|(name, section)| one(name, &section));
    let mut executors = executors.collect::<Result<Vec<_>, _>>()?;
    executors.sort_by_key(|executor| positions.get(&executor.name).copied());
    Ok(executors)
}

fn one(name: &str, section: &Section<'_>) -> Result<ExecutorConfig, Wrong> {
    if name == LOCAL {
        return Err(Wrong::new(format!("`{LOCAL}` in [{SECTION}] is this machine itself"))
            .help("give the other machine another name"));
    }
    let kind = section.required(
        "kind",
        section.text("kind")?,
        "`kind = \"vm\"`, `kind = \"engine\"` or `kind = \"docker\"`",
    )?;
    let Some((_, settings)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        let wrong = section.wrong("kind", format_args!("is `{kind}`, which xb does not know"));
        return Err(Wrong::unknown(wrong.message, &kind, KINDS.iter().map(|(known, _)| *known)));
    };
    section.check(settings)?;
    let arch = section.required("arch", section.text("arch")?, "`arch = \"arm64\"`")?;
    let arch: Arch = arch.parse().map_err(|_| {
        let wrong = section.wrong("arch", format_args!("is `{arch}`, which is no architecture"));
        Wrong::unknown(wrong.message, &arch, Arch::ALL.iter().map(|arch| arch.debian()))
    })?;
    let (kind, slots, cost) = match kind.as_str() {
        "engine" => (engine(section)?, SLOTS, COST),
        "docker" => (docker(section)?, CONTAINERS, COST),
        _ => (vm(section, arch)?, 1, COST_OF_SOFTWARE),
    };
    let memory = match kind {
        ExecutorKind::Vm { .. } => 0,
        ExecutorKind::Engine(_) | ExecutorKind::Docker { .. } => section.size("memory")?.unwrap_or(0),
    };
    Ok(ExecutorConfig {
        name: name.to_owned(),
        arch,
        slots: section.number("slots")?.unwrap_or(slots),
        memory,
        cost: section.number("cost")?.unwrap_or(cost),
        features: section.texts("features")?.into_iter().flatten().collect(),
        kind,
    })
}

fn vm(section: &Section<'_>, arch: Arch) -> Result<ExecutorKind, Wrong> {
    if !VIRTUAL.contains(&arch) {
        let known = VIRTUAL.map(Arch::debian).join(", ");
        return Err(section
            .wrong("arch", format_args!("is `{arch}`: there is no machine made of software of this architecture"))
            .help(format!("there are machines made of software for {known}")));
    }
    let memory = section.size("memory")?.unwrap_or(MEMORY);
    if memory < LEAST_MEMORY {
        return Err(section
            .wrong("memory", format_args!("is less than a machine needs"))
            .help("write at least \"512M\", or leave it out: it is \"2G\" then"));
    }
    Ok(ExecutorKind::Vm { memory })
}

fn engine(section: &Section<'_>) -> Result<ExecutorKind, Wrong> {
    let url = section.required("url", section.text("url")?, "`url = \"grpcs://engine.example.org\"`")?;
    // What stands there may have a password in it, so it is not repeated.
    let server: Server = url.parse().map_err(|error| section.wrong("url", format_args!("is no engine: {error}")))?;
    Ok(ExecutorKind::Engine(Box::new(EngineConfig {
        server,
        jobs: section.number("jobs")?.unwrap_or(JOBS),
        properties: section.pairs("properties")?,
        token: section.text("token")?,
    })))
}

fn docker(section: &Section<'_>) -> Result<ExecutorKind, Wrong> {
    let host = section.text("host")?.map(|host| host.parse());
    let host = host.transpose().map_err(|error| section.wrong("host", format_args!("is no engine: {error}")))?;
    Ok(ExecutorKind::Docker { host })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn machines_are_read() {
        let executors = check(
            "[executor.arm]\nkind = \"vm\"\narch = \"arm64\"\n\
             [executor.large]\nkind = \"vm\"\narch = \"aarch64\"\nmemory = \"8G\"\nslots = 2\n",
        );
        let machine = |name: &str, memory, slots| ExecutorConfig {
            name: name.to_owned(),
            arch: Arch::Arm64,
            slots,
            memory: 0,
            cost: 16,
            features: BTreeSet::new(),
            kind: ExecutorKind::Vm { memory },
        };
        assert_eq!(executors.unwrap().executors, [machine("arm", 2 << 30, 1), machine("large", 8 << 30, 2)]);
        assert_eq!(check("[executor]").unwrap().executors, []);
    }

    #[test]
    fn what_is_no_machine_is_told_with_its_place() {
        let refused = |text: &str| check(text).unwrap_err();
        assert_eq!(
            refused("[executor.a]\narch = \"arm64\""),
            "[executor.a] has no `kind`, which it needs (write `kind = \"vm\"`, `kind = \"engine\"` or `kind = \"docker\"`)"
        );
        assert_eq!(
            refused("[executor.a]\nkind = \"vn\"\narch = \"arm64\""),
            "`kind` in [executor.a] is `vn`, which xb does not know (did you mean `vm`?)"
        );
        assert_eq!(
            refused("[executor.a]\nkind = \"vm\""),
            "[executor.a] has no `arch`, which it needs (write `arch = \"arm64\"`)"
        );
        assert_eq!(
            refused("[executor.a]\nkind = \"vm\"\narch = \"arm46\""),
            "`arch` in [executor.a] is `arm46`, which is no architecture (did you mean `arm64`?)"
        );
        assert!(refused("[executor.a]\nkind = \"vm\"\narch = \"amd64\"").contains("there is no machine"));
        assert!(refused("[executor.local]\nkind = \"vm\"\narch = \"arm64\"").contains("this machine itself"));
        for text in ["memory = \"1M\"", "memory = \"x\"", "slots = 0", "colour = 1"] {
            assert!(check(&format!("[executor.a]\nkind = \"vm\"\narch = \"arm64\"\n{text}")).is_err(), "{text}");
        }
    }

    #[test]
    fn engines_are_read_in_the_order_of_the_file() {
        let config = check(
            "[executor.z]\nkind = \"engine\"\narch = \"amd64\"\nurl = \"grpcs://token@engine.example.org/a\"\n\
             [executor.arm]\nkind = \"engine\"\narch = \"aarch64\"\nurl = \"grpc://localhost:1\"\nslots = 2\njobs = 16\n\
             token = \"FARM\"\nproperties = { OSFamily = \"linux\", pool = \"big\" }\n",
        );
        let executors = config.unwrap().executors;
        let names: Vec<_> = executors.iter().map(|executor| (executor.name.as_str(), executor.slots)).collect();
        assert_eq!(names, [("z", 8), ("arm", 2)]);
        let ExecutorKind::Engine(engine) = &executors[1].kind else { panic!("{executors:?}") };
        let EngineConfig { server, jobs, properties, token } = &**engine;
        assert_eq!((server.to_string().as_str(), *jobs, executors[1].arch), ("grpc://localhost:1", 16, Arch::Arm64));
        assert_eq!((properties["pool"].as_str(), token.as_deref()), ("big", Some("FARM")));
        assert!(!check("").unwrap().local_first && check("[build]\nlocal = \"first\"").unwrap().local_first);
    }

    #[test]
    fn what_is_no_engine_is_told_with_its_place() {
        let refused = |text: &str| check(&format!("[executor.a]\n{text}")).unwrap_err();
        let url = "url = \"grpc://localhost:1\"";
        let engine = "kind = \"engine\"\narch = \"amd64\"";
        assert_eq!(
            refused(&format!("kind = \"engin\"\narch = \"amd64\"\n{url}")),
            "`kind` in [executor.a] is `engin`, which xb does not know (did you mean `engine`?)"
        );
        assert!(refused(&format!("kind = \"engine\"\n{url}")).contains("has no `arch`"));
        assert!(refused(&format!("kind = \"engine\"\narch = \"arm46\"\n{url}")).contains("did you mean `arm64`?"));
        assert!(refused(engine).contains("has no `url`"));
        for text in ["url = \"https://me:secret@example.org\"", "url = \"grpc://localhost\""] {
            let error = refused(&format!("{engine}\n{text}"));
            assert!(error.starts_with("`url` in [executor.a] is no engine: ") && !error.contains("secret"), "{error}");
        }
        for text in ["slots = 0", "jobs = 0", "properties = 1", "properties = { a = 1 }", "colour = 1", "token = 1"] {
            assert!(check(&format!("[executor.a]\n{engine}\n{url}\n{text}")).is_err(), "{text}");
        }
        assert!(check(&format!("[executor.local]\n{engine}\n{url}")).unwrap_err().contains("this machine itself"));
        assert!(check("[build]\nlocal = \"maybe\"").unwrap_err().contains("`local` in [build]"));
    }

    #[test]
    fn docker_engines_are_read() {
        let docker = "[executor.box]\nkind = \"docker\"\narch = \"amd64\"\n";
        let read = |more: &str| {
            let [executor] = &check(&format!("{docker}{more}")).unwrap().executors[..] else { panic!("one") };
            let ExecutorKind::Docker { host } = &executor.kind else { panic!("{executor:?}") };
            (host.as_ref().map(ToString::to_string), executor.slots)
        };
        assert_eq!(read(""), (None, 2));
        assert_eq!(read("host = \"tcp://a:1\"\nslots = 8"), (Some("tcp://a:1".to_owned()), 8));
        let error = check(&format!("{docker}host = \"ssh://me@a\"")).unwrap_err();
        assert!(error.starts_with("`host` in [executor.box] is no engine: an engine is at `unix:///PATH`"), "{error}");
        assert!(check(&format!("{docker}jobs = 2")).unwrap_err().starts_with("there is no setting `jobs`"));
    }

    #[test]
    fn what_a_machine_offers_is_read() {
        let read = |kind: &str, more: &str| {
            let url = if kind == "engine" { "url = \"grpc://localhost:1\"" } else { "" };
            let text = format!("[executor.a]\nkind = \"{kind}\"\narch = \"arm64\"\n{url}\n{more}");
            check(&text).map(|mut config| config.executors.remove(0))
        };
        let engine = read("engine", "memory = \"64G\"\ncost = 3\nfeatures = [\"kvm\", \"disk\"]").unwrap();
        let features = ["disk", "kvm"].map(str::to_owned);
        assert_eq!((engine.memory, engine.cost, engine.features), (64 << 30, 3, features.into()));
        let usual = |kind| {
            let ExecutorConfig { memory, cost, features, .. } = read(kind, "").unwrap();
            (memory, cost, features.len())
        };
        assert_eq!(["engine", "docker", "vm"].map(usual), [(0, 1, 0), (0, 1, 0), (0, 16, 0)]);
        // The memory of a machine made of software is that of each.
        assert_eq!(read("vm", "memory = \"4G\"").unwrap().memory, 0);
        for wrong in ["cost = 0", "cost = 1.5", "features = \"kvm\"", "features = [1]"] {
            assert!(read("engine", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_kind_has_settings_of_its_own() {
        let machine = "[executor.a]\nkind = \"vm\"\narch = \"arm64\"\n";
        let engine = "[executor.b]\nkind = \"engine\"\narch = \"arm64\"\nurl = \"grpc://localhost:1\"\n";
        let both = check(&format!("{engine}{machine}")).unwrap().executors;
        assert_eq!(both.iter().map(|executor| executor.name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        let refused = |text: &str| check(text).unwrap_err();
        assert!(refused(&format!("{machine}jobs = 2")).starts_with("there is no setting `jobs` in `[executor.a]`"));
        assert!(refused(&format!("{engine}host = \"unix:///a\"")).starts_with("there is no setting `host`"));
        assert!(SETTINGS.iter().all(|setting| KINDS.iter().any(|(_, settings)| settings.contains(setting))));
        assert!(KINDS.iter().all(|(_, settings)| settings.iter().all(|setting| SETTINGS.contains(setting))));
    }
}
