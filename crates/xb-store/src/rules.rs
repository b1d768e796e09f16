//! Which files of a source folder count.
//!
//! `.gitignore` files count as git reads them: the innermost that says something decides, and what is beneath an
//! ignored folder cannot come back. A user's own or a machine's ignore files do not count: the same commit must
//! give the same tree everywhere. For the same reason folders that end up empty are left out, as git does.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::{CWD, Mode, OFlags};

use crate::error::{Result, StoreError};

/// Which files of a source folder are taken.
#[derive(Clone, Debug, Default)]
pub struct FolderRules {
    /// The project's folder, when the source folder lies beneath it: its `.gitignore` files count too.
    pub project: Option<PathBuf>,
    /// When not empty: only what matches one of these patterns (`*.c`, `src/**`).
    pub only: Vec<String>,
    /// What matches one of these is left out.
    pub except: Vec<String>,
}

/// The `.gitignore` files that count in a folder, innermost first.
pub(crate) type Scope = Option<Arc<Ignores>>;

pub(crate) struct Ignores {
    rules: Gitignore,
    above: Scope,
}

/// [`FolderRules`], compiled.
pub(crate) struct Selection {
    only: Option<GlobSet>,
    except: GlobSet,
}

impl Selection {
    pub(crate) fn new(rules: &FolderRules) -> Result<Self> {
        let only = (!rules.only.is_empty()).then(|| globs(&rules.only));
        Ok(Self { only: only.transpose()?, except: globs(&rules.except)? })
    }

    /// The scope within a folder.
    pub(crate) fn enter(&self, above: &Scope, folder: &impl AsFd, shown: &Path) -> Scope {
        extend(above, folder, Path::new(".gitignore"), shown)
    }

    /// Whether a path counts; a folder counts when something beneath it may.
    pub(crate) fn wants(&self, scope: &Scope, top: &Path, path: &str, is_folder: bool) -> bool {
        let is_git = path == ".git" || path.ends_with("/.git");
        let only = self.only.as_ref().filter(|_| !is_folder);
        !is_git
            && !self.except.is_match(path)
            && only.is_none_or(|only| only.is_match(path))
            && !is_ignored(scope, &top.join(path), is_folder)
    }
}

/// The scope of the folders between the project's and the source folder.
pub(crate) fn outer_scope(project: Option<&Path>, folder: &Path) -> Scope {
    let mut between: Vec<&Path> = folder
        .ancestors()
        .skip(1)
        .take_while(|above| project.is_some_and(|project| above.starts_with(project)))
        .collect();
    between.reverse();
    between.iter().fold(None, |scope, above| extend(&scope, &CWD, &above.join(".gitignore"), above))
}

fn extend(above: &Scope, folder: &impl AsFd, file: &Path, shown: &Path) -> Scope {
    let Some(text) = read(folder, file) else {
        return above.clone();
    };
    let mut builder = GitignoreBuilder::new(shown);
    for line in text.lines() {
        // As in git, a line that cannot be read as a pattern matches nothing.
        let _ = builder.add_line(None, line);
    }
    match builder.build() {
        Ok(rules) => Some(Arc::new(Ignores { rules, above: above.clone() })),
        Err(_) => above.clone(),
    }
}

/// As in git, a `.gitignore` that is a symlink does not count.
fn read(folder: &impl AsFd, file: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = rustix::fs::openat(folder, file, flags, Mode::empty()).ok()?;
    let mut bytes = Vec::new();
    File::from(opened).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_ignored(scope: &Scope, path: &Path, is_folder: bool) -> bool {
    let mut scope = scope;
    while let Some(ignores) = scope {
        match ignores.rules.matched(path, is_folder) {
            Match::Ignore(_) => return true,
            Match::Whitelist(_) => return false,
            Match::None => scope = &ignores.above,
        }
    }
    false
}

/// A pattern without a slash matches at any depth; what matches a folder takes everything beneath.
fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let clean = pattern.trim_start_matches("./").trim_end_matches('/');
        let anchored = match clean.strip_prefix('/') {
            Some(rooted) => rooted.to_owned(),
            None if clean.contains('/') => clean.to_owned(),
            None => format!("**/{clean}"),
        };
        for glob in [anchored.clone(), format!("{anchored}/**")] {
            let glob = GlobBuilder::new(&glob).literal_separator(true).build();
            set.add(glob.map_err(|error| bad_pattern(pattern, &error))?);
        }
    }
    set.build().map_err(|error| bad_pattern(&patterns.join(", "), &error))
}

fn bad_pattern(pattern: &str, error: &globset::Error) -> StoreError {
    StoreError::refused(pattern, format!("it is not a pattern: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(only: &[&str], except: &[&str], path: &str, expected: bool) {
        let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let rules = FolderRules { only: own(only), except: own(except), project: None };
        let selection = Selection::new(&rules).unwrap();
        let wanted = selection.wants(&None, Path::new("/top"), path, false);
        assert_eq!(wanted, expected, "{path}");
    }

    #[test]
    fn a_pattern_without_a_slash_matches_at_any_depth() {
        check(&["*.c"], &[], "main.c", true);
        check(&["*.c"], &[], "deep/down/main.c", true);
        check(&["*.c"], &[], "main.h", false);
    }

    #[test]
    fn a_pattern_with_a_slash_is_a_path() {
        check(&["src/*.c"], &[], "src/main.c", true);
        check(&["src/*.c"], &[], "src/deep/main.c", false);
        check(&["src/*.c"], &[], "other/src/main.c", false);
        check(&["/main.c"], &[], "src/main.c", false);
        check(&["src/**"], &[], "src/deep/main.c", true);
    }

    #[test]
    fn a_folder_takes_everything_beneath() {
        check(&["src"], &[], "src/deep/main.c", true);
        check(&[], &["docs/"], "docs/deep/page.md", false);
        check(&[], &["docs/"], "main.c", true);
    }

    #[test]
    fn git_is_never_taken() {
        check(&[], &[], ".git", false);
        check(&[], &[], "sub/.git", false);
        check(&[], &[], ".github", true);
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_named() {
        let rules = FolderRules { only: vec!["a[".to_owned()], ..FolderRules::default() };
        let error = Selection::new(&rules).err().unwrap().to_string();
        assert!(error.contains("a["), "{error}");
    }
}
