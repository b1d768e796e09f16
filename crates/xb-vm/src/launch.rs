//! The emulator's command line.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xb_core::Arch;

use crate::bring::Programs;
use crate::{disks, guard};

/// What a machine is started from.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program that becomes the guard.
    pub guard: PathBuf,
    /// The emulator's tree.
    pub programs: Programs,
    /// The architecture of the machine.
    pub arch: Arch,
    /// The kernel's file.
    pub kernel: PathBuf,
    /// The file of the initial RAM disk.
    pub initrd: PathBuf,
    /// The folder with the disks.
    pub folder: PathBuf,
    /// How much memory it has, in bytes.
    pub memory: u64,
    /// How many CPUs it has.
    pub cpus: u32,
}

/// The other ends of what the machine speaks on. They are the emulator's standard streams, which it is told to use as
/// sockets: nothing else is passed on to it, and nothing of it has a name in the file system.
#[derive(Debug)]
pub struct Ends {
    /// The control port.
    pub control: OwnedFd,
    /// The log port.
    pub log: OwnedFd,
    /// The console, and what the emulator itself has to say.
    pub console: OwnedFd,
}

/// What the kernel is told. The layout of memory is not random, as in the local sandbox; what only a machine needs that
/// somebody attacks from beside is off; and what takes long and nothing here uses is left out: tests of random numbers
/// and of the kernel's own certificates, self-encrypting disks.
const KERNEL: &str = "quiet panic=-1 norandmaps nokaslr mitigations=off random.trust_cpu=on cryptomgr.notests audit=0 \
                      initcall_blacklist=jent_mod_init,load_system_certificate_list,sed_opal_init";

/// What the emulator may not ask of the kernel any more once it runs.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// Whether this machine's processor can run a machine of an architecture itself.
pub fn is_virtualised(host: Arch, arch: Arch) -> bool {
    host == arch && OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}

impl Launch {
    /// The command that starts the machine.
    pub fn command(&self, ends: Ends) -> Command {
        let mut command = guard::command(&self.guard);
        command.args(self.programs.words(&format!("qemu-system-{}", self.arch.machine())));
        command.args(self.arguments());
        command.env_clear().process_group(0).current_dir(&self.folder);
        command.stdin(Stdio::from(ends.control)).stdout(Stdio::from(ends.log)).stderr(Stdio::from(ends.console));
        command
    }

    fn arguments(&self) -> Vec<OsString> {
        let accelerated = is_virtualised(self.programs.arch, self.arch);
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(OsString::from));
        add(&["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-sandbox", SANDBOX]);
        add(&["-machine", "virt,gic-version=3"]);
        // The most detailed model takes longer to emulate, and says things of itself that no machine to buy does.
        add(if accelerated {
            &["-accel", "kvm", "-cpu", "host"]
        } else {
            &["-accel", "tcg,thread=multi", "-cpu", "neoverse-n1"]
        });
        add(&["-smp", &self.cpus.to_string(), "-m", &format!("{}M", self.memory >> 20), "-append", KERNEL]);
        add(&["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"]);
        for (descriptor, name) in ["control", "log"].iter().enumerate() {
            add(&["-chardev", &format!("socket,id={name},fd={descriptor}")]);
            add(&["-device", &format!("virtserialport,chardev={name},name={name}")]);
        }
        add(&["-chardev", "socket,id=console,fd=2", "-serial", "chardev:console"]);
        for name in disks::NAMES {
            let access = if name == "pool" { "readonly=on" } else { "cache=unsafe,discard=unmap,detect-zeroes=unmap" };
            // The emulator works in the folder, so that a comma in its path means nothing.
            add(&["-drive", &format!("file={name},format=raw,if=none,id={name},file.locking=off,{access}")]);
            // A full disk of the host is an error in the machine: by default the machine would stand still.
            add(&["-device", &format!("virtio-blk-pci,drive={name},serial={name},werror=report,rerror=report")]);
        }
        let share = self.programs.folder.join("usr/share/qemu");
        let paths: [(&str, &Path); 3] = [("-L", &share), ("-kernel", &self.kernel), ("-initrd", &self.initrd)];
        arguments.extend(paths.into_iter().flat_map(|(option, path)| [option.into(), path.into()]));
        arguments
    }
}
