//! What happens when something does not succeed.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use support::World;
use support::graph::{Add, a_run, by};
use xb_build::{Cancel, Event, Inspector, Realised, Why};
use xb_core::{Arch, TreeId};
use xb_graph::Method::{Cross, Emulate, Native, PureEmulate};
use xb_graph::{Cause, Choice, Graph, Node, NodeId, Run};

#[track_caller]
fn check_failures(realised: &Realised, expected: &[&str]) {
    let shown = realised.failures.iter().map(|failure| {
        let chain = failure.chain.join(" > ");
        format!("{}: {} [{chain}]", failure.title, failure.why)
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    assert_eq!(realised.succeeded(), expected.is_empty());
}

#[tokio::test]
async fn a_failure_names_the_shortest_way_to_it() {
    let world = World::default();
    let mut graph = Graph::default();
    let bad = graph.run("bad", &[], &[("FAIL", "failed")]);
    let long = graph.run("long", &[bad], &[]);
    let longer = graph.run("longer", &[long], &[]);
    let short = graph.compose(&[bad]);
    let top = graph.run("top", &[longer, short], &[]);
    let realised = world.realise(graph, &[top]).await;
    check_failures(&realised, &["bad (amd64, build): the command failed (exit code 1) [top (amd64) > bad (amd64)]"]);
    assert_eq!(realised.unfinished, [top]);
}

#[tokio::test]
async fn everything_that_failed_below_one_goal_is_told() {
    let mut world = World::default();
    world.options.keep_going = true;
    let mut graph = Graph::default();
    let first = graph.run("first", &[], &[("FAIL", "failed")]);
    let second = graph.run("second", &[], &[("FAIL", "failed")]);
    let good = graph.run("good", &[], &[]);
    let middle = graph.compose(&[second, good]);
    let top = graph.run("top", &[first, middle], &[]);
    let realised = world.realise(graph, &[top]).await;
    let titles: Vec<_> = realised.failures.iter().map(|failure| failure.title.as_str()).collect();
    assert_eq!(titles, ["first (amd64, build)", "second (amd64, build)"]);
}

#[tokio::test]
async fn nothing_more_starts_after_a_failure_unless_asked_for() {
    for keep_going in [false, true] {
        let mut world = World::default();
        world.options.jobs = 2;
        world.options.keep_going = keep_going;
        let mut graph = Graph::default();
        let bad = graph.run("bad", &[], &[("FAIL", "failed")]);
        let slow = graph.run("slow", &[], &[("SLEEP", "50")]);
        let after = graph.run("after", &[slow], &[]);
        let broken = graph.run("broken", &[bad], &[]);
        let realised = world.realise(graph, &[broken, after]).await;
        assert_eq!(realised.failures.len(), 1);
        // What ran when the failure came has come to its end all the same.
        assert!(realised.node(slow).is_some());
        assert_eq!(realised.node(after).is_some(), keep_going);
        assert_eq!(world.executor.killed(), 0);
    }
}

#[tokio::test]
async fn a_failed_check_fails_nothing_else() {
    let mut world = World::default();
    world.options.jobs = 1;
    let mut graph = Graph::default();
    let build = graph.run("p", &[], &[]);
    let mut check = a_run("p", &[build], &[("FAIL", "tests")]);
    check.step = "check".to_owned();
    let check = graph.add_node(Node::Run(Box::new(check)));
    let user = graph.run("user", &[build], &[("SLEEP", "5")]);
    let last = graph.run("last", &[user], &[]);
    let realised = world.realise(graph, &[check, last]).await;
    check_failures(&realised, &["p (amd64, check): tests failed (exit code 1) [p (amd64)]"]);
    assert!(realised.node(last).is_some());
    assert_eq!(realised.unfinished, [check]);
}

#[tokio::test]
async fn failures_are_not_cached() {
    let world = World::default();
    let mut graph = Graph::default();
    let bad = graph.run("bad", &[], &[("FAIL", "failed")]);
    world.realise(graph.clone(), &[bad]).await;
    world.realise(graph, &[bad]).await;
    assert_eq!(world.executor.ran(), ["bad", "bad"]);
}

#[tokio::test]
async fn a_failure_of_its_own_is_believed_where_that_is_asked_for() {
    for (fail, believed) in [("failed", true), ("tests", true), ("memory", false)] {
        let mut world = World::default();
        let mut graph = Graph::default();
        let bad = graph.run("bad", &[], &[("FAIL", fail)]);
        let first = world.realise(graph.clone(), &[bad]).await;
        world.forget_what_happened();
        world.options.believe_failures = true;
        let again = world.realise(graph.clone(), &[bad]).await;
        assert_eq!(world.executor.ran().is_empty(), believed, "{fail}");
        assert_eq!(again.failures[0].why.to_string(), first.failures[0].why.to_string());

        world.forget_what_happened();
        world.options.rebuild = [bad].into();
        world.realise(graph, &[bad]).await;
        assert_eq!(world.executor.ran(), ["bad"], "{fail}");
    }
}

#[tokio::test]
async fn what_failed_by_one_method_is_not_believed_of_another() {
    let mut world = World::default();
    world.options.believe_failures = true;
    for method in [Emulate, PureEmulate] {
        let mut graph = Graph::default();
        let run = by(method, a_run("p", &[], &[("FAIL", "emulate:failed")]));
        let p = graph.add_node(Node::Run(Box::new(run)));
        let realised = world.realise(graph, &[p]).await;
        assert_eq!(realised.succeeded(), method == PureEmulate);
    }
    assert_eq!(world.executor.ran().len(), 2);
}

#[tokio::test]
async fn the_next_method_mends_and_is_remembered() {
    let world = World::default();
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross, Emulate], &[], &[("FAIL", "cross:foreign")]);
    let user = graph.run("user", &[p], &[]);
    let realised = world.realise(graph.clone(), &[user]).await;
    check_failures(&realised, &[]);
    let why = "`/xb/gen` is a program of the result's architecture, which cannot run in a cross build";
    assert_eq!(world.told.fallbacks(), [format!("cross -> emulate: {why}")]);
    assert_eq!(world.executor.ran(), ["p", "p", "user"]);
    let node = realised.node(p).unwrap();
    assert_eq!(node.run.as_ref().unwrap().method, Emulate);
    assert_eq!(node.attempts[0].why, why);

    world.forget_what_happened();
    world.cache.results.lock().unwrap().clear();
    let again = world.realise(graph, &[user]).await;
    check_failures(&again, &[]);
    assert_eq!(world.executor.ran(), ["p", "user"]);
    assert!(world.told.fallbacks()[0].ends_with("it was not tried again)"));
    assert!(again.node(p).unwrap().attempts[0].ran.is_none());
}

/// Refuses what it sees first.
#[derive(Default)]
struct RefusesOnce(AtomicBool);

impl Inspector for RefusesOnce {
    fn inspect(&self, _: &[Arch], _: TreeId) -> Result<Option<Cause>, String> {
        let cause = || Cause::ForeignCode { path: "bin/f".to_owned(), found: "amd64".to_owned() };
        Ok((!self.0.swap(true, Ordering::Relaxed)).then(cause))
    }
}

#[tokio::test]
async fn a_result_that_is_refused_is_none_and_another_method_may_mend_it() {
    let mut world = World { inspector: Arc::new(RefusesOnce::default()), ..World::default() };
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross, Emulate], &[], &[]);
    check_failures(&world.realise(graph.clone(), &[p]).await, &[]);
    assert_eq!(world.told.fallbacks(), ["cross -> emulate: its result has code for amd64: `/bin/f`"]);

    let cross = graph.options(p).next().unwrap();
    world.inspector = Arc::new(RefusesOnce::default());
    let refused = world.realise(graph.clone(), &[cross]).await;
    check_failures(&refused, &["p (arm64, build): its result has code for amd64: `/bin/f` [p (arm64)]"]);

    // What the package says is right as it is, nobody looks at.
    let Node::Run(run) = graph.node(cross) else { panic!("a run") };
    let meant = Run { code_for: xb_graph::CodeFor::Any, ..(**run).clone() };
    let meant = graph.add_node(Node::Run(Box::new(meant)));
    world.inspector = Arc::new(RefusesOnce::default());
    check_failures(&world.realise(graph.clone(), &[meant]).await, &[]);
    // And it is not found by those to whom it is not right.
    let refused = world.realise(graph, &[cross]).await;
    assert_eq!(refused.failures.len(), 1);
}

#[tokio::test]
async fn what_failed_is_tried_again_under_other_limits_and_when_asked_for() {
    let mut world = World::default();
    let graph = |memory: u64| {
        let mut graph = Graph::default();
        let options = [Cross, Emulate].map(|method| {
            let mut run = by(method, a_run("p", &[], &[("FAIL", "cross:failed"), ("METHOD", method.name())]));
            run.limits.memory = memory;
            (method, graph.add_node(Node::Run(Box::new(run))))
        });
        let choice = Choice { package: "p".to_owned(), arch: Arch::Arm64, options: options.to_vec() };
        let p = graph.add_node(Node::Choice(choice));
        (graph, p)
    };
    let (small, p) = graph(1 << 30);
    let (large, _) = graph(2 << 30);
    check_failures(&world.realise(small.clone(), &[p]).await, &[]);
    for (graph, rebuild, tried) in [(&small, false, 1), (&large, false, 2), (&small, true, 2)] {
        world.forget_what_happened();
        world.cache.results.lock().unwrap().clear();
        world.options.rebuild = rebuild.then_some(p).into_iter().collect();
        check_failures(&world.realise(graph.clone(), &[p]).await, &[]);
        assert_eq!(world.executor.ran().len(), tried, "{rebuild}");
    }
}

#[tokio::test]
async fn what_is_remembered_does_not_keep_from_trying_when_there_is_no_other_way() {
    let world = World::default();
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross, Emulate], &[], &[("FAIL", "cross:foreign")]);
    world.realise(graph, &[p]).await;
    world.forget_what_happened();
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross], &[], &[("FAIL", "cross:foreign")]);
    let realised = world.realise(graph, &[p]).await;
    assert_eq!(world.executor.ran(), ["p"]);
    assert!(matches!(realised.failures[0].why, Why::Run { .. }));
}

#[tokio::test]
async fn a_choice_falls_back_from_what_failed_before_it_was_needed() {
    let world = World::default();
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross, Emulate], &[], &[("FAIL", "cross:foreign")]);
    let Node::Choice(mut same) = graph.node(p).clone() else { unreachable!() };
    same.package = "q".to_owned();
    let q = graph.add_node(Node::Choice(same));
    let late = [("FAIL", "cross:foreign"), ("SLEEP", "30")];
    let top = graph.choice("top", &[Cross], &[], &late);
    let Node::Choice(mut top) = graph.node(top).clone() else { unreachable!() };
    let other = by(Emulate, a_run("top", &[q], &[]));
    top.options.push((Emulate, graph.add_node(Node::Run(Box::new(other)))));
    let top = graph.add_node(Node::Choice(top));
    let realised = world.realise(graph, &[p, top]).await;
    check_failures(&realised, &[]);
    assert_eq!(realised.node(q).unwrap().run.as_ref().unwrap().method, Emulate);
    assert_eq!(world.told.fallbacks().len(), 3);
}

#[tokio::test]
async fn what_would_fail_again_is_not_tried_again() {
    for cause in ["cross:memory", "cross:tests"] {
        let world = World::default();
        let mut graph = Graph::default();
        let p = graph.choice("p", &[Cross, Emulate], &[], &[("FAIL", cause)]);
        assert!(!world.realise(graph, &[p]).await.succeeded());
        assert_eq!(world.executor.ran(), ["p"]);
    }
}

#[tokio::test]
async fn a_failure_of_every_method_tells_what_was_tried() {
    let world = World::default();
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross, Emulate], &[], &[("FAIL", "failed")]);
    let realised = world.realise(graph, &[p]).await;
    check_failures(&realised, &["p (arm64, build): the command failed (exit code 1) [p (arm64)]"]);
    let attempts = &realised.failures[0].attempts;
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].method, &*attempts[0].why), (Cross, "the command failed"));
}

#[tokio::test]
async fn no_executor_is_told_need_by_need_and_another_method_may_have_one() {
    let world = World::default();
    let mut graph = Graph::default();
    let native = graph.choice("p", &[Native], &[], &[]);
    let realised = world.realise(graph.clone(), &[native]).await;
    check_failures(
        &realised,
        &["p (arm64, build): no executor can run p (arm64, build): it needs arm64 programs, by the method \
           `native`\n  fake: its machine is amd64, and `native` needs a machine that is arm64 [p (arm64)]"],
    );
    let either = graph.choice("p", &[Native, Emulate], &[], &[]);
    assert!(world.realise(graph, &[either]).await.succeeded());
    assert_eq!(world.told.fallbacks(), ["native -> emulate: no executor can run it"]);
}

#[tokio::test]
async fn a_source_that_is_gone_fails_what_needs_it() {
    let mut world = World::default();
    world.options.keep_going = true;
    let mut graph = Graph::default();
    let source = graph.fetch("gone:x");
    let p = graph.choice("p", &[Cross, Emulate], &[source], &[]);
    let q = graph.run("q", &[p], &[]);
    let other = graph.run("other", &[], &[]);
    let realised = world.realise(graph, &[q, other]).await;
    check_failures(&realised, &["gone:x: `gone:x` is not there [q (amd64) > p (arm64)]"]);
    assert!(realised.node(other).is_some());
    let told = world.told.0.lock().unwrap();
    let failed = |event: &Event| matches!(event, Event::Finished { cause: Some(Cause::Failed), .. });
    assert!(told.iter().any(failed));
}

#[tokio::test]
async fn trees_that_do_not_fit_are_named() {
    let world = World::default();
    let mut graph = Graph::default();
    let (a, b) = (graph.files("f", "1"), graph.files("f", "2"));
    let mut run = a_run("p", &[a, b], &[]);
    for layer in &mut run.root {
        layer.at = xb_core::RelPath::root();
    }
    let p = graph.add_node(Node::Run(Box::new(run)));
    let realised = world.realise(graph, &[p]).await;
    check_failures(
        &realised,
        &["p (amd64, build): `node 0` and `node 1` both have `/f`, and they differ: their contents differ \
           [p (amd64)]"],
    );
}

#[tokio::test]
async fn a_root_of_cross_that_does_not_fit_together_is_no_obstacle_to_the_next_method() {
    let world = World::default();
    let mut graph = Graph::default();
    let (of_builder, of_result) = (graph.files("f", "1"), graph.files("f", "2"));
    let mut option = |method, sources: &[NodeId]| {
        let mut run = by(method, a_run("p", sources, &[]));
        run.root.iter_mut().for_each(|layer| layer.at = xb_core::RelPath::root());
        (method, graph.add_node(Node::Run(Box::new(run))))
    };
    let options = vec![option(Cross, &[of_builder, of_result]), option(Emulate, &[of_result])];
    let p = graph.add_node(Node::Choice(Choice { package: "p".to_owned(), arch: Arch::Amd64, options }));
    let realised = world.realise(graph, &[p]).await;
    check_failures(&realised, &[]);
    assert!(world.told.fallbacks()[0].contains("they differ"), "{:?}", world.told.fallbacks());
}

#[tokio::test]
async fn an_executor_that_breaks_is_no_failure_of_the_package() {
    let world = World::default();
    let mut graph = Graph::default();
    let p = graph.choice("p", &[Cross, Emulate], &[], &[("BROKEN", "1")]);
    let realised = world.realise(graph, &[p]).await;
    check_failures(
        &realised,
        &["p (arm64, build): the executor `fake` could not do its work: the disk is on fire [p (arm64)]"],
    );
}

#[tokio::test]
async fn a_stop_kills_what_runs_and_waits_for_it() {
    let mut world = World::default();
    world.options.cancel = Cancel::default();
    let mut graph = Graph::default();
    let long = graph.run("long", &[], &[("SLEEP", "60000")]);
    let slow = graph.fetch("slow:x");
    let after = graph.run("after", &[long, slow], &[]);
    let cancel = world.options.cancel.clone();
    let executor = Arc::clone(&world.executor);
    let stop = async {
        while executor.running() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancel.cancel();
    };
    let goals = [after];
    let (realised, ()) = tokio::join!(world.realise(graph, &goals), stop);
    assert!(realised.cancelled);
    assert_eq!((world.executor.running(), world.executor.killed()), (0, 1));
    assert!(realised.failures.is_empty());
}

#[tokio::test]
async fn a_build_that_is_dropped_kills_what_runs() {
    let world = World::default();
    let mut graph = Graph::default();
    let long = graph.run("long", &[], &[("SLEEP", "60000")]);
    let timeout = Duration::from_millis(200);
    let ended = tokio::time::timeout(timeout, world.realise(graph, &[long])).await;
    assert!(ended.is_err());
    while world.executor.running() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(world.executor.killed(), 1);
}

#[tokio::test]
async fn an_output_that_nobody_makes_is_a_failure() {
    let world = World::default();
    let mut graph = Graph::default();
    let p = graph.run("p", &[], &[]);
    let mut user = a_run("user", &[p], &[]);
    user.root[0].input.output = "doc".into();
    let user = graph.add_node(Node::Run(Box::new(user)));
    let realised = world.realise(graph, &[user]).await;
    check_failures(&realised, &["user (amd64, build): node 0 has no output `doc` [user (amd64)]"]);
}
