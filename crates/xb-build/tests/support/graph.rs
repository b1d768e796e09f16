//! Graphs from few words.

use std::collections::BTreeMap;

use xb_core::{Arch, RelPath};
use xb_graph::{
    Choice, Conflict, Fetch, FetchKind, FileEntry, Files, Graph, Input, Layer, Limits, Method, Node, NodeId, Origin,
    Run,
};

/// Adds nodes to a graph.
pub trait Add {
    fn add_node(&mut self, node: Node) -> NodeId;

    fn fetch(&mut self, url: &str) -> NodeId {
        self.add_node(Node::Fetch(Box::new(Fetch {
            url: url.to_owned(),
            how: FetchKind::Archive { strip: 1 },
            sha256: None,
        })))
    }

    fn files(&mut self, path: &str, text: &str) -> NodeId {
        let entry = FileEntry::File { text: text.into(), executable: true };
        self.add_node(Node::Files(Files { entries: Box::new([(RelPath::new(path).unwrap(), entry)]) }))
    }

    /// Trees beside each other, each in a folder of its own.
    fn compose(&mut self, inputs: &[NodeId]) -> NodeId {
        let layers = layers(inputs);
        self.add_node(Node::Compose { layers })
    }

    /// A package's build, by `native`.
    fn run(&mut self, name: &str, inputs: &[NodeId], env: &[(&str, &str)]) -> NodeId {
        self.add_node(Node::Run(Box::new(a_run(name, inputs, env))))
    }

    /// A package's build for arm64, by the methods in their order.
    fn choice(&mut self, name: &str, methods: &[Method], inputs: &[NodeId], env: &[(&str, &str)]) -> NodeId {
        let options = methods.iter().map(|method| {
            let mut run = a_run(name, inputs, env);
            run.arch = Arch::Arm64;
            run.method = *method;
            // What tells the methods apart in reality is the root.
            run.env.insert("METHOD", method.to_string());
            run.platform = match method {
                Method::Cross => Arch::Amd64,
                _ => Arch::Arm64,
            };
            (*method, self.add_node(Node::Run(Box::new(run))))
        });
        let options = options.collect();
        self.add_node(Node::Choice(Choice { package: name.to_owned(), arch: Arch::Arm64, options }))
    }
}

impl Add for Graph {
    fn add_node(&mut self, node: Node) -> NodeId {
        self.add(node, Origin::default())
    }
}

pub fn a_run(name: &str, inputs: &[NodeId], env: &[(&str, &str)]) -> Run {
    Run {
        package: name.to_owned(),
        arch: Arch::Amd64,
        step: "build".to_owned(),
        method: Method::Native,
        platform: Arch::Amd64,
        root: layers(inputs),
        command: vec!["build".to_owned()],
        env: env.iter().copied().collect(),
        cwd: RelPath::root(),
        outputs: BTreeMap::from([("out".to_owned(), RelPath::new("xb/out").unwrap())]).into(),
        limits: Limits::default(),
        emulator: None,
        code_for: xb_graph::CodeFor::Own,
    }
}

/// A run by a method, for an architecture for which there is that method.
pub fn by(method: Method, run: Run) -> Run {
    let platform = match method {
        Method::Native | Method::Cross => Arch::Amd64,
        Method::Emulate | Method::PureEmulate => Arch::Arm64,
    };
    Run { method, platform, ..run }
}

fn layers(inputs: &[NodeId]) -> Vec<Layer> {
    let layer = |(index, node): (usize, &NodeId)| Layer {
        input: Input { node: *node, output: "out".into() },
        at: RelPath::new(&format!("in{index}")).unwrap(),
        select: None,
        conflict: Conflict::Refuse,
        name: format!("node {}", node.0).into(),
    };
    inputs.iter().enumerate().map(layer).collect()
}
