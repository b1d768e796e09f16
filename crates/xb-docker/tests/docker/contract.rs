//! A container does what every executor does.

use std::sync::Arc;

use xb_contract::contract;

use crate::world::{World, executor};

/// The world beside is for its folder, and for its images, which go with it.
fn in_containers() -> Option<(World, xb_contract::World)> {
    let kept = World::new()?;
    // The machine's processors are shared among the two slots of the executor.
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
    let jobs = u32::try_from((cpus / 2).max(1)).expect("a few");
    let world = xb_contract::World::new(jobs, |store| Arc::new(executor(store, kept.folder(), None)) as _)?;
    Some((kept, world))
}

contract!(in_containers);
