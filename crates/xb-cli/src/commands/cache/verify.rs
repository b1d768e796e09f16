//! `xb cache verify`: whether the caches that are folders have what their names say.

use std::path::Path;

use xb_cache::Checked;
use xb_core::{count, show_size};

use super::accepted;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{say, style, styled};
use crate::project::{CacheUrl, Config, Project};

/// Looks at everything in the caches of these names; in all that are folders where none is named.
///
/// # Errors
/// When a name is not that of a folder, or something is wrong and stays so.
pub fn verify(here: &Invocation, names: &[String], repair: bool) -> Result<(), Failure> {
    let project = Project::of(&here.folder)?;
    accepted(&project)?;
    let config = &project.config;
    let mut damaged = 0;
    for (name, folder) in folders(config, names)? {
        let checked = xb_cache::check(folder, repair).map_err(|error| {
            Failure::environment(format!("the cache `{name}`: {error}"))
                .help("`xb cache ls` tells what does not answer")
        })?;
        damaged += tell(name, &checked, repair);
    }
    if damaged == 0 {
        return Ok(());
    }
    let failure = Failure::environment(format!("{} of no use to anybody", count(damaged, "thing")));
    let help = "`xb cache verify --repair` removes what can be removed; it is sent again by whoever builds it";
    Err(if repair { failure } else { failure.help(help) })
}

/// The caches that are folders, of these names or all.
fn folders<'a>(config: &'a Config, names: &[String]) -> Result<Vec<(&'a str, &'a Path)>, Failure> {
    for name in names {
        match config.caches.iter().find(|cache| cache.name == *name).map(|cache| &cache.url) {
            Some(CacheUrl::Folder(_)) => {}
            Some(CacheUrl::Server(_)) => {
                return Err(Failure::user(format!(
                    "the cache `{name}` is a server: only a folder can be looked through"
                ))
                .help("run `xb cache verify` where its folder is, with that in `xb.toml`"));
            }
            None => {
                let known: Vec<_> = config.caches.iter().map(|cache| format!("`{}`", cache.name)).collect();
                return Err(Failure::user(format!("`xb.toml` names no cache `{name}`"))
                    .help(format!("it names {}", known.join(", "))));
            }
        }
    }
    let folders = config.caches.iter().filter_map(|cache| match &cache.url {
        CacheUrl::Folder(folder) if names.is_empty() || names.contains(&cache.name) => {
            Some((cache.name.as_str(), folder.as_path()))
        }
        _ => None,
    });
    let folders: Vec<_> = folders.collect();
    if folders.is_empty() {
        return Err(Failure::user("no cache of `xb.toml` is a folder: only a folder can be looked through"));
    }
    Ok(folders)
}

/// Tells what was found; how much of it is still wrong.
fn tell(name: &str, checked: &Checked, repair: bool) -> usize {
    for wrong in &checked.wrong {
        say(format!("{}: {}: {}", styled(style::ERROR, "of no use"), wrong.path.display(), wrong.why));
    }
    let (blobs, size) = (count(as_usize(checked.blobs), "blob"), show_size(checked.bytes));
    let seen = format!("{blobs} ({size}) and {}", entries(as_usize(checked.entries)));
    let left = checked.wrong.iter().filter(|wrong| !wrong.removed).count();
    if checked.wrong.is_empty() {
        say(format!("{} `{name}`: {seen} are as they should be", styled(style::GOOD, "sound")));
    } else {
        let removed = checked.wrong.len() - left;
        let removed = if repair { format!("; {removed} removed") } else { String::new() };
        say(format!("`{name}`: {} of no use among {seen}{removed}", checked.wrong.len()));
    }
    if checked.leftovers > 0 {
        let verb = if repair { "removed" } else { "that `--repair` removes" };
        let leftovers = count(as_usize(checked.leftovers), "file");
        say(format!("`{name}`: {leftovers} of writers that died, {verb}"));
    }
    left
}

fn entries(number: usize) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
