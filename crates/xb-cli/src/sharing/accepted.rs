//! Which caches, keys and engines a person has accepted.
//!
//! `xb.toml` comes with a project, from wherever that is from. What it says of caches and keys decides whose results
//! get into the store and what one's own key signs; an engine is sent what is built from, and makes results. So all
//! of that counts only once the person who builds has said so: for these very sections, in this folder, with this
//! store. Another project with the same sections could bring a store of its own, or a lock, that was made to be
//! signed.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use etcetera::BaseStrategy;
use xb_core::Digest;

use crate::failure::Failure;
use crate::project::{CacheUrl, EngineConfig, ExecutorConfig, Project};

/// Whether what a project says of caches and keys has been accepted as it is.
///
/// # Errors
/// When what was accepted cannot be read.
pub fn is_accepted(project: &Project) -> Result<bool, Failure> {
    // Who has no home has accepted nothing.
    let Ok(path) = path() else { return Ok(false) };
    match std::fs::read_to_string(&path) {
        // What was accepted last counts, and nothing before it: a key that was taken out stays out.
        Ok(text) => {
            let of_folder = |line: &&str| line.starts_with(&folder(project));
            Ok(text.lines().rev().find(of_folder).is_some_and(|last| last == line(project)))
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Failure::environment(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// Accepts what a project says of caches and keys.
///
/// # Errors
/// When that cannot be noted.
pub fn accept(project: &Project) -> Result<(), Failure> {
    if is_accepted(project)? {
        return Ok(());
    }
    let path = path()?;
    let cannot = |error: std::io::Error| Failure::environment(format!("cannot write `{}`: {error}", path.display()));
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(cannot)?;
    // One write, so that two who accept at one time have a line each.
    file.write_all((line(project) + "\n").as_bytes()).map_err(cannot)
}

/// How the line of a folder begins.
fn folder(project: &Project) -> String {
    Digest::of(project.folder.as_os_str().as_encoded_bytes()).hex()
}

fn line(project: &Project) -> String {
    format!("{} {}", folder(project), digest(project).hex())
}

fn path() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::environment(format!("the folder for what you have accepted cannot be found: {error}"))
    })?;
    Ok(strategy.config_dir().join("xb").join("accepted-caches"))
}

/// What these sections say, whatever their form, and where.
fn digest(project: &Project) -> Digest {
    let Project { folder, config } = project;
    let mut text = Vec::new();
    let mut field = |bytes: &[u8]| {
        text.extend((bytes.len() as u64).to_le_bytes());
        text.extend(bytes);
    };
    field(folder.as_os_str().as_encoded_bytes());
    let store = config.store.as_ref().map(|store| store.as_os_str().as_encoded_bytes());
    field(store.unwrap_or_default());
    for cache in &config.caches {
        field(b"cache");
        field(cache.name.as_bytes());
        match &cache.url {
            CacheUrl::Server(url) => field(url.as_bytes()),
            CacheUrl::Folder(folder) => field(folder.as_os_str().as_encoded_bytes()),
        }
        field(&[u8::from(cache.push)]);
    }
    field(b"agree");
    field(&config.trust.agree.to_le_bytes());
    for key in &config.trust.keys {
        field(b"key");
        field(key.name.as_bytes());
        field(key.key.to_string().as_bytes());
        for list in [
            key.packages.clone(),
            key.arches.iter().map(ToString::to_string).collect(),
            key.methods.iter().map(ToString::to_string).collect(),
        ] {
            field(&(list.len() as u64).to_le_bytes());
            list.iter().for_each(|text| field(text.as_bytes()));
        }
    }
    for (executor, engine) in config.engines() {
        let ExecutorConfig { name, arch, .. } = executor;
        let EngineConfig { server, properties, token, jobs: _ } = engine;
        field(b"executor");
        field(name.as_bytes());
        field(arch.to_string().as_bytes());
        field(server.to_string().as_bytes());
        field(token.as_deref().unwrap_or_default().as_bytes());
        field(&(properties.len() as u64).to_le_bytes());
        properties.iter().for_each(|(name, value)| {
            field(name.as_bytes());
            field(value.as_bytes());
        });
    }
    for (ExecutorConfig { name, arch, .. }, host) in config.dockers() {
        field(b"docker");
        field(name.as_bytes());
        field(arch.to_string().as_bytes());
        field(host.map(ToString::to_string).unwrap_or_default().as_bytes());
    }
    Digest::of(&text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::project::Config;

    fn digest_of(text: &str) -> Digest {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("xb.toml");
        std::fs::write(&path, text).unwrap();
        let mut config = Config::read(&path).unwrap();
        for cache in &mut config.caches {
            if let CacheUrl::Folder(path) = &mut cache.url {
                *path = Path::new("/p").join(path.strip_prefix(folder.path()).unwrap());
            }
        }
        digest(&Project { folder: "/p".into(), config })
    }

    #[test]
    fn whatever_counts_is_accepted_anew_when_it_changes() {
        const KEY: &str = "[trust.keys.ci]\nkey = \"ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n";
        let base = format!("[cache.team]\nurl = \"shared\"\n{KEY}");
        let same = format!("# a comment\n{KEY}[cache.team]\nurl = \"shared\"\npush = false\n[build]\njobs = 3\n");
        assert_eq!(digest_of(&base), digest_of(&same));
        for other in [
            base.replace("shared", "elsewhere"),
            base.replace("cache.team", "cache.other"),
            base.replace("\n[trust", "\npush = true\n[trust"),
            base.replace(KEY, ""),
            format!("{base}packages = [\"a\"]\n"),
            format!("{base}arches = [\"arm64\"]\n"),
            format!("{base}methods = [\"native\"]\n"),
            format!("[store]\npath = \"/s\"\n{base}"),
            format!("[cache.more]\nurl = \"https://example.org\"\n{base}"),
            format!("[executor.a]\nkind = \"engine\"\narch = \"amd64\"\nurl = \"grpc://a:1\"\n{base}"),
            format!("[executor.a]\nkind = \"docker\"\narch = \"amd64\"\n{base}"),
            format!("[executor.a]\nkind = \"docker\"\narch = \"amd64\"\nhost = \"tcp://a:1\"\n{base}"),
        ] {
            assert_ne!(digest_of(&base), digest_of(&other), "{other}");
        }
    }
}
