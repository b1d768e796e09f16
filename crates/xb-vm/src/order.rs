//! What a machine is told about an action: a tar file of settings and scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use xb_core::{Arch, RelPath};
use xb_graph::ResolvedAction;
use xb_run::{HOST_NAME, filter};

use crate::collect::LONGEST_LIST;
use crate::disks;
use crate::shell::quote;

/// The machine's busybox, where every sandbox has it.
const BUSYBOX: &str = "/dev/.xb/busybox";

/// What a command may still do as the owner of its own files, as in the local sandbox.
const KEPT: [&str; 11] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "net_bind_service",
    "setfcap",
];

/// How many processes there may be where there is no limit: half of what the machine's kernel can tell apart.
const MOST_PROCESSES: u64 = 1 << 14;

/// How many processes what prepares the command takes itself.
const START: u64 = 2;

/// What a shell counts the sizes of files in, in bytes.
const UNIT: u64 = 512;

/// A layer of a root in a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its number: that of its loop device, and the name of its folder.
    pub number: u32,
    /// Where its image begins in the pool, in bytes; none when the machine has it already.
    pub offset: Option<u64>,
}

/// What an order is made of, beside the action.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The action.
    pub action: &'a ResolvedAction,
    /// The layers of its root, from the lowest.
    pub layers: &'a [Placed],
    /// The architecture of the machine.
    pub arch: Arch,
    /// How many CPUs the machine has.
    pub cpus: u32,
}

impl Order<'_> {
    /// The tar file.
    ///
    /// # Errors
    /// When the action has something that no system call can take: a sentence for a person.
    pub fn pack(&self) -> Result<Vec<u8>, String> {
        let action = self.action;
        let mut texts = action.command.iter().chain(action.env.keys()).chain(action.env.values());
        if let Some(text) = texts.find(|text| text.contains('\0')) {
            return Err(format!("a word of its command or environment has a NUL in it: {text:?}"));
        }
        let Some(program) = action.command.first() else {
            return Err("it has no command".to_owned());
        };
        if program.contains('=') {
            return Err(format!("the name of its program has a `=` in it: `{program}`"));
        }
        let filter = filter::bytes(&filter::filter(self.arch, true, false));
        let files = [
            ("settings", self.settings().into_bytes()),
            ("options", options()),
            ("filter", filter),
            ("start", self.start().into_bytes()),
            ("list", list(&action.outputs).into_bytes()),
            ("tree", tree(&action.outputs).into_bytes()),
        ];
        archive(&files).map_err(|error| format!("cannot pack the order: {error}"))
    }

    /// Variables of the machine's own script.
    fn settings(&self) -> String {
        let limits = &self.action.limits;
        let new = self.layers.iter().filter_map(|layer| Some(format!("{}:{}", layer.number, layer.offset?)));
        let new: Vec<String> = new.collect();
        let lower: Vec<String> = self.layers.iter().rev().map(|layer| layer.number.to_string()).collect();
        let some = |limit: u64, most: u64| if limit == 0 { most } else { limit };
        format!(
            "layers='{}'\nlower='{}'\ndisk={}\nlargest={}\nmemory={}\nprocesses={}\ncpus=0-{}\noutputs={}\n",
            new.join(" "),
            lower.join(":"),
            some(limits.disk, disks::MOST).min(disks::MOST),
            self.largest() * UNIT,
            limits.memory,
            some(limits.processes, MOST_PROCESSES).max(START),
            self.jobs() - 1,
            self.action.outputs.len(),
        )
    }

    /// How many CPUs the command has, and so how many jobs it should run at once: nobody else works in the machine.
    fn jobs(&self) -> u32 {
        let limit = self.action.limits.cpus;
        if limit == 0 { self.cpus.max(1) } else { limit.min(self.cpus).max(1) }
    }

    /// How many units no file may grow beyond; zero is no limit.
    fn largest(&self) -> u64 {
        self.action.limits.disk.min(disks::MOST).div_ceil(UNIT)
    }

    /// What runs in the sandbox: it prepares what every command finds, and becomes the command.
    fn start(&self) -> String {
        let action = self.action;
        let cwd = quote(&format!("/{}", action.cwd));
        let mut script = format!(
            "b={BUSYBOX}\numask 022\n\
             $b mkdir -p /tmp && $b chmod 1777 /tmp\n\
             $b mkdir -p {cwd} && cd {cwd} || {{ $b echo \"xb: cannot make the working folder\"; exit 127; }}\n"
        );
        for path in action.outputs.values() {
            // Where something else lies in the way, it is for the command to clear it.
            let _ = writeln!(script, "$b mkdir -p {} 2> /dev/null", quote(&format!("/{path}")));
        }
        script += "ulimit -c 0; ulimit -H -n 1048576; ulimit -S -n 4096; ulimit -S -s 8192\n";
        if self.largest() > 0 {
            let _ = writeln!(script, "ulimit -f {}", self.largest());
        }
        let held: Vec<String> = KEPT.iter().map(|name| format!("-{name}")).collect();
        let held = held.join(",");
        let _ = write!(script, "exec $b setpriv --inh-caps={held} --ambient-caps={held} $b env -i");
        let jobs = self.jobs().to_string();
        let own = (!action.env.contains_key("jobs")).then_some(("jobs", jobs.as_str()));
        let given = action.env.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in given.chain(own) {
            let _ = write!(script, " {}", quote(&format!("{key}={value}")));
        }
        for word in &action.command {
            let _ = write!(script, " {}", quote(word));
        }
        script.push('\n');
        script
    }
}

/// What bubblewrap is told, each word with a NUL behind it.
fn options() -> Vec<u8> {
    let mut words: Vec<String> = [
        "--bind /run/root / --unshare-user --unshare-ipc --unshare-pid --unshare-net --unshare-uts --unshare-cgroup",
        "--disable-userns --uid 0 --gid 0 --die-with-parent --new-session --proc /proc --dev /dev --chdir / --clearenv",
        "--hostname",
        HOST_NAME,
    ]
    .iter()
    .flat_map(|words| words.split(' ').map(str::to_owned))
    .collect();
    words.extend(KEPT.iter().flat_map(|name| ["--cap-add".to_owned(), format!("CAP_{}", name.to_uppercase())]));
    words.iter().flat_map(|word| word.bytes().chain([0])).collect()
}

/// Says where an output really is and what no tree holds of it, as far as anybody reads that.
fn list(outputs: &BTreeMap<String, RelPath>) -> String {
    format!(
        "b={BUSYBOX}\n{}\
         {{ $b printf '%s\\0' \"$PWD\"; $b find . ! -type f ! -type d ! -type l -print0; }} | $b head -c {}\n",
        enter(outputs),
        LONGEST_LIST + 1
    )
}

/// Writes the tar file of an output.
fn tree(outputs: &BTreeMap<String, RelPath>) -> String {
    format!("b={BUSYBOX}\n{}exec $b tar -c .\n", enter(outputs))
}

/// Goes to an output; ends with 1 where it is no folder of the root, every link on the way followed, but none at the
/// very end.
fn enter(outputs: &BTreeMap<String, RelPath>) -> String {
    let mut script = "case $1 in\n".to_owned();
    for (number, path) in outputs.values().enumerate() {
        let path = quote(&format!("/{path}"));
        let _ = writeln!(script, "{number}) [ ! -L {path} ] && cd -P {path} 2> /dev/null || exit 1 ;;");
    }
    script + "esac\ncase $PWD in / | /proc | /proc/* | /dev | /dev/*) exit 1 ;; esac\n"
}

fn archive(files: &[(&str, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes.as_slice())?;
    }
    archive.into_inner()
}
