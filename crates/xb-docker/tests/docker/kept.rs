//! What stays on the engine, and what does not.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use xb_build::Executor;
use xb_docker::DockerExecutor;

use crate::world::{World, docker, write};

#[tokio::test(flavor = "multi_thread")]
async fn a_root_is_sent_once_and_its_lower_layers_too() {
    let Some(world) = World::new() else { return };
    world.done("true").await;
    let [first] = &world.images()[..] else { panic!("{:?}", world.images()) };
    world.done("echo another").await;
    assert_eq!(world.images(), [first.as_str()]);
    // Another process knows it, too.
    let other = world.another();
    let result = other.run(&world.script("echo a third"), &world.context()).await.unwrap();
    assert!(result.succeeded());
    assert_eq!(world.images(), [first.as_str()]);
    let over = world.tree(|top| write(&top.join("above"), "above\n", 0o644));
    let mut action = world.script("cat /above");
    action.layers.push(over);
    // Had the lower layer to be written again, its contents would be missed.
    let [busybox] = &contents_of(&world, 100_000)[..] else { panic!("busybox is the only large file") };
    let aside = busybox.with_extension("aside");
    fs::rename(busybox, &aside).unwrap();
    let result = other.run(&action, &world.context()).await;
    fs::rename(&aside, busybox).unwrap();
    assert!(result.unwrap().succeeded());
    let images = world.images();
    assert_eq!(images.len(), 2, "{images:?}");
    let layers = |image: &str| docker(&["inspect", "--format", "{{range .RootFS.Layers}}{{println .}}{{end}}", image]);
    let of_second = images.iter().find(|image| *image != first).unwrap();
    assert_eq!(layers(first)[..], layers(of_second)[..1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_somebody_removes_is_sent_again() {
    let Some(world) = World::new() else { return };
    world.done("true").await;
    world.images().iter().for_each(|image| drop(docker(&["rmi", image])));
    world.done("echo again").await;
    assert_eq!(world.images().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_images_that_were_used_last_stay() {
    let Some(world) = World::new() else { return };
    let with = async |number: u32, executor: &DockerExecutor| {
        let over = world.tree(|top| write(&top.join(number.to_string()), "", 0o644));
        let mut action = world.script(&format!("test -e /{number}"));
        action.layers.push(over);
        assert!(executor.run(&action, &world.context()).await.unwrap().succeeded());
    };
    with(1, &world.executor).await;
    let first = world.images();
    with(2, &world.executor).await;
    let second = world.images().into_iter().find(|image| !first.contains(image)).unwrap();
    with(3, &world.executor).await;
    // Another xb has a use for the first.
    with(1, &world.another()).await;
    with(4, &world.executor).await;
    let images = world.images();
    assert!(images.len() == 3 && images.contains(&first[0]) && !images.contains(&second), "{images:?}");
    with(2, &world.executor).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_container_stays() {
    let Some(world) = World::new() else { return };
    world.done("true").await;
    let _ = world.run("exit 1", |_| {}).await;
    assert_eq!(world.containers(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_given_up_leaves_no_container() {
    let Some(world) = World::new() else { return };
    let action = world.script("echo begun; sleep 100");
    let context = world.context();
    let run = world.executor.run(&action, &context);
    assert!(timeout(Duration::from_secs(1), run).await.is_err());
    world.executor.settle();
    assert_eq!(world.containers(), [""; 0]);
    let run = async {
        tokio::select! {
            result = world.executor.run(&action, &context) => panic!("{result:?}"),
            () = begun(&world) => {}
        }
    };
    run.await;
    world.executor.settle();
    assert_eq!(world.containers(), [""; 0]);
}

/// The files of the store that are larger than this.
fn contents_of(world: &World, least: u64) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![world.store.folder().join("contents")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let about = entry.metadata().unwrap();
            match about.is_dir() {
                true => folders.push(entry.path()),
                false if about.len() > least => files.push(entry.path()),
                false => {}
            }
        }
    }
    files
}

/// Waits until a command has begun.
async fn begun(world: &World) {
    while !world.lines().iter().any(|line| line == "begun") {
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_xb_left_goes_and_nobody_elses() {
    let Some(world) = World::new() else { return };
    world.done("true").await;
    let label = world.label();
    let store = label.trim_start_matches("label=").to_owned();
    let image = &world.images()[0];
    let left = |process: &str, store: &str| {
        let process = format!("xb.process={process}");
        let made = docker(&["create", "--label", store, "--label", &process, image, "/bin/true"]);
        made[0][..12].to_owned()
    };
    fs::create_dir(world.owners().join("process-killed")).unwrap();
    let dead = [left("process-killed", &store), left("process-gone", &store)];
    let elsewhere = left("process-gone", "xb.store=another");
    let live = fs::read_dir(world.owners()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let live = live.into_iter().find(|name| name.starts_with("process-") && name != "process-killed").unwrap();
    let live = left(&live, &store);
    let result = world.another().run(&world.script("true"), &world.context()).await.unwrap();
    assert!(result.succeeded());
    let all = docker(&["ps", "-aq"]);
    assert!(dead.iter().all(|dead| !all.contains(dead)), "{dead:?} {all:?}");
    assert!(all.contains(&elsewhere) && all.contains(&live), "{all:?}");
    docker(&["rm", &elsewhere, &live]);
}

#[tokio::test(flavor = "multi_thread")]
async fn images_go_when_they_are_cleared_but_for_those_in_use() {
    let Some(world) = World::new() else { return };
    assert_eq!(world.executor.clear().await, Ok(0));
    world.done("true").await;
    let used = docker(&["create", &world.images()[0], "/bin/true"]);
    assert_eq!((world.executor.clear().await, world.executor.images().await), (Ok(0), Ok(1)));
    docker(&["rm", &used[0]]);
    assert_eq!((world.executor.clear().await, world.executor.images().await), (Ok(1), Ok(0)));
    assert_eq!(world.images(), [""; 0]);
    // It is sent again.
    world.done("true").await;
}
