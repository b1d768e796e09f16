//! The engines of a project: servers that run its actions.

use std::sync::Arc;
use std::time::Duration;

use xb_build::{Event, Events, Memory};
use xb_engine::{EngineExecutor, Options};
use xb_http::Patience;
use xb_store::Store;

use crate::failure::Failure;
use crate::project::{EngineConfig, ExecutorConfig, Project};
use crate::sharing::is_accepted;

/// How patient one is with an engine: for some minutes, which is as long as one takes to start again.
fn patience() -> Patience {
    Patience {
        parallel: 16,
        tries: 10,
        pause: Duration::from_millis(500),
        connect: Duration::from_secs(10),
        silence: Duration::from_secs(60),
    }
}

/// The engines that a project names, in the order of the file; none where they were not accepted: what is built from
/// would be sent there, and what comes back would be believed.
///
/// # Errors
/// When the variable of a token is not there, or what was accepted cannot be read.
pub fn engines(
    project: &Project,
    store: &Store,
    memory: &Arc<dyn Memory>,
    events: &Arc<dyn Events>,
) -> Result<Vec<Arc<EngineExecutor>>, Failure> {
    if project.config.engines().next().is_none() {
        return Ok(Vec::new());
    }
    if !is_accepted(project)? {
        let message = "`xb.toml` names engines that you have not accepted, and everything runs here: \
                       `xb cache accept` shows and accepts them";
        events.event(Event::Warned { message: message.to_owned() });
        return Ok(Vec::new());
    }
    let engine = |(config, engine): (&ExecutorConfig, &EngineConfig)| -> Result<_, Failure> {
        let (options, scratch) = (options(config, engine)?, store.scratch().to_owned());
        Ok(Arc::new(EngineExecutor::new(options, Arc::new(store.clone()), Arc::clone(memory), scratch)))
    };
    project.config.engines().map(engine).collect()
}

fn options(config: &ExecutorConfig, engine: &EngineConfig) -> Result<Options, Failure> {
    let ExecutorConfig { name, arch, slots, .. } = config;
    let EngineConfig { server, jobs, properties, token } = engine;
    let mut server = server.clone();
    if let Some(variable) = token {
        let token = std::env::var(variable).map_err(|_| {
            Failure::environment(format!("[executor.{name}] takes its token from `{variable}`, which is not set"))
                .help(format!("`export {variable}=...` sets it"))
        })?;
        server = server.with_token(token);
    }
    Ok(Options {
        name: name.clone(),
        server,
        arch: *arch,
        slots: *slots as usize,
        jobs: *jobs,
        properties: properties.clone(),
        patience: patience(),
    })
}
