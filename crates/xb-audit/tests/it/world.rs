//! A store, and trees that are written down by path.

use xb_audit::{Finding, FindingKind, Subject, audit};
use xb_core::{Arch, RelPath, TreeId};
use xb_graph::{Entry, Unbuilt, build_tree};
use xb_store::Store;

use crate::elf::{self, Tiny};

/// What lies at a path.
#[derive(Clone, Debug)]
pub enum Thing {
    File(Vec<u8>),
    Executable(Vec<u8>),
    WithMode(Vec<u8>, u32),
    Link(&'static str),
    Folder(u32),
}

impl From<&str> for Thing {
    fn from(text: &str) -> Self {
        Self::File(text.into())
    }
}

impl From<Tiny> for Thing {
    fn from(tiny: Tiny) -> Self {
        Self::Executable(tiny.bytes())
    }
}

impl From<Vec<u8>> for Thing {
    fn from(bytes: Vec<u8>) -> Self {
        Self::File(bytes)
    }
}

/// Things by their paths.
pub type Things = Vec<(&'static str, Thing)>;

/// Writes things down: `things! { "usr/bin/x" => thing }`.
macro_rules! things {
    ($($path:expr => $thing:expr),* $(,)?) => { vec![$(($path, $crate::world::Thing::from($thing))),*] };
}
pub(crate) use things;

pub struct World {
    pub store: Store,
    _folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(folder.path()).unwrap(), _folder: folder }
    }

    pub fn tree(&self, things: &[(&'static str, Thing)]) -> TreeId {
        let file = |bytes: &[u8], executable, mode| Entry::File {
            content: self.store.add_bytes(bytes).unwrap(),
            executable,
            mode,
        };
        let mut tree = Unbuilt::default();
        for (path, thing) in things {
            let entry = match thing {
                Thing::File(bytes) => file(bytes, false, None),
                Thing::Executable(bytes) => file(bytes, true, None),
                Thing::WithMode(bytes, mode) => file(bytes, true, Some(*mode)),
                Thing::Link(target) => Entry::Symlink { target: (*target).to_owned() },
                Thing::Folder(mode) => Entry::Directory { mode: Some(*mode) },
            };
            tree.put(&RelPath::new(path).unwrap(), entry);
        }
        build_tree(tree, &self.store).unwrap()
    }

    pub fn audit(&self, subject: &Subject) -> Vec<Finding> {
        audit(subject, &self.store).unwrap()
    }
}

/// A root as Debian's packages make it, with a C library and nothing else.
pub fn debian(arch: Arch) -> Things {
    let mut things = things! {
        "bin" => Thing::Link("usr/bin"),
        "lib" => Thing::Link("usr/lib"),
        "lib64" => Thing::Link("usr/lib64"),
        "usr/bin/sh" => elf::program(arch, &["libc.so.6"]),
        "usr/bin/env" => elf::program(arch, &["libc.so.6"]),
        "etc/ld.so.conf" => "include /etc/ld.so.conf.d/*.conf\n\n",
        "etc/ld.so.conf.d/libc.conf" => "# libc default configuration\n/usr/local/lib\n",
    };
    things.extend(match arch {
        Arch::Amd64 => things! {
            "usr/lib64/ld-linux-x86-64.so.2" => Thing::Link("../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
            "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" => elf::library(arch, "ld-linux-x86-64.so.2", &[]),
            "usr/lib/x86_64-linux-gnu/libc.so.6" => elf::library(arch, "libc.so.6", &["ld-linux-x86-64.so.2"]),
            "etc/ld.so.conf.d/x86_64-linux-gnu.conf" =>
                "# Multiarch\n/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n",
        },
        Arch::Arm64 => things! {
            "usr/lib/ld-linux-aarch64.so.1" => Thing::Link("aarch64-linux-gnu/ld-linux-aarch64.so.1"),
            "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" => elf::library(arch, "ld-linux-aarch64.so.1", &[]),
            "usr/lib/aarch64-linux-gnu/libc.so.6" => elf::library(arch, "libc.so.6", &["ld-linux-aarch64.so.1"]),
            "etc/ld.so.conf.d/aarch64-linux-gnu.conf" =>
                "# Multiarch\n/usr/local/lib/aarch64-linux-gnu\n/lib/aarch64-linux-gnu\n/usr/lib/aarch64-linux-gnu\n",
        },
    });
    things
}

/// What is found in a result that runs on Debian's root, with more in it.
pub fn found(arch: Arch, result: Things, more: Things) -> Vec<Finding> {
    thread_local! {
        static WORLD: World = World::new();
    }
    let root: Things = debian(arch).into_iter().chain(more).chain(result.clone()).collect();
    WORLD.with(|world| world.audit(&Subject::new(arch, world.tree(&result), world.tree(&root))))
}

/// Holds findings against what is expected of them, by path and kind, and each sentence against the form that all have.
#[track_caller]
pub fn expect(findings: &[Finding], expected: &[(&str, FindingKind)]) {
    let short: Vec<(&str, FindingKind)> = findings.iter().map(|found| (found.path.as_str(), found.kind)).collect();
    assert_eq!(short, expected, "{findings:#?}");
    for finding in findings {
        let text = finding.to_string();
        assert!(text.starts_with(&format!("`{}`", finding.path)) && !text.ends_with('.'), "{text}");
        assert!(!text.contains("  ") && !text.contains('\n'), "{text}");
        let json = serde_json::to_string(finding).unwrap();
        assert_eq!(&serde_json::from_str::<Finding>(&json).unwrap(), finding, "{json}");
    }
}

/// Checks one result on Debian's root.
#[track_caller]
pub fn check(arch: Arch, result: Things, expected: &[(&str, FindingKind)]) {
    expect(&found(arch, result, Vec::new()), expected);
}
