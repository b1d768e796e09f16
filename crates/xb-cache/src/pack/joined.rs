//! Contents of the store, one behind the other.

use std::fs::File;
use std::io::{self, Read};

use xb_core::{ContentId, Digest};
use xb_store::Contents;

use super::PackError;

/// Reads contents one behind the other, and each only as far as it is what its name says. An error that is not of the
/// disk has a [`PackError`] within.
pub(super) struct Joined<'a> {
    store: &'a dyn Contents,
    ahead: std::slice::Iter<'a, ContentId>,
    open: Option<Open>,
}

struct Open {
    id: ContentId,
    file: File,
    hasher: blake3::Hasher,
}

impl<'a> Joined<'a> {
    pub fn new(store: &'a dyn Contents, contents: &'a [ContentId]) -> Self {
        Self { store, ahead: contents.iter(), open: None }
    }
}

impl Read for Joined<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(open) = &mut self.open else {
                let Some(id) = self.ahead.next() else { return Ok(0) };
                let file = self.store.open_content(*id).map_err(|error| io::Error::other(PackError::from(error)))?;
                self.open = Some(Open { id: *id, file, hasher: blake3::Hasher::new() });
                continue;
            };
            match open.file.read(into) {
                Ok(0) => open.check().map_err(io::Error::other)?,
                Ok(read) => {
                    open.hasher.update(into.get(..read).unwrap_or_default());
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(io::Error::other(open.damaged(error.to_string()))),
            }
            self.open = None;
        }
    }
}

impl Open {
    fn check(&self) -> Result<(), PackError> {
        let found = Digest::new(*self.hasher.finalize().as_bytes(), self.hasher.count());
        if found == self.id.0 { Ok(()) } else { Err(self.damaged(format!("its bytes are those of {found}"))) }
    }

    fn damaged(&self, why: String) -> PackError {
        PackError::Damaged { content: self.id, why }
    }
}

/// The error that a reader gave.
pub(super) fn error_of(error: io::Error) -> PackError {
    let told = error.to_string();
    match error.into_inner().map(|inner| inner.downcast::<PackError>()) {
        Some(Ok(error)) => *error,
        _ => PackError::Store(xb_store::StoreError::Io {
            action: "cannot read",
            path: "what is to be shared".into(),
            source: io::Error::other(told),
        }),
    }
}
