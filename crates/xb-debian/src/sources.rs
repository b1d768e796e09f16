//! `Sources`: the files that sources consist of.

use std::collections::HashMap;
use std::str::from_utf8;

use crate::control::{Paragraph, paragraphs};
use crate::release::IndexFile;

/// The files of all sources of one component of a suite, by their paths in the pool.
#[derive(Clone, Debug, Default)]
pub struct SourceIndex {
    files: HashMap<String, IndexFile>,
}

/// Why an index of sources cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// It is not text.
    #[error("the index of sources is not UTF-8 text: is it still compressed?")]
    NotText,
    /// A source lacks a field, or one is not as it should be.
    #[error("in the index of sources, `{package}` has no usable field `{field}`")]
    Field {
        /// The source, as far as its name is known.
        package: String,
        /// The field.
        field: &'static str,
    },
}

impl SourceIndex {
    /// Reads a decompressed `Sources`.
    ///
    /// # Errors
    /// See [`SourcesError`].
    pub fn parse(sources: &[u8]) -> Result<Self, SourcesError> {
        let text = from_utf8(sources).map_err(|_| SourcesError::NotText)?;
        let mut files = HashMap::new();
        for paragraph in paragraphs(text) {
            read(paragraph, &mut files)?;
        }
        Ok(Self { files })
    }

    /// What the file at a path (`pool/main/z/zlib/zlib_1.3.orig.tar.gz`) must be.
    pub fn find(&self, path: &str) -> Option<IndexFile> {
        self.files.get(path).copied()
    }

    /// The names of the files that lie in a folder of the pool, sorted.
    pub fn beside(&self, folder: &str) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.files.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/')).collect();
        names.sort_unstable();
        names
    }
}

fn read(paragraph: Paragraph<'_>, files: &mut HashMap<String, IndexFile>) -> Result<(), SourcesError> {
    let wrong = |field| {
        let package = paragraph.field("Package").unwrap_or("?").to_owned();
        SourcesError::Field { package, field }
    };
    let folder = paragraph.field("Directory").ok_or_else(|| wrong("Directory"))?;
    let sums = paragraph.field("Checksums-Sha256").ok_or_else(|| wrong("Checksums-Sha256"))?;
    for line in sums.lines().filter(|line| !line.trim().is_empty()) {
        let (name, file) = read_file(line).ok_or_else(|| wrong("Checksums-Sha256"))?;
        files.insert(format!("{folder}/{name}"), file);
    }
    Ok(())
}

fn read_file(line: &str) -> Option<(&str, IndexFile)> {
    let mut words = line.split_ascii_whitespace();
    let sha256 = words.next()?.parse().ok()?;
    let size = words.next()?.parse().ok()?;
    let name = words.next()?;
    words.next().is_none().then_some((name, IndexFile { sha256, size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "\
Package: zlib
Files:
 0123 3 zlib_1.dsc
Checksums-Sha256:
 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 3 zlib_1.dsc
 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 7 zlib_1.orig.tar.gz
Directory: pool/main/z/zlib

Package: empty
Checksums-Sha256:
Directory: pool/main/e/empty
";

    #[test]
    fn files_are_found_by_their_paths() {
        let index = SourceIndex::parse(SOURCES.as_bytes()).unwrap();
        let found = index.find("pool/main/z/zlib/zlib_1.orig.tar.gz").unwrap();
        assert_eq!((found.size, found.sha256.to_string()), (7, "b".repeat(64)));
        assert!(index.find("pool/main/z/zlib/zlib_2.orig.tar.gz").is_none());
        assert_eq!(index.beside("pool/main/z/zlib"), ["zlib_1.dsc", "zlib_1.orig.tar.gz"]);
        assert!(index.beside("pool/main/z/zli").is_empty());
    }

    #[test]
    fn what_is_not_as_it_should_be_is_named() {
        for (from, to, field) in [("Directory:", "D:", "Directory"), (" 7 ", " x ", "Checksums-Sha256")] {
            let error = SourceIndex::parse(SOURCES.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
            assert!(error.contains("`zlib`") && error.contains(field), "{error}");
        }
        assert!(SourceIndex::parse(b"\xff").is_err());
    }
}
