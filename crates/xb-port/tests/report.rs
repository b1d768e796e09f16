//! Reports of small outcomes, made by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use xb_build::{Attempt, Failure, Realised, RealisedNode, RealisedRun, Why};
use xb_core::{ActionId, Arch, Digest, RelPath};
use xb_graph::{
    ActionResult, Cause, Choice, Conflict, Graph, Input, Layer, Limits, Method, Node, NodeId, Origin, Run, Target,
    TargetId,
};
use xb_port::{Bits, Broken, LogEnd, Outcome, Report, State};

/// A graph of packages, and what became of them.
#[derive(Default)]
struct World {
    graph: Graph,
    realised: Realised,
    logs: BTreeMap<NodeId, LogEnd>,
    bits: BTreeMap<TargetId, Bits>,
    broken: Vec<Broken>,
}

fn result(cause: Cause, seconds: u64) -> ActionResult {
    ActionResult {
        exit_code: i32::from(cause != Cause::Success),
        outputs: BTreeMap::new(),
        log: None,
        cause,
        milliseconds: seconds * 1000,
        peak_memory: 0,
        executor: "local".to_owned(),
        left_out: Vec::new(),
        vouched: Vec::new(),
        root: None,
    }
}

impl World {
    fn run(&mut self, name: &str, arch: Arch, step: &str, method: Method, needs: &[NodeId]) -> NodeId {
        let layer = |node: &NodeId| Layer {
            input: Input { node: *node, output: "out".into() },
            at: RelPath::root(),
            select: None,
            conflict: Conflict::Refuse,
            name: "need".into(),
        };
        let run = Run {
            package: name.to_owned(),
            arch,
            step: step.to_owned(),
            method,
            platform: arch,
            root: needs.iter().map(layer).collect(),
            command: vec![step.to_owned()],
            env: [("METHOD", method.name())].into_iter().collect(),
            cwd: RelPath::root(),
            outputs: BTreeMap::from([("out".to_owned(), RelPath::new("out").unwrap())]).into(),
            limits: Limits::default(),
            emulator: None,
            code_for: xb_graph::CodeFor::Own,
        };
        self.graph.add(Node::Run(Box::new(run)), Origin::default())
    }

    /// A package with a build by cross or emulation (for this machine's own: natively), and with a check.
    fn package(&mut self, name: &str, arch: Arch, needs: &[NodeId]) -> Target {
        let methods: &[Method] =
            if arch == Arch::Amd64 { &[Method::Native] } else { &[Method::Cross, Method::Emulate] };
        let options: Vec<_> =
            methods.iter().map(|method| (*method, self.run(name, arch, "build", *method, needs))).collect();
        let build = Choice { package: name.to_owned(), arch, options };
        let build = self.graph.add(Node::Choice(build), Origin::default());
        let method = *methods.last().unwrap();
        let check = self.run(name, arch, "check", method, &[build]);
        let id = TargetId { file: format!("{name}.xb").into(), package: name.to_owned(), arch };
        let policy = BTreeMap::new();
        let baseline = xb_core::Baseline::lowest(id.arch);
        let target =
            Target { id, version: None, build, check: Some(check), tests: Vec::new(), root: None, baseline, policy };
        self.graph.targets.push(target.clone());
        target
    }

    fn option(&self, node: NodeId, index: usize) -> NodeId {
        self.graph.options(node).nth(index).unwrap_or(node)
    }

    fn describe(&self, run: NodeId) -> &Run {
        match self.graph.node(run) {
            Node::Run(run) => run,
            node => panic!("{node:?} is no run"),
        }
    }

    /// A step succeeded, by the option of this index.
    fn succeeded(&mut self, step: NodeId, index: usize, seconds: u64) {
        let node = self.option(step, index);
        let (action, method) = (ActionId(Digest::of(b"action")), self.describe(node).method);
        let result = result(Cause::Success, seconds);
        let run = Some(Arc::new(RealisedRun { node, action, method, result, before: None }));
        let done =
            RealisedNode { outputs: BTreeMap::new(), run, attempts: Vec::new(), cached: false, took: Duration::ZERO };
        self.realised.nodes.insert(step, done);
    }

    /// A step failed, by the option of this index.
    fn failed(&mut self, step: NodeId, index: usize, cause: Cause, attempts: Vec<Attempt>) {
        let node = self.option(step, index);
        let (title, method) = (self.describe(node).title(), self.describe(node).method);
        let action = ActionId(Digest::of(b"action"));
        let why = Why::Run { action, method, result: Arc::new(result(cause, 1)) };
        self.realised.failures.push(Failure { node, title, chain: Vec::new(), attempts, why });
        self.realised.unfinished.push(step);
    }

    fn report(&self, arches: &[Arch]) -> Report {
        Report::new(&Outcome {
            title: "tree".to_owned(),
            host: Arch::Amd64,
            arches: arches.to_vec(),
            graph: &self.graph,
            realised: &self.realised,
            bits: self.bits.clone(),
            findings: BTreeMap::new(),
            logs: self.logs.clone(),
            broken: self.broken.clone(),
        })
    }
}

fn states(report: &Report) -> Vec<(String, State)> {
    report.packages.iter().map(|package| (package.target.to_string(), package.state)).collect()
}

#[test]
fn what_blocks_more_comes_first_and_who_waits_is_named() {
    let mut world = World::default();
    let alone = world.package("alone", Arch::Arm64, &[]);
    let base = world.package("base", Arch::Arm64, &[]);
    let middle = world.package("middle", Arch::Arm64, &[base.build]);
    world.package("top", Arch::Arm64, &[middle.build]);
    let attempt = Attempt {
        method: Method::Cross,
        node: world.option(base.build, 0),
        why: "the command failed".to_owned(),
        ran: None,
    };
    world.failed(alone.build, 1, Cause::OutOfMemory, Vec::new());
    world.failed(base.build, 1, Cause::Failed, vec![attempt]);
    let report = world.report(&[Arch::Arm64]);
    let right = [("alone", State::Failed), ("base", State::Failed), ("middle", State::Waits), ("top", State::Waits)];
    assert_eq!(states(&report), right.map(|(name, state)| (format!("{name} (arm64)"), state)));
    let [first, second] = &report.blockers[..] else { panic!("{:?}", report.blockers) };
    assert_eq!(first.title, "base (arm64, build)");
    assert_eq!(first.waiting.iter().map(|id| &*id.package).collect::<Vec<_>>(), ["middle", "top"]);
    assert_eq!(first.tried[0].method, Method::Cross);
    assert_eq!(report.packages[1].tried, first.tried);
    assert!(second.waiting.is_empty());
    assert!(second.mends[0].contains("memory_mb"), "{:?}", second.mends);
    assert!(!report.is_done());
}

#[test]
fn what_a_check_says_depends_on_this_machines_own_architecture() {
    for (native_passes, expected) in [(true, "it is a matter of the port"), (false, "it is no matter of the port")] {
        let mut world = World::default();
        let native = world.package("p", Arch::Amd64, &[]);
        world.succeeded(native.build, 0, 2);
        match native_passes {
            true => world.succeeded(native.check.unwrap(), 0, 1),
            false => world.failed(native.check.unwrap(), 0, Cause::TestFailure, Vec::new()),
        }
        let foreign = world.package("p", Arch::Arm64, &[]);
        world.succeeded(foreign.build, 0, 2);
        world.failed(foreign.check.unwrap(), 0, Cause::TestFailure, Vec::new());
        let report = world.report(&[Arch::Amd64, Arch::Arm64]);
        let blocker = report.blockers.iter().find(|one| one.title == "p (arm64, check)").expect("it failed");
        assert!(blocker.mends.iter().any(|mend| mend.contains(expected)), "{:?}", blocker.mends);
        assert_eq!(report.native.only_native.len(), usize::from(native_passes));
        assert_eq!(report.packages[1].state, State::CheckFailed);
    }
}

#[test]
fn what_a_native_machine_would_save_is_what_is_known_of_both() {
    let mut world = World::default();
    for arch in [Arch::Amd64, Arch::Arm64] {
        let target = world.package("p", arch, &[]);
        let (build, seconds) = if arch == Arch::Amd64 { (0, 10) } else { (1, 100) };
        world.succeeded(target.build, build, seconds);
        world.succeeded(target.check.unwrap(), 0, seconds / 10);
    }
    let other = world.package("other", Arch::Arm64, &[]);
    world.succeeded(other.build, 0, 7);
    world.succeeded(other.check.unwrap(), 0, 40);
    let report = world.report(&[Arch::Amd64, Arch::Arm64]);
    assert!(report.is_done());
    let native = &report.native;
    assert_eq!((native.emulated, native.known), (3, 2));
    let seconds = [native.emulated_seconds, native.known_emulated_seconds, native.known_native_seconds];
    assert_eq!(seconds, [150.0, 110.0, 11.0]);
    assert!(native.sentences()[1].contains("would save 1 min 39 s"), "{:?}", native.sentences());
}

#[test]
fn everything_is_in_every_form() {
    let mut world = World::default();
    let good = world.package("good", Arch::Arm64, &[]);
    world.succeeded(good.build, 0, 3);
    world.succeeded(good.check.unwrap(), 0, 4);
    world.bits.insert(good.id, Bits::Equal { methods: vec![Method::Cross, Method::Emulate] });
    let bad = world.package("bad", Arch::Arm64, &[]);
    world.failed(bad.build, 0, Cause::CompileError, Vec::new());
    let lines = vec!["<script>alert(1)</script> fatal error: emmintrin.h: No such file or directory".to_owned()];
    let log = LogEnd { lines, command: "xb log bad".to_owned() };
    world.logs.insert(world.option(bad.build, 0), log);
    world.broken.push(Broken { file: "odd/broken.xb".to_owned(), message: "the name `x` is not defined".to_owned() });
    let report = world.report(&[Arch::Arm64]);

    let text = report.text();
    let totals = "arm64: 1 of 3 packages ready (1 cross); checks: 1 passed, 0 failed, 0 without; \
                  same bits by every method: 1 of 1";
    assert!(text.contains(totals), "{text}");
    assert!(text.contains("good              arm64  ready   cross   3.0 s  passed, 4.0 s  equal  -"), "{text}");
    assert!(text.contains("`emmintrin.h` is for instructions of amd64 alone"), "{text}");

    let page = report.html().unwrap();
    assert!(page.contains("&#60;script&#62;alert(1)"), "what a log says is text");
    assert!(page.contains("1 of 3") && page.contains("odd/broken.xb") && page.contains("xb log bad"));
    let outside = ["http://", "https://", "src=", "@import", "url("];
    assert!(outside.iter().all(|word| !page.contains(word)), "a page that needs nothing else");

    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["totals"][0]["by_method"]["cross"], 1);
    let packages = json["packages"].as_array().unwrap();
    let of = |name: &str| packages.iter().find(|package| package["package"] == name).unwrap();
    assert_eq!((&of("good")["bits"]["kind"], &of("bad")["state"]), (&"equal".into(), &"failed".into()));
    assert_eq!(of("broken")["state"], "broken");
    let blockers = json["blockers"].as_array().unwrap();
    assert!(blockers.iter().any(|one| one["cause"]["kind"] == "compile-error"), "{json}");
}
