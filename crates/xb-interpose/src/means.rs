//! What programs of one other architecture are started by.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use xb_core::Arch;

use crate::emulator::EMULATOR;
use crate::stack::Word;

/// The emulator for one architecture, or the interpreter where more is to be done, open: nobody can put another in its
/// place.
pub struct Means {
    /// Whose programs.
    pub arch: Arch,
    folder: String,
    name: String,
    /// The emulator's, where that is what is open.
    model: Option<&'static str>,
    file: OwnedFd,
}

impl Means {
    /// Of a folder with an interpreter of this name; with an emulator that can be started at once, its CPU is this `model`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(arch: Arch, folder: String, name: String, model: Option<&'static str>) -> Result<Self, Errno> {
        let path = format!("{folder}/{}", if model.is_some() { EMULATOR } else { &name });
        let file = openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())?;
        Ok(Self { arch, folder, name, model, file })
    }

    /// What is executed in a program's place: the emulator where nothing else is to be done, else the interpreter.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// What it gets in place of the first argument; `vessel` where a copy of the interpreter is executed.
    pub fn words(&self, program: CString, first: Word, vessel: bool) -> Vec<Word> {
        let own = |name: &str| text(format!("{}/{name}", self.folder));
        match self.model {
            Some(model) if !vessel => {
                let [cpu, model, zero] = ["-cpu", model, "-0"].map(|word| text(word.to_owned()));
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

/// None of these texts has a zero in it.
fn text(text: String) -> Word {
    Word::Text(CString::new(text).unwrap_or_default())
}
