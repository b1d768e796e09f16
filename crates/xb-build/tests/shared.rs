//! What one machine built, another only brings.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use support::graph::{Add, a_run};
use support::team::Team;
use support::{FakeProvider, World};
use xb_build::Sharing;
use xb_core::RelPath;
use xb_graph::{Graph, Input, Method, Node, NodeId};

/// A machine of the team: it has nothing yet, but for the memory in which trees are.
fn machine(team: &Arc<Team>, first: Option<&World>) -> World {
    let contents = first.map(|world| Arc::clone(&world.contents)).unwrap_or_default();
    World { shared: Some(Arc::clone(team)), ..World::over(contents) }
}

fn asked(world: &World) -> Vec<String> {
    let provider: &FakeProvider = &world.provider;
    std::mem::take(&mut provider.asked.lock().unwrap())
}

/// What ran, whichever of what is made at one time came first.
fn ran(world: &World) -> Vec<String> {
    let mut ran = world.executor.ran();
    ran.sort();
    ran
}

/// `top` is made of `left` and `right`, each of a download, and both by way of a composed tree.
fn fork() -> (Graph, [NodeId; 3]) {
    let mut graph = Graph::default();
    let (a, b) = (graph.fetch("a.tar"), graph.fetch("b.tar"));
    let (left, right) = (graph.run("left", &[a], &[]), graph.run("right", &[b], &[]));
    let both = graph.compose(&[left, right]);
    let top = graph.run("top", &[both], &[]);
    (graph, [left, right, top])
}

#[tokio::test]
async fn what_somebody_has_built_is_brought_and_nothing_below_it() {
    let team = Arc::default();
    let (graph, [_, _, top]) = fork();
    let first = machine(&team, None);
    let made = first.realise(graph.clone(), &[top]).await;
    assert_eq!(team.asked(), [vec!["top"], vec!["left", "right"]]);
    let second = machine(&team, Some(&first));
    let brought = second.realise(graph.clone(), &[top]).await;
    assert!(brought.succeeded());
    assert_eq!(brought.node(top).unwrap().outputs, made.node(top).unwrap().outputs);
    assert_eq!((team.asked(), team.brought()), (vec![vec!["top".to_owned()]], vec!["top".to_owned()]));
    assert_eq!((second.executor.ran(), asked(&second)), (vec![], vec![]));
    // Now it is here, and nobody is asked.
    assert!(second.realise(graph, &[top]).await.succeeded());
    assert_eq!((team.asked(), asked(&second)), (Vec::<Vec<String>>::new(), vec![]));
}

#[tokio::test]
async fn what_was_changed_is_made_of_what_was_not() {
    let team = Arc::default();
    let (graph, [_, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[top]).await;
    team.asked();
    let second = machine(&team, Some(&first));
    second.provider.change("b.tar", "changed");
    assert!(second.realise(graph, &[top]).await.succeeded());
    assert_eq!(team.asked(), [vec!["top"], vec!["left", "right"]]);
    assert_eq!((second.executor.ran(), team.brought()), (vec!["right".into(), "top".into()], vec!["left".into()]));
    assert_eq!(asked(&second), ["b.tar"]);
}

#[tokio::test]
async fn a_change_that_leaves_the_same_bits_is_made_and_all_above_is_brought() {
    let team = Arc::default();
    let mut graph = Graph::default();
    let source = graph.fetch("a.tar");
    let library = graph.run("library", &[source], &[("SAME", "the same bits")]);
    let top = graph.run("top", &[library], &[]);
    let first = machine(&team, None);
    first.realise(graph.clone(), &[top]).await;
    let second = machine(&team, Some(&first));
    second.provider.change("a.tar", "with another comment");
    assert!(second.realise(graph, &[top]).await.succeeded());
    assert_eq!((second.executor.ran(), team.brought()), (vec!["library".into()], vec!["top".into()]));
}

#[tokio::test]
async fn what_is_not_to_be_had_after_all_is_made() {
    let team = Arc::<Team>::default();
    let (graph, [_, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[top]).await;
    team.lost.store(true, Ordering::Relaxed);
    let second = machine(&team, Some(&first));
    assert!(second.realise(graph, &[top]).await.succeeded());
    assert_eq!(ran(&second), ["left", "right", "top"]);
}

#[tokio::test]
async fn what_a_lost_result_is_made_of_is_brought() {
    let team = Arc::<Team>::default();
    let (graph, [_, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[top]).await;
    *team.lost_of.lock().unwrap() = "top".to_owned();
    let second = machine(&team, Some(&first));
    assert!(second.realise(graph, &[top]).await.succeeded());
    assert_eq!((second.executor.ran(), asked(&second)), (vec!["top".to_owned()], vec![]));
}

#[tokio::test]
async fn what_no_lock_pins_is_asked_of_nobody() {
    let team = Arc::<Team>::default();
    let mut graph = Graph::default();
    let (known, open) = (graph.fetch("a.tar"), graph.fetch("unlocked:b.tar"));
    let (known, open) = (graph.run("known", &[known], &[]), graph.run("open", &[open], &[]));
    let top = graph.run("top", &[known, open], &[]);
    assert!(machine(&team, None).realise(graph, &[top]).await.succeeded());
    assert_eq!(team.asked(), [vec!["known"]]);
}

#[tokio::test]
async fn a_later_option_that_somebody_has_is_taken() {
    let team = Arc::default();
    let graph = || {
        let mut graph = Graph::default();
        let source = graph.fetch("a.tar");
        let methods = [Method::Cross, Method::Emulate];
        let app = graph.choice("app", &methods, &[source], &[("FAIL", "cross:foreign-program")]);
        let top = graph.run("top", &[app], &[]);
        (graph, app, top)
    };
    let (first_graph, app, _) = graph();
    let first = machine(&team, None);
    assert!(first.realise(first_graph, &[app]).await.succeeded());
    assert_eq!(first.executor.ran(), ["app", "app"]);
    let second = machine(&team, Some(&first));
    let (graph, app, top) = graph();
    let realised = second.realise(graph, &[top]).await;
    assert_eq!(second.executor.ran(), ["top"]);
    assert_eq!(realised.node(app).unwrap().run.as_ref().unwrap().method, Method::Emulate);
}

/// A check, which needs the folder in which its package was built.
fn checked(text: &str) -> (Graph, [NodeId; 2]) {
    let mut graph = Graph::default();
    let mut build = a_run("app", &[], &[]);
    let outputs = [("out", "xb/out"), ("build", "xb/build")];
    let outputs = outputs.map(|(name, path)| (name.to_owned(), RelPath::new(path).unwrap()));
    build.outputs = BTreeMap::from(outputs).into();
    let build = graph.add_node(Node::Run(Box::new(build)));
    let mut check = a_run("check", &[build], &[("TEXT", text)]);
    check.root[0].input = Input { node: build, output: "build".into() };
    check.outputs = BTreeMap::new().into();
    let check = graph.add_node(Node::Run(Box::new(check)));
    (graph, [build, check])
}

#[tokio::test]
async fn who_needs_more_than_is_shared_makes_it() {
    let team = Arc::default();
    let first = machine(&team, None);
    let (graph, goals) = checked("as it was");
    assert!(first.realise(graph.clone(), &goals).await.succeeded());
    let second = machine(&team, Some(&first));
    assert!(second.realise(graph, &goals).await.succeeded());
    assert_eq!(second.executor.ran(), [""; 0]);
    // Another check needs what only the build itself leaves.
    let third = machine(&team, Some(&first));
    let (graph, goals) = checked("another");
    assert!(third.realise(graph, &goals).await.succeeded());
    assert_eq!(third.executor.ran(), ["app", "check"]);
}

#[tokio::test]
async fn who_needs_more_of_the_same_action_makes_it() {
    let team = Arc::default();
    let first = machine(&team, None);
    let (mut graph, [build, check]) = checked("as it was");
    let source = graph.fetch("unlocked:a.tar");
    let with_source = |graph: &mut Graph, id: NodeId, layers: usize| {
        let Node::Run(run) = graph.node(id).clone() else { unreachable!() };
        let mut run = *run;
        run.root.extend((0..layers).map(|_| xb_graph::Layer {
            input: Input { node: source, output: "out".into() },
            at: RelPath::new("source").unwrap(),
            select: None,
            conflict: xb_graph::Conflict::Refuse,
            name: "source".into(),
        }));
        run
    };
    // Without a pin, the build is known to others by its action alone.
    let build = with_source(&mut graph, build, 1);
    let build = graph.add_node(Node::Run(Box::new(build)));
    let mut check = with_source(&mut graph, check, 0);
    check.root[0].input.node = build;
    let check = graph.add_node(Node::Run(Box::new(check)));
    assert!(first.realise(graph.clone(), &[build]).await.succeeded());
    let second = machine(&team, Some(&first));
    assert!(second.realise(graph.clone(), &[build]).await.succeeded());
    assert_eq!(second.executor.ran(), [""; 0]);
    assert!(second.realise(graph, &[build, check]).await.succeeded());
    assert_eq!(second.executor.ran(), ["app", "check"]);
}

#[tokio::test]
async fn what_was_brought_in_part_is_made_when_more_of_it_is_needed_after_all() {
    let team = Arc::<Team>::default();
    let first = machine(&team, None);
    let (graph, goals) = checked("as it was");
    assert!(first.realise(graph.clone(), &goals).await.succeeded());
    *team.lost_of.lock().unwrap() = "check".to_owned();
    let second = machine(&team, Some(&first));
    let realised = second.realise(graph, &goals).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    assert_eq!(second.executor.ran(), ["app", "check"]);
}

#[tokio::test]
async fn who_needs_no_more_than_was_brought_does_not_fail_with_who_does() {
    let team = Arc::<Team>::default();
    let first = machine(&team, None);
    let (mut graph, [build, check]) = checked("as it was");
    let Node::Run(run) = graph.node(build).clone() else { unreachable!() };
    let source = graph.fetch("a.tar");
    let run = xb_graph::Run { root: a_run("", &[source], &[]).root, ..*run };
    let build = graph.add_node(Node::Run(Box::new(run)));
    let Node::Run(run) = graph.node(check).clone() else { unreachable!() };
    let mut run = *run;
    run.root[0].input.node = build;
    let check = graph.add_node(Node::Run(Box::new(run)));
    let tool = graph.run("tool", &[], &[]);
    let user = graph.run("user", &[build, tool], &[("SLEEP", "100")]);
    assert!(first.realise(graph.clone(), &[build, check]).await.succeeded());
    *team.lost_of.lock().unwrap() = "check".to_owned();
    let mut second = machine(&team, Some(&first));
    second.options.keep_going = true;
    second.provider.gone.lock().unwrap().insert("a.tar".to_owned());
    let realised = second.realise(graph, &[build, check, user]).await;
    assert!(realised.node(build).is_some() && realised.node(user).is_some());
    assert_eq!(realised.unfinished, [check]);
    assert!(!realised.failures.is_empty());
}

#[tokio::test]
async fn two_of_one_action_of_whom_one_needs_more_are_both_made() {
    let team = Arc::<Team>::default();
    let first = machine(&team, None);
    let (mut graph, [build, check]) = checked("as it was");
    let source = graph.fetch("unlocked:a.tar");
    let mut twins = [build, build];
    for (twin, name) in twins.iter_mut().zip(["app", "twin"]) {
        let Node::Run(run) = graph.node(build).clone() else { unreachable!() };
        let layer = a_run("", &[source], &[]).root.remove(0);
        let run = xb_graph::Run { package: name.to_owned(), root: vec![layer], ..*run };
        *twin = graph.add_node(Node::Run(Box::new(run)));
    }
    let Node::Run(run) = graph.node(check).clone() else { unreachable!() };
    let mut run = *run;
    run.root[0].input.node = twins[1];
    let check = graph.add_node(Node::Run(Box::new(run)));
    assert!(first.realise(graph.clone(), &[twins[0]]).await.succeeded());
    let second = machine(&team, Some(&first));
    let realised = second.realise(graph, &[twins[0], check]).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    assert!(second.executor.ran().contains(&"check".to_owned()));
}

#[tokio::test]
async fn a_later_option_that_is_not_to_be_had_gives_way_to_the_first() {
    let team = Arc::<Team>::default();
    let graph = || {
        let mut graph = Graph::default();
        let source = graph.fetch("a.tar");
        let app = graph.choice("app", &[Method::Cross, Method::Emulate], &[source], &[]);
        (graph, app)
    };
    let (first_graph, app) = graph();
    let Node::Choice(choice) = first_graph.node(app).clone() else { unreachable!() };
    let first = machine(&team, None);
    assert!(first.realise(first_graph, &[choice.options[1].1]).await.succeeded());
    team.lost.store(true, Ordering::Relaxed);
    let second = machine(&team, Some(&first));
    let (graph, app) = graph();
    let realised = second.realise(graph, &[app]).await;
    assert_eq!(realised.node(app).unwrap().run.as_ref().unwrap().method, Method::Cross);
}

#[tokio::test]
async fn what_runs_again_asks_nobody_and_tells_nobody() {
    let team = Arc::default();
    let (graph, [_, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[top]).await;
    let mut second = machine(&team, Some(&first));
    second.options.rebuild = [top].into();
    assert!(second.realise(graph, &[top]).await.succeeded());
    assert_eq!(second.executor.ran(), ["top"]);
}

#[tokio::test]
async fn what_was_built_before_anybody_shared_can_be_given() {
    let (graph, [left, right, top]) = fork();
    let mut first = World::over(Arc::default());
    assert!(first.realise(graph.clone(), &[top]).await.succeeded());
    let other = Arc::<Team>::default();
    first.shared = Some(Arc::clone(&other));
    first.options.sharing = Sharing::Give;
    first.forget_what_happened();
    assert!(first.realise(graph.clone(), &[top]).await.succeeded());
    assert_eq!((first.executor.ran(), other.asked()), (vec![], vec![]));
    let mut second = machine(&other, Some(&first));
    second.options.sharing = Sharing::Bring;
    assert!(second.realise(graph.clone(), &[left, right, top]).await.succeeded());
    // By now their recipes are known as well.
    let third = Arc::<Team>::default();
    first.shared = Some(Arc::clone(&third));
    first.forget_what_happened();
    assert!(first.realise(graph.clone(), &[top]).await.succeeded());
    assert_eq!((first.executor.ran(), third.asked()), (vec![], vec![]));
    second = machine(&third, Some(&first));
    second.options.sharing = Sharing::Bring;
    assert!(second.realise(graph, &[left, right, top]).await.succeeded());
}

#[tokio::test]
async fn who_only_brings_makes_nothing() {
    let team = Arc::default();
    let (graph, [left, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[left]).await;
    let mut second = machine(&team, Some(&first));
    second.options.sharing = Sharing::Bring;
    second.options.keep_going = true;
    let realised = second.realise(graph, &[left, top]).await;
    assert!(realised.node(left).is_some() && realised.node(top).is_none());
    let whys: Vec<_> = realised.failures.iter().map(|failure| (failure.node, failure.why.to_string())).collect();
    assert_eq!(whys, [(top, "nobody who is believed has its result".to_owned())]);
    assert_eq!((second.executor.ran(), asked(&second)), (vec![], vec![]));
}

#[tokio::test]
async fn who_needs_all_of_a_goal_makes_it() {
    let team = Arc::default();
    let first = machine(&team, None);
    let (graph, [build, _]) = checked("as it was");
    first.realise(graph.clone(), &[build]).await;
    let mut second = machine(&team, Some(&first));
    second.options.whole = true;
    assert!(second.realise(graph, &[build]).await.succeeded());
    assert_eq!(second.executor.ran(), ["app"]);
}

#[tokio::test]
async fn what_was_brought_under_one_trust_counts_under_no_other() {
    let team = Arc::<Team>::default();
    let (graph, [left, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[left, top]).await;
    let mut second = machine(&team, Some(&first));
    let goals = [left, top];
    assert!(second.realise(graph.clone(), &goals).await.succeeded());
    assert_eq!(second.executor.ran(), [""; 0]);
    // Another project on the same machine, which trusts others: what was brought is made.
    second.shared = Some(Arc::new(Team::called("others")));
    assert!(second.realise(graph.clone(), &goals).await.succeeded());
    assert_eq!(ran(&second), ["left", "right", "top"]);
    // And so does one that trusts nobody.
    let mut third = machine(&team, Some(&first));
    assert!(third.realise(graph.clone(), &goals).await.succeeded());
    third.shared = None;
    assert!(third.realise(graph, &goals).await.succeeded());
    assert_eq!(ran(&third), ["left", "right", "top"]);
}

#[tokio::test]
async fn a_plan_tells_what_would_be_brought_and_leaves_it() {
    let team = Arc::default();
    let (graph, [left, _, top]) = fork();
    let first = machine(&team, None);
    first.realise(graph.clone(), &[left]).await;
    let second = machine(&team, Some(&first));
    let forecast = second.builder().forecast(&Arc::new(graph), &[top], &second.options).await;
    assert_eq!(forecast.offered, ["left (amd64, build)"]);
    let runs: Vec<_> = forecast.runs.iter().map(|run| (run.title.as_str(), run.certain)).collect();
    assert_eq!(runs, [("right (amd64, build)", true), ("top (amd64, build)", false)]);
    assert!(forecast.failures.is_empty());
    assert_eq!(team.brought(), [""; 0]);
}
