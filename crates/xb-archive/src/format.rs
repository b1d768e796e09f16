//! Which format a file has.

use std::fs::File;
use std::io::{self, Read};

use xb_debian::Compression;

/// The format of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A zip file.
    Zip,
    /// A tar file, possibly compressed.
    Tar(Compression),
}

impl Format {
    /// Tells the format by the first bytes, which are read.
    pub(crate) fn of(file: &mut File) -> io::Result<Option<Self>> {
        let mut head = Vec::with_capacity(512);
        file.take(512).read_to_end(&mut head)?;
        Ok(Self::of_head(&head))
    }

    fn of_head(head: &[u8]) -> Option<Self> {
        const MAGICS: [(&[u8], Format); 7] = [
            (b"PK\x03\x04", Format::Zip),
            (b"PK\x05\x06", Format::Zip),
            (b"\x1f\x8b", Format::Tar(Compression::Gzip)),
            (b"\xfd7zXZ\0", Format::Tar(Compression::Xz)),
            (b"BZh", Format::Tar(Compression::Bzip2)),
            (b"\x28\xb5\x2f\xfd", Format::Tar(Compression::Zstd)),
            (b"\x50\x2a\x4d\x18", Format::Tar(Compression::Zstd)),
        ];
        let known = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        let plain = || is_tar_header(head).then_some(Self::Tar(Compression::None));
        known.map(|(_, format)| *format).or_else(plain)
    }
}

/// Old tar files have no magic, but the sum of their first header.
fn is_tar_header(head: &[u8]) -> bool {
    let Some(field) = head.get(148..156).filter(|_| head.len() == 512) else {
        return false;
    };
    let others: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    let field_sum: u32 = field.iter().map(|byte| u32::from(*byte)).sum();
    let text = String::from_utf8_lossy(field);
    let digits = text.trim_matches(['\0', ' ']);
    u32::from_str_radix(digits, 8).is_ok_and(|sum| sum == others - field_sum + 8 * 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_first_bytes() {
        assert_eq!(Format::of_head(b"PK\x03\x04rest"), Some(Format::Zip));
        assert_eq!(Format::of_head(b"\x1f\x8b\x08"), Some(Format::Tar(Compression::Gzip)));
        assert_eq!(Format::of_head(&[0; 512]), None);
        assert_eq!(Format::of_head(b"<html>"), None);
        let mut header = tar::Header::new_old();
        header.set_path("old").unwrap();
        header.set_size(0);
        header.set_cksum();
        assert_eq!(Format::of_head(header.as_bytes()), Some(Format::Tar(Compression::None)));
    }
}
