//! What a command printed, as the engine kept it.

use std::io::{self, Write};

use xb_build::ExecutorError;
use xb_remote::{Connection, proto};
use xb_run::Log;

use crate::executor::failed_file;

/// So much of the beginning of a stream is looked at, for what the sandbox says.
const START: usize = 1000;

/// What was printed.
#[derive(Default)]
pub(crate) struct Printed {
    pub log: Vec<u8>,
    /// Its lines, for who shows them.
    pub lines: Vec<String>,
    /// What the sandbox of the engine said itself, where the command did not begin.
    pub of_sandbox: Option<String>,
}

/// Fetches what a run printed, of each of both streams no more than the limit. None when the engine does not have it
/// any more.
///
/// # Errors
/// When the engine cannot be reached or has something else.
pub(crate) async fn printed(
    connection: &Connection,
    result: &proto::ActionResult,
    limit: u64,
) -> Result<Option<Printed>, ExecutorError> {
    let streams = [(&result.stdout_raw, &result.stdout_digest), (&result.stderr_raw, &result.stderr_digest)];
    let mut printed = Printed::default();
    for (number, (raw, digest)) in streams.into_iter().enumerate() {
        let stream = match digest {
            Some(digest) if raw.is_empty() && digest.size_bytes > 0 => {
                let start = || Ok(Stream::new(limit));
                let read = connection.read_to(digest, start, "what the command printed").await;
                let Some(stream) = read.map_err(|error| failed_file(&error))? else { return Ok(None) };
                stream
            }
            _ => {
                let mut stream = Stream::new(limit);
                stream.push(raw);
                stream
            }
        };
        let Stream { mut log, mut lines, start } = stream;
        log.flush(|line| lines.push(line));
        printed.log.extend(log.into_bytes());
        printed.lines.extend(lines);
        let said = String::from_utf8_lossy(&start);
        // The command's own words are all on the first stream, where a shell started it.
        printed.of_sandbox = (number == 1 && said.starts_with("bwrap: ")).then(|| said.trim().to_owned());
    }
    Ok(Some(printed))
}

/// One of the streams of a command, as it comes: what is more than the limit is never held.
struct Stream {
    log: Log,
    lines: Vec<String>,
    start: Vec<u8>,
}

impl Stream {
    fn new(limit: u64) -> Self {
        Self { log: Log::new(limit), lines: Vec::new(), start: Vec::new() }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = START - self.start.len().min(START);
        self.start.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.log.push(bytes, |line| self.lines.push(line));
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
