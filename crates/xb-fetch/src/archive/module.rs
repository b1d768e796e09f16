//! Zip files of Go modules, which are known by the hash of their files.
//!
//! Only names and contents are covered by that hash, and so nothing else becomes of such a zip: every entry is a plain
//! file, whatever its mode says, and folders are those that its files imply. Names that are not clean, or are there
//! twice, would make more of it than the hash says, and are refused.

use std::fs::File;
use std::io::{BufReader, Read, Seek};

use sha2::{Digest as _, Sha256};
use xb_core::{DirHash, RelPath};
use xb_store::Contents;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::{ArchiveError, Collected, Limits, Mode, Sink, broken, collect, end, name_of, unreadable};

/// What a line is for: the sum of a file, and its name.
type Line = (String, [u8; 32]);

/// The files of a module's zip, beneath `at`, and their hash. All names must begin with `lead`.
///
/// # Errors
/// See [`ArchiveError`].
pub(crate) fn read(
    file: File,
    lead: &str,
    at: &str,
    limits: Limits,
    contents: &(impl Contents + ?Sized),
) -> Result<(Collected, DirHash), ArchiveError> {
    let limits = limits.of_archive(file.metadata().map_err(broken)?.len());
    let mut lines = Vec::new();
    let collected = collect(contents, limits, |sink| {
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
        for index in 0..archive.len() {
            lines.push(take(archive.by_index(index).map_err(unreadable)?, lead, at, sink)?);
        }
        Ok(())
    })?;
    Ok((collected, hash(lines)?))
}

/// The hash of a file alone.
pub(crate) fn hash_of_one(name: &str, from: &mut dyn Read) -> std::io::Result<DirHash> {
    let mut hashed = Hashed { from, sum: Sha256::new() };
    std::io::copy(&mut hashed, &mut std::io::sink())?;
    Ok(sum_of(&[(name.to_owned(), hashed.sum.finalize().into())]))
}

fn take<R: Read + Seek, C: Contents + ?Sized>(
    entry: ZipFile<'_, R>,
    lead: &str,
    at: &str,
    sink: &mut Sink<'_, '_, C>,
) -> Result<Line, ArchiveError> {
    let name = name_of(&entry)?;
    let size = entry.size();
    let path = name
        .strip_prefix(lead)
        .ok_or_else(|| ArchiveError::entry(name.escape_debug().to_string(), format!("does not begin with `{lead}`")))?;
    let is_folder = path.is_empty() || path.ends_with('/');
    if name.contains('\n') || (!is_folder && RelPath::new(path).is_err()) {
        return Err(ArchiveError::entry(name.escape_debug().to_string(), "has a name that is not clean"));
    }
    let mut hashed = Hashed { from: entry, sum: Sha256::new() };
    if !is_folder {
        sink.file(&format!("{at}/{path}"), Mode(0o644), size, &mut hashed)?;
    }
    end(&name, &mut hashed)?;
    Ok((name, hashed.sum.finalize().into()))
}

fn hash(mut lines: Vec<Line>) -> Result<DirHash, ArchiveError> {
    lines.sort();
    match lines.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(ArchiveError::entry(pair[0].0.as_str(), "is in it twice")),
        None => Ok(sum_of(&lines)),
    }
}

/// The sum of sorted lines.
fn sum_of(lines: &[Line]) -> DirHash {
    let mut sum = Sha256::new();
    for (name, of_file) in lines {
        sum.update(format!("{}  {name}\n", xb_core::Sha256(*of_file)));
    }
    DirHash(sum.finalize().into())
}

/// Sums what is read.
struct Hashed<R> {
    from: R,
    sum: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.sum.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_of_go() {
        // What Go once wrote for an empty `go.mod`.
        let empty = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=";
        assert_eq!(hash_of_one("go.mod", &mut std::io::empty()).unwrap().to_string(), empty);
        // The example of in-toto's `dirHash`, with the sums of its files.
        let line = |name: &str, sum: &str| {
            (format!("github.com/marklodato/go-hello-world@v0.0.1/{name}"), sum.parse::<xb_core::Sha256>().unwrap().0)
        };
        let lines = vec![
            line("main.go", "ddc4da627d9a9f45fb29641a1b185d6f53287ecfd921aacbf4fe54b7a86fe8d1"),
            line("README.md", "3a137eef6458bfb76bb2c63fc29ffc7166604d2d2e09ed9d8250a534122a8364"),
            line("go.mod", "28e7c942a036902d981759d0bf5704d2bfc7cb500caf68b84711b234af01c6a5"),
        ];
        let twice = lines.iter().chain(&lines[..1]).cloned().collect();
        assert_eq!(hash(lines).unwrap().to_string(), "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=");
        assert!(hash(twice).unwrap_err().to_string().contains("twice"));
    }
}
