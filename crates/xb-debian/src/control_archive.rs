//! The control archive of a `.deb`: what a package tells dpkg about itself, apart from its files.

use std::convert::Infallible;
use std::io::{self, Read};

use crate::ar;
use crate::deb::{DebEntry, DebError, DebKind, read_member};

/// The most bytes that the members may have together: the sums of the largest packages are a tenth of it.
const MOST_BYTES: u64 = 64 << 20;
/// The most members; honest packages have a dozen.
const MOST_MEMBERS: usize = 1024;
/// The longest name of a member that dpkg takes.
const LONGEST_NAME: usize = 100;

/// The scripts that dpkg runs, and makes executable where they are not.
const SCRIPTS: [&str; 4] = ["preinst", "postinst", "prerm", "postrm"];

/// One member of a control archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlMember {
    /// Its name, which is no path: `control`, `postinst`.
    pub name: String,
    /// The mode bits.
    pub mode: u32,
    /// Its contents.
    pub contents: Vec<u8>,
}

impl ControlMember {
    /// Whether dpkg keeps it executable: as it is shipped, and maintainer scripts always.
    pub fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0 || SCRIPTS.contains(&self.name.as_str())
    }
}

/// Reads the control archive of a `.deb`, in its order.
///
/// # Errors
/// When it is damaged, or has members that are no plain files with a plain name, the same name twice, or more than
/// any honest package.
pub fn read_control(bytes: impl Read) -> Result<Vec<ControlMember>, DebError<Infallible>> {
    let mut members = Members::default();
    let read = read_member(bytes, "control.tar", &mut |entry| members.take(entry));
    read.map_err(|error| match error {
        DebError::Read(error) | DebError::Visit(DebError::Read(error)) => DebError::Read(error),
        DebError::Entry { path, why } | DebError::Visit(DebError::Entry { path, why }) => DebError::Entry { path, why },
        DebError::Visit(DebError::Visit(never)) => match never {},
    })?;
    Ok(members.all)
}

#[derive(Default)]
struct Members {
    all: Vec<ControlMember>,
    bytes: u64,
}

impl Members {
    fn take(&mut self, entry: DebEntry<'_>) -> Result<(), DebError<Infallible>> {
        let name = entry.path.as_str();
        let wrong = |why| Err(DebError::Entry { path: name.to_owned(), why });
        let DebKind::File { size, contents } = entry.kind else {
            return wrong("which is no plain file, as what a package tells dpkg must be");
        };
        if name.contains('/') || name.len() > LONGEST_NAME {
            return wrong("a name that dpkg does not take for what a package tells it");
        }
        if self.all.iter().any(|member| member.name == name) {
            return wrong("and that twice");
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > MOST_BYTES || self.all.len() >= MOST_MEMBERS {
            return Err(ar::invalid("its control archive holds more than that of any honest package").into());
        }
        let contents = read_whole(contents, size)?;
        self.all.push(ControlMember { name: name.to_owned(), mode: entry.mode, contents });
        Ok(())
    }
}

fn read_whole(from: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
