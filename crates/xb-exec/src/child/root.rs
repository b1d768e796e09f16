//! The root: layers below, what the command writes above.

mod overlay;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, chmod, mkdirat, open, openat2};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
    fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount_change, move_mount, open_tree, unmount,
};
use rustix::process::{chdir, fchdir, pivot_root};
use xb_core::RelPath;

use super::{Broken, Tried};
use crate::spec::Spec;
use crate::sys;

/// Where the root is attached until it is the root: nobody opens this folder by its name once the root uses it.
const PLACE: &str = "work";

/// Mounts the root, without making it the root yet, and opens it.
pub fn mount(spec: &Spec) -> Result<OwnedFd, Broken> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).tried("keep mounts to ourselves")?;
    overlay::attach(spec, PLACE)?;
    open_folder(PLACE).tried("open the root")
}

/// Makes `root` the root, and leaves nothing of the machine's file system behind.
pub fn enter(root: &OwnedFd) -> Result<(), Broken> {
    fchdir(root).tried("enter the root")?;
    pivot_root(".", ".").tried("change the root")?;
    unmount(".", UnmountFlags::DETACH).tried("leave the machine's file system")?;
    chdir("/").tried("enter the root")
}

/// A new file system that is not attached anywhere, and where no file gives rights to who executes it.
pub fn new_mount(kind: &str, options: &[(&str, &str)]) -> Result<OwnedFd, Errno> {
    make_mount(kind, options, MountAttrFlags::MOUNT_ATTR_NOSUID)
}

/// A new file system that is not attached anywhere, and where files can be set-id programs.
pub fn new_mount_with_set_id(kind: &str, options: &[(&str, &str)]) -> Result<OwnedFd, Errno> {
    make_mount(kind, options, MountAttrFlags::empty())
}

fn make_mount(kind: &str, options: &[(&str, &str)], attributes: MountAttrFlags) -> Result<OwnedFd, Errno> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        fsconfig_set_string(&context, *key, *value)?;
    }
    fsconfig_create(&context)?;
    fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

/// A copy of the mount at `path` that is not attached anywhere and cannot be changed.
///
/// The user of the sandbox owns what it owns outside: only this keeps the command from writing to a file of the
/// machine or of the store, or changing its mode. A device can be written to all the same.
pub fn clone_mount(at: impl AsFd, path: impl AsRef<Path>) -> io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_SYMLINK_NOFOLLOW;
    let mount = open_tree(at, path.as_ref(), flags)?;
    sys::make_read_only(&mount)?;
    Ok(mount)
}

/// Attaches a mount at a path that is not a symbolic link.
pub fn attach(mount: &OwnedFd, at: impl AsFd, path: &str) -> Result<(), Errno> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(mount, "", at, path, flags)
}

/// Attaches a mount at a folder of the root, which is made when it is not there.
///
/// A symbolic link there is followed within the root, never out of it.
pub fn attach_at_folder(mount: &OwnedFd, root: &OwnedFd, name: &str) -> Result<(), Broken> {
    let folder = make_folder(root, &RelPath::new(name).tried(name)?).tried(format_args!("have `/{name}`"))?;
    move_mount(
        mount,
        "",
        &folder,
        "",
        MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH,
    )
    .tried(format_args!("attach `/{name}`"))
}

/// Opens a folder of the root, made when it is not there, without following a link out of the root.
pub fn make_folder(root: &OwnedFd, path: &RelPath) -> Result<OwnedFd, Errno> {
    let mut folder = open_in(root, ".")?;
    let mut sofar = RelPath::root();
    for part in path.components() {
        sofar = sofar.join(part).map_err(|_| Errno::INVAL)?;
        folder = match open_in(root, sofar.as_str()) {
            Err(Errno::NOENT) => {
                mkdirat(&folder, part, Mode::from_raw_mode(0o755))?;
                open_in(root, sofar.as_str())?
            }
            found => found?,
        };
    }
    Ok(folder)
}

/// Makes `/tmp`, where anybody may write: what is written there goes with the rest.
///
/// A link there leads to a folder of the root, or nowhere, since the root has been entered.
pub fn make_tmp(root: &OwnedFd) -> Result<(), Errno> {
    make_folder(root, &RelPath::new("tmp").map_err(|_| Errno::INVAL)?)?;
    chmod("/tmp", Mode::from_raw_mode(0o1777))
}

fn open_in(root: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    openat2(root, path, flags, Mode::empty(), within)
}

fn open_folder(path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty())
}
