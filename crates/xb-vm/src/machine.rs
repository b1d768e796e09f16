//! One running machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::net::UnixStream as Socket;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;
use xb_core::TreeId;
use xb_store::{Contents, LockedFolder};

use crate::bring::{Programs, only};
use crate::console::{Console, last_lines};
use crate::disks::{self, Outputs, Pool};
use crate::executor::Inner;
use crate::keeper::Keeper;
use crate::launch::{Ends, Launch};
use crate::order::Placed;
use crate::ports::{Ports, Said};
use crate::protocol::Line;
use crate::{image, initrd};

/// What the names of machines' folders begin with.
pub const PREFIX: &str = "vm-";

/// How long a machine may take to be ready: it takes seconds where the host has nothing else to do.
const START: Duration = Duration::from_secs(180);

/// What is wrong with a machine, as half a sentence: it is of no more use.
#[derive(Debug)]
pub struct Lost(pub String);

/// A machine that runs: dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Machine {
    /// Goes before the folder that it works in.
    keeper: Keeper,
    console: Console,
    /// What it is told and says.
    pub ports: Ports,
    /// What commands say.
    pub log: Said,
    /// Where outputs come.
    pub outputs: Outputs,
    pool: Pool,
    layers: BTreeMap<TreeId, u32>,
    programs: Programs,
    guard: PathBuf,
    folder: LockedFolder,
}

/// A machine of which nothing was heard yet.
#[derive(Debug)]
pub struct Started {
    keeper: Keeper,
    console: Console,
    control: Socket,
    log: Socket,
    disks: (Pool, Outputs),
    programs: Programs,
    guard: PathBuf,
    folder: LockedFolder,
}

impl Started {
    /// Starts a machine of trees that are folders: `emulator` has programs of this machine, `machine` those of the
    /// other. Waits for the disk.
    ///
    /// # Errors
    /// When something is missing, or the system refuses: a sentence for a person.
    pub fn new(inner: &Inner, emulator: PathBuf, machine: PathBuf) -> Result<Self, String> {
        let refused = |error: io::Error| format!("cannot start a machine in `{}`: {error}", inner.scratch.display());
        let folder = LockedFolder::create(&inner.scratch, PREFIX).map_err(refused)?;
        let programs = Programs { folder: emulator, arch: inner.host };
        let disks = disks::make(folder.path()).map_err(refused)?;
        let kernel = only(&machine.join("boot"), "vmlinuz-")?;
        let modules = only(&machine.join("usr/lib/modules"), "")?;
        let initrd = folder.path().join("initrd");
        let archive = initrd::make(&Programs { folder: machine, arch: inner.options.arch }, &modules)?;
        fs::write(&initrd, archive).map_err(refused)?;
        let pair = || Socket::pair().map_err(refused);
        let ((control, control_end), (log, log_end), (console, console_end)) = (pair()?, pair()?, pair()?);
        let guard = inner.options.guard.clone().unwrap_or_else(|| "/proc/self/exe".into());
        let launch = Launch {
            guard: guard.clone(),
            programs: programs.clone(),
            arch: inner.options.arch,
            kernel,
            initrd,
            folder: folder.path().to_owned(),
            memory: inner.options.memory,
            cpus: inner.options.cpus,
        };
        let ends = Ends { control: control_end.into(), log: log_end.into(), console: console_end.into() };
        let keeper = Keeper::start(launch.command(ends)).map_err(refused)?;
        let console = Console::listen(console).map_err(refused)?;
        control.set_nonblocking(true).and_then(|()| log.set_nonblocking(true)).map_err(refused)?;
        Ok(Self { keeper, console, control, log, disks, programs, guard, folder })
    }

    /// Waits until the machine takes orders.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(self) -> Result<Machine, (Lost, Console)> {
        let console = self.console.clone();
        let machine = async {
            let wrong = |error: io::Error| Lost(format!("its ports cannot be used: {error}"));
            let (ports, log) = (Ports::new(self.control).map_err(wrong)?, Said::new(self.log).map_err(wrong)?);
            let (pool, outputs) = self.disks;
            let mut machine = Machine {
                keeper: self.keeper,
                console: self.console,
                ports,
                log,
                outputs,
                pool,
                layers: BTreeMap::new(),
                programs: self.programs,
                guard: self.guard,
                folder: self.folder,
            };
            match timeout(START, machine.ports.line()).await {
                Ok(Ok(Line::Ready)) => Ok(machine),
                Ok(Ok(_)) => Err(Lost("it spoke out of turn when it started".to_owned())),
                Ok(Err(lost)) => Err(lost),
                Err(_) => Err(Lost(format!("it was not ready after {} s", START.as_secs()))),
            }
        };
        machine.await.map_err(|lost| (lost, console))
    }
}

impl Machine {
    /// What its kernel says.
    pub fn console(&self) -> Console {
        self.console.clone()
    }

    /// Whether it can take another order: its emulator runs, and its disk has not taken too much.
    pub fn is_of_use(&self) -> bool {
        self.keeper.runs() && !self.pool.is_used_up()
    }

    /// Puts the layers of a root where the machine finds them, from the lowest; those that it has already cost nothing.
    ///
    /// # Errors
    /// When the disk or the store does not do what it should: a sentence for a person.
    pub fn place(&mut self, layers: &[TreeId], store: &dyn Contents) -> Result<Vec<Placed>, String> {
        layers.iter().map(|layer| self.place_one(*layer, store)).collect()
    }

    fn place_one(&mut self, layer: TreeId, store: &dyn Contents) -> Result<Placed, String> {
        if let Some(number) = self.layers.get(&layer) {
            return Ok(Placed { number: *number, offset: None });
        }
        let folder = store.materialise(layer).map_err(|error| error.to_string())?;
        let image = image::make(&self.guard, &self.programs, &folder, &self.folder.path().join("image"))?;
        let offset = self.pool.put(image).map_err(|error| self.full(&error))?;
        let number = u32::try_from(self.layers.len()).map_err(|error| error.to_string())?;
        self.layers.insert(layer, number);
        Ok(Placed { number, offset: Some(offset) })
    }

    /// Puts an order where the machine finds it, and says where that is.
    ///
    /// # Errors
    /// When the disk does not do what it should: a sentence for a person.
    pub fn place_order(&mut self, order: &[u8]) -> Result<u64, String> {
        self.pool.put_bytes(order).map_err(|error| self.full(&error))
    }

    fn full(&self, error: &io::Error) -> String {
        format!("cannot write to the disk of the machine in `{}`: {error}", self.folder.path().display())
    }
}

/// Keeps the log of a lost machine's console beside the folders of machines, and says what is wrong with the machine.
pub fn explain(inner: &Inner, Lost(why): Lost, console: &Console) -> String {
    let log = console.take();
    let path = inner.scratch.join(format!("{}.log", inner.options.name));
    let mut text = format!("the machine is of no more use: {why}");
    for line in last_lines(&log) {
        text += &format!("\n  {line}");
    }
    match fs::write(&path, &log) {
        Ok(()) => text += &format!("\n  what its console said is in `{}`", path.display()),
        Err(error) => text += &format!("\n  what its console said cannot be kept: {error}"),
    }
    text
}
