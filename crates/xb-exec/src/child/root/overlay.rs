//! The overlay of the layers and of what is written, in the sandbox's folder.
//!
//! Nothing that it is told is a path of the machine, so that the list of mounts does not show one.

use std::ffi::CString;
use std::fmt::Write;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, fsconfig_create, fsconfig_set_flag, fsconfig_set_string,
    fsmount, fsopen, mount,
};
use rustix::process::chdir;
use rustix::system::uname;

use crate::child::{Broken, Tried};
use crate::emulator::kernel_version;
use crate::spec::Spec;

/// Attaches it at a folder of the sandbox's own, which is the working folder from now on.
pub fn attach(spec: &Spec, place: &str) -> Result<(), Broken> {
    if takes_layers_one_by_one() {
        let overlay = by_layers(spec)?;
        super::attach(&overlay, CWD, place).tried("attach the root")
    } else {
        by_one_text(spec, place)
    }
}

/// Linux 6.7 and later.
fn takes_layers_one_by_one() -> bool {
    kernel_version(&uname().release().to_string_lossy()) >= (6, 7)
}

/// Each layer is the working folder when it is named.
fn by_layers(spec: &Spec) -> Result<OwnedFd, Broken> {
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC).tried("use overlayfs")?;
    for layer in spec.layers.iter().rev() {
        let what = || format!("use the layer `{}`", layer.display());
        chdir(layer).tried(what())?;
        fsconfig_set_string(&context, "lowerdir+", ".").tried(what())?;
    }
    chdir(&spec.scratch).tried("enter the sandbox's folder")?;
    let configured = (|| {
        fsconfig_set_string(&context, "upperdir", "upper")?;
        fsconfig_set_string(&context, "workdir", "work")?;
        fsconfig_set_flag(&context, "userxattr")?;
        // What is written need not outlive a crash: without this, unmounting waits for the disk.
        fsconfig_set_flag(&context, "volatile")?;
        fsconfig_create(&context)
    })();
    configured.tried(format_args!("lay {} layers over each other", spec.layers.len()))?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty()).tried("mount the root")
}

/// All layers are named at once, in no more than a page: each by its descriptor.
fn by_one_text(spec: &Spec, place: &str) -> Result<(), Broken> {
    let mut text = "upperdir=upper,workdir=work,userxattr,volatile,lowerdir=".to_owned();
    let mut opened = Vec::new();
    for layer in spec.layers.iter().rev() {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let layer = open(layer, flags, Mode::empty()).tried(format_args!("use the layer `{}`", layer.display()))?;
        let colon = if opened.is_empty() { "" } else { ":" };
        // Writing to a text cannot fail.
        let _ = write!(text, "{colon}/proc/self/fd/{}", layer.as_raw_fd());
        opened.push(layer);
    }
    chdir(&spec.scratch).tried("enter the sandbox's folder")?;
    let text = CString::new(text).tried("name the layers")?;
    mount("overlay", place, "overlay", MountFlags::empty(), text.as_c_str())
        .tried(format_args!("lay {} layers over each other", spec.layers.len()))
}
