//! The part of a tree that matches patterns.
//!
//! A pattern is matched against the whole path: `*` stays within one name, `**` does not. A directory that matches
//! brings everything beneath it; one that does not is kept only when it holds something that does.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use xb_core::{RelPath, TreeId};

use crate::compose::ComposeError;
use crate::directory::{Item, subtree};
use crate::reapi::Directory;
use crate::tree::{DirectoriesMut, MissingDirectory};

/// The part of a tree that matches one of `patterns` (`usr/bin/gcc*`, `usr/lib/**`).
///
/// # Errors
/// When a pattern cannot be read or a directory is missing.
pub fn select(
    tree: TreeId,
    patterns: &[String],
    store: &(impl DirectoriesMut + ?Sized),
) -> Result<TreeId, ComposeError> {
    let patterns = Patterns::new(patterns)?;
    let selected = part(tree, &RelPath::root(), &patterns, store)?;
    Ok(match selected {
        Some(tree) => tree,
        None => store.add_directory(Directory::default())?,
    })
}

struct Patterns {
    globs: GlobSet,
    /// What each pattern begins with before its first wildcard, in whole names.
    starts: Vec<String>,
}

impl Patterns {
    fn new(patterns: &[String]) -> Result<Self, ComposeError> {
        let mut globs = GlobSetBuilder::new();
        let mut starts = Vec::new();
        for pattern in patterns {
            let wrong = |error: globset::Error| ComposeError::Pattern {
                pattern: pattern.clone(),
                reason: error.kind().to_string(),
            };
            let trimmed = pattern.trim_matches('/');
            let glob = GlobBuilder::new(trimmed).literal_separator(true).build().map_err(wrong)?;
            globs.add(glob);
            starts.push(literal_start(trimmed));
        }
        let globs = globs
            .build()
            .map_err(|error| ComposeError::Pattern { pattern: patterns.join(" "), reason: error.kind().to_string() })?;
        Ok(Self { globs, starts })
    }

    fn matches(&self, path: &RelPath) -> bool {
        self.globs.is_match(path.as_str())
    }

    /// Whether something beneath the directory `path` can match.
    fn reaches(&self, path: &RelPath) -> bool {
        let beneath = |long: &str, short: &str| {
            short.is_empty() || long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.starts.iter().any(|start| beneath(path.as_str(), start) || beneath(start, path.as_str()))
    }
}

fn literal_start(pattern: &str) -> String {
    let wild = pattern.find(['*', '?', '[', '{', '\\', '!']);
    let literal = &pattern[..wild.unwrap_or(pattern.len())];
    literal.rsplit_once('/').map_or(String::new(), |(start, _)| start.to_owned())
}

fn part<D: DirectoriesMut + ?Sized>(
    tree: TreeId,
    at: &RelPath,
    patterns: &Patterns,
    store: &D,
) -> Result<Option<TreeId>, MissingDirectory> {
    let directory = store.directory(tree)?;
    let mut kept = Directory { node_properties: directory.node_properties.clone(), ..Directory::default() };
    for item in directory.items() {
        let path = at.join(item.name()).map_err(|error| MissingDirectory { id: tree, reason: error.to_string() })?;
        if patterns.matches(&path) {
            kept.put(item);
        } else if let Item::Directory(node) = item
            && patterns.reaches(&path)
            && let Some(inner) = part(subtree(node)?, &path, patterns, store)?
        {
            kept.put_directory(item.name(), inner);
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    store.add_directory(kept).map(Some)
}
