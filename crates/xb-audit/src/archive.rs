//! Static archives: what the objects in them are for.

use std::collections::BTreeMap;
use std::ops::Range;

use object::read::archive::ArchiveFile;
use object::{ReadRef, archive};
use xb_core::{Arch, X86Level};

use crate::Instructions;
use crate::arm64::{self, Use};
use crate::elf::{self, Elf, Machine};
use crate::source::{Cursor, Part, Source};

/// What an archive begins with.
pub(crate) const MAGIC: &[u8] = &archive::MAGIC;

/// What an archive begins with that holds only names of files, which lie elsewhere.
pub(crate) const THIN_MAGIC: &[u8] = &archive::THIN_MAGIC;

/// So many members of an archive are looked at; the largest known ones have some ten thousand.
const MOST_MEMBERS: usize = 1 << 20;

/// What Go writes before an object of its own, then the system, and the architecture by Debian's name.
const GO_OBJECT: &[u8] = b"go object linux ";

/// What an object of an archive is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// An ELF file, and the level of processor that it needs.
    Elf(Machine, Option<X86Level>),
    /// An object of Go's own; none for an architecture that xb does not know.
    Go(Option<Arch>),
}

/// A static archive.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// What its objects are for, each with the name of the first that is.
    pub(crate) objects: BTreeMap<Code, String>,
    /// Instructions that not every processor has, each kind with the first member that has one.
    pub(crate) uses: BTreeMap<Instructions, (Use, String)>,
    /// Where what only debuggers read lies in the file.
    pub(crate) debug: Vec<Range<u64>>,
    /// What is wrong with it, as half a sentence.
    pub(crate) fault: Option<String>,
}

/// How much of an archive's objects is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What they say of themselves.
    Kind,
    /// Every instruction, too.
    Instructions,
}

impl Archive {
    /// Reads an archive as far as it can be read.
    pub(crate) fn read(source: &Source, depth: Depth) -> Self {
        let mut archive = Self::default();
        archive.fault = archive.members(source, depth).err();
        archive
    }

    fn members(&mut self, source: &Source, depth: Depth) -> Result<(), String> {
        let cache = Cursor::cache(source);
        let said = |error| format!("the library that reads such files says: {error}");
        let file = ArchiveFile::parse(Part::new(&cache, 0, source.len())).map_err(said)?;
        if file.is_thin() {
            // It names files by their paths, and what it is made of is looked at where it lies, if it is there at all.
            return Ok(());
        }
        for (count, member) in file.members().enumerate() {
            let member = member.map_err(said)?;
            let (start, len) = member.file_range();
            if count == MOST_MEMBERS {
                return Err(format!("it has more than {MOST_MEMBERS} members"));
            }
            if start.checked_add(len).is_none_or(|end| end > source.len()) {
                return Err(format!("its member `{}` ends beyond it", name(member.name())));
            }
            self.member(source, depth, member.name(), (start, len))?;
        }
        Ok(())
    }

    fn member(&mut self, source: &Source, depth: Depth, named: &[u8], (start, len): (u64, u64)) -> Result<(), String> {
        let cache = Cursor::cache(source);
        let part = Part::new(&cache, start, len);
        let code = match part.read_bytes_at(0, len.min(64)).unwrap_or_default() {
            head if head.starts_with(elf::MAGIC) => {
                let elf = Elf::read(part).map_err(|fault| format!("of its member `{}`, {fault}", name(named)))?;
                self.debug.extend(
                    elf.debug.iter().map(|range| start.saturating_add(range.start)..start.saturating_add(range.end)),
                );
                let uses = if depth == Depth::Kind { Default::default() } else { arm64::uses(&elf, part) };
                for (kind, used) in uses {
                    self.uses.entry(kind).or_insert_with(|| (used, name(named)));
                }
                Code::Elf(elf.machine, elf.needs)
            }
            head => match head.strip_prefix(GO_OBJECT) {
                Some(rest) => Code::Go(Arch::ALL.into_iter().find(|arch| is_word(rest, arch.debian()))),
                None => return Ok(()),
            },
        };
        self.objects.entry(code).or_insert_with(|| name(named));
        Ok(())
    }
}

fn is_word(text: &[u8], word: &str) -> bool {
    text.strip_prefix(word.as_bytes()).is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
