//! The processes of the sandbox, as `/proc` shows them.

use std::fs;

/// A process of the sandbox, but not its first.
pub struct Process {
    pid: u32,
    /// The folder in `/proc` of a thread that has memory.
    folder: String,
    /// How many threads it has.
    pub threads: u64,
    /// Resident memory in bytes, memory that is shared counted in full.
    pub resident: u64,
}

/// Resident memory in bytes, memory that is shared counted in parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proportional {
    /// What is no file in memory.
    pub own: u64,
    /// What is in files in memory, named or not, and what processes share without a file.
    pub shared: u64,
}

/// All of them.
pub fn all() -> Vec<Process> {
    numbers("/proc").filter(|pid| *pid != 1).filter_map(Process::new).collect()
}

impl Process {
    /// None when it has ended meanwhile.
    fn new(pid: u32) -> Option<Self> {
        let mut folder = format!("/proc/{pid}");
        let (threads, mut resident) = stat(&folder)?;
        if resident == 0 && threads > 1 {
            // The memory is not shown where the first thread has ended before the others.
            let mut others = threads_of(pid).filter_map(|thread| Some((stat(&thread)?.1, thread)));
            if let Some(other) = others.find(|(resident, _)| *resident > 0) {
                (resident, folder) = other;
            }
        }
        Some(Self { pid, folder, threads, resident })
    }

    /// The folders in `/proc` of its threads.
    pub fn threads(&self) -> Vec<String> {
        if self.threads == 1 { vec![self.folder.clone()] } else { threads_of(self.pid).collect() }
    }

    /// Memory that is shared counted in parts: slower to find out.
    pub fn proportional(&self) -> Proportional {
        let text = fs::read_to_string(format!("{}/smaps_rollup", self.folder)).unwrap_or_default();
        parse_rollup(&text).unwrap_or(Proportional { own: self.resident, shared: 0 })
    }
}

fn threads_of(pid: u32) -> impl Iterator<Item = String> {
    let tasks = format!("/proc/{pid}/task");
    numbers(&tasks).map(move |thread| format!("{tasks}/{thread}"))
}

/// The names in a folder that are numbers.
fn numbers(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The number of threads, and the resident memory in bytes.
fn stat(folder: &str) -> Option<(u64, u64)> {
    let text = fs::read(format!("{folder}/stat")).ok()?;
    let (threads, pages) = parse_stat(&String::from_utf8_lossy(&text))?;
    Some((threads.max(1), pages * rustix::param::page_size() as u64))
}

/// The fields `num_threads` and `rss`: the name before them is the program's own choice, and may look like fields.
fn parse_stat(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let threads = fields.nth(17)?.parse().ok()?;
    Some((threads, fields.nth(3)?.parse().ok()?))
}

fn parse_rollup(text: &str) -> Option<Proportional> {
    let bytes = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(rest.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    };
    let (all, shared) = (bytes("Pss:")?, bytes("Pss_Shmem:").unwrap_or(0));
    Some(Proportional { own: all.saturating_sub(shared), shared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_do_not_matter() {
        let numbers = "S 1 5 5 0 -1 4194304 89 0 0 0 0 0 0 0 20 0 7 0 1234 3219456 311 18446744073709551615 1 1";
        for name in ["sh", "a) R 1 2", "x y (z)"] {
            assert_eq!(parse_stat(&format!("5 ({name}) {numbers}\n")), Some((7, 311)), "{name}");
        }
        assert_eq!(parse_stat("5 (sh) Z 1"), None);
    }

    #[test]
    fn the_kernel_says_what_this_program_is() {
        let process = Process::new(std::process::id()).unwrap();
        assert!(process.threads >= 1 && process.resident > 1 << 16);
        assert_eq!(process.threads().len() > 1, process.threads > 1);
        assert!(process.proportional().own > 1 << 16);
    }

    #[test]
    fn shared_memory_is_told_from_the_rest() {
        let text =
            "1-2 ---p 0 00:00 0 [rollup]\nRss: 12 kB\nPss:                  10 kB\nPss_Shmem:             4 kB\n";
        assert_eq!(parse_rollup(text), Some(Proportional { own: 6 << 10, shared: 4 << 10 }));
        assert_eq!(parse_rollup(""), None);
    }
}
