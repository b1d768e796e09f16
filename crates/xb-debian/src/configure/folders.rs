//! The folders and links at the top of a root.

use super::Making;
use crate::merged_usr::MERGED;

const FOLDERS: [(&str, u32); 28] = [
    ("dev", 0o755),
    ("etc/alternatives", 0o755),
    ("etc/opt", 0o755),
    ("home", 0o755),
    ("media", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("run/lock", 0o1777),
    ("srv", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("usr/local/bin", 0o755),
    ("usr/local/etc", 0o755),
    ("usr/local/include", 0o755),
    ("usr/local/lib", 0o755),
    ("usr/local/libexec", 0o755),
    ("usr/local/sbin", 0o755),
    ("usr/local/share/man", 0o755),
    ("usr/local/src", 0o755),
    ("var/cache", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/mail", 0o755),
    ("var/opt", 0o755),
    ("var/tmp", 0o1777),
];

const LINKS: [(&str, &str); 5] = [
    ("etc/mtab", "../proc/self/mounts"),
    ("usr/local/man", "share/man"),
    ("var/lock", "/run/lock"),
    ("var/run", "/run"),
    ("var/spool/mail", "../mail"),
];

pub(super) fn make(making: &mut Making<'_>) {
    for (name, always) in MERGED {
        let merged = format!("usr/{name}");
        if always {
            making.folder(&merged, 0o755);
        }
        if always || making.is_there(&merged) {
            making.link(name, &merged);
        }
    }
    for (folder, mode) in FOLDERS {
        making.folder(folder, mode);
    }
    for (link, target) in LINKS {
        making.link(link, target);
    }
}
