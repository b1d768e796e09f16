//! Rocks of sources, as `luarocks pack` makes them: from the file of a rock to the folder that it is built in.
//!
//! A rock is a zip file of a rockspec and what the rockspec's `source.url` gave: an archive, a file, or the folder of a
//! repository. What becomes of it is the folder that LuaRocks would build in (`source.dir`), with the rock's rockspec
//! in the place of all that LuaRocks would find there by itself, so that it takes this one.

mod error;
mod rockspec;

use std::io::Read as _;

use xb_core::{ContentId, RelPath, TreeId};
use xb_graph::Entry;

use crate::archive::{self, Collected, Limits};
use crate::context::Context;
use crate::error::FetchError;
use crate::mirror::shown;
use rockspec::SourceOf;

pub use error::RockError;

/// How many bytes of a rockspec are read.
const LONGEST_ROCKSPEC: u64 = 1 << 20;

/// The name and version of the rock at an address: `rock:NAME/VERSION`, which the registry judges, or one that ends
/// with `NAME-VERSION.src.rock`.
///
/// # Errors
/// When it is none of these.
pub(crate) fn name_of(url: &str) -> Result<String, RockError> {
    if let Some(path) = url.strip_prefix("rock:") {
        return Ok(path.replacen('/', "-", 1));
    }
    let file = url.split(['?', '#']).next().and_then(|url| url.rsplit(['/', ':']).next()).unwrap_or_default();
    if file.ends_with(".all.rock") {
        return Err(RockError::Built);
    }
    let name = file.strip_suffix(".src.rock").filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or(RockError::Address)
}

/// Takes the source of a rock into the store.
///
/// # Errors
/// When it is no rock, or a hostile one.
pub(crate) fn unpack(context: &Context, url: &str, name: &str, content: ContentId) -> Result<TreeId, FetchError> {
    let at_all = |error| FetchError::Archive { url: url.to_owned(), error };
    let in_rock = |error| FetchError::Rock { url: shown(url), error };
    let limits = context.limits.of_archive(content.0.size());
    let rock = archive::read(context.open(content)?, context.limits, &*context.storage).map_err(at_all)?;
    let wanted = format!("{name}.rockspec");
    let rockspec = rock.file(&wanted).ok_or_else(|| in_rock(lacking(&rock, wanted.clone())))?;
    let source = SourceOf::read(&text(context, rockspec)?.ok_or_else(|| in_rock(too_long()))?).map_err(in_rock)?;
    let inner = inside(context, rock, &source, limits)?.map_err(in_rock)?;
    let mut files = folder(inner, &source).map_err(in_rock)?;
    files.add(RelPath::new(&wanted).map_err(|_| FetchError::Name(wanted))?, rockspec);
    files.build(&*context.storage).map_err(at_all)
}

fn lacking(rock: &Collected, wanted: String) -> RockError {
    match rock.file("rock_manifest") {
        Some(_) => RockError::Built,
        None => RockError::NoRockspec { wanted, found: rock.top() },
    }
}

fn too_long() -> RockError {
    RockError::LongRockspec { most: LONGEST_ROCKSPEC }
}

/// The text of a rockspec, unless it is too long. What is not UTF-8 in it, as some names of people are, says nothing
/// of the source.
fn text(context: &Context, rockspec: ContentId) -> Result<Option<String>, FetchError> {
    if rockspec.0.size() > LONGEST_ROCKSPEC {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = context.open(rockspec)?.take(LONGEST_ROCKSPEC).read_to_end(&mut bytes);
    read.map_err(|error| FetchError::Failed(format!("cannot read a rockspec in the store: {error}")))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// What the source consists of, with the folders that are around it. All of it together is no larger than an archive
/// of the rock's size may be.
fn inside(
    context: &Context,
    rock: Collected,
    source: &SourceOf,
    limits: Limits,
) -> Result<Result<Collected, RockError>, FetchError> {
    let Some(file) = &source.file else {
        return Ok(Ok(rock));
    };
    let Some(content) = rock.file(file) else {
        return Ok(Err(RockError::NoArchive { wanted: file.clone(), found: rock.top() }));
    };
    if source.is_unpacked() {
        return Ok(Ok(rock));
    }
    let read = archive::read(context.open(content)?, limits, &*context.storage);
    Ok(read.map_err(|error| RockError::Archive { name: file.clone(), error }))
}

/// The folder that is built, without what LuaRocks would take for its rockspec.
fn folder(inner: Collected, source: &SourceOf) -> Result<Collected, RockError> {
    let outside = || RockError::Outside(source.folder.clone());
    if source.folder.starts_with('/') {
        return Err(outside());
    }
    let wanted = RelPath::normalise(&source.folder).map_err(|_| outside())?;
    let at = match inner.has_folder(&wanted) {
        true => wanted,
        false => only_folder(&inner, source)?,
    };
    Ok(inner.beneath(&at).without(is_rockspec))
}

/// Where a rockspec does not say the folder, LuaRocks takes the only one.
fn only_folder(inner: &Collected, source: &SourceOf) -> Result<RelPath, RockError> {
    let missing = |by, found| RockError::NoFolder { folder: source.folder.clone(), by, found };
    let top = inner.top();
    if source.says_folder {
        return Err(missing("its rockspec says is built", top));
    }
    let only = if let [only] = top.as_slice() { RelPath::new(only).ok() } else { None };
    only.filter(|only| inner.has_folder(only)).ok_or_else(|| missing("would be called as the source is", top))
}

/// Where LuaRocks looks for rockspecs (`get_default_rockspec`).
fn is_rockspec(path: &RelPath, entry: &Entry) -> bool {
    let mut parts = path.components().collect::<Vec<_>>();
    let is_called_so = parts.pop().is_some_and(|name| name.ends_with("rockspec"));
    is_called_so && !matches!(entry, Entry::Directory { .. }) && matches!(parts[..], [] | ["rockspec" | "rockspecs"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_which_rock_it_leads_to() {
        let of = |url| name_of(url).map_err(|error| error.to_string());
        assert_eq!(of("rock:lua-cjson/2.1.0-1"), Ok("lua-cjson-2.1.0-1".to_owned()));
        assert_eq!(of("https://a.example/r/x-1.0-1.src.rock?a=/b"), Ok("x-1.0-1".to_owned()));
        assert_eq!(of("https://a.example/x-1.0-1.all.rock"), Err(RockError::Built.to_string()));
        for url in ["https://a.example/x.zip", "https://a.example/.src.rock", ""] {
            assert_eq!(of(url), Err(RockError::Address.to_string()), "{url}");
        }
    }
}
