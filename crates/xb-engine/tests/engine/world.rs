//! A world for the tests, around an executor for an engine.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use xb_build::Executor;
pub use xb_contract::{Outcome, write};
use xb_core::Arch;
use xb_engine::{EngineExecutor, Options};
use xb_http::Patience;
use xb_store::{Memory, ShortMemory, Store};

/// Remembers, takes a while for it, and counts how often it is asked for the engine's names of contents.
#[derive(Default)]
pub struct SlowMemory {
    memory: ShortMemory,
    pub asked: AtomicUsize,
}

impl Memory for SlowMemory {
    fn recall(&self, kind: &str, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        if kind == "sha256-v1" {
            self.asked.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(100));
        }
        self.memory.recall(kind, keys)
    }

    fn remember(&self, kind: &str, key: &[u8], value: &[u8]) {
        self.memory.remember(kind, key, value);
    }
}

/// Everything that a test needs; gone when dropped.
pub struct World {
    pub executor: Arc<EngineExecutor>,
    pub memory: Arc<SlowMemory>,
    world: xb_contract::World,
}

impl Deref for World {
    type Target = xb_contract::World;

    fn deref(&self) -> &Self::Target {
        &self.world
    }
}

pub fn patience() -> Patience {
    let second = Duration::from_secs(1);
    let pause = Duration::from_millis(100);
    Patience { parallel: 8, tries: 8, pause, connect: 5 * second, silence: 20 * second }
}

impl World {
    /// None when busybox is missing.
    pub fn new(address: &str) -> Option<Self> {
        Self::with(address, patience(), |make| xb_contract::World::new(JOBS, make))
    }

    /// With a root in which nothing can run.
    pub fn still(address: &str) -> Self {
        Self::patient(address, patience())
    }

    /// The same, and it waits for nothing.
    pub fn hasty(address: &str) -> Self {
        Self::patient(address, Patience { pause: Duration::ZERO, ..patience() })
    }

    /// The same, and it does not wait long for a connection.
    pub fn curt(address: &str) -> Self {
        Self::patient(address, Patience { connect: Duration::from_millis(300), ..patience() })
    }

    fn patient(address: &str, patience: Patience) -> Self {
        Self::with(address, patience, |make| Some(xb_contract::World::still(JOBS, make))).expect("it needs nothing")
    }

    fn with(
        address: &str,
        patience: Patience,
        world: impl FnOnce(&dyn Fn(&Store) -> Arc<dyn Executor>) -> Option<xb_contract::World>,
    ) -> Option<Self> {
        let (memory, made) = (Arc::new(SlowMemory::default()), OnceLock::new());
        let world = world(&|store| {
            let executor = executor(address, patience.clone(), store, Arc::clone(&memory));
            Arc::clone(made.get_or_init(|| Arc::new(executor))) as _
        })?;
        let executor = made.into_inner().expect("it was made");
        Some(Self { executor, memory, world })
    }

    pub async fn run(&self, script: &str) -> Outcome {
        self.run_action(&self.script(script)).await.expect("the engine does its work")
    }
}

/// How many jobs a command is told to run.
pub const JOBS: u32 = 3;

/// An executor for the engine at an address.
pub fn executor(address: &str, patience: Patience, store: &Store, memory: Arc<SlowMemory>) -> EngineExecutor {
    let options = Options {
        name: "farm".to_owned(),
        server: format!("grpc://{address}").parse().expect("a server"),
        arch: Arch::host().expect("an architecture"),
        slots: 4,
        jobs: JOBS,
        properties: BTreeMap::from([("OSFamily".to_owned(), "linux".to_owned())]),
        patience,
    };
    EngineExecutor::new(options, Arc::new(store.clone()), memory, store.scratch().to_owned())
}
