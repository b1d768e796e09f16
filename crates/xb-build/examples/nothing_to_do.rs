//! How long a build takes when there is nothing to do: packages with up to five needs each.
//!
//! `cargo run --release -p xb-build --example nothing_to_do -- [PACKAGES]`, in memory; with `--store` against a store in
//! a temporary folder.
#![allow(clippy::print_stdout, reason = "it is what the example is for")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Instant;

use support::World;
use support::graph::Add;
use xb_build::{Builder, Realised};
use xb_graph::{Graph, NodeId};
use xb_store::Store;

/// Every package has its files, its run, and a tree of itself with all its needs.
fn packages(count: usize) -> (Graph, Vec<NodeId>) {
    let mut graph = Graph::default();
    let base = graph.fetch("base");
    let mut runs: Vec<NodeId> = Vec::new();
    let mut staged: Vec<NodeId> = Vec::new();
    for index in 0..count {
        let needs = (1..=index % 6).filter_map(|step| Some(staged[index.checked_sub(step * step * 7)?]));
        let needs: Vec<_> = needs.collect();
        let script = graph.files("xb/build.sh", &format!("make p{index}"));
        let mut inputs = vec![base, script];
        inputs.extend(&needs);
        let run = graph.run(&format!("p{index}"), &inputs, &[("SAME", &index.to_string())]);
        runs.push(run);
        staged.push(graph.compose(&[run]));
    }
    (graph, runs)
}

fn timed(what: &str, builder: &Builder, graph: &Arc<Graph>, goals: &[NodeId], world: &World) -> Realised {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let started = Instant::now();
    let realised = runtime.block_on(builder.realise(graph, goals, &world.options));
    println!("{what}: {:?} for {} nodes", started.elapsed(), realised.nodes.len());
    realised
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut count = 10_000;
    let mut store = None;
    let folder = tempfile::tempdir().expect("a folder");
    for argument in &mut arguments {
        match argument.as_str() {
            "--store" => store = Some(Store::open(folder.path()).expect("a store")),
            number => count = number.parse().expect("a number of packages"),
        }
    }
    let world = World::default();
    let mut builder = world.builder();
    if let Some(store) = store {
        builder.memory = Arc::new(support::store::Shared(store));
    }
    let (graph, goals) = packages(count);
    let graph = Arc::new(graph);
    let first = timed("all to do", &builder, &graph, &goals, &world);
    assert!(first.succeeded());
    for _ in 0..3 {
        let again = timed("nothing to do", &builder, &graph, &goals, &world);
        assert!(again.succeeded());
    }
}
