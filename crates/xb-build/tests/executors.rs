//! Several executors: who has how many jobs, who is passed over, and who is done without.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use support::World;
use support::contents::MemoryCache;
use support::executor::FakeExecutor;
use support::graph::{Add, a_run};
use tokio::sync::Notify;
use xb_build::{
    ActionLocks, BoxFuture, Builder, Event, Executor, ExecutorError, LockGuard, Machine, RunContext, Unmet, Why,
};
use xb_core::{ActionId, Arch};
use xb_graph::{ActionResult, Graph, Limits, Node, NodeId, ResolvedAction, Run};
use xb_store::{ActionCache, StoreError};

/// An executor beside the first, with a temper of its own.
struct Other {
    fake: Arc<FakeExecutor>,
    refuses: bool,
    /// Whether it never ends what it begins.
    hangs: bool,
    /// What it waits for when it has begun.
    waits_for: Option<Arc<Notify>>,
    /// What it says in the place of a result.
    fails: Option<ExecutorError>,
    asked: AtomicUsize,
}

impl Other {
    fn new(world: &World) -> Self {
        let fake = Arc::new(FakeExecutor::new(world.contents.clone(), Arch::Amd64));
        Self { fake, refuses: false, hangs: false, waits_for: None, fails: None, asked: AtomicUsize::new(0) }
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

    fn run<'a>(
        &'a self,
        action: &'a ResolvedAction,
        context: &'a RunContext,
    ) -> BoxFuture<'a, Result<ActionResult, ExecutorError>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(error) = self.fails.clone() {
            return Box::pin(async { Err(error) });
        }
        if self.hangs {
            return Box::pin(std::future::pending());
        }
        Box::pin(async move {
            if let Some(waits_for) = &self.waits_for {
                waits_for.notified().await;
            }
            self.fake.run(action, context).await
        })
    }
}

fn builder(world: &World, other: &Arc<Other>) -> Builder {
    let mut builder = world.builder();
    builder.machines.insert(0, Machine::beside(Arc::clone(other) as _, 2));
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
async fn every_machine_has_slots_of_its_own_and_none_is_idle() {
    let mut world = World::default();
    world.options.jobs = 1;
    let other = Arc::new(Other::new(&world));
    let mut builder = builder(&world, &other);
    builder.machines[0].slots = Some(3);
    let (graph, goals) = several(9);
    let realised = builder.realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded());
    let (there, here) = (other.fake.ran().len(), world.executor.ran().len());
    assert_eq!((other.fake.most(), world.executor.most(), there + here), (3, 1, 9));
    assert!(there > here && here > 0, "{there} there and {here} here");
}

#[tokio::test]
async fn who_is_asked_first_is_used_as_long_as_it_is_free() {
    let world = World::default();
    let other = Arc::new(Other::new(&world));
    let mut builder = builder(&world, &other);
    builder.machines[0].slots = Some(9);
    let (graph, goals) = several(9);
    assert!(builder.realise(&graph, &goals, &world.options).await.succeeded());
    assert_eq!((other.fake.ran().len(), world.executor.ran().len()), (9, 0));
}

#[tokio::test]
async fn what_is_dear_is_left_alone_where_waiting_is_cheaper() {
    let mut world = World::default();
    world.options.jobs = 1;
    let other = Arc::new(Other::new(&world));
    let mut builder = builder(&world, &other);
    builder.machines[0].cost = 1000;
    let (graph, goals) = several(6);
    assert!(builder.realise(&graph, &goals, &world.options).await.succeeded());
    assert_eq!((other.fake.ran().len(), world.executor.ran().len()), (0, 6));
}

#[tokio::test]
async fn what_is_stuck_is_run_elsewhere_as_well() {
    let mut world = World::default();
    world.options.patience = Some(Duration::from_millis(20));
    let other = Arc::new(Other { hangs: true, ..Other::new(&world) });
    let mut builder = builder(&world, &other);
    builder.machines[0].slots = Some(1);
    let (graph, goals) = several(1);
    // How long it takes is remembered.
    assert!(world.builder().realise(&graph, &goals, &world.options).await.succeeded());
    world.options.rebuild = goals.iter().copied().collect();
    let realised = builder.realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    assert_eq!((other.asked.load(Ordering::SeqCst), world.executor.ran().len()), (1, 2));
    let told = world.told.0.lock().unwrap();
    let warned = told.iter().filter(|event| {
        matches!(event, Event::Warned { message } if message.contains("at `other`") && message.contains("at `fake`"))
    });
    assert_eq!(warned.count(), 1);
}

/// Takes its time to write down the first result, in which somebody else goes on.
struct Slow {
    cache: Arc<MemoryCache>,
    written: AtomicUsize,
    goes_on: Arc<Notify>,
}

impl ActionCache for Slow {
    fn result(&self, action: ActionId) -> Result<Option<ActionResult>, StoreError> {
        self.cache.result(action)
    }

    fn put_result(&self, action: ActionId, result: &ActionResult) -> Result<(), StoreError> {
        if self.written.fetch_add(1, Ordering::SeqCst) == 0 {
            self.goes_on.notify_one();
            std::thread::sleep(Duration::from_millis(300));
        }
        self.cache.put_result(action, result)
    }

    fn forget(&self, action: ActionId) -> Result<(), StoreError> {
        self.cache.forget(action)
    }
}

#[tokio::test]
async fn what_the_slower_one_left_is_not_written_over_what_counts() {
    let mut world = World::default();
    world.options.patience = Some(Duration::from_millis(20));
    let goes_on: Arc<Notify> = Arc::default();
    let other = Arc::new(Other { waits_for: Some(Arc::clone(&goes_on)), ..Other::new(&world) });
    let mut builder = builder(&world, &other);
    builder.machines[0].slots = Some(1);
    let (graph, goals) = several(1);
    assert!(world.builder().realise(&graph, &goals, &world.options).await.succeeded());
    let slow = Arc::new(Slow { cache: world.cache.clone(), written: AtomicUsize::new(0), goes_on });
    builder.cache = Arc::clone(&slow) as _;
    world.options.rebuild = goals.iter().copied().collect();
    let realised = builder.realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    assert_eq!((other.fake.ran().len(), slow.written.load(Ordering::SeqCst)), (1, 1));
}

/// Nobody else has a slot as long as this holds it.
#[derive(Default)]
struct Scarce {
    asked: AtomicUsize,
    held: Mutex<Option<Weak<()>>>,
}

impl ActionLocks for Scarce {
    fn try_lock(&self, action: ActionId) -> Result<Option<LockGuard>, String> {
        ().try_lock(action)
    }

    fn lock(&self, action: ActionId) -> BoxFuture<'_, Result<LockGuard, String>> {
        Box::pin(async move { ().lock(action).await })
    }

    fn try_lease(&self, machine: &str, slots: usize) -> Result<Option<LockGuard>, String> {
        assert_eq!((machine, slots), ("the only one", 2));
        // Others have all of it at first.
        if self.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            return Ok(None);
        }
        let mut held = self.held.lock().unwrap();
        if held.as_ref().is_some_and(|held| held.strong_count() > 0) {
            return Ok(None);
        }
        let guard = Arc::new(());
        *held = Some(Arc::downgrade(&guard));
        Ok(Some(guard))
    }
}

#[tokio::test]
async fn a_machine_is_shared_with_other_processes() {
    let world = World::default();
    let other = Arc::new(Other::new(&world));
    let locks = Arc::new(Scarce::default());
    let mut builder = Builder { locks: locks.clone(), ..builder(&world, &other) };
    builder.machines.pop();
    builder.machines[0].lease = Some("the only one".to_owned());
    let (graph, goals) = several(4);
    let realised = builder.realise(&graph, &goals, &world.options).await;
    assert!(realised.succeeded(), "{:?}", realised.failures);
    // It has two slots, and others left one.
    assert_eq!((other.fake.ran().len(), other.fake.most()), (4, 1));
    let told = world.told.0.lock().unwrap();
    assert_eq!(told.iter().filter(|event| matches!(event, Event::Warned { .. })).count(), 1);
}

#[tokio::test]
async fn what_a_package_asks_for_is_where_it_is_said_to_be() {
    let world = World::default();
    let other = Arc::new(Other::new(&world));
    let mut builder = builder(&world, &other);
    let needs = |feature: &str| {
        let mut graph = Graph::default();
        let features = std::collections::BTreeSet::from([feature.to_owned()]);
        let limits = Limits { features, ..Limits::default() };
        let goal = graph.add_node(Node::Run(Box::new(Run { limits, ..a_run("p", &[], &[("NEEDS", feature)]) })));
        (Arc::new(graph), [goal])
    };
    builder.machines[1].features.insert("kvm".to_owned());
    let (graph, goals) = needs("kvm");
    assert!(builder.realise(&graph, &goals, &world.options).await.succeeded());
    assert_eq!((other.fake.ran().len(), world.executor.ran().len()), (0, 1));
    let (graph, goals) = needs("gpu");
    let realised = builder.realise(&graph, &goals, &world.options).await;
    let Why::NoExecutor { unmet, .. } = &realised.failures[0].why else { panic!("{:?}", realised.failures) };
    let lacks = || Unmet::Features(vec!["gpu".to_owned()]);
    assert_eq!(*unmet, [("other".to_owned(), lacks()), ("fake".to_owned(), lacks())]);
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
    let mut builder = builder(&world, &other);
    builder.machines[0].slots = Some(3);
    let (graph, goals) = several(3);
    let realised = builder.realise(&graph, &goals, &world.options).await;
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
    builder.machines.pop();
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
    builder.machines.pop();
    let (graph, goals) = several(3);
    let realised = builder.realise(&graph, &goals, &world.options).await;
    let failure = realised.failures.first().map(|failure| failure.why.to_string());
    assert!(failure.is_some_and(|why| why.contains("other: it does not want to")));
}
