//! What is read of each content, once, whatever the paths that it lies at.

use std::cell::Cell;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use xb_core::ContentId;
use xb_store::Contents;

use crate::AuditError;
use crate::archive::{self, Archive, Depth};
use crate::arm64::{self, Uses};
use crate::elf::{self, Elf};
use crate::scan::{Leaks, Needles};
use crate::script::Script;
use crate::source::{BLOCK, Cursor, Part, Source};
use crate::walk::File;

/// What a content is.
#[derive(Debug)]
pub(crate) enum Form {
    /// A program, library or object.
    Elf(Box<Elf>),
    /// A static archive.
    Archive(Archive),
    /// A text, and by what it is run.
    Text(Option<Script>),
    /// Anything else.
    Binary,
    /// What is like an ELF file, and what is wrong with it.
    Broken(String),
}

/// What is known about a content.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) form: Form,
    /// Instructions that not every processor has, in a file that is no archive.
    pub(crate) uses: Uses,
    pub(crate) leaks: Leaks,
}

/// What is known about all contents.
pub(crate) type AllFacts = FxHashMap<ContentId, Facts>;

/// What compressed files begin with: nothing can be found in them by looking.
const PACKED: &[&[u8]] = &[
    b"\x1f\x8b",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"wOFF",
    b"wOF2",
    b"OggS",
    b"RIFF",
    b"fLaC",
];

/// A text has no NUL in so many of its first bytes.
const TELLING: usize = 8 << 10;

/// Reads the contents of files, in parallel, each once.
pub(crate) fn read_all<C: Contents + ?Sized>(
    files: &[File],
    needles: &Needles,
    store: &C,
) -> Result<AllFacts, AuditError> {
    let mut seen = FxHashSet::default();
    let mut contents: Vec<ContentId> = files.iter().map(|file| file.content).filter(|id| seen.insert(*id)).collect();
    // The large ones first, so that no thread is left with one at the end.
    contents.sort_by_key(|id| std::cmp::Reverse(id.0.size()));
    let read = |id: &ContentId| with_buffers(|buffers| Ok((*id, read(*id, needles, store, buffers)?)));
    contents.par_iter().with_max_len(64).map(read).collect()
}

/// Reads what an ELF file says to the loader; none when it is not one, or not a sound one. No more is read than that.
pub(crate) fn read_elf<C: Contents + ?Sized>(id: ContentId, store: &C) -> Result<Option<Elf>, AuditError> {
    let source = Source::open(id, store, Vec::new(), 4 << 10)?;
    if !source.head().starts_with(elf::MAGIC) {
        return Ok(None);
    }
    let cache = Cursor::cache(&source);
    Ok(Elf::read(Part::new(&cache, 0, source.len())).ok())
}

/// Reads what a program, a library, an object or an archive of these is; none for anything else.
pub(crate) fn read_code<C: Contents + ?Sized>(id: ContentId, store: &C) -> Result<Option<Form>, AuditError> {
    let source = Source::open(id, store, Vec::new(), 4 << 10)?;
    let is_code =
        [elf::MAGIC, archive::MAGIC, archive::THIN_MAGIC].iter().any(|magic| source.head().starts_with(magic));
    Ok(is_code.then(|| form(&source, Depth::Kind)))
}

fn read<C: Contents + ?Sized>(
    id: ContentId,
    needles: &Needles,
    store: &C,
    buffers: &mut Buffers,
) -> Result<Facts, AuditError> {
    let source = Source::open(id, store, std::mem::take(&mut buffers.head), BLOCK)?;
    let form = form(&source, Depth::Instructions);
    let uses = uses(&form, &source);
    let leaks = if PACKED.iter().any(|magic| source.head().starts_with(magic)) {
        Leaks::default()
    } else {
        let left_out = match &form {
            Form::Elf(elf) => elf.debug.as_slice(),
            Form::Archive(archive) => archive.debug.as_slice(),
            _ => &[],
        };
        needles.in_content(&source, left_out, matches!(form, Form::Text(_)), &mut buffers.block)?
    };
    buffers.head = source.into_head();
    Ok(Facts { form, uses, leaks })
}

fn form(source: &Source, depth: Depth) -> Form {
    let head = source.head();
    if head.starts_with(elf::MAGIC) {
        let cache = Cursor::cache(source);
        return match Elf::read(Part::new(&cache, 0, source.len())) {
            Ok(elf) => Form::Elf(Box::new(elf)),
            Err(fault) => Form::Broken(fault),
        };
    }
    if head.starts_with(archive::MAGIC) || head.starts_with(archive::THIN_MAGIC) {
        return Form::Archive(Archive::read(source, depth));
    }
    let telling = head.get(..TELLING).unwrap_or(head);
    if memchr::memchr(0, telling).is_none() { Form::Text(Script::read(head)) } else { Form::Binary }
}

/// Which instructions beyond the baseline an ELF file uses.
fn uses(form: &Form, source: &Source) -> Uses {
    let Form::Elf(elf) = form else {
        return Uses::new();
    };
    let cache = Cursor::cache(source);
    arm64::uses(elf, Part::new(&cache, 0, source.len()))
}

/// Memory that a thread uses again for the next content.
#[derive(Default)]
struct Buffers {
    head: Vec<u8>,
    block: Vec<u8>,
}

fn with_buffers<T>(work: impl FnOnce(&mut Buffers) -> T) -> T {
    thread_local! {
        static SPARE: Cell<Option<Buffers>> = const { Cell::new(None) };
    }
    let mut buffers = SPARE.take().unwrap_or_default();
    let done = work(&mut buffers);
    SPARE.set(Some(buffers));
    done
}
