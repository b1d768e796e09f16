//! The functions of a file, by section.

use std::collections::BTreeMap;

use object::Endianness;
use object::elf::{self, FileHeader64};
use object::read::elf::{SectionHeader, SectionTable, Sym};

use crate::source::Part;

/// A function: where its code lies, and all names that it has.
#[derive(Debug)]
pub(super) struct Function<'d> {
    names: Vec<&'d [u8]>,
    start: u64,
    len: u64,
}

/// All functions, by section; none overlaps another.
#[derive(Debug, Default)]
pub(super) struct Functions<'d>(BTreeMap<usize, Vec<Function<'d>>>);

impl<'d> Functions<'d> {
    /// Reads the functions that have a name and a size.
    pub(super) fn read(
        sections: &SectionTable<'d, FileHeader64<Endianness>, Part<'d>>,
        endian: Endianness,
        data: Part<'d>,
    ) -> object::read::Result<Self> {
        let mut functions = Self::default();
        for table in [elf::SHT_SYMTAB, elf::SHT_DYNSYM] {
            let symbols = sections.symbols(endian, data, table)?;
            if symbols.is_empty() {
                continue;
            }
            let strings = sections.section(symbols.string_section())?.data(endian, data)?;
            for symbol in symbols.iter() {
                let is_code = matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC);
                let name = text(strings, symbol.st_name(endian));
                let (start, len) = (symbol.st_value(endian), symbol.st_size(endian));
                if is_code && len > 0 && !name.is_empty() {
                    let section = usize::from(symbol.st_shndx(endian).0);
                    functions.0.entry(section).or_default().push(Function { names: vec![name], start, len });
                }
            }
        }
        functions.0.values_mut().for_each(tidy);
        Ok(functions)
    }

    /// The functions of a section, in order.
    pub(super) fn of(&self, section: usize) -> &[Function<'d>] {
        self.0.get(&section).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Function<'_> {
    /// Its code, in that of a section that begins at an address.
    pub(super) fn within<'c>(&self, base: u64, code: &'c [u8]) -> Option<&'c [u8]> {
        let start = usize::try_from(self.start.checked_sub(base)?).ok()?;
        let end = start.checked_add(usize::try_from(self.len).ok()?)?;
        code.get(start..end.min(code.len()))
    }

    /// All names, the first in their order first.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.names.iter().map(|name| String::from_utf8_lossy(name).into_owned())
    }
}

fn text(strings: &[u8], at: u32) -> &[u8] {
    let rest = strings.get(at as usize..).unwrap_or_default();
    memchr::memchr(0, rest).and_then(|end| rest.get(..end)).unwrap_or_default()
}

/// Sorts functions by place, and gives those of one place all of its names. Where two places overlap, the second is
/// what is left of it, so that each byte is looked at once.
fn tidy(functions: &mut Vec<Function<'_>>) {
    functions.sort_by(|a, b| (a.start, &a.names).cmp(&(b.start, &b.names)));
    let mut end = 0;
    functions.dedup_by(|next, last| {
        let is_one = next.start == last.start;
        if is_one {
            last.names.append(&mut next.names);
            last.len = last.len.max(next.len);
        }
        is_one
    });
    for function in functions {
        function.names.dedup();
        let own_end = function.start.saturating_add(function.len);
        function.start = function.start.max(end);
        function.len = own_end.saturating_sub(function.start);
        end = end.max(own_end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_belongs_to_one_function() {
        let function = |name: &'static [u8], start, len| Function { names: vec![name], start, len };
        let mut all = vec![
            function(b"b", 8, 8),
            function(b"a", 0, 12),
            function(b"within", 2, 2),
            function(b"alias", 0, 4),
            function(b"a", 0, 12),
            function(b"end", u64::MAX, u64::MAX),
        ];
        tidy(&mut all);
        let places: Vec<_> =
            all.iter().map(|one| (one.names().collect::<Vec<_>>().join(" "), one.start, one.len)).collect();
        let place = |names: &str, start, len| (names.to_owned(), start, len);
        assert_eq!(
            places,
            [place("a alias", 0, 12), place("within", 12, 0), place("b", 12, 4), place("end", u64::MAX, 0)]
        );
        let code = [0; 16];
        assert_eq!(all[2].within(0, &code).map(<[u8]>::len), Some(4));
        assert_eq!(all[2].within(13, &code), None);
        assert_eq!(all[3].within(0, &code), None);
    }
}
