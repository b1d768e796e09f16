//! What xb and the sandbox's child tell each other, over a socket that is the child's standard input.
//!
//! xb sends one [`Spec`], and with it the lock of the sandbox's folder; the child answers with one [`Report`], or two where
//! there is a terminal. As long as xb lives it holds its end of the socket open; when that end closes, the child kills
//! the sandbox.

use std::collections::BTreeMap;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};
use xb_core::{Arch, RelPath};
use xb_graph::Limits;
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
    /// Folders to be found when the command has ended.
    pub outputs: BTreeMap<String, RelPath>,
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
    send_descriptor(&*to, lock)
}

/// Receives what [`send_spec`] sent.
pub fn receive_spec(from: &mut UnixStream) -> io::Result<(Spec, OwnedFd)> {
    let spec = receive(from)?;
    Ok((spec, receive_descriptor(&*from)?))
}

/// Sends a descriptor.
pub fn send_descriptor(to: impl AsFd, descriptor: impl AsFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(to, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives a descriptor.
pub fn receive_descriptor(from: impl AsFd) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(from, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let received = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    received.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
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
