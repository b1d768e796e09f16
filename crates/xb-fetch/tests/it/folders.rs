//! Folders and files of the project.

use xb_build::{ProvideError, Provider as _, Source};
use xb_core::{RelPath, TreeId};
use xb_graph::Folder;

use crate::common::World;

async fn provide(world: &World, path: &str) -> Result<TreeId, ProvideError> {
    let folder = Folder { path: RelPath::new(path).unwrap(), only: Vec::new(), except: vec!["*.o".to_owned()] };
    world.online().provide(Source::Folder(&folder)).await
}

#[tokio::test]
async fn a_folder_comes_without_what_is_ignored_and_a_file_by_its_name() {
    let world = World::new();
    world.write("src/.gitignore", "build/\n");
    world.write("src/a.c", "int a;");
    world.write("src/a.o", "object");
    world.write("src/build/x", "x");
    let tree = provide(&world, "src").await.unwrap();
    assert_eq!(world.list(tree), [".gitignore = build/\n", "a.c = int a;"]);
    let tree = provide(&world, "src/a.c").await.unwrap();
    assert_eq!(world.list(tree), ["a.c = int a;"]);
}

#[tokio::test]
async fn a_file_is_executable_for_whoever_may_execute_it_and_keeps_the_name_it_is_asked_for_by() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::new();
    world.write("src/run", "run");
    let run = world.project().join("src/run");
    std::fs::set_permissions(&run, std::fs::Permissions::from_mode(0o654)).unwrap();
    std::os::unix::fs::symlink("run", world.project().join("src/alias")).unwrap();
    assert_eq!(world.list(provide(&world, "src").await.unwrap()), ["run* = run", "alias -> run"]);
    assert_eq!(world.list(provide(&world, "src/run").await.unwrap()), ["run* = run"]);
    assert_eq!(world.list(provide(&world, "src/alias").await.unwrap()), ["alias* = run"]);
}

#[tokio::test]
async fn a_link_does_not_lead_out_of_the_project() {
    let world = World::new();
    std::os::unix::fs::symlink("/etc", world.project().join("etc")).unwrap();
    let error = provide(&world, "etc").await.unwrap_err();
    assert!(error.message.contains("`etc`") && error.message.contains("outside of the project"), "{error}");
    assert!(!error.is_of_environment && error.help.is_some());
    let error = provide(&world, "nothing").await.unwrap_err();
    assert!(error.message.contains("`nothing`") && !error.is_of_environment, "{error}");
    let error = provide(&world, "ect").await.unwrap_err().message;
    assert!(error.contains("did you mean `etc`?"), "{error}");
}
