//! Machines that are lost: what was to run in them, what is told, and what stays behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use xb_build::{Executor, ExecutorError};
use xb_core::TreeId;
use xb_store::{Contents, Store};
use xb_vm::Parts;

use crate::support::{Lines, STORE, executor, guarded, script, try_run, world};

/// How long anything may take where others use the processors, too: a machine alone takes minutes there.
const PATIENCE: Duration = Duration::from_secs(600);

/// The processes of emulators that work in a folder.
fn emulators(scratch: &Path) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ours = processes.filter(|process| {
        let folder = fs::read_link(process.path().join("cwd")).unwrap_or_default();
        folder.starts_with(scratch) && fs::read(process.path().join("cmdline")).is_ok_and(|line| !line.is_empty())
    });
    ours.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect()
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(50));
    }
}

/// Kills the emulator each time that the command has begun, so often.
fn kill_when_begun(scratch: PathBuf, lines: Arc<Lines>, times: usize) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for time in 1..=times {
            let begun = || lines.0.lock().unwrap().iter().filter(|line| *line == "begun").count();
            wait_until("no command has begun", || begun() >= time);
            emulators(&scratch).into_iter().for_each(kill);
        }
    })
}

#[test]
fn an_action_goes_to_a_fresh_machine_once() {
    let Some(world) = world() else { return };
    let scratch = world.folder.join("to-be-lost");
    let executor = executor(&world.store, &scratch, world.parts);
    let action = world.script("echo begun; sleep 5; echo ended");
    let lines: Arc<Lines> = Arc::default();
    let killer = kill_when_begun(scratch.clone(), Arc::clone(&lines), 1);
    let outcome = try_run(&executor, &world.store, &action, &lines).unwrap();
    killer.join().unwrap();
    assert_eq!(outcome.log, "begun\nended\n");
    let told = lines.0.lock().unwrap().iter().any(|line| line.contains("begins again in a fresh machine"));
    assert!(told, "{:?}", lines.0.lock().unwrap());

    let lines: Arc<Lines> = Arc::default();
    let killer = kill_when_begun(scratch.clone(), Arc::clone(&lines), 2);
    let Err(error) = try_run(&executor, &world.store, &action, &lines) else { panic!("it should fail") };
    killer.join().unwrap();
    let (error, log) = (error.to_string(), scratch.join("arm.log"));
    assert!(error.contains("2 machines were lost") && error.contains(&log.display().to_string()), "{error}");
    assert!(log.is_file());

    executor.settle();
    wait_until("an emulator stays", || emulators(&scratch).is_empty());
    let left: Vec<_> = fs::read_dir(&scratch).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["arm.log"]);
}

#[test]
fn who_has_no_machine_says_so() {
    let Some(world) = world() else { return };
    let scratch = world.folder.join("never-ready");
    let executor = guarded(&world.store, &scratch, world.parts, "/bin/false".into());
    let failed = try_run(&executor, &world.store, &world.script("true"), &Arc::default());
    assert!(matches!(failed.map(drop), Err(ExecutorError::Gone(why)) if why.contains("it ended")));
}

#[test]
fn a_machine_that_ended_while_it_waited_is_not_taken() {
    let Some(world) = world() else { return };
    let scratch = world.folder.join("idle");
    let executor = executor(&world.store, &scratch, world.parts);
    for _ in 0..2 {
        let lines: Arc<Lines> = Arc::default();
        let outcome = try_run(&executor, &world.store, &world.script("echo here"), &lines).unwrap();
        assert_eq!((outcome.log.as_str(), lines.0.lock().unwrap().as_slice()), ("here\n", &["here".to_owned()][..]));
        emulators(&scratch).into_iter().for_each(kill);
        wait_until("the emulator lives on", || emulators(&scratch).is_empty());
        sleep(Duration::from_millis(500));
    }
}

#[test]
fn a_root_in_which_nothing_can_start_is_nobodys_fault() {
    let Some(world) = world() else { return };
    let root = world.folder.join("no-devices");
    world.another_root(&root);
    fs::write(root.join("dev"), "").unwrap();
    let action = script(world.store.ingest(&root).unwrap(), "true");
    let lines: Arc<Lines> = Arc::default();
    let executor = executor(&world.store, &world.folder.join("broken-root"), world.parts);
    let failed = try_run(&executor, &world.store, &action, &lines).map(drop);
    let Err(ExecutorError::Unable(why)) = failed else { panic!("{failed:?}") };
    assert!(why.contains("bwrap: ") && why.contains("dev"), "{why}");
    let again = lines.0.lock().unwrap().iter().any(|line| line.contains("begins again"));
    assert!(!again, "{:?}", lines.0.lock().unwrap());
}

#[test]
fn who_gives_up_leaves_nothing_behind() {
    let Some(world) = world() else { return };
    let scratch = world.folder.join("given-up");
    let executor = executor(&world.store, &scratch, world.parts);
    let action = world.script("echo begun; sleep 100");
    let lines: Arc<Lines> = Arc::default();
    let context = xb_build::RunContext {
        events: Arc::clone(&lines) as _,
        node: xb_graph::NodeId(0),
        jobs: 1,
        keep_failed: false,
        again: false,
    };
    crate::support::runtime().block_on(async {
        let begun = async {
            while lines.0.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            result = executor.run(&action, &context) => panic!("{result:?}"),
            () = begun => {}
        }
    });
    assert!(emulators(&scratch).is_empty());
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);
}

/// Names the store, the folder for machines and the trees with which this program, started again, has a machine and
/// waits to be killed, with blanks between them.
const VICTIM: &str = "XB_TEST_MACHINE_VICTIM";

#[test]
fn no_machine_outlives_who_started_it() {
    if let Ok(words) = std::env::var(VICTIM) {
        return wait_to_be_killed(&words.split(' ').collect::<Vec<_>>());
    }
    let Some(world) = world() else { return };
    let scratch = world.folder.join("of-the-dead");
    let store = std::env::var_os(STORE).map_or_else(|| world.folder.join("store"), PathBuf::from);
    let trees = [world.parts.emulator, world.parts.machine, world.base].map(|tree| tree.0.to_string());
    // What a store has learnt last is not yet known to others.
    world.store.sync().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lost::no_machine_outlives_who_started_it", "--nocapture"])
        .env(VICTIM, format!("{} {} {}", store.display(), scratch.display(), trees.join(" ")))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("no emulator was started", || !emulators(&scratch).is_empty());
    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until("the emulator lives on", || emulators(&scratch).is_empty());
    // Whoever comes next removes what is left, once it is certain that nobody is only about to lock it.
    for entry in fs::read_dir(&scratch).unwrap().flatten() {
        fs::File::open(entry.path()).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    }
    drop(executor(&world.store, &scratch, world.parts));
    wait_until("a folder stays", || fs::read_dir(&scratch).unwrap().count() == 0);
}

fn wait_to_be_killed(words: &[&str]) {
    let [store, scratch, trees @ ..] = words else { panic!("{words:?}") };
    let [emulator, machine, base] = [0, 1, 2].map(|at| TreeId(trees[at].parse().unwrap()));
    let store = Arc::new(Store::open(Path::new(store)).unwrap());
    let executor = executor(&store, Path::new(scratch), Parts { emulator, machine });
    if let Err(error) = try_run(&executor, &store, &script(base, "sleep 100"), &Arc::default()) {
        eprintln!("{error}");
    }
}
