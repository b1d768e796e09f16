//! This machine as the worker of a server: it runs the actions of others.

use std::sync::Arc;

use xb_core::Arch;
use xb_graph::Limits;
use xb_serve::{Open, Place, Worker};

use crate::failure::Failure;
use crate::local::local;
use crate::project::Config;
use crate::stores::{StoreMemory, open_store};

/// A worker that runs so many actions at one time, in the store of whoever runs it.
///
/// # Errors
/// When this machine is of an architecture that xb does not know.
pub fn worker(slots: usize) -> Result<Worker, Failure> {
    let arch = Arch::host()
        .ok_or_else(|| Failure::environment("xb does not know the architecture of this machine".to_owned()))?;
    let open: Box<Open> = Box::new(|| {
        let store = open_store(&Config::default()).map_err(|failure| failure.message().to_owned())?;
        let local = Arc::new(local(&store, 0).map_err(|failure| failure.message().to_owned())?);
        let (executor, contents) = (Arc::clone(&local) as _, Arc::new(store.clone()));
        let settle = Box::new(move || local.settle());
        Ok(Place { executor, store: contents, memory: Arc::new(StoreMemory(store)), settle })
    });
    Ok(Worker { name: format!("xb-{arch}"), arch, slots, limits: Limits::default(), open })
}
