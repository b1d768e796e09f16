//! Which modules of the kernel a machine loads, in which order.
//!
//! What a module needs stands in its section `.modinfo`, as texts that end in NUL: `depends=libcrc32c,netfs`. What the
//! kernel has built in is listed in `modules.builtin`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use liblzma::read::XzDecoder;
use object::{Object, ObjectSection};

/// What a machine needs to see its disks and to make roots.
const WANTED: [&str; 5] = ["virtio_pci", "virtio_blk", "virtio_console", "erofs", "overlay"];

/// The same of what makes a part of a disk a disk.
const LOOP: &str = "loop";

/// No module is larger, in bytes.
const LARGEST: u64 = 64 << 20;

/// A module: its file's name without the ending, and its bytes.
pub type Module = (String, Vec<u8>);

/// The modules in the folder of a kernel's modules, each after those that it needs.
///
/// # Errors
/// When one is missing or cannot be read: a sentence for a person.
pub fn in_order(folder: &Path) -> Result<Vec<Module>, String> {
    let builtin = folder.join("modules.builtin");
    let builtin =
        fs::read_to_string(&builtin).map_err(|error| format!("cannot read `{}`: {error}", builtin.display()))?;
    let builtin = builtin.lines().map(name_of).collect();
    let mut files = BTreeMap::new();
    find(&folder.join("kernel"), &mut files).map_err(|error| format!("cannot read the kernel's modules: {error}"))?;
    let mut loading = Loading { builtin, files, done: Vec::new(), begun: Vec::new() };
    WANTED.iter().chain([&LOOP]).try_for_each(|name| loading.load(name))?;
    Ok(loading.done)
}

struct Loading {
    builtin: Vec<String>,
    files: BTreeMap<String, PathBuf>,
    done: Vec<Module>,
    begun: Vec<String>,
}

impl Loading {
    fn load(&mut self, name: &str) -> Result<(), String> {
        let name = name.replace('-', "_");
        if self.builtin.contains(&name) || self.begun.contains(&name) {
            return Ok(());
        }
        self.begun.push(name.clone());
        let path = self.files.get(&name).ok_or_else(|| format!("the kernel has no module `{name}`"))?;
        let wrong = |error: &dyn std::fmt::Display| format!("cannot read the module `{}`: {error}", path.display());
        let bytes = read(path).map_err(|error| wrong(&error))?;
        let needed = depends(&bytes).map_err(|error| wrong(&error))?;
        needed.iter().try_for_each(|needed| self.load(needed))?;
        self.done.push((name, bytes));
        Ok(())
    }
}

/// `kernel/fs/erofs/erofs.ko.xz` to `erofs`; what a kernel calls a module has no `-`.
fn name_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name).replace('-', "_")
}

fn find(folder: &Path, into: &mut BTreeMap<String, PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, into)?;
        } else if let Some(name) = path.to_str() {
            into.insert(name_of(name), path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let file = fs::File::open(path)?;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|ending| ending == "xz") {
        XzDecoder::new(file).take(LARGEST).read_to_end(&mut bytes)?;
    } else {
        file.take(LARGEST).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn depends(module: &[u8]) -> Result<Vec<String>, object::Error> {
    let file = object::File::parse(module)?;
    let Some(section) = file.section_by_name(".modinfo") else {
        return Ok(Vec::new());
    };
    Ok(listed(section.data()?))
}

fn listed(modinfo: &[u8]) -> Vec<String> {
    let texts = modinfo.split(|byte| *byte == 0).filter_map(|text| std::str::from_utf8(text).ok());
    let lists = texts.filter_map(|text| text.strip_prefix("depends="));
    lists.flat_map(|list| list.split(',')).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_needs() {
        assert_eq!(listed(b"license=GPL\0depends=netfs,libcrc32c\0name=erofs\0"), ["netfs", "libcrc32c"]);
        assert_eq!(listed(b"depends=\0"), [""; 0]);
    }

    #[test]
    fn what_a_module_is_called() {
        assert_eq!(name_of("kernel/drivers/char/hw_random/virtio-rng.ko.xz"), "virtio_rng");
        assert_eq!(name_of("erofs.ko"), "erofs");
    }
}
