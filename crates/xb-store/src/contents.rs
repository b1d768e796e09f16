//! Single contents: written aside, given their mode and time, renamed to their place, then noted.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use xb_core::{ContentId, Digest};

use crate::Store;
use crate::compare::{is_as_made, was_made};
use crate::direct::{self, Output};
use crate::error::{Context, Result, StoreError};
use crate::layout::{Form, MTIME};
use crate::shelves::fault;

/// So much of a file is held in memory. What is smaller is hashed there and written only when it is new.
const CHUNK: usize = 1 << 20;

/// The time that everything in the store has.
pub(crate) const TIMES: Timestamps = Timestamps {
    last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
    last_modification: Timespec { tv_sec: MTIME, tv_nsec: 0 },
};

/// A file that is being written in the scratch folder; it goes unless it is kept.
pub(crate) struct Aside<'s> {
    pub(crate) path: PathBuf,
    pub(crate) file: Output<'s>,
    kept: bool,
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // What stays goes with the scratch folder.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Store {
    /// Adds a content from memory.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn add_bytes(&self, bytes: &[u8]) -> Result<ContentId> {
        self.add_bytes_as(bytes, Form::Plain)
    }

    pub(crate) fn add_bytes_as(&self, bytes: &[u8], form: Form) -> Result<ContentId> {
        let id = ContentId(Digest::of(bytes));
        if !self.holds(id, form)? {
            let mut aside = self.aside()?;
            aside.file.write_all(bytes).on("cannot write", &aside.path)?;
            self.keep(aside, id, form)?;
        }
        Ok(id)
    }

    /// Adds what a reader yields, however much it is.
    ///
    /// Hashed by the calling thread alone: writing takes longer, and whoever has many files adds them in parallel.
    pub(crate) fn add_stream(&self, from: &mut dyn Read, form: Form) -> Result<ContentId> {
        self.add(from, form, usize::MAX)
    }

    /// Adds a file of a folder that is taken in: what is large goes past the kernel's cache, where that is quicker.
    pub(crate) fn add_file(&self, from: &mut File, form: Form) -> Result<ContentId> {
        self.add(from, form, direct::SMALLEST)
    }

    fn add(&self, from: &mut dyn Read, form: Form, past_the_cache: usize) -> Result<ContentId> {
        with_buffer(|buffer| {
            let mut chunk = self.read_chunk(from, buffer)?;
            if chunk.len() < CHUNK.min(past_the_cache) {
                return self.add_bytes_as(chunk, form);
            }
            if chunk.len() < CHUNK {
                let id = ContentId(Digest::of(chunk));
                if self.holds(id, form)? {
                    return Ok(id);
                }
            }
            let mut aside = self.aside_as(chunk.len() >= past_the_cache)?;
            let mut hasher = blake3::Hasher::new();
            while !chunk.is_empty() {
                hasher.update(chunk);
                aside.file.write_all(chunk).on("cannot write", &aside.path)?;
                chunk = self.read_chunk(from, buffer)?;
            }
            let id = ContentId(Digest::new(*hasher.finalize().as_bytes(), hasher.count()));
            if !self.holds(id, form)? {
                self.keep(aside, id, form)?;
            }
            Ok(id)
        })
    }

    fn read_chunk<'b>(&self, from: &mut dyn Read, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        fill(from, buffer).on("cannot read what is to be added to", self.folder())
    }

    /// Whether a content is here.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn has_content(&self, id: ContentId) -> Result<bool> {
        self.index().has_content(id)
    }

    /// Whether a content need not be added: it is here, and nobody wrote to its file in this form. Whoever adds one
    /// that somebody wrote to puts a sound file in the place of the other.
    pub(crate) fn holds(&self, id: ContentId, form: Form) -> Result<bool> {
        if !self.index().has_content(id)? {
            return Ok(false);
        }
        let path = self.content_path(id, form);
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            meta => Ok(is_as_made(&meta.on("cannot read", &path)?, form, id)),
        }
    }

    /// Begins a file in the scratch folder.
    pub(crate) fn aside(&self) -> Result<Aside<'_>> {
        self.aside_as(false)
    }

    fn aside_as(&self, past_the_cache: bool) -> Result<Aside<'_>> {
        let path = self.session().aside();
        let file = if past_the_cache { self.direct().create(&path) } else { Output::create(&path) };
        Ok(Aside { file: file.on("cannot make", &path)?, path, kept: false })
    }

    /// Moves a complete file to its place, and notes it.
    pub(crate) fn keep(&self, mut aside: Aside<'_>, id: ContentId, form: Form) -> Result<()> {
        seal(aside.file.as_file(), form, &aside.path)?;
        let place = form.path(id);
        rustix::fs::renameat(CWD, &aside.path, self.contents_fd(), &place)
            .on("cannot move to its place", &aside.path)?;
        aside.kept = true;
        self.index().content_is_here(id)
    }

    /// A content, opened for reading, in whatever form it is here.
    pub(crate) fn open_any(&self, id: ContentId) -> Result<File> {
        for form in [Form::Plain, Form::Executable] {
            let path = self.content_path(id, form);
            let file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.on("cannot open", &path)?,
            };
            let meta = file.metadata().on("cannot read", &path)?;
            return if is_as_made(&meta, form, id) { Ok(file) } else { self.refuse(id, form).map(|()| file) };
        }
        Err(missing(id))
    }

    pub(crate) fn copy_aside(&self, id: ContentId) -> Result<Aside<'_>> {
        let mut from = self.open_any(id)?;
        let aside = self.aside()?;
        if rustix::fs::ioctl_ficlone(aside.file.as_file(), &from).is_err() {
            io::copy(&mut from, &mut aside.file.as_file()).on("cannot write", &aside.path)?;
        }
        Ok(aside)
    }

    pub(crate) fn content_path(&self, id: ContentId, form: Form) -> PathBuf {
        self.layout().contents().join(form.path(id))
    }

    /// Links a form of a content to a name in a folder; the form is made when it is not here yet.
    pub(crate) fn link(&self, id: ContentId, form: Form, folder: &impl AsFd, name: &str) -> Result<()> {
        let place = form.path(id);
        let link = || {
            let contents = self.contents_fd();
            rustix::fs::linkat(contents, &place, folder, name, AtFlags::empty())
        };
        match link() {
            // Either it is not here yet, or its inode has as many names as it can have: a fresh one serves both.
            Err(Errno::NOENT | Errno::MLINK) => self.link_anew(id, form, folder, name),
            done => done.on("cannot link", Path::new(&place)),
        }?;
        let meta = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).on("cannot read", Path::new(&place))?;
        if was_made(&meta, form, id) { Ok(()) } else { self.refuse(id, form) }
    }

    /// Makes a form of a content (again) by copying what is here of it, and links it.
    ///
    /// It gets its name in the folder before its place: there another's fresh one may take its place at once, and what
    /// has no name cannot be linked.
    fn link_anew(&self, id: ContentId, form: Form, folder: &impl AsFd, name: &str) -> Result<()> {
        let aside = self.copy_aside(id)?;
        rustix::fs::linkat(CWD, &aside.path, folder, name, AtFlags::empty()).on("cannot link", &aside.path)?;
        self.keep(aside, id, form)
    }

    /// Refuses a content to which somebody wrote, unless only its time was changed.
    fn refuse(&self, id: ContentId, form: Form) -> Result<()> {
        let path = self.content_path(id, form);
        match fault(&path, form, id) {
            None => set_times(&path),
            Some(reason) => Err(StoreError::written_to(&path, reason)),
        }
    }
}

/// Gives a file its time back.
pub(crate) fn set_times(path: &Path) -> Result<()> {
    let link = AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::utimensat(CWD, path, &TIMES, link).on("cannot set the time of", path)
}

/// Gives a file the mode and the time that it has in the store.
pub(crate) fn seal(file: &File, form: Form, path: &Path) -> Result<()> {
    rustix::fs::fchmod(file, form.mode()).on("cannot set the mode of", path)?;
    rustix::fs::futimens(file, &TIMES).on("cannot set the time of", path)
}

pub(crate) fn missing(id: ContentId) -> StoreError {
    StoreError::Missing { what: format!("the content {id}") }
}

/// Hashes what is left of a file, on several threads when it is large: the hash and the number of bytes.
pub(crate) fn hash_rest(file: &mut File) -> io::Result<([u8; 32], u64)> {
    with_buffer(|buffer| {
        let mut hasher = blake3::Hasher::new();
        loop {
            let chunk = fill(file, buffer)?;
            if chunk.len() == CHUNK {
                hasher.update_rayon(chunk);
            } else {
                hasher.update(chunk);
                return Ok((*hasher.finalize().as_bytes(), hasher.count()));
            }
        }
    })
}

/// Lends a buffer of [`CHUNK`] bytes, aligned for a disk, which the thread keeps for the next one.
fn with_buffer<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    thread_local! {
        static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    let mut buffer = SPARE.take();
    buffer.resize(CHUNK + direct::ALIGNMENT, 0);
    let start = buffer.as_ptr().align_offset(direct::ALIGNMENT).min(direct::ALIGNMENT);
    let done = work(&mut buffer[start..start + CHUNK]);
    SPARE.set(buffer);
    done
}

/// Reads until the buffer is full or there is no more.
fn fill<'b>(from: &mut dyn Read, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    let mut len = 0;
    while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer.get(..len).unwrap_or_default())
}
