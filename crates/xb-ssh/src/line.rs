//! A line to an xb on another machine.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use crate::Destination;
use crate::far::{LACKS, SPEAKS, TAKEN, speak, speak_own, take};

/// How much a shell may say before it is xb that speaks, in bytes.
const MOST_GREETING: u64 = 64 << 10;

/// How much of what `ssh` says goes into an error, in bytes.
const MOST_SAID: u64 = 4 << 10;

/// How long `ssh` is waited for that has hung up, to say why.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Why there is no line: a sentence.
#[derive(Debug, thiserror::Error)]
#[error("`{there}`: {why}")]
pub struct LineError {
    there: String,
    why: String,
}

/// What is written to an xb on another machine, and read from it; it is hung up when dropped.
pub struct Line {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    _ssh: Child,
}

/// What the other side said before it is xb that speaks.
enum Greeting {
    Speaks(Box<Line>),
    Lacks { machine: String, has_own: bool },
}

impl Line {
    /// Draws a line; `patience` is how long `ssh` may take to get in.
    ///
    /// # Errors
    /// When `ssh` does not get in, or there can be no xb on the machine.
    pub async fn draw(there: &Destination, patience: Duration) -> Result<Self, LineError> {
        let failed = |why: String| LineError { there: there.to_string(), why };
        let hash = hash(there).await.map_err(|error| failed(unreadable(there, &error)))?;
        let mut is_brought = false;
        loop {
            match greeting(there, &speak(&hash), patience).await.map_err(failed)? {
                Greeting::Speaks(line) => return Ok(*line),
                Greeting::Lacks { machine, .. } if there.suits(&machine) && !is_brought => {
                    bring(there, &hash, patience).await.map_err(failed)?;
                    is_brought = true;
                }
                Greeting::Lacks { has_own: true, .. } => match greeting(there, &speak_own(), patience).await {
                    Ok(Greeting::Speaks(line)) => return Ok(*line),
                    Ok(Greeting::Lacks { .. }) => return Err(failed("it lost its `xb`".to_owned())),
                    Err(why) => return Err(failed(why)),
                },
                Greeting::Lacks { machine, .. } => {
                    let ours = std::env::consts::ARCH;
                    return Err(failed(format!(
                        "there is no `xb` on it, and this one, which is for {ours}, does not run on {machine}: install \
                         an xb for {machine} there, where the PATH of that user leads, or name one here by `XB_FOR_...`"
                    )));
                }
            }
        }
    }
}

fn unreadable(there: &Destination, error: &io::Error) -> String {
    format!("`{}`, which is to be brought along, cannot be read: {error}", there.program().display())
}

/// The name of what is brought along, by its bytes.
async fn hash(there: &Destination) -> io::Result<String> {
    let program = there.program().to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(program)?)?;
        Ok(hasher.finalize().to_hex()[..32].to_owned())
    });
    hashed.await.map_err(io::Error::other)?
}

fn ssh(there: &Destination, command: &str, patience: Duration) -> Command {
    let mut ssh = Command::new("ssh");
    let seconds = patience.as_secs().max(1);
    ssh.args(["-T", "-a", "-x", "-e", "none", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=30"])
        // A machine that only builds gets at nothing of this one, whatever the configuration says of it.
        .args(["-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none"])
        .args(["-o", &format!("ConnectTimeout={seconds}")])
        .args(there.arguments())
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    ssh
}

/// An `ssh` that runs, with its ends.
struct Started {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    said: JoinHandle<String>,
}

fn start(there: &Destination, command: &str, patience: Duration) -> Result<Started, String> {
    let mut child = ssh(there, command, patience).spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no `ssh` on this machine (`apt install openssh-client`)".to_owned(),
        _ => format!("`ssh` does not start: {error}"),
    })?;
    let (to, from, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(to), Some(from), Some(mut errors)) = (to, from, errors) else {
        return Err("`ssh` has no ends".to_owned());
    };
    let said = tokio::spawn(async move {
        let mut said = Vec::new();
        // What cannot be read is not told; the rest is taken, so that nobody waits for it.
        let _ = (&mut errors).take(MOST_SAID).read_to_end(&mut said).await;
        tokio::spawn(async move { tokio::io::copy(&mut errors, &mut tokio::io::sink()).await });
        String::from_utf8_lossy(&said).trim().to_owned()
    });
    Ok(Started { child, to, from: BufReader::new(from), said })
}

/// Runs a command there until it says who speaks.
async fn greeting(there: &Destination, command: &str, patience: Duration) -> Result<Greeting, String> {
    let Started { child, to, mut from, said } = start(there, command, patience)?;
    let heard = tokio::time::timeout(patience, heard(&mut from)).await;
    let heard = heard.map_err(|_| format!("it has said nothing for {} seconds", patience.as_secs_f32()))?;
    let Some(line) = heard else { return Err(last_words(child, said).await) };
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(LACKS), Some(machine), Some(has)) => {
            Ok(Greeting::Lacks { machine: machine.to_owned(), has_own: has == "own" })
        }
        (Some(SPEAKS), None, None) => Ok(Greeting::Speaks(Box::new(Line { to, from, _ssh: child }))),
        _ => Err(format!("it has said `{line}`, which no xb says")),
    }
}

/// The line in which the other side says who speaks.
async fn heard(from: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut greeting = from.take(MOST_GREETING);
    loop {
        let mut line = Vec::new();
        // Who cannot be read any more has said nothing.
        let length = greeting.read_until(b'\n', &mut line).await.unwrap_or(0);
        let line = String::from_utf8_lossy(&line);
        let word = line.split_ascii_whitespace().next().unwrap_or_default();
        match [SPEAKS, LACKS, TAKEN].contains(&word) {
            true => return Some(line.trim().to_owned()),
            false if length == 0 => return None,
            false => {}
        }
    }
}

/// Has the other machine take a copy of this program.
async fn bring(there: &Destination, hash: &str, patience: Duration) -> Result<(), String> {
    let mut program = tokio::fs::File::open(there.program()).await.map_err(|error| unreadable(there, &error))?;
    let length = program.metadata().await.map_err(|error| unreadable(there, &error))?.len();
    let Started { child, mut to, mut from, said } = start(there, &take(hash, length), patience)?;
    let sent = tokio::io::copy(&mut program, &mut to).await;
    let closed = to.shutdown().await;
    drop(to);
    if heard(&mut from).await.is_some_and(|line| line == TAKEN) {
        return Ok(());
    }
    let why = last_words(child, said).await;
    let sent = sent.and(closed).err().map_or(String::new(), |error| format!(" ({error})"));
    Err(format!("it does not take a copy of xb: {why}{sent}"))
}

/// Why `ssh` has ended.
async fn last_words(mut child: Child, said: JoinHandle<String>) -> String {
    let ended = tokio::time::timeout(LAST_WORDS, child.wait()).await;
    // It may have left somebody behind who could still speak.
    let said = tokio::time::timeout(LAST_WORDS, said).await;
    let said = said.ok().and_then(Result::ok).filter(|said| !said.is_empty());
    let said = said.map_or(String::new(), |said| format!(": {}", said.replace("\r\n", "\n").replace('\n', "; ")));
    match ended {
        Ok(Ok(status)) => format!("`ssh` has ended with {}{said}", status.code().unwrap_or(-1)),
        _ => format!("it has hung up{said}"),
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.from).poll_read(context, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.to).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.to).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.to).poll_shutdown(context)
    }
}
