//! Several executors: who has how many jobs, who is passed over, and who is done without.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::World;
use support::executor::FakeExecutor;
use support::graph::Add;
use xb_build::{BoxFuture, Builder, Event, Executor, ExecutorError, RunContext, Why};
use xb_core::Arch;
use xb_graph::{ActionResult, Graph, NodeId, ResolvedAction};

/// An executor beside the first, with a temper of its own.
struct Other {
    fake: Arc<FakeExecutor>,
    slots: usize,
    refuses: bool,
    /// What it says in the place of a result.
    fails: Option<ExecutorError>,
    asked: AtomicUsize,
}

impl Other {
    fn new(world: &World) -> Self {
        let fake = Arc::new(FakeExecutor::new(world.contents.clone(), Arch::Amd64));
        Self { fake, slots: 2, refuses: false, fails: None, asked: AtomicUsize::new(0) }
    }
}

impl Executor for Other {
    fn name(&self) -> &str {
        "other"
    }

    fn arch(&self) -> Arch {
        self.fake.arch()
    }

    fn can_run(&self, platform: Arch) -> bool {
        self.fake.can_run(platform)
    }

    fn refuses(&self, _: &ResolvedAction) -> Option<String> {
        self.refuses.then(|| "it does not want to".to_owned())
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(error) = self.fails.clone() {
            return Box::pin(async { Err(error) });
        }
        self.fake.run(action, context)
    }
}

fn builder(world: &World, other: &Arc<Other>) -> Builder {
    let mut builder = world.builder();
    builder.executors.insert(0, Arc::clone(other) as _);
    builder
}

fn gone() -> ExecutorError {
    ExecutorError::Gone("nobody answers".to_owned())
}

fn several(count: usize) -> (Arc<Graph>, Vec<NodeId>) {
    let mut graph = Graph::default();
    let run =
        |number: usize| graph.run(&format!("p{number}"), &[], &[("SLEEP", "30"), ("NUMBER", &number.to_string())]);
    let goals = (0..count).map(run).collect();
    (Arc::new(graph), goals)
}

#[tokio::test]
async fn every_executor_has_jobs_of_its_own() {
    let mut world = World::default();
    world.options.jobs = 1;
    let other = Arc::new(Other { slots: 3, ..Other::new(&world) });
    let (graph, goals) = several(9);
    let realised = builder(&world, &other).realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded());
    // The first that can takes all, as many at a time as it has slots.
    assert_eq!((other.fake.most(), other.fake.ran().len(), world.executor.ran().len()), (3, 9, 0));
}

#[tokio::test]
async fn who_is_gone_is_done_without_and_said_to_be_gone_once() {
    let mut world = World::default();
    world.options.jobs = 2;
    let other = Arc::new(Other { fails: Some(gone()), ..Other::new(&world) });
    let (graph, goals) = several(6);
    let realised = builder(&world, &other).realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    assert_eq!(world.executor.ran().len(), 6);
    // Only what was under way when it was found out has asked in vain.
    assert!(other.asked.load(Ordering::SeqCst) <= 2);
    let told = world.told.0.lock().unwrap();
    assert_eq!(told.iter().filter(|event| matches!(event, Event::Warned { .. })).count(), 1);
}

#[tokio::test]
async fn who_cannot_do_one_thing_is_asked_for_the_next() {
    let world = World::default();
    let unable = Some(ExecutorError::Unable("it is too large".to_owned()));
    let other = Arc::new(Other { fails: unable, ..Other::new(&world) });
    let (graph, goals) = several(3);
    let realised = builder(&world, &other).realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    assert_eq!((world.executor.ran().len(), other.asked.load(Ordering::SeqCst)), (3, 3));
    let told = world.told.0.lock().unwrap();
    let warned =
        told.iter().filter(|event| matches!(event, Event::Warned { message } if message.contains("too large")));
    assert_eq!(warned.count(), 3);
}

#[tokio::test]
async fn who_is_gone_is_a_failure_where_nobody_else_can() {
    let world = World::default();
    let other = Arc::new(Other { fails: Some(gone()), ..Other::new(&world) });
    let mut builder = builder(&world, &other);
    builder.executors.pop();
    let (graph, goals) = several(1);
    let realised = builder.realise(&graph, &goals, &world.options).await;
    let why = &realised.failures[0].why;
    assert!(matches!(why, Why::Executor { executor, error: ExecutorError::Gone(_) } if executor == "other"), "{why:?}");
}

#[tokio::test]
async fn who_refuses_is_passed_over_with_its_reason() {
    let world = World::default();
    let other = Arc::new(Other { refuses: true, ..Other::new(&world) });
    let (graph, goals) = several(2);
    let mut builder = builder(&world, &other);
    let forecast = builder.forecast(&graph, &goals, &world.options).await;
    assert!(forecast.runs.iter().all(|run| run.executor.as_deref() == Some("fake")), "{forecast:?}");
    let realised = builder.realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded());
    assert_eq!((other.asked.load(Ordering::SeqCst), world.executor.ran().len()), (0, 2));
    builder.executors.pop();
    let (graph, goals) = several(3);
    let realised = builder.realise(&graph, &goals, &world.options).await;
    let failure = realised.failures.first().map(|failure| failure.why.to_string());
    assert!(failure.is_some_and(|why| why.contains("other: it does not want to")));
}
