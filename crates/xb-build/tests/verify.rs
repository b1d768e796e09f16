//! The same package by several methods.

mod support;

use support::World;
use support::graph::Add;
use xb_build::{Way, compare};
use xb_graph::Graph;
use xb_graph::Method::{self, Cross, Emulate};

/// Realises a package by one method, in a graph of its own, and always anew.
async fn way(world: &mut World, method: Method, env: &[(&str, &str)]) -> Way {
    let mut graph = Graph::default();
    let p = graph.choice("p", &[method], &[], env);
    world.options.rebuild = [p].into();
    world.realise(graph, &[p]).await.way(p).unwrap()
}

#[tokio::test]
async fn equal_bits_are_equal_and_others_are_listed() {
    let mut world = World::default();
    let same = [("SAME", "bits")];
    let ways = [way(&mut world, Cross, &same).await, way(&mut world, Emulate, &same).await];
    assert_eq!(ways.each_ref().map(|way| way.method), [Cross, Emulate]);
    assert!(compare(&ways, &["out"], &*world.contents).unwrap()[0].is_equal());

    let other = way(&mut world, Emulate, &[("SAME", "other bits")]).await;
    let compared = compare(&[ways[0].clone(), other], &["out"], &*world.contents).unwrap();
    let found = &compared[0].differences["out"];
    assert_eq!(found[0].to_string(), "/text: the contents differ (4 and 10 bytes)");
    assert_eq!(found.len(), 1);
}
