//! Two files' answers, side by side.

use std::collections::BTreeSet;

use xb_core::Arch;

use super::OtherValue;
use super::answer::{Answer, Answers, Probe};
use super::names::{asks_for_processor, neutral};

/// What two builds answered differently.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differing {
    /// On in the first, off in the second.
    pub(super) in_first: Vec<String>,
    /// On in the second, off in the first.
    pub(super) in_second: Vec<String>,
    /// What has to differ, since the architectures do.
    pub(super) architectural: Vec<OtherValue>,
    /// Values that the compiler sees.
    pub(super) compiled_in: Vec<OtherValue>,
    /// Other values: paths of tools, names of libraries.
    pub(super) other: Vec<OtherValue>,
}

impl Differing {
    /// Compares what the same file says in builds for two architectures, or in two builds for one.
    pub(super) fn between([first, second]: &[Answers; 2], of_first: Arch, of_second: Arch) -> Self {
        let mut differing = Self::default();
        for name in first.names(second) {
            differing.note(name, first.get(name), second.get(name), of_first == of_second);
        }
        differing
    }

    fn note(&mut self, name: &str, first: Option<&Probe>, second: Option<&Probe>, same_arch: bool) {
        let compiled_in = first.or(second).is_some_and(|probe| probe.compiled_in);
        let answer = |probe: Option<&Probe>| probe.map_or(Answer::Off, |probe| probe.answer.clone());
        let (first, second) = (answer(first), answer(second));
        if neutral(&first.to_string()) == neutral(&second.to_string()) {
            return;
        }
        let value = || OtherValue { name: name.to_owned(), first: first.to_string(), second: second.to_string() };
        if !same_arch && asks_for_processor(name) {
            self.architectural.push(value());
            return;
        }
        match (&first, &second) {
            // A define that is no switch is a number or a name, which one of the two has no use for.
            (Answer::Is(_), _) | (_, Answer::Is(_)) if compiled_in => self.compiled_in.push(value()),
            (Answer::On | Answer::Is(_), Answer::Off) => self.in_first.push(name.to_owned()),
            (Answer::Off, _) => self.in_second.push(name.to_owned()),
            _ => self.other.push(value()),
        }
    }

    /// Leaves out what was told before.
    pub(super) fn leave_out(&mut self, told: &mut BTreeSet<String>) {
        for names in [&mut self.in_first, &mut self.in_second] {
            names.retain(|name| told.insert(name.clone()));
        }
        for values in [&mut self.architectural, &mut self.compiled_in, &mut self.other] {
            values.retain(|value| told.insert(value.name.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use xb_core::Arch::{Amd64, Arm64};

    use super::super::{cmake, header};
    use super::*;

    fn names(values: &[OtherValue]) -> Vec<&str> {
        values.iter().map(|value| value.name.as_str()).collect()
    }

    #[test]
    fn what_one_has_and_the_other_has_not() {
        let amd64 = header::read("#define HAVE_MMAP 1\n#define HAVE_SSE2 1\n#define CPU \"amd64\"\n#define ONE 16\n");
        let arm64 =
            header::read("/* #undef HAVE_MMAP */\n#define HAVE_FORK\n#define CPU \"arm64\"\n#define HAVE_NEON 1\n");
        let both = [amd64, arm64];
        let between = Differing::between(&both, Amd64, Arm64);
        assert_eq!(
            (&between.in_first[..], &between.in_second[..]),
            (&["HAVE_MMAP".into()][..], &["HAVE_FORK".into()][..])
        );
        assert_eq!(names(&between.architectural), ["HAVE_NEON", "HAVE_SSE2"]);
        assert_eq!(names(&between.compiled_in), ["ONE"]);
        let one = Differing::between(&both, Arm64, Arm64);
        assert_eq!(one.in_first, ["HAVE_MMAP", "HAVE_SSE2"], "by two methods, the processor is no excuse");
    }

    #[test]
    fn a_library_that_is_found_is_on() {
        let read = |text: &str| cmake::read(text);
        let both = [read("Z_LIBRARY:FILEPATH=/usr/lib/x86_64-linux-gnu/libz.so\nA:PATH=/a\n"), read("A:PATH=/b\n")];
        let between = Differing::between(&both, Amd64, Arm64);
        assert_eq!((between.in_first, names(&between.other)), (vec!["Z_LIBRARY".into()], vec!["A"]));
    }

    #[test]
    fn what_was_told_is_not_told_again() {
        let both = [header::read("#define A 1\n#define B 1\n"), header::read("")];
        let mut told = BTreeSet::from(["B".to_owned()]);
        let mut differing = Differing::between(&both, Amd64, Arm64);
        differing.leave_out(&mut told);
        assert_eq!((differing.in_first, told.len()), (vec!["A".into()], 2));
    }
}
