//! Sandboxes for a person, and what the doctor finds.

use std::time::Duration;

use xb_exec::{Emulation, HangUp, Session, State};

use crate::support::{World, emulation};

fn session(command: &str) -> Session {
    Session { command: Some(["/bin/sh", "-c", command].map(str::to_owned).to_vec()), ..Session::default() }
}

fn run(world: &World, action: &xb_graph::ResolvedAction, session: &Session) -> Result<i32, xb_build::ExecutorError> {
    world.executor.run_interactive(action, session, &HangUp::default())
}

#[test]
fn a_session_has_the_exit_code_of_its_command() {
    let Some(world) = World::new() else { return };
    let action = world.script("true");
    assert_eq!(run(&world, &action, &session("exit 5")), Ok(5));
    assert_eq!(run(&world, &action, &session("test $(hostname) = xb")), Ok(0));
    assert_eq!(std::fs::read_dir(world.scratch()).unwrap().count(), 0);
}

#[test]
fn a_session_goes_on_where_a_failed_run_ended() {
    let Some(mut world) = World::new() else { return };
    world.keep_failed = true;
    let action = world.script("echo here > file; exit 1");
    assert!(!world.run_action(&action).result.succeeded());
    let resume = Session { resume: true, ..session("test -e file && touch more") };
    assert_eq!(run(&world, &action, &resume), Ok(0));
    let resume = Session { resume: true, ..session("test -e more") };
    assert_eq!(run(&world, &action, &resume), Ok(0));
    assert_eq!(run(&world, &action, &session("test -e file")), Ok(1));
    // No folder is left that its owner cannot remove.
    std::fs::remove_dir_all(world.executor.kept(action.id).unwrap()).unwrap();
}

#[test]
fn a_kept_sandbox_is_used_by_one_session_at_a_time() {
    let Some(mut world) = World::new() else { return };
    world.keep_failed = true;
    let action = world.script("exit 1");
    assert!(!world.run_action(&action).result.succeeded());
    let (world, action) = (&world, &action);
    std::thread::scope(|scope| {
        let waiting = "touch /tmp/go /tmp/here; until test -s /tmp/go; do sleep 0.1; done";
        let first = scope.spawn(move || run(world, action, &Session { resume: true, ..session(waiting) }));
        let tmp = world.executor.kept(action.id).unwrap().join("upper/tmp");
        while !tmp.join("here").exists() && !first.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let second = run(world, action, &Session { resume: true, ..session("true") });
        assert_eq!(xb_exec::remove_kept(&world.scratch(), Duration::ZERO), Ok(0));
        std::fs::write(tmp.join("go"), "go").unwrap();
        assert_eq!(first.join().unwrap(), Ok(0));
        assert!(second.unwrap_err().to_string().contains("another xb is working in"));
    });
    assert_eq!(xb_exec::remove_kept(&world.scratch(), Duration::from_secs(3600)), Ok(0));
    assert_eq!(xb_exec::remove_kept(&world.scratch(), Duration::ZERO), Ok(1));
}

#[test]
fn hanging_up_kills_everything() {
    let Some(world) = World::new() else { return };
    let action = world.script("true");
    let hang_up = HangUp::default();
    let executor = &world.executor;
    std::thread::scope(|scope| {
        let session = scope.spawn(|| executor.run_interactive(&action, &session("sleep 1000"), &hang_up));
        while std::fs::read_dir(world.scratch()).unwrap().count() == 0 && !session.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        hang_up.hang_up();
        assert!(session.join().unwrap().is_err());
    });
    assert_eq!(std::fs::read_dir(world.scratch()).unwrap().count(), 0);
    assert!(executor.run_interactive(&action, &session("sleep 1000"), &hang_up).is_err());
}

#[test]
fn the_doctor_finds_that_sandboxes_work() {
    let Some(world) = World::new() else { return };
    let mut findings = xb_exec::examine_kernel();
    findings.append(&mut world.executor.examine());
    assert!(findings.iter().all(|finding| finding.state != State::Bad), "{findings:?}");
    let told = findings.iter().find(|finding| finding.name == "emulation").unwrap();
    assert_eq!(told.state, State::Good);
    let interposes = "a sandbox interposes on `execve` to start an emulator";
    match emulation() {
        Emulation::Interpose => assert_eq!(told.detail, format!("{interposes}, as is asked for")),
        Emulation::Auto if told.detail.starts_with(interposes) => assert!(told.detail.contains(": cannot register")),
        _ => assert_eq!(told.detail, "a sandbox registers an emulator of its own (binfmt_misc)"),
    }
}
