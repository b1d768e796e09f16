//! What programs of one other architecture are started by.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use xb_core::Arch;

use super::stack::Word;

/// The interpreter and the emulator for one architecture, open: nobody can put others in their place.
pub struct Means {
    /// Whose programs.
    pub arch: Arch,
    folder: String,
    name: String,
    model: &'static str,
    interpreter: OwnedFd,
    emulator: Option<OwnedFd>,
}

impl Means {
    /// Of a folder of the sandbox with an interpreter of this name; with an emulator that can be started at once, its
    /// CPU is this `model`.
    pub fn open(arch: Arch, folder: String, name: String, model: Option<&'static str>) -> Result<Self, Errno> {
        let open = |name: &str| {
            openat(CWD, format!("{folder}/{name}"), OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())
        };
        let interpreter = open(&name)?;
        let emulator = model.map(|_| open(EMULATOR)).transpose()?;
        Ok(Self { arch, folder, name, model: model.unwrap_or_default(), interpreter, emulator })
    }

    /// What is executed in a program's place: the emulator where nothing else is to be done, else the interpreter.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.emulator.as_ref().unwrap_or(&self.interpreter).as_fd()
    }

    /// What it gets in place of the first argument; `vessel` where a copy of the interpreter is executed.
    pub fn words(&self, program: CString, first: Word, vessel: bool) -> Vec<Word> {
        let own = |name: &str| text(format!("{}/{name}", self.folder));
        match self.emulator {
            Some(_) if !vessel => {
                let [cpu, model, zero] = ["-cpu", self.model, "-0"].map(|word| text(word.to_owned()));
                vec![own(EMULATOR), cpu, model, zero, first, Word::Text(no_option(program))]
            }
            _ => vec![own(&self.name), Word::Text(program), first],
        }
    }
}

/// The path of a program, as one that the emulator takes for no option.
fn no_option(program: CString) -> CString {
    if program.to_bytes().first() != Some(&b'-') {
        return program;
    }
    CString::new([b"./", program.to_bytes()].concat()).unwrap_or(program)
}

/// The emulator's name beside the interpreter.
const EMULATOR: &str = "emulator";

/// None of these texts has a zero in it.
fn text(text: String) -> Word {
    Word::Text(CString::new(text).unwrap_or_default())
}
