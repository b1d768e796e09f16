//! The CPUs that the command may use, which are all that it sees.
//!
//! How many there are is told by the set that a process may run on, and by two files of `/proc`: a program that reads
//! those would start more threads than have room. There is no `/sys` in a sandbox.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, mkdirat, statat};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::devices::{OWN, touch};
use super::root::{attach, clone_mount};
use super::{Broken, Tried};
use crate::spec::Spec;

/// The CPUs that the command may use, by their numbers.
pub struct Cpus(Vec<usize>);

impl Cpus {
    /// As many of those that this process may use as the limit says, from a place on that the spec says, and around.
    pub fn choose(spec: &Spec) -> Result<Self, Broken> {
        let all = sched_getaffinity(None).tried("see the CPUs")?;
        let all: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).collect();
        let count = match spec.limits.cpus {
            0 => all.len(),
            count => count as usize,
        };
        Ok(Self(around(&all, spec.first_cpu as usize, count).collect()))
    }

    /// Lets this process use no others.
    pub fn confine(&self) -> Result<(), Broken> {
        let mut chosen = CpuSet::new();
        self.0.iter().for_each(|cpu| chosen.set(*cpu));
        sched_setaffinity(None, &chosen).tried("choose CPUs")
    }

    /// Lets no others be seen in `/proc`; what is shown instead lies in `dev`.
    pub fn hide_others(&self, proc: &OwnedFd, dev: &OwnedFd) -> Result<(), Broken> {
        let stat = read("stat")?;
        if stat.lines().filter_map(numbered).all(|cpu| self.0.contains(&cpu)) {
            return Ok(());
        }
        show(&self.of_stat(&stat), "stat", proc, dev)?;
        show(&self.of_cpuinfo(&read("cpuinfo")?), "cpuinfo", proc, dev)
    }

    fn of_stat(&self, text: &str) -> String {
        let kept = |line: &&str| numbered(line).is_none_or(|cpu| self.0.contains(&cpu));
        text.split_inclusive('\n').filter(kept).collect()
    }

    /// Each CPU has a paragraph, which begins with its number.
    fn of_cpuinfo(&self, text: &str) -> String {
        let number =
            |paragraph: &str| paragraph.lines().next()?.strip_prefix("processor")?.split(": ").nth(1)?.parse().ok();
        let kept = |paragraph: &&str| number(paragraph).is_none_or(|cpu| self.0.contains(&cpu));
        text.split_inclusive("\n\n").filter(kept).collect()
    }
}

/// The number of the CPU that a line of `/proc/stat` is about: `cpu3 1 2 3`.
fn numbered(line: &str) -> Option<usize> {
    line.strip_prefix("cpu")?.split(' ').next()?.parse().ok()
}

/// At most `count` of `all`, each once, from the place `first` on; after the last comes the first.
fn around(all: &[usize], first: usize, count: usize) -> impl Iterator<Item = usize> {
    let first = first % all.len().max(1);
    all.iter().copied().cycle().skip(first).take(count.min(all.len()))
}

/// The machine's own `/proc` is still there.
fn read(name: &str) -> Result<String, Broken> {
    let path = format!("/proc/{name}");
    let bytes = std::fs::read(&path).tried(format_args!("read `{path}`"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn show(text: &str, name: &str, proc: &OwnedFd, dev: &OwnedFd) -> Result<(), Broken> {
    let what = || format!("show in `/proc/{name}` the CPUs that may be used");
    let folder = format!("{OWN}/proc");
    if statat(dev, &folder, AtFlags::SYMLINK_NOFOLLOW).is_err() {
        mkdirat(dev, &folder, Mode::from_raw_mode(0o755)).tried(what())?;
    }
    let path = format!("{folder}/{name}");
    let file = touch(dev, &path, 0o444).tried(what())?;
    std::io::Write::write_all(&mut std::fs::File::from(file), text.as_bytes()).tried(what())?;
    attach(&clone_mount(dev, &path).tried(what())?, proc, name).tried(what())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_taken_in_turn() {
        let take = |first, count| around(&[2, 3, 7], first, count).collect::<Vec<_>>();
        assert_eq!(take(0, 2), [2, 3]);
        assert_eq!(take(2, 2), [7, 2]);
        assert_eq!(take(4, 1), [3]);
        assert_eq!(take(1, 9), [3, 7, 2]);
        assert_eq!(around(&[], 1, 2).count(), 0);
    }

    #[test]
    fn what_is_shown_leaves_the_others_out() {
        let cpus = Cpus(vec![1, 10]);
        let stat = "cpu  9 9\ncpu0 1 2\ncpu1 3 4\ncpu10 5 6\nintr 7\nctxt 8\n";
        assert_eq!(cpus.of_stat(stat), "cpu  9 9\ncpu1 3 4\ncpu10 5 6\nintr 7\nctxt 8\n");
        let info = "processor\t: 0\nflags\t: a\n\nprocessor\t: 1\nflags\t: b\n\nprocessor\t: 2\n\nHardware\t: x\n";
        assert_eq!(cpus.of_cpuinfo(info), "processor\t: 1\nflags\t: b\n\nHardware\t: x\n");
        assert_eq!(cpus.of_cpuinfo("processor\t: x\n"), "processor\t: x\n");
    }
}
