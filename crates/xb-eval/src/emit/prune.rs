//! Leaving out the nodes that no target needs.

use xb_graph::{Graph, Input, Layer, Node, NodeId, Target};

/// The graph with only what the targets need, in the same order.
pub(super) fn prune(mut graph: Graph, targets: Vec<Target>) -> Graph {
    let needed = needed(&graph, &targets);
    if needed.iter().all(|needed| *needed) {
        graph.targets = targets;
        return graph;
    }
    let mut pruned = Graph::default();
    let mut numbers = vec![NodeId(0); graph.len()];
    for (id, node) in graph.nodes() {
        if needed[id.0 as usize] {
            let node = renumbered(node, &numbers);
            numbers[id.0 as usize] = pruned.add(node, graph.origin(id).clone());
        }
    }
    pruned.targets = targets
        .into_iter()
        .map(|target| Target {
            build: number(&numbers, target.build),
            check: target.check.map(|check| number(&numbers, check)),
            ..target
        })
        .collect();
    pruned
}

fn needed(graph: &Graph, targets: &[Target]) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    let mut open: Vec<NodeId> =
        targets.iter().flat_map(|target| [target.build].into_iter().chain(target.check)).collect();
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut needed[id.0 as usize], true) {
            open.extend(graph.node(id).inputs());
        }
    }
    needed
}

fn number(numbers: &[NodeId], id: NodeId) -> NodeId {
    numbers[id.0 as usize]
}

fn renumbered(node: &Node, numbers: &[NodeId]) -> Node {
    let input = |input: &Input| Input { node: number(numbers, input.node), ..input.clone() };
    let layers = |layers: &[Layer]| -> Vec<Layer> {
        layers.iter().map(|layer| Layer { input: input(&layer.input), ..layer.clone() }).collect()
    };
    match node {
        Node::Compose { layers: old } => Node::Compose { layers: layers(old) },
        Node::Run(run) => {
            let mut run = run.clone();
            run.root = layers(&run.root);
            run.emulator = run.emulator.as_ref().map(input);
            Node::Run(run)
        }
        Node::Choice(choice) => {
            let mut choice = choice.clone();
            for option in &mut choice.options {
                option.1 = number(numbers, option.1);
            }
            Node::Choice(choice)
        }
        other => other.clone(),
    }
}
