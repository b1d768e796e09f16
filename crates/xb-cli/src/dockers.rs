//! The Docker engines of a project.

use std::sync::Arc;

use xb_build::{Event, Events};
use xb_docker::{DockerExecutor, Host, Options};
use xb_store::Store;

use crate::failure::Failure;
use crate::project::{ExecutorConfig, Project};
use crate::sharing::is_accepted;

/// How many images of a store a Docker engine keeps.
const IMAGES: usize = 64;

/// The Docker engines that a project names, in the order of the file; none where they were not accepted. Who asks nobody
/// elsewhere leaves those out that are.
///
/// # Errors
/// When what was accepted cannot be read.
pub fn dockers(
    project: &Project,
    store: &Store,
    offline: bool,
    events: &Arc<dyn Events>,
) -> Result<Vec<Arc<DockerExecutor>>, Failure> {
    let warn = |message: String| events.event(Event::Warned { message });
    if project.config.dockers().next().is_none() {
        return Ok(Vec::new());
    }
    if !is_accepted(project)? {
        let message = "`xb.toml` names Docker engines that you have not accepted, and nothing runs there: \
                       `xb cache accept` shows and accepts them";
        warn(message.to_owned());
        return Ok(Vec::new());
    }
    let mut dockers = Vec::new();
    for (config, host) in project.config.dockers() {
        match host.cloned().map_or_else(Host::of_environment, Ok) {
            Ok(host) if offline && host.is_remote() => {}
            Ok(host) => dockers.push(Arc::new(executor(config, host, store))),
            Err(why) => warn(format!("`{}` is not used: {why}", config.name)),
        }
    }
    Ok(dockers)
}

fn executor(config: &ExecutorConfig, host: Host, store: &Store) -> DockerExecutor {
    let ExecutorConfig { name, arch, slots, .. } = config;
    let options = Options { name: name.clone(), host: Some(host), arch: *arch, slots: *slots, images: IMAGES };
    // There it is written down whose containers there are.
    let folder = store.folder().join("containers");
    DockerExecutor::new(options, Arc::new(store.clone()), folder)
}
