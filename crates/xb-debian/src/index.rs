//! `Packages`: what there is for one architecture.
//!
//! An index of Debian has 60 MB and 70,000 packages, and a root needs some hundreds of them. So only the fields that
//! resolution needs are kept, one after another in one string, and relations are read when they are asked for.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::from_utf8;

use xb_core::{Arch, RelPath, Sha256};

use crate::control::{Paragraph, paragraphs};
use crate::relation::{Operator, relations};
use crate::version::compare_versions;

/// Why an index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It is not text.
    #[error("the index of {0} is not UTF-8 text: is it still compressed?")]
    NotText(Arch),
    /// It is too long to be an index.
    #[error("the index of {0} is longer than 4 GB")]
    TooLong(Arch),
    /// A package lacks a field, or one is not as it should be.
    #[error("in the index of {arch}, the package `{package}` has no usable field `{field}`")]
    Field {
        /// Which index.
        arch: Arch,
        /// The package, as far as its name is known.
        package: String,
        /// The field.
        field: &'static str,
    },
}

/// What there is for one architecture, with what is for all of them.
#[derive(Clone, Debug)]
pub struct Index {
    arch: Arch,
    /// The kept fields of all packages.
    text: String,
    /// Sorted by name, then from the newest version to the oldest.
    records: Vec<Record>,
    /// Which package provides what: sorted by what is provided.
    provisions: Vec<Provision>,
}

/// How a package goes together with other architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MultiArch {
    /// Only for packages of its own architecture, and only one of its instances at a time.
    No,
    /// Several architectures beside each other, in one version.
    Same,
    /// It serves packages of any architecture.
    Foreign,
    /// It serves packages of any architecture that ask for `:any`.
    Allowed,
}

type Text = Range<u32>;

#[derive(Clone, Debug)]
struct Record {
    name: Text,
    version: Text,
    path: Text,
    relations: [Text; Kind::ALL.len()],
    provides: Text,
    sha256: Sha256,
    size: u64,
    all: bool,
    multi_arch: MultiArch,
    essential: bool,
    priority: u8,
}

#[derive(Clone, Debug)]
struct Provision {
    name: Text,
    version: Option<Text>,
    record: u32,
}

/// The relations that count for resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    PreDepends,
    Depends,
    Conflicts,
    Breaks,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::PreDepends, Self::Depends, Self::Conflicts, Self::Breaks];

    /// What a package does by it, as a person says it.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::PreDepends | Self::Depends => "depends on",
            Self::Conflicts => "conflicts with",
            Self::Breaks => "breaks",
        }
    }
}

/// A package of an index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package<'a> {
    index: &'a Index,
    record: &'a Record,
}

/// A package by its number in its index.
pub(crate) type Number = u32;

impl Index {
    /// Reads a decompressed `Packages`.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn parse(arch: Arch, packages: &[u8]) -> Result<Self, IndexError> {
        let input = from_utf8(packages).map_err(|_| IndexError::NotText(arch))?;
        if u32::try_from(input.len()).is_err() {
            return Err(IndexError::TooLong(arch));
        }
        let mut reader = Reader { arch, text: String::with_capacity(input.len() / 2) };
        let mut records = paragraphs(input).map(|paragraph| reader.read(paragraph)).collect::<Result<Vec<_>, _>>()?;
        reader.text.shrink_to_fit();
        let text = reader.text;
        sort(&mut records, &text);
        let provisions = provisions(&records, &text);
        Ok(Self { arch, text, records, provisions })
    }

    /// The architecture that this is the index of.
    pub fn arch(&self) -> Arch {
        self.arch
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The names of the packages that every Debian system has, on which others rely without saying so.
    pub fn essential(&self) -> BTreeSet<&str> {
        let essential = self.records.iter().filter(|record| record.essential);
        essential.map(|record| self.slice(&record.name)).collect()
    }

    /// The names of all packages, each at least once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| self.slice(&record.name))
    }

    /// The packages of this name, the newest first.
    pub(crate) fn named(&self, name: &str) -> Range<Number> {
        let start = self.records.partition_point(|record| self.slice(&record.name) < name);
        let count = self.records[start..].partition_point(|record| self.slice(&record.name) == name);
        number(start)..number(start + count)
    }

    /// The packages that provide this name, and in which version.
    pub(crate) fn providing<'a>(&'a self, name: &str) -> impl Iterator<Item = (Number, Option<&'a str>)> {
        let start = self.provisions.partition_point(|provision| self.slice(&provision.name) < name);
        let count = self.provisions[start..].partition_point(|provision| self.slice(&provision.name) == name);
        let found = &self.provisions[start..start + count];
        found.iter().map(|it| (it.record, it.version.as_ref().map(|version| self.slice(version))))
    }

    /// The package of this number.
    pub(crate) fn package(&self, number: Number) -> Package<'_> {
        Package { index: self, record: &self.records[number as usize] }
    }

    fn slice(&self, range: &Text) -> &str {
        slice(&self.text, range)
    }
}

impl<'a> Package<'a> {
    pub(crate) fn name(self) -> &'a str {
        self.index.slice(&self.record.name)
    }

    pub(crate) fn version(self) -> &'a str {
        self.index.slice(&self.record.version)
    }

    /// Where it is beneath the mirror.
    pub(crate) fn path(self) -> &'a str {
        self.index.slice(&self.record.path)
    }

    /// The text of a field of relations; empty when it has none.
    pub(crate) fn relations(self, kind: Kind) -> &'a str {
        self.index.slice(&self.record.relations[kind as usize])
    }

    pub(crate) fn sha256(self) -> Sha256 {
        self.record.sha256
    }

    pub(crate) fn size(self) -> u64 {
        self.record.size
    }

    /// Whether it is for all architectures.
    pub(crate) fn is_all(self) -> bool {
        self.record.all
    }

    /// The architecture as the index names it.
    pub(crate) fn architecture(self) -> &'static str {
        if self.record.all { "all" } else { self.index.arch.debian() }
    }

    pub(crate) fn multi_arch(self) -> MultiArch {
        self.record.multi_arch
    }

    pub(crate) fn is_essential(self) -> bool {
        self.record.essential
    }

    /// From 0 (required) to 4 (extra).
    pub(crate) fn priority(self) -> u8 {
        self.record.priority
    }
}

/// Takes paragraphs into records, and what is kept of their text into one string.
struct Reader {
    arch: Arch,
    text: String,
}

/// The fields of one paragraph that count, as the index has them.
#[derive(Default)]
struct Fields<'a> {
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    multi_arch: &'a str,
    essential: &'a str,
    priority: &'a str,
    relations: [&'a str; Kind::ALL.len()],
    provides: &'a str,
    path: &'a str,
    size: &'a str,
    sha256: &'a str,
}

impl<'a> Fields<'a> {
    fn of(paragraph: Paragraph<'a>) -> Self {
        let mut fields = Self::default();
        for (name, value) in paragraph.fields() {
            if let Some(field) = fields.slot(name) {
                *field = value;
            }
        }
        fields
    }

    fn slot(&mut self, name: &str) -> Option<&mut &'a str> {
        Some(match name {
            "Package" => &mut self.name,
            "Version" => &mut self.version,
            "Architecture" => &mut self.architecture,
            "Multi-Arch" => &mut self.multi_arch,
            "Essential" => &mut self.essential,
            "Priority" => &mut self.priority,
            "Pre-Depends" => &mut self.relations[Kind::PreDepends as usize],
            "Depends" => &mut self.relations[Kind::Depends as usize],
            "Conflicts" => &mut self.relations[Kind::Conflicts as usize],
            "Breaks" => &mut self.relations[Kind::Breaks as usize],
            "Provides" => &mut self.provides,
            "Filename" => &mut self.path,
            "Size" => &mut self.size,
            "SHA256" => &mut self.sha256,
            _ => return None,
        })
    }
}

impl Reader {
    fn read(&mut self, paragraph: Paragraph<'_>) -> Result<Record, IndexError> {
        let fields = Fields::of(paragraph);
        let wrong = |field| IndexError::Field { arch: self.arch, package: fields.name.to_owned(), field };
        check(!fields.name.is_empty()).ok_or_else(|| wrong("Package"))?;
        check(!fields.version.is_empty()).ok_or_else(|| wrong("Version"))?;
        check(is_clean(fields.path)).ok_or_else(|| wrong("Filename"))?;
        let sha256 = fields.sha256.parse().map_err(|_| wrong("SHA256"))?;
        let size = fields.size.parse().map_err(|_| wrong("Size"))?;
        let all = fields.architecture == "all";
        check(all || fields.architecture == self.arch.debian()).ok_or_else(|| wrong("Architecture"))?;
        let multi_arch = multi_arch(fields.multi_arch).ok_or_else(|| wrong("Multi-Arch"))?;
        Ok(Record {
            name: self.keep(fields.name),
            version: self.keep(fields.version),
            path: self.keep(fields.path),
            relations: fields.relations.map(|text| self.keep(text)),
            provides: self.keep(fields.provides),
            sha256,
            size,
            all,
            multi_arch,
            essential: fields.essential == "yes",
            priority: priority(fields.priority),
        })
    }

    fn keep(&mut self, text: &str) -> Text {
        let start = number(self.text.len());
        self.text.push_str(text);
        start..number(self.text.len())
    }
}

fn check(holds: bool) -> Option<()> {
    holds.then_some(())
}

fn is_clean(path: &str) -> bool {
    !path.is_empty() && RelPath::new(path).is_ok()
}

fn multi_arch(value: &str) -> Option<MultiArch> {
    Some(match value {
        "" | "no" => MultiArch::No,
        "same" => MultiArch::Same,
        "foreign" => MultiArch::Foreign,
        "allowed" => MultiArch::Allowed,
        _ => return None,
    })
}

fn priority(value: &str) -> u8 {
    match value {
        "required" => 0,
        "important" => 1,
        "standard" => 2,
        "optional" => 3,
        _ => 4,
    }
}

/// By name, the newest version first; of equal ones only the first is kept.
fn sort(records: &mut Vec<Record>, text: &str) {
    let version = |record: &Record| Reverse(Version(slice(text, &record.version)));
    records.sort_by(|a, b| {
        let names = slice(text, &a.name).cmp(slice(text, &b.name));
        names.then_with(|| version(a).cmp(&version(b)))
    });
    records.dedup_by(|b, a| slice(text, &a.name) == slice(text, &b.name) && version(a) == version(b));
}

fn provisions(records: &[Record], text: &str) -> Vec<Provision> {
    let mut all = Vec::new();
    for (at, record) in records.iter().enumerate() {
        for relation in relations(slice(text, &record.provides)).flatten() {
            for provided in relation.alternatives {
                let version = provided.versions.filter(|(operator, _)| *operator == Operator::Equal);
                all.push(Provision {
                    name: range_in(text, provided.name),
                    version: version.map(|(_, version)| range_in(text, version)),
                    record: number(at),
                });
            }
        }
    }
    all.sort_by(|a, b| slice(text, &a.name).cmp(slice(text, &b.name)));
    all
}

/// Where a part lies in the text that it was taken from.
fn range_in(text: &str, part: &str) -> Text {
    let start = part.as_ptr().addr() - text.as_ptr().addr();
    number(start)..number(start + part.len())
}

fn slice<'a>(text: &'a str, range: &Text) -> &'a str {
    &text[range.start as usize..range.end as usize]
}

/// Numbers and offsets fit: no index is longer than 4 GB.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[derive(PartialEq, Eq)]
struct Version<'a>(&'a str);

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        compare_versions(self.0, other.0)
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
