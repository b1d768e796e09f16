//! `xb graph`: what a build consists of, as a drawing or as data.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use xb_core::count;
use xb_graph::{Graph, Node, NodeId};

use crate::args::{GraphArgs, GraphFormat};
use crate::drawing::{Drawing, svg};
use crate::emission::emit;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print, print_json};
use crate::packages::packages;
use crate::request::Request;

/// Runs the command.
///
/// # Errors
/// When the descriptions are wrong.
pub fn run(here: &Invocation, args: &GraphArgs) -> Result<(), Failure> {
    let request = Request::new(&here.folder, &args.targets, &args.how)?;
    let graph = emit(&request)?.graph;
    let drawing = || if args.all { everything(&graph) } else { only_packages(&graph) };
    match args.format {
        GraphFormat::Json if args.all => print_json(&*graph),
        GraphFormat::Json => print_json(&json(&drawing())),
        GraphFormat::Dot => print(dot(&drawing())),
        GraphFormat::Svg => print(svg(&drawing())),
    }
}

fn only_packages(graph: &Graph) -> Drawing {
    let packages = packages(graph);
    Drawing::new(packages.titles, packages.needs)
}

fn everything(graph: &Graph) -> Drawing {
    let titles: BTreeMap<_, _> = graph.nodes().map(|(id, node)| (id, describe(graph, id, node))).collect();
    let edges = graph.nodes().flat_map(|(id, node)| node.inputs().map(move |input| (id, input)));
    Drawing::new(titles, edges)
}

/// What a node is, in a few words.
pub fn describe(graph: &Graph, id: NodeId, node: &Node) -> String {
    match node {
        Node::Fetch(fetch) => fetch.url.rsplit('/').next().unwrap_or(&fetch.url).to_owned(),
        Node::Folder(folder) if folder.path.is_root() => "the project".to_owned(),
        Node::Folder(folder) => folder.path.to_string(),
        Node::Debian(root) => {
            let sets = root.packages.iter().map(|(arch, names)| format!("{} {arch}", names.len()));
            format!("Debian {} ({})", root.suite, sets.collect::<Vec<_>>().join(", "))
        }
        Node::Files(files) => count(files.entries.len(), "file"),
        Node::Compose { layers } => count(layers.len(), "layer"),
        Node::Run(run) => format!("{} by {}", run.title(), run.method),
        Node::Choice(_) => crate::packages::title(graph, id).unwrap_or_default(),
    }
}

/// A package as data.
#[derive(Serialize)]
struct Package<'a> {
    package: &'a str,
    needs: Vec<&'a str>,
}

fn json(drawing: &Drawing) -> BTreeMap<&'static str, Vec<Package<'_>>> {
    let package = |title| Package { package: title, needs: Vec::new() };
    let mut packages: Vec<_> = drawing.titles.iter().map(|title| package(title.as_str())).collect();
    for (user, need) in &drawing.edges {
        packages[*user].needs.push(&drawing.titles[*need]);
    }
    BTreeMap::from([("packages", packages)])
}

fn dot(drawing: &Drawing) -> String {
    let mut text = "digraph xb {\n  rankdir = LR\n  node [shape = box, fontname = \"sans-serif\"]\n".to_owned();
    for (index, title) in drawing.titles.iter().enumerate() {
        let title = title.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = writeln!(text, "  n{index} [label = \"{title}\"]");
    }
    for (user, need) in &drawing.edges {
        let _ = writeln!(text, "  n{user} -> n{need}");
    }
    text + "}\n"
}
