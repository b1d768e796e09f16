//! Random graphs against a realiser that is too simple to be wrong: one node after another, nothing cached.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use support::executor::output_text;
use support::graph::Add;
use support::team::Team;
use support::{World, text_tree};
use xb_core::TreeId;
use xb_graph::Method::{Cross, Emulate};
use xb_graph::{Graph, Layer, Node, NodeId, PlacedTree, compose, resolve};

/// What a node is, and which of the earlier nodes it uses.
#[derive(Clone, Debug)]
struct Word {
    kind: u8,
    uses: Vec<prop::sample::Index>,
    same: Option<bool>,
    fails: u8,
    /// Of other runs it uses the folder in which they were built.
    whole: bool,
}

fn any_word() -> impl Strategy<Value = Word> {
    let uses = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let same = prop::option::weighted(0.2, any::<bool>());
    let word = (0..6u8, uses, same, 0..12u8, prop::bool::weighted(0.3));
    word.prop_map(|(kind, uses, same, fails, whole)| Word { kind, uses, same, fails, whole })
}

fn graph_of(words: &[Word]) -> (Graph, Vec<NodeId>) {
    let mut graph = Graph::default();
    let mut nodes: Vec<NodeId> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let inputs: Vec<NodeId> = match nodes.len() {
            0 => Vec::new(),
            len => word.uses.iter().map(|at| nodes[at.index(len)]).collect(),
        };
        let name = format!("p{}", index / 2);
        let mut env = Vec::new();
        if let Some(same) = word.same {
            env.push(("SAME", if same { "yes" } else { "no" }));
        }
        match word.fails {
            0 => env.push(("FAIL", "failed")),
            1 => env.push(("FAIL", "cross:foreign")),
            _ => {}
        }
        nodes.push(match word.kind {
            0 => graph.fetch(&format!("url{}", index % 3)),
            1 => graph.files("f", &name),
            2 => graph.compose(&inputs),
            kind => {
                let mut other = Graph::clone(&graph);
                let made = match kind {
                    3 => other.choice(&name, &[Cross, Emulate], &inputs, &env),
                    _ => other.run(&name, &inputs, &env),
                };
                with_build(&mut graph, other.node(made), &other, word.whole)
            }
        });
    }
    (graph, nodes)
}

/// The same node, whose runs leave the folder in which they were built as well, and may use those of others.
fn with_build(graph: &mut Graph, node: &Node, other: &Graph, whole: bool) -> NodeId {
    match node {
        Node::Choice(choice) => {
            let options = choice.options.iter();
            let options = options.map(|(method, run)| (*method, with_build(graph, other.node(*run), other, whole)));
            let options = options.collect();
            graph.add_node(Node::Choice(xb_graph::Choice { options, ..choice.clone() }))
        }
        Node::Run(run) => {
            let mut run = run.clone();
            let outputs = [("out", "xb/out"), ("build", "xb/build")];
            let outputs = outputs.map(|(name, path)| (name.to_owned(), xb_core::RelPath::new(path).unwrap()));
            run.outputs = BTreeMap::from(outputs).into();
            for layer in &mut run.root {
                if whole && matches!(graph.node(layer.input.node), Node::Run(_) | Node::Choice(_)) {
                    layer.input.output = "build".into();
                }
            }
            graph.add_node(Node::Run(run))
        }
        _ => unreachable!("only runs leave what they were built in"),
    }
}

/// The simple realiser: the tree of each node, or none where it or something that it needs fails.
fn simply(graph: &Graph, world: &World) -> BTreeMap<NodeId, Option<TreeId>> {
    let mut trees: BTreeMap<NodeId, Option<TreeId>> = BTreeMap::new();
    for (id, node) in graph.nodes() {
        let tree = match node {
            Node::Fetch(fetch) => Some(text_tree(&*world.contents, "text", &fetch.url)),
            Node::Files(files) => {
                let mut made = xb_graph::Unbuilt::default();
                for (path, entry) in &files.entries {
                    let xb_graph::FileEntry::File { text, executable } = entry else { unreachable!() };
                    let content = xb_core::ContentId(xb_core::Digest::of(text.as_bytes()));
                    made.put(path, xb_graph::Entry::File { content, executable: *executable, mode: None });
                }
                Some(xb_graph::build_tree(made, &*world.contents).unwrap())
            }
            Node::Compose { layers } => composed(layers, &trees, world).map(|composed| composed.merged),
            Node::Run(run) => composed(&run.root, &trees, world).and_then(|root| {
                let fails = match run.env.get("FAIL") {
                    Some("cross:foreign") => run.method == Cross,
                    fails => fails.is_some(),
                };
                let action = resolve(run, &root, None);
                (!fails).then(|| text_tree(&*world.contents, "text", &output_text(&action)))
            }),
            Node::Choice(choice) => choice.options.iter().find_map(|(_, run)| trees[run]),
            Node::Folder(_) | Node::Debian(_) => unreachable!(),
        };
        trees.insert(id, tree);
    }
    trees
}

fn composed(layers: &[Layer], trees: &BTreeMap<NodeId, Option<TreeId>>, world: &World) -> Option<xb_graph::Composed> {
    let placed = layers.iter().map(|layer| {
        Some(PlacedTree {
            tree: trees[&layer.input.node]?,
            at: layer.at.clone(),
            select: layer.select.clone(),
            conflict: layer.conflict,
            name: layer.name.clone(),
        })
    });
    Some(compose(&placed.collect::<Option<Vec<_>>>()?, &*world.contents).unwrap())
}

fn check(words: &[Word], jobs: usize, again: bool) {
    let (graph, nodes) = graph_of(words);
    let mut world = World::default();
    world.options.jobs = jobs;
    world.options.keep_going = true;
    let expected = simply(&graph, &world);
    let graph = Arc::new(graph);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let builds = if again { 2 } else { 1 };
    for _ in 0..builds {
        let builder = world.builder();
        let realised = runtime.block_on(builder.realise(&graph, &nodes, &world.options));
        for node in &nodes {
            let tree = realised.node(*node).map(|node| node.outputs["out"]);
            assert_eq!(tree, expected[node], "node {}", node.0);
        }
        assert!(world.executor.most() <= jobs);
        assert_eq!(realised.succeeded(), nodes.iter().all(|node| expected[node].is_some()));
        assert_eq!(realised.failures.is_empty(), realised.succeeded());
    }
}

/// One machine builds some of the nodes, and another all of them, by way of a cache that may have lost all of it, or what
/// one package left.
fn check_shared(words: &[Word], jobs: usize, some: &[prop::sample::Index], lost: Option<u8>) {
    let (graph, nodes) = graph_of(words);
    let team = Arc::<Team>::default();
    let mut first = World { shared: Some(Arc::clone(&team)), ..World::default() };
    first.options.keep_going = true;
    let expected = simply(&graph, &first);
    let graph = Arc::new(graph);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let goals: Vec<_> = some.iter().map(|at| nodes[at.index(nodes.len())]).collect();
    runtime.block_on(first.builder().realise(&graph, &goals, &first.options));
    team.lost.store(lost == Some(0), Ordering::Relaxed);
    *team.lost_of.lock().unwrap() = lost.map(|package| format!("p{package}")).unwrap_or_default();
    let mut second = World { shared: Some(team), ..World::over(Arc::clone(&first.contents)) };
    second.options.keep_going = true;
    second.options.jobs = jobs;
    let realised = runtime.block_on(second.builder().realise(&graph, &nodes, &second.options));
    for node in &nodes {
        let tree = realised.node(*node).map(|node| node.outputs["out"]);
        assert_eq!(tree, expected[node], "node {}", node.0);
    }
    assert_eq!(realised.succeeded(), nodes.iter().all(|node| expected[node].is_some()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_scheduler_does_what_the_simple_realiser_does(
        words in prop::collection::vec(any_word(), 1..25), jobs in 1..5usize, again in any::<bool>()
    ) {
        check(&words, jobs, again);
    }

    #[test]
    fn what_is_shared_is_what_would_have_been_made(
        words in prop::collection::vec(any_word(), 1..25),
        jobs in 1..5usize,
        some in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
        lost in prop::option::of(0..8u8),
    ) {
        check_shared(&words, jobs, &some, lost);
    }
}
