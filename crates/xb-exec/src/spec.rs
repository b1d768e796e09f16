//! What xb and the sandbox's child tell each other, over a socket that is the child's standard input.
//!
//! xb sends one [`Spec`], and with it the lock of the sandbox's folder; the child answers with one [`Report`], or two where
//! there is a terminal. As long as xb lives it holds its end of the socket open; when that end closes, the child kills
//! the sandbox.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use xb_core::{Arch, RelPath};
use xb_graph::Limits;
use xb_interpose::descriptor;
use xb_run::Ended;

use crate::emulator::Emulation;

/// Everything that the child needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// The sandbox's own folder: `upper` and `work` are in it.
    pub scratch: PathBuf,
    /// The layers of the root as folders, from the lowest.
    pub layers: Vec<PathBuf>,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
    /// The working folder.
    pub cwd: RelPath,
    /// What is to be found when the command has ended.
    pub outputs: BTreeMap<String, RelPath>,
    /// What of it.
    pub take: Take,
    /// Limits.
    pub limits: Limits,
    /// Where to begin to count when not all CPUs are used: what runs at once begins at different ones.
    pub first_cpu: u32,
    /// What becomes of programs of other architectures.
    pub foreign: Vec<Foreign>,
    /// How they are started.
    pub emulation: Emulation,
    /// Where the standard streams of the command lead.
    pub stdio: Stdio,
}

/// Programs of one other architecture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Foreign {
    /// The architecture.
    pub arch: Arch,
    /// The emulator's file; without one such programs are refused and reported.
    pub emulator: Option<PathBuf>,
    /// How many CPUs each emulated program may use; zero is all that the command may use.
    pub cpus: u32,
}

/// What is taken in of the places of outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Take {
    /// Folders, once the command has done what it should: each is there when it starts, and one that is not there in the
    /// end makes it fail. The trees are those of the folders.
    #[default]
    Folders,
    /// Folders, files and links, also of a command that failed, unless it took too long: the folder above each is there
    /// when it starts, and what is not there in the end is not told of. Each is alone in its tree, as
    /// [`ENTRY`](xb_run::ENTRY).
    Entries,
}

/// Where the standard streams of the command lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stdio {
    /// Input from nowhere, output and errors to the log.
    Log,
    /// To where xb's own lead; the input's descriptor follows the lock.
    Inherit,
    /// A terminal in the sandbox, whose other side is sent to xb.
    Terminal,
}

/// What became of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// It could not be set up.
    Broken {
        /// What was tried, and what the system said.
        reason: String,
    },
    /// A terminal was made in it: its descriptor is the next message, and another report comes in the end.
    Terminal,
    /// The command ended.
    Ended(Ended),
}

/// Sends what to do, and the lock that the child holds meanwhile.
pub fn send_spec(to: &mut UnixStream, spec: &Spec, lock: impl AsFd) -> io::Result<()> {
    send(to, spec)?;
    descriptor::send(&*to, lock)
}

/// Receives what [`send_spec`] sent.
pub fn receive_spec(from: &mut UnixStream) -> io::Result<(Spec, OwnedFd)> {
    let spec = receive(from)?;
    Ok((spec, descriptor::receive(&*from)?))
}

/// The bytes before a message that tell its length.
type Header = [u8; 4];

/// Writes a message: its length and its JSON.
pub fn send(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut bytes = Header::default().to_vec();
    serde_json::to_writer(&mut bytes, message)?;
    let (header, rest) = bytes.split_at_mut(size_of::<Header>());
    let length = u32::try_from(rest.len()).map_err(io::Error::other)?;
    header.copy_from_slice(&length.to_le_bytes());
    to.write_all(&bytes)
}

/// Reads a message.
pub fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut header = Header::default();
    from.read_exact(&mut header)?;
    let mut bytes = space(header);
    from.read_exact(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Reads a message where nobody is kept from working meanwhile.
pub async fn receive_later<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let mut header = Header::default();
    from.read_exact(&mut header).await?;
    let mut bytes = space(header);
    from.read_exact(&mut bytes).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Room for the message after a header.
fn space(header: Header) -> Vec<u8> {
    vec![0; u32::from_le_bytes(header) as usize]
}
