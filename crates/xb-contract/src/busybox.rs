//! A root of which all programs are busybox.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::world::{make, write};

/// What Debian's `busybox-static` calls a static busybox of this machine.
pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// The names of all programs that a busybox is, which runs here.
pub fn applets(busybox: &Path) -> Vec<String> {
    let list = Command::new(busybox).arg("--list").output().expect("it runs");
    let names = String::from_utf8(list.stdout).expect("names");
    names.lines().filter(|name| *name != "busybox").map(str::to_owned).collect()
}

/// Makes a root of which all programs are a busybox, by these names.
pub fn busybox_root(busybox: &Path, names: &[impl AsRef<str>], root: &Path) {
    for folder in ["bin", "build", "etc"] {
        make(&root.join(folder), 0o755);
    }
    let program = root.join("bin/busybox");
    fs::copy(busybox, &program).expect("it can be copied");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    for name in names {
        symlink("busybox", root.join("bin").join(name.as_ref())).expect("a link");
    }
    write(&root.join("etc/set"), "#!/bin/sh\n", 0o4755);
}
