//! Programs of other architectures: emulated, or refused and reported.
//!
//! Every sandbox registers its own interpreters, in an instance of binfmt_misc that belongs to its user namespace
//! and is gone with it. What is registered is a tiny program of ours (`helper/interpreter.c`) under a name that says
//! what it does: execute the emulator as a chosen CPU, or note that a program was refused. Where nothing can be
//! registered, init puts the same in a program's place itself (`xb_interpose`).
//!
//! Flag P keeps the program's own `argv[0]`, flag F the interpreter at hand wherever a process changes its root to. Flag
//! C (with O) takes the user and the capabilities that a process gets from the program, and not from the interpreter: so
//! set-id programs work, and no program loses its environment, since it is the kernel that tells the emulator, and the
//! emulator that tells the program, whether this one is to be trusted with it.
//!
//! What a program gets by capabilities of its file is handed on as ambient ones, so that the programs that it starts
//! have them as well; on a machine of its architecture they would not.

use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use xb_core::Arch;
use xb_interpose::emulator::{EMULATOR, cpu};
use xb_interpose::{Interposed, Interposer, Means, Vessels};

use super::devices::{OWN, touch};
use super::root::{attach, clone_mount, new_mount};
use super::{Broken, Tried, vessels};
use crate::emulator::Emulation;
use crate::spec::{Foreign, Spec};

/// The interpreter, for the machine's own architecture.
static INTERPRETER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/interpreter"));

/// The interpreter's name where programs are refused.
const REFUSE: &str = "refuse";

/// The file beside it that holds the paths of refused programs, one on a line.
const REFUSED: &str = "refused";

/// Interpreters at hand, and registered when [`Foreigners::register`] was called; valid as long as this lives.
pub struct Foreigners {
    way: Way,
    interpreters: Vec<Interpreter>,
}

enum Way {
    Register(OwnedFd),
    Interpose(Option<Vessels>),
}

struct Interpreter {
    arch: Arch,
    name: String,
    folder: OwnedFd,
    /// Whether it does no more than to execute an emulator.
    only_emulates: bool,
}

/// Puts the interpreters into `dev`; the machine's file system is still reachable.
pub fn prepare(dev: &OwnedFd, spec: &Spec) -> Result<Foreigners, Broken> {
    let binfmt = match spec.emulation {
        Emulation::Interpose => None,
        Emulation::Auto => new_mount("binfmt_misc", &[]).ok(),
        Emulation::Register => {
            let mount = new_mount("binfmt_misc", &[]);
            Some(mount.tried("register an emulator in a sandbox, which needs Linux 6.7 or later")?)
        }
    };
    let interpreters = spec.foreign.iter().map(|each| interpreter(dev, each)).collect::<Result<_, _>>()?;
    let way = match binfmt {
        Some(binfmt) => Way::Register(binfmt),
        None => Way::Interpose(close(dev, spec.limits.users)?),
    };
    Ok(Foreigners { way, interpreters })
}

/// Makes the sandbox's own folder one that nobody in it can change or move away.
fn close(dev: &OwnedFd, users: u32) -> Result<Option<Vessels>, Broken> {
    let what = "protect the emulator";
    let own = openat(dev, OWN, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).tried(what)?;
    let vessels = (users > 1).then(|| vessels::prepare(&own)).transpose()?;
    attach(&clone_mount(dev, OWN).tried(what)?, dev, OWN).tried(what)?;
    Ok(vessels)
}

fn interpreter(dev: &OwnedFd, foreign: &Foreign) -> Result<Interpreter, Broken> {
    let name = match (&foreign.emulator, foreign.cpus) {
        (None, _) => REFUSE.to_owned(),
        (Some(_), 0) => cpu(foreign.arch).to_owned(),
        (Some(_), cpus) => format!("{}@{cpus}", cpu(foreign.arch)),
    };
    let what = format_args!("prepare for {} programs", foreign.arch).to_string();
    let folder = own_folder(dev, foreign.arch).tried(&what)?;
    let file = touch(&folder, &name, 0o755).tried(&what)?;
    rustix::io::write(&file, INTERPRETER).tried(&what)?;
    match &foreign.emulator {
        Some(emulator) => {
            touch(&folder, EMULATOR, 0o755).tried(&what)?;
            let mount = clone_mount(CWD, emulator).tried(format_args!("use the emulator `{}`", emulator.display()))?;
            attach(&mount, &folder, EMULATOR).tried(&what)?;
        }
        None => drop(touch(&folder, REFUSED, 0o666).tried(&what)?),
    }
    let only_emulates = foreign.emulator.is_some() && foreign.cpus == 0;
    Ok(Interpreter { arch: foreign.arch, name, folder, only_emulates })
}

fn own_folder(dev: &OwnedFd, arch: Arch) -> Result<OwnedFd, Errno> {
    let path = format!("{OWN}/{}", arch.machine());
    mkdirat(dev, &path, Mode::from_raw_mode(0o755))?;
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(dev, &path, flags, Mode::empty())
}

impl Foreigners {
    /// Registers the interpreters under the paths that they have in the root, which is the sandbox's by now; gives an
    /// interposer where they cannot be registered.
    pub fn register(&mut self) -> Result<Option<Interposed>, Broken> {
        let binfmt = match &mut self.way {
            Way::Register(binfmt) => binfmt,
            Way::Interpose(_) if self.interpreters.is_empty() => return Ok(None),
            Way::Interpose(vessels) => {
                let means = self.interpreters.iter().map(Interpreter::means).collect::<Result<_, _>>()?;
                return Interposer::new(means, vessels.take()).map(Some);
            }
        };
        for Interpreter { arch, name, .. } in &self.interpreters {
            let path = path(*arch, name);
            let line = format!(":{arch}:M::{}:{}:{path}:POCF", magic(*arch), MASK);
            openat(&*binfmt, "register", OFlags::WRONLY, Mode::empty())
                .and_then(|file| rustix::io::write(file, line.as_bytes()))
                .tried(format_args!("register `{path}`"))?;
        }
        Ok(None)
    }

    /// The program that was refused last.
    pub fn refused(&self) -> Option<String> {
        self.interpreters.iter().find_map(Interpreter::refused)
    }
}

/// The path in the sandbox of what is for programs of an architecture.
fn path(arch: Arch, name: &str) -> String {
    format!("/dev/{OWN}/{}/{name}", arch.machine())
}

impl Interpreter {
    fn means(&self) -> Result<Means, Broken> {
        let model = self.only_emulates.then(|| cpu(self.arch));
        let folder = path(self.arch, "");
        Means::open(self.arch, folder.trim_end_matches('/').to_owned(), self.name.clone(), model)
            .tried(format_args!("open what {} programs are started by", self.arch))
    }

    fn refused(&self) -> Option<String> {
        let flags = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = openat(&self.folder, REFUSED, flags, Mode::empty()).ok()?;
        let mut text = Vec::new();
        // The command can write what it likes to it: no more than a few paths are read.
        let most = 64 << 10;
        std::fs::File::from(file).take(most).read_to_end(&mut text).ok()?;
        let last = text.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())?;
        Some(String::from_utf8_lossy(last).into_owned())
    }
}

/// 64-bit little-endian ELF, of any system, an executable or a shared object, of one machine.
const MASK: &str = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";

fn magic(arch: Arch) -> String {
    let [low, high] = arch.elf_machine().to_le_bytes();
    format!(r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x{low:02x}\x{high:02x}")
}
