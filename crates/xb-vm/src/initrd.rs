//! The initial RAM disk of a machine: its few programs, the modules of its kernel, and the scripts of `guest/`.
//!
//! It is an archive in cpio's format `newc`, as `Documentation/driver-api/early-userspace/buffer-format.rst` of the
//! kernel describes it: a header of hexadecimal digits, the name with a NUL, the contents; each padded to four bytes.

use std::fs;
use std::path::Path;

use crate::bring::Programs;
use crate::modules;

/// The kind of a folder and its mode.
const FOLDER: u32 = 0o040_755;

/// The kind of a file and its mode.
const FILE: u32 = 0o100_755;

/// The libraries of bubblewrap.
const LIBRARIES: [&str; 4] = ["libc.so.6", "libcap.so.2", "libselinux.so.1", "libpcre2-8.so.0"];

/// The scripts of the machine.
const SCRIPTS: [(&str, &str); 4] = [
    ("init", include_str!("guest/init")),
    ("machine/main", include_str!("guest/main")),
    ("machine/execute", include_str!("guest/execute")),
    ("machine/sandbox", include_str!("guest/sandbox")),
];

/// Makes it of the tree of a machine's programs and the folder of its kernel's modules.
///
/// # Errors
/// When something is missing: a sentence for a person.
pub fn make(programs: &Programs, modules: &Path) -> Result<Vec<u8>, String> {
    let mut archive = Archive::default();
    for folder in ["bin", "lib", "modules", "machine"] {
        archive.put(folder, FOLDER, b"");
    }
    let read = |path: &Path| fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
    let bin = programs.folder.join("usr/bin");
    for program in ["busybox", "bwrap"] {
        archive.put(&format!("bin/{program}"), FILE, &read(&bin.join(program))?);
    }
    for library in LIBRARIES.into_iter().chain([programs.loader()]) {
        archive.put(&format!("lib/{library}"), FILE, &read(&programs.libraries().join(library))?);
    }
    let mut order = String::new();
    for (name, bytes) in modules::in_order(modules)? {
        archive.put(&format!("modules/{name}"), FILE, &bytes);
        order += &format!("{name}\n");
    }
    archive.put("modules/order", FILE, order.as_bytes());
    for (path, text) in SCRIPTS {
        archive.put(path, FILE, text.as_bytes());
    }
    Ok(archive.end())
}

#[derive(Debug, Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    fn put(&mut self, name: &str, mode: u32, contents: &[u8]) {
        self.entries += 1;
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (size, name_size) = (length(contents.len()), length(name.len() + 1));
        // The number, mode, owner, group, names, time, size, four numbers of devices, length of the name, no sum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend_from_slice(b"070701");
        self.bytes.extend(fields.iter().flat_map(|field| format!("{field:08x}").into_bytes()));
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(contents);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn end(mut self) -> Vec<u8> {
        self.put("TRAILER!!!", 0, b"");
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_padded_to_four_bytes() {
        let mut archive = Archive::default();
        archive.put("a", FILE, b"hello");
        let bytes = archive.end();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("07070100000001000081ed0000000000000000000000010000000000000005"), "{text:?}");
        // A header has 110 bytes.
        assert_eq!(&text[110..120], "a\0hello\0\0\0");
        assert_eq!(&text[120..126], "070701");
        assert!(text.trim_end_matches('\0').ends_with("TRAILER!!!") && text.len().is_multiple_of(4));
    }
}
