//! The folders of `/etc/ld.so.conf`, in the order in which they count.

use std::io::Read;

use globset::GlobBuilder;
use xb_core::{Arch, RelPath};
use xb_store::Contents;

use crate::AuditError;
use crate::scan::other;
use crate::tree::Tree;

const CONFIGURATION: &str = "etc/ld.so.conf";

/// So many files are read, and so much of each: a file may include itself, and a pattern anything.
const MOST_FILES: usize = 1024;
const LONGEST: u64 = 1 << 20;

/// The folders that a root configures, as a root of the architecture `as_on` has them in its order.
///
/// `include` takes files in the order of glob(3), by the bytes of their names: ldconfig keeps to the C locale for this.
/// Debian's packages name a file after their architecture, and so the order differs between architectures. What a root
/// of the other architecture has is this root's own with the names of both architectures exchanged; the folders stay
/// those of this root, since it is here that they are looked into.
pub(super) fn folders<C: Contents + ?Sized>(
    root: &Tree<'_, C>,
    store: &C,
    arch: Arch,
    as_on: Arch,
) -> Result<Vec<String>, AuditError> {
    let mut reading =
        Reading { root, store, exchange: as_on != arch, open: Vec::new(), left: MOST_FILES, folders: Vec::new() };
    if let Some(file) = root.follow(&RelPath::root(), CONFIGURATION)? {
        reading.file(&file)?;
    }
    Ok(reading.folders)
}

struct Reading<'a, 's, C: ?Sized> {
    root: &'a Tree<'s, C>,
    store: &'s C,
    exchange: bool,
    /// The files that are being read, each for the sake of the one before.
    open: Vec<RelPath>,
    left: usize,
    folders: Vec<String>,
}

impl<C: Contents + ?Sized> Reading<'_, '_, C> {
    fn file(&mut self, path: &RelPath) -> Result<(), AuditError> {
        if self.left == 0 || self.open.contains(path) {
            return Ok(());
        }
        self.left -= 1;
        let Some(content) = self.root.file(path)? else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        let opened = self.store.open_content(content)?;
        opened.take(LONGEST).read_to_end(&mut bytes).map_err(|source| AuditError::Read { content, source })?;
        self.open.push(path.clone());
        for line in String::from_utf8_lossy(&bytes).lines() {
            self.line(line, path)?;
        }
        self.open.pop();
        Ok(())
    }

    fn line(&mut self, line: &str, of: &RelPath) -> Result<(), AuditError> {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("include") => words.try_for_each(|pattern| self.include(pattern, of)),
            Some("hwcap") | None => Ok(()),
            Some(_) => {
                // `folder=TYPE` is an old way to say for which C library it is.
                let folder = line.split('=').next().unwrap_or_default().trim_end();
                if folder.starts_with('/') && !self.folders.iter().any(|known| known == folder) {
                    self.folders.push(folder.to_owned());
                }
                Ok(())
            }
        }
    }

    fn include(&mut self, pattern: &str, of: &RelPath) -> Result<(), AuditError> {
        let start = if pattern.starts_with('/') { RelPath::root() } else { of.parent().unwrap_or_default() };
        let mut found = vec![(Vec::new(), start)];
        for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
            let mut next = Vec::new();
            for (key, at) in found {
                self.expand(part, key, &at, &mut next)?;
            }
            next.truncate(MOST_FILES);
            found = next;
        }
        found.sort();
        found.into_iter().try_for_each(|(_, path)| self.file(&path))
    }

    /// What a part of a pattern stands for in a folder, each with the names by which it is sorted.
    fn expand(
        &self,
        part: &str,
        key: Vec<String>,
        at: &RelPath,
        into: &mut Vec<(Vec<String>, RelPath)>,
    ) -> Result<(), AuditError> {
        let mut names = vec![part.to_owned()];
        if part.contains(['*', '?', '[']) {
            let Ok(glob) = GlobBuilder::new(&part.replace('{', "[{]")).literal_separator(true).build() else {
                return Ok(());
            };
            let glob = glob.compile_matcher();
            let folder = self.root.folder(at)?;
            let items = folder.as_ref().map(|folder| folder.items()).unwrap_or_default();
            let is_meant = |name: &&str| glob.is_match(name) && (part.starts_with('.') || !name.starts_with('.'));
            names = items.iter().map(|item| item.name()).filter(is_meant).map(ToOwned::to_owned).collect();
        }
        for name in names {
            if let Some(path) = self.root.follow(at, &name)? {
                let mut key = key.clone();
                key.push(if self.exchange { exchanged(&name) } else { name });
                into.push((key, path));
            }
        }
        Ok(())
    }
}

/// A name with the names of both architectures exchanged.
fn exchanged(name: &str) -> String {
    let parts = name.split(Arch::Amd64.triplet());
    let parts: Vec<String> = parts.map(|part| part.replace(Arch::Arm64.triplet(), Arch::Amd64.triplet())).collect();
    parts.join(other(Arch::Amd64).triplet())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exchanged_both_ways() {
        let check = |name: &str, other: &str| {
            assert_eq!(exchanged(name), other);
            assert_eq!(exchanged(other), name);
        };
        check("x86_64-linux-gnu.conf", "aarch64-linux-gnu.conf");
        check("fakeroot-x86_64-linux-gnu.conf", "fakeroot-aarch64-linux-gnu.conf");
        check("libc.conf", "libc.conf");
        check("aarch64-linux-gnu-x86_64-linux-gnu", "x86_64-linux-gnu-aarch64-linux-gnu");
    }
}
