//! What a build would do, told without doing it.

mod support;

use std::sync::Arc;

use support::World;
use support::graph::Add;
use xb_build::{Event, Forecast};
use xb_graph::{Graph, NodeId};

/// `top` needs `middle`, which needs `library`, which is built from a download.
fn tower(url: &str) -> (Graph, NodeId) {
    let mut graph = Graph::default();
    let source = graph.fetch(url);
    let library = graph.run("library", &[source], &[("SAME", "the same bits")]);
    let middle = graph.run("middle", &[library], &[]);
    let top = graph.run("top", &[middle], &[]);
    (graph, top)
}

async fn forecast(world: &World, graph: Graph, goal: NodeId) -> Forecast {
    let forecast = world.builder().forecast(&Arc::new(graph), &[goal], &world.options).await;
    assert_eq!(world.executor.ran(), [""; 0]);
    assert!(world.told.0.lock().unwrap().is_empty());
    forecast
}

/// `middle?` for what may turn out to be known.
fn runs(forecast: &Forecast) -> Vec<String> {
    let name = |title: &str| title.split(' ').next().unwrap_or_default().to_owned();
    forecast.runs.iter().map(|run| name(&run.title) + if run.certain { "" } else { "?" }).collect()
}

#[tokio::test]
async fn what_has_no_result_would_run_and_what_waits_for_it_may() {
    let world = World::default();
    let (graph, top) = tower("library.tar");
    let first = forecast(&world, graph.clone(), top).await;
    assert_eq!(runs(&first), ["library", "middle?", "top?"]);
    assert_eq!((first.known, first.fetches.len(), first.failures.len()), (0, 0, 0));
    assert!(first.runs.iter().all(|run| run.expected.is_none()));

    world.realise(graph.clone(), &[top]).await;
    world.forget_what_happened();
    let done = forecast(&world, graph.clone(), top).await;
    assert_eq!((runs(&done).len(), done.known), (0, 3));

    world.provider.change("library.tar", "with another comment");
    let changed = forecast(&world, graph, top).await;
    assert_eq!(runs(&changed), ["library", "middle?", "top?"]);
    assert!(changed.runs.iter().all(|run| run.expected.is_some()));
}

#[tokio::test]
async fn what_runs_again_is_said_to() {
    let mut world = World::default();
    let (graph, top) = tower("library.tar");
    world.realise(graph.clone(), &[top]).await;
    world.forget_what_happened();
    world.options.rebuild = [top].into();
    let again = forecast(&world, graph, top).await;
    assert_eq!((runs(&again), again.known), (vec!["top".to_owned()], 2));
}

#[tokio::test]
async fn what_is_not_here_would_be_fetched() {
    let world = World::default();
    let (graph, top) = tower("gone:library.tar");
    let forecast = forecast(&world, graph, top).await;
    assert_eq!(forecast.fetches, ["gone:library.tar"]);
    assert_eq!(runs(&forecast), ["library?", "middle?", "top?"]);
    assert!(forecast.failures.is_empty());
}

#[tokio::test]
async fn what_is_ahead_is_told_once_and_only_before_something_runs() {
    let world = World::default();
    let (graph, top) = tower("library.tar");
    let told = || {
        let events = world.told.0.lock().unwrap();
        let ahead = events.iter().filter_map(|event| match event {
            Event::Ahead(ahead) => Some((runs(ahead), ahead.known)),
            _ => None,
        });
        ahead.collect::<Vec<_>>()
    };
    world.realise(graph.clone(), &[top]).await;
    assert_eq!(told(), [(["library?", "middle?", "top?"].map(str::to_owned).to_vec(), 0)]);
    world.forget_what_happened();
    world.realise(graph.clone(), &[top]).await;
    assert_eq!(told(), []);

    let mut more = graph;
    let another = more.run("another", &[top], &[]);
    world.realise(more, &[another]).await;
    assert_eq!(told(), [(vec!["another?".to_owned()], 3)]);
}
