//! A server that fails is waited for as long as there is something to wait for, and then its work is done elsewhere.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tonic::Code;
use xb_build::ExecutorError;
use xb_graph::Cause;
use xb_remote::proto::Tree;
use xb_remote::proto::execution_stage::Value as Stage;

use crate::liar::{Liar, Say};
use crate::lies::{left, world};
use crate::world::{Outcome, World};

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_passes_is_waited_for() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let good = left(&liar, &Tree::default());
    for trouble in [
        Say::Status(Code::ResourceExhausted),
        Say::Refused(Code::ResourceExhausted),
        Say::Status(Code::Unavailable),
        Say::Status(Code::Aborted),
        Say::Refused(Code::Unavailable),
        Say::Silence,
    ] {
        liar.says([trouble.clone(), trouble, good.clone()]);
        assert!(world.run("whatever").await.result.succeeded());
        assert_eq!(liar.asked(), 3);
    }
    for lacking in
        [Say::Status(Code::FailedPrecondition), Say::Refused(Code::FailedPrecondition), Say::Status(Code::Internal)]
    {
        // What it says that it lacks is sent again.
        liar.forget();
        let good = left(&liar, &Tree::default());
        liar.says([lacking, good]);
        assert!(world.run("whatever").await.result.succeeded());
        assert_eq!(liar.asked(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_is_told() {
    let liar = Liar::default();
    let world = world(&liar).await;
    for (say, why) in [
        (Say::Status(Code::FailedPrecondition), "though it was sent all that it needs"),
        (Say::Status(Code::InvalidArgument), "so it is said"),
        (Say::Refused(Code::PermissionDenied), "does not let you"),
        (Say::Status(Code::DeadlineExceeded), "by a limit of its own"),
        (Say::Status(Code::Unavailable), "tried"),
        (Say::Bytes(vec![0xff; 9]), "cannot be read"),
        (Say::Bytes(Vec::new()), "not what it left"),
    ] {
        liar.says([say]);
        let failed = tokio::time::timeout(Duration::from_secs(60), world.run_action(&world.script("whatever"))).await;
        let failed = failed.expect("it ends").map(|_| ());
        let Err(ExecutorError::Unable(said) | ExecutorError::Gone(said)) = failed else { panic!("{why}") };
        assert!(said.contains(why), "{said}");
    }
    liar.says([Say::Ended(Box::default())]);
    let Outcome { result, .. } = world.run("whatever").await;
    assert_eq!(result.cause, Cause::MissingOutput { path: "out".to_owned() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_too_much_to_do_is_asked_ever_less_and_not_for_ever() {
    let liar = Liar::default();
    let address = liar.start().await;
    let (world, hasty) = (World::still(&address), World::hasty(&address));
    for full in [Say::Status(Code::ResourceExhausted), Say::Refused(Code::ResourceExhausted)] {
        liar.says([full.clone()]);
        let action = world.script("whatever");
        let ended = tokio::time::timeout(Duration::from_millis(1500), world.run_action(&action)).await;
        assert!(ended.is_err() && (3..=6).contains(&liar.asked()), "{}", liar.asked());
        liar.says([full]);
        let failed = hasty.run_action(&action).await.map(|_| ());
        assert!(matches!(&failed, Err(ExecutorError::Gone(why)) if why.contains("tried 60 times")), "{failed:?}");
        assert_eq!(liar.asked(), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kills_its_workers_is_run_three_times() {
    let liar = Liar::default();
    let world = World::hasty(&liar.start().await);
    liar.says([Say::Status(Code::Unavailable)]);
    let failed = world.run_action(&world.script("whatever")).await.map(|_| ());
    assert!(matches!(failed, Err(ExecutorError::Unable(_))), "{failed:?}");
    assert_eq!(liar.asked(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_cut_again_and_again_is_waited_for_and_not_for_ever() {
    let liar = Liar::default();
    let world = World::hasty(&liar.start().await);
    let good = left(&liar, &Tree::default());
    liar.says([Say::Cut]);
    liar.waits([Say::Cut, Say::Cut, Say::Cut, good.clone()]);
    assert!(world.run("whatever").await.result.succeeded());
    assert_eq!((liar.asked(), liar.waited()), (1, 4));
    liar.waits([Say::Cut]);
    liar.says([Say::Cut]);
    let failed = world.run_action(&world.script("whatever")).await.map(|_| ());
    assert!(matches!(failed, Err(ExecutorError::Gone(_))), "{failed:?}");
    assert_eq!(liar.waited(), 299);
    // BuildGrid says so of a run that it does not know any more.
    for forgotten in [Code::NotFound, Code::InvalidArgument] {
        liar.waits([Say::Refused(forgotten)]);
        liar.says([Say::Cut, good.clone()]);
        assert!(world.run("whatever").await.result.succeeded());
        assert_eq!(liar.asked(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_examined_once_for_all_who_need_it() {
    let liar = Liar::default();
    let world = world(&liar).await;
    liar.says([left(&liar, &Tree::default())]);
    assert!(world.run("whatever").await.result.succeeded());
    assert_eq!(liar.examined(), 1);
    for (code, most) in [(Code::Unavailable, 3), (Code::Unimplemented, 1), (Code::PermissionDenied, 1)] {
        let liar = Liar::default();
        liar.denies(code);
        let world = World::hasty(&liar.start().await);
        let action = world.script("whatever");
        let runs = futures_util::future::join_all((0..6).map(|_| world.run_action(&action))).await;
        assert!(runs.into_iter().all(|run| matches!(run, Err(ExecutorError::Gone(_)))), "{code:?}");
        assert_eq!(liar.examined(), most, "{code:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_runs_elsewhere() {
    let liar = Liar::default();
    let world = world(&liar).await;
    liar.refuses(Code::InvalidArgument);
    let failed = world.run_action(&world.script("whatever")).await.map(|_| ());
    assert!(matches!(failed, Err(ExecutorError::Unable(_))), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_while_something_is_sent_is_given_up_once_for_all_who_wait() {
    let liar = Liar::default();
    let world = World::hasty(&liar.start().await);
    liar.refuses(Code::Unavailable);
    let action = world.script("whatever");
    for run in futures_util::future::join_all((0..6).map(|_| world.run_action(&action))).await {
        assert!(matches!(run, Err(ExecutorError::Gone(_))));
    }
    assert_eq!(liar.sent(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_a_connection_and_says_nothing_is_not_waited_for_long() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let world = World::curt(&silent.local_addr().expect("an address").to_string());
    let began = Instant::now();
    let failed = world.run_action(&world.script("whatever")).await.map(|_| ());
    assert!(matches!(&failed, Err(ExecutorError::Gone(why)) if why.contains("has not answered")), "{failed:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_limit_is_that_of_the_action_only_if_it_ran_so_long() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let mut action = world.script("whatever");
    action.limits.seconds = 1;
    let late = |stage| Say::Late(stage, Duration::from_millis(1200), Code::DeadlineExceeded);
    liar.says([late(Stage::Executing)]);
    let outcome = world.run_action(&action).await.expect("it ran");
    assert_eq!(outcome.result.cause, Cause::TimedOut);
    for stage in [Stage::Unknown, Stage::Queued] {
        liar.says([late(stage)]);
        let failed = world.run_action(&action).await.map(|_| ());
        assert!(matches!(&failed, Err(ExecutorError::Unable(why)) if why.contains("does not tell")), "{failed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_before_it_has_a_name_is_stopped_when_it_has() {
    let liar = Liar::default();
    let world = world(&liar).await;
    let action = world.script("whatever");
    liar.says([Say::Hanging(Duration::from_millis(700))]);
    let given_up = tokio::time::timeout(Duration::from_millis(400), world.run_action(&action)).await;
    assert!(given_up.is_err() && liar.asked() == 1 && liar.cancelled().is_empty());
    tokio::task::block_in_place(|| world.executor.settle());
    assert_eq!(liar.cancelled(), ["operation"]);
}
