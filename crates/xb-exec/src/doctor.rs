//! What this machine can do, and what would mend what it cannot.

mod emulation;

use std::fs;
use std::path::Path;

use xb_graph::Limits;

use crate::emulator::{self, Emulation};
use crate::executor::LocalExecutor;
use crate::interactive::{HangUp, interact};
use crate::scratch::Scratch;
use crate::spec::{Report, Spec, Stdio, Take};
use crate::users::{self, Kind};

/// The oldest Linux that sandboxes were tried on: what they ask for is there since 5.12, with `mount_setattr`.
const OLDEST: (u32, u32) = (6, 1);

/// Less free space than this is worth a word.
const LITTLE_SPACE: u64 = 10 << 30;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What: `sandbox`.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// A sentence about it.
    pub detail: String,
    /// The command that mends it, if one does.
    pub mend: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// Something works less well than it could.
    Poor,
    /// Nothing works without it.
    Bad,
}

/// Looks at what this machine's kernel can do.
pub fn examine_kernel() -> Vec<Finding> {
    vec![kernel()]
}

impl LocalExecutor {
    /// Looks at what can be done beneath the executor's folder.
    pub fn examine(&self) -> Vec<Finding> {
        let sandbox = self.examine_sandbox();
        let more = if sandbox.state == State::Good { vec![self.emulation(), self.users()] } else { Vec::new() };
        [sandbox].into_iter().chain(more).chain([self.space()]).collect()
    }

    /// Looks at whether a sandbox can be opened.
    pub fn examine_sandbox(&self) -> Finding {
        match self.try_sandbox(1, |_| {}) {
            Ok(()) => good("sandbox", "actions run in namespaces of their own".to_owned()),
            Err(reason) => Finding { name: "sandbox", state: State::Bad, detail: reason, mend: mend_namespaces() },
        }
    }

    /// Few packages ask for more than one user.
    fn users(&self) -> Finding {
        let most = users::MOST;
        match self.try_sandbox(most, |_| {}) {
            Ok(()) => good("users", format!("a sandbox can have {most} users, where a package asks for them")),
            Err(reason) => Finding { name: "users", state: State::Poor, detail: reason, mend: mend_users() },
        }
    }

    /// Opens a sandbox that has nothing in it: that its command is not found is the best that can happen.
    fn try_sandbox(&self, users: u32, change: impl FnOnce(&mut Spec)) -> Result<(), String> {
        let tried = Scratch::new(&self.inner.scratch, &self.inner.alive).and_then(|scratch| {
            let lower = scratch.path().join("lower");
            fs::create_dir(&lower)?;
            let mut spec = empty_spec(&scratch, &lower, users);
            change(&mut spec);
            interact(self.inner.child(users), &spec, &scratch, &HangUp::default())
        });
        match tried {
            Ok(Report::Ended(_) | Report::Terminal) => Ok(()),
            Ok(Report::Broken { reason }) => Err(reason),
            Err(error) => Err(error.to_string()),
        }
    }

    fn space(&self) -> Finding {
        let free = rustix::fs::statvfs(&self.inner.scratch).map_or(0, |system| system.f_bavail * system.f_frsize);
        let detail = format!("{} GiB are free at `{}`", free >> 30, self.inner.scratch.display());
        let state = if free < LITTLE_SPACE { State::Poor } else { State::Good };
        let mend = (state == State::Poor).then(|| "xb gc".to_owned());
        Finding { name: "disk", state, detail, mend }
    }
}

/// A sandbox of so many users that has nothing in it, over a folder where nothing is.
pub fn empty_spec(scratch: &Scratch, lower: &Path, users: u32) -> Spec {
    Spec {
        scratch: scratch.path().to_owned(),
        layers: vec![lower.to_owned()],
        command: vec!["/nothing".to_owned()],
        env: Default::default(),
        cwd: Default::default(),
        outputs: Default::default(),
        take: Take::default(),
        limits: Limits { users, ..Limits::default() },
        first_cpu: 0,
        foreign: Vec::new(),
        emulation: Emulation::default(),
        stdio: Stdio::Log,
    }
}

fn good(name: &'static str, detail: String) -> Finding {
    Finding { name, state: State::Good, detail, mend: None }
}

fn kernel() -> Finding {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    if emulator::kernel_version(&release) >= OLDEST {
        return good("kernel", format!("Linux {release}"));
    }
    let (major, minor) = OLDEST;
    let detail = format!("Linux {release} is older than {major}.{minor}, the oldest that sandboxes were tried on");
    Finding { name: "kernel", state: State::Bad, detail, mend: None }
}

/// Settings by which distributions forbid user namespaces, the value that does, and the one that mends it.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("user.max_user_namespaces", "0", "10000"),
];

fn mend_namespaces() -> Option<String> {
    let (name, _, mended) = SETTINGS.into_iter().find(|(name, forbidding, _)| {
        let path = Path::new("/proc/sys").join(name.replace('.', "/"));
        fs::read_to_string(path).is_ok_and(|value| value.trim() == *forbidding)
    })?;
    Some(format!("sudo sysctl -w {name}={mended}"))
}

fn mend_users() -> Option<String> {
    let user = rustix::process::geteuid().as_raw();
    if user == 0 {
        return None;
    }
    let [users, groups] = [Kind::User, Kind::Group].map(|kind| users::set_aside(kind, user).map_or(0, |all| all.count));
    if users.min(groups) >= users::MOST - 1 {
        let is_there = Path::new("/usr/bin").join(Kind::User.mapper()).exists();
        return (!is_there).then(|| "sudo apt-get install uidmap".to_owned());
    }
    let (first, last) = (users::free(), users::free().saturating_add(users::MOST - 1));
    Some(format!("sudo usermod --add-subuids {first}-{last} --add-subgids {first}-{last} \"$(id -un)\""))
}
