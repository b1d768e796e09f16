//! Names in contents that say where, and on what, they were built.

use std::ops::Range;

use memchr::memmem::Finder;
use xb_core::Arch;

use crate::AuditError;
use crate::names::{AROUND, HOSTS, host, is_place, is_system, shown};
use crate::source::{BLOCK, Source};
use crate::time::{CENTURY, time};

/// A name that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leak {
    /// The text around the first one.
    pub(crate) text: String,
    /// How many there are.
    pub(crate) times: u64,
}

/// What was found in a content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leaks {
    /// Paths of the sandbox.
    pub(crate) build_paths: Option<Leak>,
    /// Names of the other architecture's system.
    pub(crate) foreign_names: Option<Leak>,
    /// The name of the sandbox's machine.
    pub(crate) hosts: Option<Leak>,
    /// Times at which nothing but a build was.
    pub(crate) times: Option<Leak>,
}

/// What is looked for.
pub(crate) struct Needles {
    sandbox: Finder<'static>,
    machine: Finder<'static>,
    hosts: [Finder<'static>; 2],
    year: Finder<'static>,
}

impl Needles {
    /// What a result for an architecture must not have in it.
    pub(crate) fn of(arch: Arch) -> Self {
        let machine = format!("{}-", other(arch).machine());
        Self {
            sandbox: Finder::new(b"/xb/"),
            machine: Finder::new(machine.as_bytes()).into_owned(),
            hosts: HOSTS.map(Finder::new),
            year: Finder::new(CENTURY),
        }
    }

    /// Looks through a text that is in memory.
    pub(crate) fn in_text(&self, text: &str) -> Leaks {
        let mut leaks = Leaks::default();
        self.look(text.as_bytes(), 0..text.len(), true, &mut leaks);
        leaks
    }

    /// Looks through a content, but for what is left out. In a text, a path that only ends like one of the sandbox's is
    /// none; elsewhere nothing tells where a path begins.
    pub(crate) fn in_content(
        &self,
        source: &Source,
        left_out: &[Range<u64>],
        is_text: bool,
        buffer: &mut Vec<u8>,
    ) -> Result<Leaks, AuditError> {
        let mut leaks = Leaks::default();
        for range in without(source.len(), left_out) {
            self.in_range(source, range, is_text, buffer, &mut leaks)?;
        }
        Ok(leaks)
    }

    /// Looks through a part, block by block. Each block is read with what is around it, so that a name across an edge
    /// is found once and shown whole.
    fn in_range(
        &self,
        source: &Source,
        range: Range<u64>,
        is_text: bool,
        buffer: &mut Vec<u8>,
        leaks: &mut Leaks,
    ) -> Result<(), AuditError> {
        let whole = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        if let Some(bytes) = whole.and_then(|(start, end)| source.head().get(start..end)) {
            self.look(bytes, 0..bytes.len(), is_text, leaks);
            return Ok(());
        }
        let mut at = range.start;
        while at < range.end {
            let end = range.end.min(at + BLOCK as u64);
            let (first, last) = (range.start.max(at.saturating_sub(AROUND as u64)), range.end.min(end + AROUND as u64));
            buffer.resize(len(first, last), 0);
            source.read(first, buffer)?;
            self.look(buffer, len(first, at)..len(first, end), is_text, leaks);
            at = end;
        }
        Ok(())
    }

    /// Notes what begins within a part of some bytes.
    fn look(&self, bytes: &[u8], within: Range<usize>, is_text: bool, leaks: &mut Leaks) {
        let starts = |finder: &Finder<'static>| {
            let (finder, end) = (finder.clone(), within.end);
            let mut at = within.start;
            std::iter::from_fn(move || {
                let found = at + finder.find(bytes.get(at..)?)?;
                at = found + 1;
                (found < end).then_some(found)
            })
        };
        let after = |at: usize, finder: &Finder<'static>| bytes.get(at + finder.needle().len()..).unwrap_or_default();
        let places = starts(&self.sandbox).filter(|at| is_place(bytes, *at, is_text));
        note(&mut leaks.build_paths, places.map(|at| shown(bytes, at)));
        let systems = starts(&self.machine).filter(|at| is_system(after(*at, &self.machine)));
        note(&mut leaks.foreign_names, systems.map(|at| shown(bytes, at)));
        let hosts = self.hosts.iter().flat_map(starts);
        note(&mut leaks.hosts, hosts.filter_map(|at| host(bytes, at)));
        if !is_text {
            note(&mut leaks.times, starts(&self.year).filter_map(|at| time(bytes, at)));
        }
    }
}

/// The architecture that is not meant.
pub(crate) const fn other(arch: Arch) -> Arch {
    match arch {
        Arch::Amd64 => Arch::Arm64,
        Arch::Arm64 => Arch::Amd64,
    }
}

fn len(start: u64, end: u64) -> usize {
    usize::try_from(end.saturating_sub(start)).unwrap_or(0)
}

/// What is left of a content.
fn without(len: u64, left_out: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut left_out = left_out.to_vec();
    left_out.sort_unstable_by_key(|range| range.start);
    let (mut parts, mut at) = (Vec::new(), 0);
    for range in left_out {
        if at < range.start.min(len) {
            parts.push(at..range.start.min(len));
        }
        at = at.max(range.end);
    }
    if at < len {
        parts.push(at..len);
    }
    parts
}

fn note(leak: &mut Option<Leak>, found: impl Iterator<Item = String>) {
    for text in found {
        leak.get_or_insert_with(|| Leak { text, times: 0 }).times += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, build_paths: Option<&str>, foreign_names: Option<&str>) {
        let leaks = Needles::of(Arch::Arm64).in_text(text);
        assert_eq!(leaks.build_paths.as_ref().map(|leak| leak.text.as_str()), build_paths, "{text}");
        assert_eq!(leaks.foreign_names.as_ref().map(|leak| leak.text.as_str()), foreign_names, "{text}");
    }

    #[test]
    fn paths_of_the_sandbox_are_found_and_paths_like_them_are_not() {
        check("prefix = /xb/out/usr", Some("/xb/out/usr"), None);
        check("CFLAGS='-O2 -I/xb/src/include'", Some("-I/xb/src/include"), None);
        check("a=/xb/build", Some("a=/xb/build"), None);
        for other in ["/home/xb/src", "/xb/sources", "/xb/build-tools", "/xb/", "xb/src", "/xb/out.txt"] {
            check(other, None, None);
        }
    }

    #[test]
    fn names_of_the_other_architecture_are_found_and_names_like_them_are_not() {
        check("libdir=/usr/lib/x86_64-linux-gnu", None, Some("libdir=/usr/lib/x86_64-linux-gnu"));
        check("x86_64-linux-gnu-gcc x86_64-pc-linux-gnu", None, Some("x86_64-linux-gnu-gcc"));
        for other in ["aarch64-linux-gnu", "x86_64-linux-gnux32", "x86_64-w64-mingw32", "x86_64-", "x86_64"] {
            check(other, None, None);
        }
    }

    #[test]
    fn what_is_left_out_may_lie_anyhow() {
        let left = |left_out: &[Range<u64>]| without(10, left_out).into_iter().flatten().collect::<Vec<u64>>();
        assert_eq!(without(10, &[]).len(), 1);
        assert_eq!(left(&[6..8, 2..4, 3..5]), [0, 1, 5, 8, 9]);
        assert_eq!(left(&[0..20, 0..1]), [0; 0]);
        assert_eq!(left(&[8..u64::MAX, 50..60]), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
