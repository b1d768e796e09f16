//! What a command printed, as the engine kept it.

use std::fs::File;
use std::io::{Read, Seek};

use xb_build::ExecutorError;
use xb_remote::{Connection, proto};
use xb_run::Log;

use crate::executor::failed;
use crate::outputs::aside;

/// How much of what was printed is read at one time.
const PIECE: usize = 64 << 10;

/// What was printed, within a limit.
pub(crate) struct Printed {
    pub log: Vec<u8>,
    /// What the sandbox of the engine said itself, where the command did not begin.
    pub of_sandbox: Option<String>,
}

/// Fetches what a run printed, and shows its lines. None when the engine does not have it any more.
///
/// # Errors
/// When the engine cannot be reached or has something else.
pub(crate) async fn printed(
    connection: &Connection,
    result: &proto::ActionResult,
    limit: u64,
    scratch: &std::path::Path,
    mut show: impl FnMut(String),
) -> Result<Option<Printed>, ExecutorError> {
    let mut log = Log::new(limit);
    let streams = [(&result.stdout_raw, &result.stdout_digest), (&result.stderr_raw, &result.stderr_digest)];
    let mut of_sandbox = None;
    for (number, (raw, digest)) in streams.into_iter().enumerate() {
        let mut start = raw.clone();
        match digest {
            Some(digest) if raw.is_empty() && digest.size_bytes > 0 => {
                let Some(mut file) = fetch(connection, digest, scratch).await? else {
                    return Ok(None);
                };
                start.clear();
                push(&mut file, &mut log, &mut start, &mut show)?;
            }
            _ => log.push(raw, &mut show),
        }
        let said = String::from_utf8_lossy(&start);
        // The command's own words are all on the first stream, where a shell started it.
        of_sandbox = (number == 1 && said.starts_with("bwrap: ")).then(|| said.trim().to_owned());
    }
    log.flush(&mut show);
    Ok(Some(Printed { log: log.into_bytes(), of_sandbox }))
}

async fn fetch(
    connection: &Connection,
    digest: &proto::Digest,
    scratch: &std::path::Path,
) -> Result<Option<File>, ExecutorError> {
    let mut file = aside(scratch)?;
    let is_here = connection.read_file(digest, &file, "what the command printed").await.map_err(|e| failed(&e))?;
    let unusable = |error: std::io::Error| ExecutorError::Store(error.to_string());
    file.rewind().map_err(unusable)?;
    Ok(is_here.then_some(file))
}

/// Reads the file into the log, and its beginning apart.
fn push(
    file: &mut File,
    log: &mut Log,
    start: &mut Vec<u8>,
    show: &mut impl FnMut(String),
) -> Result<(), ExecutorError> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).map_err(|error| ExecutorError::Store(error.to_string()))? {
            0 => return Ok(()),
            length => {
                if start.is_empty() {
                    start.extend_from_slice(&piece[..length.min(1000)]);
                }
                log.push(&piece[..length], &mut *show);
            }
        }
    }
}

/// How a program of another machine begins, where a shell takes it for a script.
const ELF: &str = "\u{7f}ELF";

/// What shells and others say of a program that the machine cannot run.
const FOREIGN: &str = "Exec format error";

/// The last program of another architecture that was started, by what is said of it.
pub(crate) fn foreign(log: &[u8]) -> Option<String> {
    const LOOKED_AT: usize = 256 << 10;
    let log = String::from_utf8_lossy(&log[log.len().saturating_sub(LOOKED_AT)..]);
    log.lines().rev().find_map(program)
}

/// `sh: 1: ./gen: Exec format error`, `bash: ./gen: cannot execute binary file: Exec format error`, and Python's
/// `OSError: [Errno 8] Exec format error: './gen'`.
fn program(line: &str) -> Option<String> {
    // `./gen: 1: \x7fELF...: not found` is what dash says.
    if let Some((before, _)) = line.split_once(ELF) {
        let named = before.trim_end().trim_end_matches(':').rsplit_once(": ").map_or(before, |(named, _)| named);
        return named.rsplit(": ").next().filter(|named| !named.is_empty()).map(str::to_owned);
    }
    let (before, after) = line.split_once(FOREIGN)?;
    let after = after.trim_start_matches(':').trim().trim_matches(['\'', '"', '`']);
    if !after.is_empty() && !after.contains(char::is_whitespace) {
        return Some(after.to_owned());
    }
    let before = before.trim_end().trim_end_matches(':');
    let before = before.strip_suffix(": cannot execute binary file").unwrap_or(before);
    let named = before.rsplit(": ").next()?.trim().trim_matches(['\'', '"', '`', '‘', '’']);
    (!named.is_empty()).then(|| named.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_another_architecture_are_named_by_whoever_started_them() {
        let check = |log: &str, program: Option<&str>| assert_eq!(foreign(log.as_bytes()).as_deref(), program, "{log}");
        check("/xb/run.sh: 3: ./gen: Exec format error\nmake: *** Error 126\n", Some("./gen"));
        check("bash: line 1: /xb/build/gen: cannot execute binary file: Exec format error", Some("/xb/build/gen"));
        check("OSError: [Errno 8] Exec format error: './gen'\n", Some("./gen"));
        check("env: ‘./gen’: Exec format error\n", Some("./gen"));
        check("make: ./gen: Exec format error\n", Some("./gen"));
        check("./gen: 1: \u{7f}ELF\u{2}\u{1}: not found\n./gen: 2: Syntax error", Some("./gen"));
        check("a.c:1:1: error: x\n", None);
    }
}
