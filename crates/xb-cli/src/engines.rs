//! The engines of a project: servers that run its actions.

use std::sync::Arc;
use std::time::Duration;

use xb_build::{Event, Events};
use xb_core::Arch;
use xb_engine::{EngineExecutor, Options};
use xb_http::Patience;
use xb_store::{Memory, Store};

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
/// would be sent there, and what comes back would be believed. One whose token is not to be had is left out.
///
/// # Errors
/// When what was accepted cannot be read.
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
    let mut engines = Vec::new();
    for (config, engine) in project.config.engines() {
        match options(config, engine) {
            Ok(options) => {
                let (contents, scratch) = (Arc::new(store.clone()), store.scratch().to_owned());
                engines.push(Arc::new(EngineExecutor::new(options, contents, Arc::clone(memory), scratch)));
            }
            Err(message) => events.event(Event::Warned { message }),
        }
    }
    Ok(engines)
}

/// The variable that names the xb that is brought along to machines of an architecture which `ssh` gets to.
fn program_variable(arch: Arch) -> String {
    format!("XB_FOR_{}", arch.debian().to_ascii_uppercase())
}

/// What one is told; why it is left out where the variable of its token holds none.
fn options(config: &ExecutorConfig, engine: &EngineConfig) -> Result<Options, String> {
    let ExecutorConfig { name, arch, slots, .. } = config;
    let EngineConfig { server, jobs, properties, token } = engine;
    let mut server = server.clone();
    if let Some(variable) = token {
        let token = std::env::var(variable).ok().filter(|token| !token.is_empty()).ok_or_else(|| {
            format!(
                "`{name}` is not used: its token is to be in `{variable}`, which is not set; \
                 `export {variable}=...` sets it"
            )
        })?;
        server = server.with_token(token);
    }
    // No project says this: what is brought along runs outside of a sandbox, and whatever it is is sent.
    if let Some(program) = std::env::var_os(program_variable(*arch)).filter(|program| !program.is_empty()) {
        server = server.with_program(program.into());
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
