//! The files of a commit, read from a repository on the disk as the entries of an archive are.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};

use xb_core::{RelPath, TreeId};
use xb_store::Contents;

use super::command;
use crate::archive::{ArchiveError, Limits, Mode, Sink, broken, collect};

/// The longest line of git's that is read: a path, and what stands before it.
const LONGEST_LINE: u64 = RelPath::LONGEST as u64 + 256;
/// How much of what git complains about is told.
const LONGEST_COMPLAINT: u64 = 4 << 10;

/// Takes the tree of a commit into the store.
pub(super) fn read(
    repository: &Path,
    commit: &str,
    limits: Limits,
    contents: &(impl Contents + ?Sized),
) -> Result<TreeId, ArchiveError> {
    let collected = collect(contents, limits, |sink| {
        let mut list = Git::start(repository, &["ls-tree", "-r", "-t", "-z", "--full-tree", commit])?;
        let mut blobs = Git::start(repository, &["cat-file", "--batch"])?;
        while let Some(line) = list.line(0).map_err(|error| list.complain(error))? {
            take(&line, &mut blobs, sink).map_err(|error| blobs.complain(error))?;
        }
        list.end()
    })?;
    collected.build(contents)
}

/// Takes what a line of the list names: `<mode> <kind> <object>\t<path>`.
fn take<C: Contents + ?Sized>(line: &[u8], blobs: &mut Git, sink: &mut Sink<'_, '_, C>) -> Result<(), ArchiveError> {
    let wrong = |reason| ArchiveError::entry(line.escape_ascii().to_string(), reason);
    let line = str::from_utf8(line).map_err(|_| wrong("has a name that is not UTF-8"))?;
    let (head, path) = line.split_once('\t').ok_or_else(|| wrong("is not a line of git's"))?;
    RelPath::new(path).map_err(|_| ArchiveError::entry(path.escape_default().to_string(), "has an impossible name"))?;
    let words: Vec<&str> = head.split(' ').collect();
    match words[..] {
        ["120000", "blob", object] => {
            let mut target = Vec::new();
            let size = blobs.ask(object)?;
            (&mut blobs.from).take(size.min(LONGEST_LINE)).read_to_end(&mut target).map_err(broken)?;
            let target = String::from_utf8(target);
            sink.symlink(path, &target.map_err(|_| ArchiveError::entry(path, "leads to a name that is not UTF-8"))?)?;
            blobs.end_of_blob()
        }
        [mode, "blob", object] => {
            let size = blobs.ask(object)?;
            let mode = Mode(if mode == "100755" { 0o755 } else { 0o644 });
            sink.file(path, mode, size, &mut blobs.from)?;
            blobs.end_of_blob()
        }
        [_, "tree" | "commit", _] => sink.folder(path, Mode(0o755)),
        _ => Err(wrong("is of a kind that xb does not know")),
    }
}

/// Git at work. It ends when this is dropped.
struct Git {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    complaints: File,
}

impl Git {
    fn start(repository: &Path, arguments: &[&str]) -> Result<Self, ArchiveError> {
        let complaints = tempfile::tempfile_in(repository).map_err(broken)?;
        let mut child = command::git(repository, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints.try_clone().map_err(broken)?)
            .spawn()
            .map_err(broken)?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let from = from.ok_or_else(|| broken(io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { child, to, from: BufReader::new(from), complaints })
    }

    /// The next line, without its end; none at the end of all.
    fn line(&mut self, end: u8) -> Result<Option<Vec<u8>>, ArchiveError> {
        let mut line = Vec::new();
        (&mut self.from).take(LONGEST_LINE).read_until(end, &mut line).map_err(broken)?;
        match line.pop() {
            None => Ok(None),
            Some(last) if last == end => Ok(Some(line)),
            Some(_) if line.len() as u64 + 1 < LONGEST_LINE => Err(broken(io::ErrorKind::UnexpectedEof.into())),
            Some(_) => Err(ArchiveError::entry(line.escape_ascii().to_string(), "has a name that is too long")),
        }
    }

    /// Asks for a blob; says how many bytes of it come now.
    fn ask(&mut self, object: &str) -> Result<u64, ArchiveError> {
        let asked = self.to.as_mut().map(|to| writeln!(to, "{object}"));
        asked.transpose().map_err(broken)?;
        let line = self.line(b'\n')?.unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        let size = line.split_once(" blob ").and_then(|(_, size)| size.parse().ok());
        size.ok_or_else(|| ArchiveError::Broken(format!("git answers `{line}`")))
    }

    fn end_of_blob(&mut self) -> Result<(), ArchiveError> {
        let mut end = [0];
        self.from.read_exact(&mut end).map_err(broken)
    }

    /// Waits until git has ended well.
    fn end(mut self) -> Result<(), ArchiveError> {
        match self.stop().map_err(broken)?.success() {
            true => Ok(()),
            false => Err(ArchiveError::Broken(self.complaint())),
        }
    }

    fn stop(&mut self) -> io::Result<ExitStatus> {
        self.to = None;
        self.child.wait()
    }

    /// An error, with what git said about it.
    fn complain(&mut self, error: ArchiveError) -> ArchiveError {
        if !matches!(error, ArchiveError::Broken(_) | ArchiveError::Entry { .. }) {
            return error;
        }
        match self.complaint() {
            said if said.is_empty() => error,
            said => ArchiveError::Broken(format!("{error}; git says: {said}")),
        }
    }

    fn complaint(&mut self) -> String {
        let mut said = Vec::new();
        let read =
            self.complaints.rewind().and_then(|()| (&self.complaints).take(LONGEST_COMPLAINT).read_to_end(&mut said));
        match read {
            Ok(_) => String::from_utf8_lossy(&said).trim().to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Git {
    fn drop(&mut self) {
        // A git that has ended already is no trouble here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use xb_store::Store;

    use super::*;

    #[test]
    fn what_git_says_about_a_damaged_repository_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store")).unwrap();
        let repository = folder.path().join("repository");
        std::fs::create_dir(&repository).unwrap();
        let git = |arguments: &[&str]| {
            let known = ["-c", "user.name=a", "-c", "user.email=a@example"];
            let output = command::git(&repository, &[&known, arguments].concat()).output().unwrap();
            assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "--quiet"]);
        std::fs::write(repository.join("a"), "a").unwrap();
        git(&["add", "a"]);
        git(&["commit", "--quiet", "-m", "one"]);
        read(&repository, "HEAD", Limits::default(), &store).unwrap();

        let blob = git(&["rev-parse", "HEAD:a"]);
        let object = repository.join(".git/objects").join(&blob[..2]).join(&blob[2..]);
        std::fs::set_permissions(&object, Permissions::from_mode(0o644)).unwrap();
        std::fs::write(&object, "damaged").unwrap();
        let error = read(&repository, "HEAD", Limits::default(), &store).unwrap_err().to_string();
        assert!(error.contains("git says: ") && error.contains(&blob), "{error}");
    }
}
