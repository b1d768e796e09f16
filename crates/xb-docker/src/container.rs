//! A container that is removed whatever comes: also where nobody waits for it any more.

use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use uuid::Uuid;
use xb_build::{Alive, ExecutorError};

use crate::engine::Engine;
use crate::owner::forced;

/// A container, or one that is being made: dropping it removes it.
pub struct Container {
    engine: Engine,
    removing: Alive,
    name: String,
    /// None when it was made, or could not be.
    making: Option<JoinHandle<Result<(), Error>>>,
    is_removed: bool,
}

impl Container {
    /// One that will be made; only [`Self::made`] waits for it.
    pub fn new(engine: &Engine, removing: &Alive, body: ContainerCreateBody) -> Self {
        let name = format!("xb-{}", Uuid::new_v4());
        let (docker, named) = (engine.docker.clone(), CreateContainerOptionsBuilder::new().name(&name).build());
        // A request that nobody waits for may be answered all the same: only its end tells.
        let make = async move { docker.create_container(Some(named), body).await.map(drop) };
        let making = Some(tokio::spawn(make));
        Self { engine: engine.clone(), removing: removing.clone(), name, making, is_removed: false }
    }

    /// Waits until it is there.
    ///
    /// # Errors
    /// What the engine says; or else that this program gave up.
    pub async fn made(&mut self) -> Result<Result<(), Error>, ExecutorError> {
        let made = match &mut self.making {
            Some(making) => making.await,
            None => return Ok(Ok(())),
        };
        self.making = None;
        let made = made.map_err(|error| ExecutorError::Machine(format!("the executor gave up: {error}")))?;
        self.is_removed = made.is_err();
        Ok(made)
    }

    /// What the engine knows it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes it, and waits for that.
    ///
    /// # Errors
    /// When the engine refuses.
    pub async fn remove(mut self) -> Result<(), Error> {
        self.engine.docker.remove_container(&self.name, Some(forced())).await?;
        self.is_removed = true;
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.is_removed {
            return;
        }
        let (engine, removing) = (self.engine.clone(), self.removing.clone());
        let (name, making) = (std::mem::take(&mut self.name), self.making.take());
        let removing = removing.enter();
        runtime.spawn(async move {
            if let Some(making) = making {
                // One that could not be made is not there to be removed.
                let _ = making.await;
            }
            // What an engine does not remove now is removed by a later xb.
            let _ = engine.docker.remove_container(&name, Some(forced())).await;
            drop(removing);
        });
    }
}
