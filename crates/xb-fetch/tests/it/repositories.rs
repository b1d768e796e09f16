//! Git, with real repositories on this machine's disk.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use xb_build::{ProvideError, Provider as _, Source};
use xb_core::TreeId;
use xb_fetch::archive::Limits;
use xb_fetch::{Manners, Mirrors, Settings, Sources};
use xb_graph::{Fetch, FetchKind};

use crate::common::{World, skip};

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .ok()?;
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// A repository with two commits, the first of them tagged `v1`.
fn repository(world: &World) -> Option<String> {
    let folder = world.folder().join("repo");
    std::fs::create_dir(&folder).unwrap();
    git(&folder, &["init", "--quiet"])?;
    std::fs::create_dir(folder.join("src")).unwrap();
    std::fs::write(folder.join("src/a.c"), "$Id$").unwrap();
    std::fs::write(folder.join(".gitattributes"), "src/a.c ident\nsecret export-ignore\n").unwrap();
    std::fs::write(folder.join("secret"), "kept").unwrap();
    std::os::unix::fs::symlink("src/a.c", folder.join("link")).unwrap();
    git(&folder, &["add", "."])?;
    git(&folder, &["commit", "--quiet", "-m", "one"])?;
    git(&folder, &["tag", "v1"])?;
    std::fs::write(folder.join("src/a.c"), "two").unwrap();
    git(&folder, &["commit", "--quiet", "-am", "two"])?;
    Some(format!("file://{}", folder.display()))
}

async fn provide(world: &World, manners: Manners, url: &str, revision: &str) -> Result<TreeId, ProvideError> {
    let fetch = Fetch { url: url.to_owned(), how: FetchKind::Git { revision: revision.to_owned() }, sha256: None };
    world.sources(manners, Mirrors::default()).provide(Source::Fetch(&fetch)).await
}

#[tokio::test]
async fn a_revision_is_locked_to_its_tree() {
    let world = World::new();
    let Some(url) = repository(&world) else {
        return skip("there is no git on this machine");
    };
    let tree = provide(&world, Manners::default(), &url, "v1").await.unwrap();
    let listed = world.list(tree);
    assert!(listed.contains(&"src/a.c = $Id$".to_owned()), "{listed:?}");
    assert!(listed.contains(&"secret = kept".to_owned()) && listed.contains(&"link -> src/a.c".to_owned()));
    assert!(world.lock_text().contains("revision = \"v1\""));

    let main = provide(&world, Manners::default(), &url, "main").await.unwrap();
    assert!(world.list(main).contains(&"src/a.c = two".to_owned()));
    let strict = Manners { locked: true, offline: true };
    assert_eq!(provide(&world, strict, &url, "v1").await.unwrap(), tree);

    let other = World::new();
    other.write("xb.lock", &world.lock_text());
    assert_eq!(provide(&other, Manners::default(), &url, "v1").await.unwrap(), tree);
}

#[tokio::test]
async fn a_lock_that_says_another_tree_is_believed() {
    let world = World::new();
    let Some(url) = repository(&world) else {
        return skip("there is no git on this machine");
    };
    let main = provide(&world, Manners::default(), &url, "main").await.unwrap();
    let wrong = TreeId(xb_core::Digest::of(b"wrong"));
    let other = World::new();
    other.write("xb.lock", &world.lock_text().replace(&main.to_string(), &wrong.to_string()));
    let error = provide(&other, Manners::default(), &url, "main").await.unwrap_err();
    assert!(error.message.contains("the lock says"), "{error}");
}

/// Commits a tree of one entry, given as git lists it, and fetches it.
async fn provide_entry(world: &World, entry: &str) -> Result<TreeId, ProvideError> {
    let repo = world.folder().join("repo");
    let mut mktree = Command::new("git");
    let mut child =
        mktree.arg("mktree").current_dir(&repo).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{entry}").unwrap();
    let tree = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let commit = git(&repo, &["commit-tree", "-m", "odd", tree.trim()]).unwrap();
    git(&repo, &["tag", "--force", "odd", &commit]).unwrap();
    provide(world, Manners::default(), &format!("file://{}", repo.display()), "odd").await
}

#[tokio::test]
async fn a_commit_is_checked_as_an_archive_is() {
    let world = World::new();
    if repository(&world).is_none() {
        return skip("there is no git on this machine");
    }
    let repo = world.folder().join("repo");
    std::fs::write(repo.join("empty"), "").unwrap();
    let empty = git(&repo, &["hash-object", "-w", "empty"]).unwrap();
    let long = "a".repeat(256);
    for (entry, why) in [
        (format!("100644 blob {empty}\t.."), "impossible name"),
        (format!("100644 blob {empty}\t{long}"), "too long"),
        (format!("120000 blob {empty}\tlink"), "leads to no possible name"),
    ] {
        let error = provide_entry(&world, &entry).await.unwrap_err();
        assert!(error.message.contains(why) && error.message.contains("repo"), "{entry}: {error}");
    }
    provide_entry(&world, &format!("100644 blob {empty}\tempty")).await.unwrap();
}

#[tokio::test]
async fn a_commit_holds_no_more_than_it_may() {
    let world = World::new();
    let Some(url) = repository(&world) else {
        return skip("there is no git on this machine");
    };
    let check = async |limits: Limits, why: &str| {
        let settings = Settings { limits, ..world.settings(Manners::default(), Mirrors::default()) };
        let sources = Sources::new(settings, Arc::new(world.store.clone()), Arc::new(())).unwrap();
        let fetch = Fetch { url: url.clone(), how: FetchKind::Git { revision: "v1".to_owned() }, sha256: None };
        let error = sources.provide(Source::Fetch(&fetch)).await.unwrap_err();
        assert!(error.message.contains(why), "{error}");
    };
    check(Limits { bytes: 20, ..Limits::default() }, "more than 20 bytes").await;
    check(Limits { entries: 3, ..Limits::default() }, "more than 3 entries").await;
}

#[tokio::test]
async fn what_git_must_not_be_given_is_refused() {
    let world = World::new();
    for (url, revision) in [
        ("--upload-pack=x", "main"),
        ("ext::sh -c x", "main"),
        ("/etc", "main"),
        ("file:///nowhere", "--upload-pack=x"),
        ("file:///nowhere", ""),
        ("file:///nowhere/at/all", "main"),
    ] {
        assert!(provide(&world, Manners::default(), url, revision).await.is_err(), "{url} {revision}");
    }
}
