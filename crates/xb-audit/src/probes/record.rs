//! Files in which a configuration writes down what it found.

use std::io::Read;

use xb_core::{ContentId, RelPath};
use xb_store::Contents;

use super::answer::Answers;
use super::pairs::Pair;
use super::{autoconf, cmake, header, meson};
use crate::AuditError;

/// No record is larger; the largest known ones have one or two million bytes.
const LARGEST: u64 = 16 << 20;

/// How a record is written, the one that counts most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    Header,
    Autoconf,
    CMake,
    MesonDependencies,
    MesonOptions,
}

/// A record that is not the same in two build trees.
pub(super) struct Record {
    pub(super) path: RelPath,
    pub(super) format: Format,
    first: ContentId,
    second: ContentId,
}

impl Record {
    /// The record at a path; none when the file there is no record, or too large to be one.
    pub(super) fn of(Pair { path, first, second }: Pair) -> Option<Self> {
        let format = Format::of(&path)?;
        (first.0.size().max(second.0.size()) <= LARGEST).then_some(Self { path, format, first, second })
    }

    /// What it says in each of the trees.
    pub(super) fn read(&self, store: &dyn Contents) -> Result<[Answers; 2], AuditError> {
        Ok([self.format.read(&text(self.first, store)?), self.format.read(&text(self.second, store)?)])
    }
}

impl Format {
    fn of(path: &RelPath) -> Option<Self> {
        let name = path.name()?;
        let is_in_meson_info = || path.parent().is_some_and(|parent| parent.name() == Some("meson-info"));
        match name {
            "config.log" => Some(Self::Autoconf),
            "CMakeCache.txt" => Some(Self::CMake),
            "intro-dependencies.json" if is_in_meson_info() => Some(Self::MesonDependencies),
            "intro-buildoptions.json" if is_in_meson_info() => Some(Self::MesonOptions),
            _ => [".h", ".hh", ".hpp"].iter().any(|end| name.ends_with(end)).then_some(Self::Header),
        }
    }

    fn read(self, text: &str) -> Answers {
        match self {
            Self::Header => header::read(text),
            Self::Autoconf => autoconf::read(text),
            Self::CMake => cmake::read(text),
            Self::MesonDependencies => meson::dependencies(text),
            Self::MesonOptions => meson::options(text),
        }
    }
}

fn text(id: ContentId, store: &dyn Contents) -> Result<String, AuditError> {
    let mut bytes = Vec::new();
    let read = store.open_content(id)?.take(LARGEST).read_to_end(&mut bytes);
    read.map_err(|source| AuditError::Read { content: id, source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
