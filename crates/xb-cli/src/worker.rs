//! This machine as the worker of a server: it runs the actions of others.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use xb_core::Arch;
use xb_exec::LocalExecutor;
use xb_graph::Limits;
use xb_serve::{Open, Place, Worker};

use crate::failure::Failure;
use crate::local::local;
use crate::project::Config;
use crate::stores::{StoreMemory, open_store};

/// Those who have run actions here, for who ends the program.
#[derive(Clone, Default)]
pub struct Opened(Arc<Mutex<Vec<Weak<LocalExecutor>>>>);

impl Opened {
    /// Waits until every sandbox that was given up is gone, for some seconds at most.
    pub fn settle(&self) {
        let opened = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        opened.iter().filter_map(Weak::upgrade).for_each(|local| local.settle());
    }

    fn add(&self, local: &Arc<LocalExecutor>) {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|known| known.strong_count() > 0);
        opened.push(Arc::downgrade(local));
    }
}

/// A worker that runs so many actions at one time, in the store of whoever runs it.
///
/// # Errors
/// When this machine is of an architecture that xb does not know.
pub fn worker(slots: usize, opened: &Opened) -> Result<Worker, Failure> {
    let arch = Arch::host()
        .ok_or_else(|| Failure::environment("xb does not know the architecture of this machine".to_owned()))?;
    let opened = opened.clone();
    let open: Box<Open> = Box::new(move || {
        let store = open_store(&Config::default()).map_err(|failure| failure.message().to_owned())?;
        let local = Arc::new(local(&store, 0).map_err(|failure| failure.message().to_owned())?);
        opened.add(&local);
        Ok(Place { executor: local, store: Arc::new(store.clone()), memory: Arc::new(StoreMemory(store)) })
    });
    Ok(Worker { name: format!("xb-{arch}"), arch, slots, limits: Limits::default(), open })
}
