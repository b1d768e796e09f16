//! Looking after a container that runs: what stops a command that uses more than it may, where nothing else does.

use std::collections::HashMap;
use std::future::pending;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{EventsOptionsBuilder, StatsOptionsBuilder};
use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};
use xb_run::Exceeded;

use crate::body::HELPERS;
use crate::engine::Engine;

/// How often it is asked whether there still is a container.
const LOOK: Duration = Duration::from_secs(30);

/// How long an engine may take to say so.
const SILENCE: Duration = Duration::from_secs(120);

/// Says which limit a container has exceeded, as soon as the engine does: who has got too little does not go on with what
/// is left. Of processes there is no limit where `processes` is zero.
///
/// # Errors
/// When the engine falls silent, or knows the container no more.
pub async fn watch(engine: &Engine, container: &str, processes: u64) -> Result<Exceeded, Error> {
    tokio::select! {
        () = runs_short(engine, container) => Ok(Exceeded::Memory),
        () = grows_beyond(engine, container, processes) => Ok(Exceeded::Processes),
        error = is_silent(engine, container) => Err(error),
    }
}

/// Waits until the kernel kills one of a container's processes for the memory that they use.
async fn runs_short(engine: &Engine, container: &str) {
    let told = [("type", "container"), ("event", "oom"), ("container", container)];
    let told = told.map(|(what, which)| (what.to_owned(), vec![which.to_owned()]));
    let options = EventsOptionsBuilder::new().filters(&HashMap::from(told)).build();
    let mut events = Box::pin(engine.docker.events(Some(options)));
    if !matches!(events.next().await, Some(Ok(_))) {
        // Nobody else tells before the container has ended.
        pending().await
    }
}

/// Waits until a container has more processes and threads than it may: the engine tells once in a second, and so lets it
/// have some more.
async fn grows_beyond(engine: &Engine, container: &str, processes: u64) {
    if processes > 0 {
        let options = StatsOptionsBuilder::new().stream(true).build();
        let mut figures = Box::pin(engine.docker.stats(container, Some(options)));
        while let Some(Ok(figure)) = figures.next().await {
            let current = figure.pids_stats.and_then(|figure| figure.current);
            if current.is_some_and(|current| current > processes.saturating_add(HELPERS)) {
                return;
            }
        }
    }
    pending().await
}

/// Waits until an engine does not say any more that there is a container.
async fn is_silent(engine: &Engine, container: &str) -> Error {
    loop {
        sleep(LOOK).await;
        match timeout(SILENCE, engine.docker.inspect_container(container, None)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return error,
            Err(_) => return Error::RequestTimeoutError,
        }
    }
}
