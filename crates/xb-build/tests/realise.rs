//! Realising goals: what runs, what does not, and in which order.

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use support::World;
use support::graph::Add;
use support::store::Shared;
use xb_build::Machine;
use xb_graph::{Graph, Input, Node};
use xb_store::Store;

/// `top` needs `middle`, which needs `library`, which is built from a download.
fn tower() -> (Graph, [xb_graph::NodeId; 3]) {
    let mut graph = Graph::default();
    let source = graph.fetch("library.tar");
    let library = graph.run("library", &[source], &[("SAME", "the same bits")]);
    let middle = graph.run("middle", &[library], &[]);
    let both = graph.compose(&[library, middle]);
    let top = graph.run("top", &[both], &[]);
    (graph, [library, middle, top])
}

#[tokio::test]
async fn what_is_needed_is_built_and_nothing_else() {
    let world = World::default();
    let (mut graph, [_, _, top]) = tower();
    graph.run("other", &[], &[]);
    let realised = world.realise(graph, &[top]).await;
    assert!(realised.succeeded());
    assert_eq!(world.executor.ran(), ["library", "middle", "top"]);
    let out = realised.node(top).unwrap().outputs["out"];
    assert!(world.contents.text(out, "text").contains("build"));
}

#[tokio::test]
async fn a_second_build_runs_and_composes_nothing() {
    let world = World::default();
    let (graph, [_, _, top]) = tower();
    let first = world.realise(graph.clone(), &[top]).await;
    world.forget_what_happened();
    let added = world.contents.added.load(Ordering::Relaxed);
    let second = world.realise(graph, &[top]).await;
    assert_eq!(world.executor.ran(), [""; 0]);
    // The one directory is the provider's.
    assert_eq!(world.contents.added.load(Ordering::Relaxed), added + 1);
    assert!(second.node(top).unwrap().cached);
    assert_eq!(first.node(top).unwrap().outputs, second.node(top).unwrap().outputs);
}

#[tokio::test]
async fn a_change_that_leaves_the_same_bits_rebuilds_nothing_above() {
    let world = World::default();
    let (graph, [_, _, top]) = tower();
    world.realise(graph.clone(), &[top]).await;
    world.forget_what_happened();
    world.provider.change("library.tar", "with another comment");
    assert!(world.realise(graph, &[top]).await.succeeded());
    assert_eq!(world.executor.ran(), ["library"]);
}

#[tokio::test]
async fn two_ways_to_one_tree_meet_in_one_result() {
    let world = World::default();
    let mut graph = Graph::default();
    let fetched = graph.fetch("a");
    let plain = graph.run("plain", &[fetched], &[]);
    let mut selected = support::graph::a_run("selected", &[fetched], &[]);
    selected.root[0].select = Some(vec!["te*".to_owned()]);
    let selected = graph.add_node(Node::Run(Box::new(selected)));
    let first = world.realise(graph.clone(), &[plain]).await;
    world.forget_what_happened();
    let second = world.realise(graph, &[selected]).await;
    assert_eq!(world.executor.ran(), [""; 0]);
    assert_eq!(first.node(plain).unwrap().outputs, second.node(selected).unwrap().outputs);
}

#[tokio::test]
async fn one_action_is_built_once_however_many_ask_for_it() {
    let world = World::default();
    let mut graph = Graph::default();
    let goals: Vec<_> = (0..5).map(|index| graph.run(&format!("p{index}"), &[], &[("SLEEP", "20")])).collect();
    let realised = world.realise(graph, &goals).await;
    assert!(realised.succeeded());
    assert_eq!(world.executor.ran().len(), 1);
    let actions: Vec<_> = goals.iter().map(|goal| realised.node(*goal).unwrap().run.as_ref().unwrap().action).collect();
    assert!(actions.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn never_more_runs_than_jobs() {
    for jobs in [1, 3] {
        let mut world = World::default();
        world.options.jobs = jobs;
        let mut graph = Graph::default();
        let goals: Vec<_> =
            (0..9).map(|index| graph.run("p", &[], &[("SLEEP", "10"), ("N", &index.to_string())])).collect();
        assert!(world.realise(graph, &goals).await.succeeded());
        assert_eq!(world.executor.most(), jobs);
        assert_eq!(world.executor.ran().len(), 9);
    }
}

#[tokio::test]
async fn a_run_that_is_alone_may_use_all_jobs() {
    let world = World::default();
    let (graph, [_, _, top]) = tower();
    world.realise(graph, &[top]).await;
    assert_eq!(world.executor.shares(), [4, 4, 4]);
}

#[tokio::test]
async fn what_more_waits_for_runs_first() {
    let mut world = World::default();
    world.options.jobs = 1;
    let mut graph = Graph::default();
    let short = graph.run("short", &[], &[("N", "1")]);
    let long = graph.run("long", &[], &[("N", "2")]);
    let middle = graph.run("middle", &[long], &[]);
    let end = graph.run("end", &[middle], &[]);
    assert!(world.realise(graph, &[short, end]).await.succeeded());
    assert_eq!(world.executor.ran()[..2], ["long", "middle"]);
}

#[tokio::test]
async fn remembered_durations_decide_what_is_long() {
    let mut world = World::default();
    world.options.jobs = 1;
    let mut graph = Graph::default();
    let quick = graph.run("quick", &[], &[("N", "1"), ("SLEEP", "1")]);
    let slow = graph.run("slow", &[], &[("N", "2"), ("SLEEP", "40")]);
    assert!(world.realise(graph.clone(), &[quick, slow]).await.succeeded());
    world.forget_what_happened();
    world.options.rebuild = [quick, slow].into();
    let realised = world.realise(graph, &[quick, slow]).await;
    assert_eq!(world.executor.ran(), ["slow", "quick"]);
    assert!(realised.node(slow).unwrap().run.as_ref().unwrap().before.is_some());
}

#[tokio::test]
async fn memory_limits_how_many_run() {
    let mut world = World::default();
    world.options.memory = 1 << 30;
    let mut graph = Graph::default();
    let goals: Vec<_> =
        (0..6).map(|index| graph.run("p", &[], &[("SLEEP", "10"), ("N", &index.to_string())])).collect();
    // Nothing is remembered of them: 512 MB each.
    assert!(world.realise(graph, &goals).await.succeeded());
    assert_eq!(world.executor.most(), 2);
}

#[tokio::test]
async fn goals_that_are_no_runs_are_made_too() {
    let world = World::default();
    let mut graph = Graph::default();
    let files = graph.files("a", "text");
    let composed = graph.compose(&[files]);
    let realised = world.realise(graph, &[composed, files]).await;
    let tree = realised.node(files).unwrap().outputs["out"];
    assert_eq!(world.contents.text(tree, "a"), "text");
    assert!(realised.node(composed).unwrap().outputs.contains_key("out"));
}

#[tokio::test]
async fn a_long_chain_of_composed_trees_needs_no_deep_stack() {
    let world = World::default();
    let mut graph = Graph::default();
    let mut last = graph.files("a", "text");
    for _ in 0..20_000 {
        let input = Input { node: last, output: "out".into() };
        let Node::Run(run) = Node::Run(Box::new(support::graph::a_run("p", &[last], &[]))) else { unreachable!() };
        let mut layer = run.root[0].clone();
        layer.input = input;
        layer.at = xb_core::RelPath::root();
        last = graph.add_node(Node::Compose { layers: vec![layer] });
    }
    let goal = graph.run("p", &[last], &[]);
    assert!(world.realise(graph, &[goal]).await.succeeded());
}

#[tokio::test]
async fn a_rebuild_runs_what_is_known() {
    let mut world = World::default();
    let (graph, [_, middle, top]) = tower();
    world.realise(graph.clone(), &[top]).await;
    world.forget_what_happened();
    world.options.rebuild = [middle].into();
    assert!(world.realise(graph, &[top]).await.succeeded());
    assert_eq!(world.executor.ran(), ["middle"]);
}

#[tokio::test]
async fn without_a_memory_everything_is_still_cached_by_contents() {
    let world = World::default();
    let (graph, [_, _, top]) = tower();
    let graph = Arc::new(graph);
    let mut builder = world.builder();
    builder.memory = Arc::new(());
    assert!(builder.realise(&graph, &[top], &world.options).await.succeeded());
    world.forget_what_happened();
    assert!(builder.realise(&graph, &[top], &world.options).await.succeeded());
    assert_eq!(world.executor.ran(), [""; 0]);
}

#[tokio::test]
async fn two_builds_that_share_a_store_build_one_action_once() {
    let folder = tempfile::tempdir().unwrap();
    let worlds = [World::default(), World::default()];
    let executor = Arc::clone(&worlds[0].executor);
    let mut graph = Graph::default();
    let p = graph.run("p", &[], &[("SLEEP", "60")]);
    let user = graph.run("user", &[p], &[]);
    let graph = Arc::new(graph);
    let goals = [user];
    let builds = worlds.each_ref().map(|world| {
        // A process of its own has the store open on its own account.
        let store = Store::open(folder.path()).unwrap();
        let mut builder = world.builder();
        builder.machines = vec![Machine::here(executor.clone())];
        builder.contents = worlds[0].contents.clone();
        builder.cache = worlds[0].cache.clone();
        builder.memory = Arc::new(Shared(store.clone()));
        builder.locks = Arc::new(Shared(store));
        builder
    });
    let [first, second] = &builds;
    let (one, other) = tokio::join!(
        first.realise(&graph, &goals, &worlds[0].options),
        second.realise(&graph, &goals, &worlds[1].options),
    );
    assert_eq!(executor.ran(), ["p", "user"]);
    assert_eq!(one.node(user).unwrap().outputs, other.node(user).unwrap().outputs);
}
