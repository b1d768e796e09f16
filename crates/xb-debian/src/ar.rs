//! `ar`: the outer form of a `.deb`, read member by member.

use std::io::{self, Read};

/// What every archive begins with.
const MAGIC: &[u8; 8] = b"!<arch>\n";

/// A member's header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// Reads the beginning of an archive.
pub(crate) fn read_magic(reader: &mut impl Read) -> io::Result<()> {
    let mut magic = [0; MAGIC.len()];
    reader.read_exact(&mut magic)?;
    if &magic == MAGIC { Ok(()) } else { Err(invalid("it is no `ar` archive")) }
}

/// Reads a header; none at the end of the archive.
pub(crate) fn read_header(reader: &mut impl Read) -> io::Result<Option<Member>> {
    let mut header = Vec::with_capacity(60);
    reader.by_ref().take(60).read_to_end(&mut header)?;
    if header.iter().all(|byte| *byte == b'\n') {
        return Ok(None);
    }
    parse_header(&header).map(Some).ok_or_else(|| invalid("a member of the archive has no proper header"))
}

/// Passes over what is left of a member, and the byte that makes its size even.
pub(crate) fn skip(reader: &mut impl Read, size: u64) -> io::Result<()> {
    let size = size + size % 2;
    let skipped = io::copy(&mut reader.by_ref().take(size), &mut io::sink())?;
    if skipped == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

pub(crate) fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn parse_header(header: &[u8]) -> Option<Member> {
    if header.get(58..60)? != b"`\n" {
        return None;
    }
    let name = str::from_utf8(&header[..16]).ok()?.trim_end();
    let size = str::from_utf8(&header[48..58]).ok()?.trim_end();
    Some(Member { name: name.strip_suffix('/').unwrap_or(name).to_owned(), size: size.parse().ok()? })
}
