//! Which caches and keys a person has accepted.
//!
//! `xb.toml` comes with a project, from wherever that is from. What it says of caches and keys decides whose results get
//! into the store and to whom one's own are signed, so it counts only once the person who builds has said so: for these
//! very sections, whichever project they are in.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use etcetera::BaseStrategy;
use xb_core::Digest;

use crate::failure::Failure;
use crate::project::{CacheUrl, Config};

/// Whether what a project says of caches and keys has been accepted as it is.
///
/// # Errors
/// When what was accepted cannot be read.
pub fn is_accepted(config: &Config) -> Result<bool, Failure> {
    // Who has no home has accepted nothing.
    let Ok(path) = path() else { return Ok(false) };
    let wanted = digest(config).hex();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().any(|line| line == wanted)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Failure::environment(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// What a project says of caches and keys, as far as it names any and has been accepted.
///
/// # Errors
/// When what was accepted cannot be read.
pub fn accepted(config: &Config) -> Result<Option<Digest>, Failure> {
    let counts = !config.caches.is_empty() && is_accepted(config)?;
    Ok(counts.then(|| digest(config)))
}

/// Accepts what a project says of caches and keys.
///
/// # Errors
/// When that cannot be noted.
pub fn accept(config: &Config) -> Result<(), Failure> {
    if is_accepted(config)? {
        return Ok(());
    }
    let path = path()?;
    let cannot = |error: std::io::Error| Failure::environment(format!("cannot write `{}`: {error}", path.display()));
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(cannot)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(cannot)?;
    // One write, so that two who accept at one time have a line each.
    file.write_all(format!("{}\n", digest(config).hex()).as_bytes()).map_err(cannot)
}

fn path() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::environment(format!("the folder for what you have accepted cannot be found: {error}"))
    })?;
    Ok(strategy.config_dir().join("xb").join("accepted-caches"))
}

/// What these sections say, whatever their form.
fn digest(config: &Config) -> Digest {
    let mut text = Vec::new();
    let mut field = |bytes: &[u8]| {
        text.extend((bytes.len() as u64).to_le_bytes());
        text.extend(bytes);
    };
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
    Digest::of(&text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

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
        digest(&config)
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
            format!("[cache.more]\nurl = \"https://example.org\"\n{base}"),
        ] {
            assert_ne!(digest_of(&base), digest_of(&other), "{other}");
        }
    }
}
