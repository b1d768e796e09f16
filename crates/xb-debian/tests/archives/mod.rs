//! Archives made by hand, honest or not.

use std::io::Write;

use tar::{EntryType, Header};

/// A `tar` of entries: path, kind, what it points to or holds.
pub fn tar_of(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, kind, text) in entries {
        let is_file = matches!(kind, EntryType::Regular | EntryType::GNULongName);
        let mut header = Header::new_gnu();
        let fields = header.as_gnu_mut().unwrap();
        fields.name[..path.len()].copy_from_slice(path.as_bytes());
        if !is_file {
            fields.linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(if is_file { text.len() as u64 } else { 0 });
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        if is_file {
            out.extend_from_slice(text.as_bytes());
            out.resize(out.len().next_multiple_of(512), 0);
        }
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A package's outer form, of members with their names.
pub fn ar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let size = bytes.len();
        writeln!(out, "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`", 0, 0, 0, 100_644).unwrap();
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}
