//! What the machine's own apt and gpgv say to a repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use xb_export::AptRepository;

use crate::repository::{key, packages, repository};
use crate::support::{files, folder, have, run, run_badly, spoil};

/// A repository, and a root of apt's that knows it.
struct World {
    folder: TempDir,
    top: PathBuf,
}

impl World {
    fn new(change: fn(&mut AptRepository)) -> Self {
        let folder = folder();
        let top = folder.path().join("apt");
        let mut repository = repository();
        change(&mut repository);
        repository.write(&packages(folder.path()), &key(), &top).unwrap();
        for name in ["etc/sources.list.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let root = folder.path().to_str().unwrap();
        let settings = format!(
            "Dir \"{root}\";\nDir::Etc \"{root}/etc\";\nDir::State \"{root}/state\";\nDir::Cache \"{root}/cache\";\n\
             Dir::State::status \"{root}/status\";\nDir::Log \"{root}/log\";\nAPT::Architecture \"amd64\";\n\
             APT::Architectures {{ \"amd64\"; \"arm64\"; }};\nAcquire::Languages \"none\";\n"
        );
        fs::write(folder.path().join("apt.conf"), settings).unwrap();
        fs::write(folder.path().join("status"), "").unwrap();
        Self { folder, top }
    }

    /// Does what the head of `edge.sources` says, for this root.
    fn follow_instructions(&self) {
        let sources = fs::read_to_string(self.top.join("edge.sources")).unwrap();
        let line = sources.lines().find_map(|line| line.strip_prefix("#   ")).unwrap();
        let etc = self.folder.path().join("etc");
        let line = line.replace("/etc/apt", etc.to_str().unwrap());
        run(Command::new("sh").args(["-c", &line]).current_dir(&self.top));
    }

    fn apt(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(arguments[0]);
        let settings = self.folder.path().join("apt.conf");
        command.args(&arguments[1..]).env("APT_CONFIG", settings).env("LC_ALL", "C").current_dir(self.folder.path());
        command
    }

    fn update(&self) -> Command {
        self.apt(&["apt-get", "update", "--error-on=any"])
    }

    fn in_suite(&self, name: &str) -> PathBuf {
        self.top.join("dists/stable").join(name)
    }
}

fn gpgv(top: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("gpgv");
    command.args(["--homedir", "/nonexistent", "--keyring"]).arg(top.join("edge.gpg")).args(arguments);
    command.current_dir(top.join("dists/stable"));
    command
}

#[test]
fn apt_installs_from_a_folder() {
    if !have(&["apt-get", "sh"]) {
        return;
    }
    let world = World::new(|_| ());
    world.follow_instructions();
    run(&mut world.update());
    let policy = run(&mut world.apt(&["apt-cache", "policy", "hello"]));
    assert!(policy.contains("Candidate: 1.10-1"), "{policy}");
    assert!(policy.contains("stable/main amd64 Packages"), "{policy}");
    let other = run(&mut world.apt(&["apt-cache", "policy", "hello:arm64", "greetings", "libgreet1"]));
    assert_eq!(other.matches("Candidate: ").count(), 3, "{other}");
    assert!(other.contains("Candidate: 3~rc1") && other.contains("Candidate: 1:2.0"), "{other}");
    let release = run(&mut world.apt(&["apt-cache", "policy"]));
    assert!(release.contains("o=Example,a=stable,n=trixie,l=Example packages,c=main,b=amd64"), "{release}");
    let shown = run(&mut world.apt(&["apt-cache", "show", "greetings"]));
    assert!(shown.contains("\n .\n in two paragraphs"), "{shown}");
    let install = ["apt-get", "install", "--download-only", "--yes", "hello", "libgreet1", "greetings"];
    run(&mut world.apt(&install));
    run(&mut world.apt(&["apt-get", "download", "hello:arm64"]));
    assert!(world.folder.path().join("hello_1.10-1_arm64.deb").exists());
}

#[test]
fn apt_reads_sources_that_name_an_address() {
    if !have(&["apt-get"]) {
        return;
    }
    let world = World::new(|repository| repository.url = Some("file:./apt".to_owned()));
    let sources = fs::read_to_string(world.top.join("edge.sources")).unwrap();
    assert!(sources.ends_with("\nURIs: file:./apt\n") && !sources.contains("echo"), "{sources}");
    let address = format!("file:{}", world.top.display());
    let sources = sources.replace("file:./apt", &address);
    fs::write(world.folder.path().join("etc/sources.list.d/edge.sources"), sources).unwrap();
    run(&mut world.update());
}

#[test]
fn apt_refuses_what_was_changed() {
    if !have(&["apt-get", "sh"]) {
        return;
    }
    let world = World::new(|_| ());
    world.follow_instructions();
    for name in files(&world.in_suite("main/binary-amd64")).keys() {
        spoil(&world.in_suite("main/binary-amd64").join(name));
    }
    let error = run_badly(&mut world.update());
    assert!(error.contains("Hash Sum mismatch") || error.contains("unexpected size"), "{error}");

    let world = World::new(|_| ());
    world.follow_instructions();
    let text = fs::read_to_string(world.in_suite("InRelease")).unwrap();
    fs::write(world.in_suite("InRelease"), text.replace("Suite: stable", "Suite: stablE")).unwrap();
    let error = run_badly(&mut world.update());
    assert!(error.contains("BADSIG") || error.contains("is not signed") || error.contains("invalid"), "{error}");

    let world = World::new(|_| ());
    world.follow_instructions();
    run(&mut world.update());
    spoil(&world.top.join("pool/main/h/hello/hello_1.10-1_amd64.deb"));
    let error = run_badly(&mut world.apt(&["apt-get", "install", "--download-only", "--yes", "hello"]));
    assert!(error.contains("Hash Sum mismatch"), "{error}");
}

#[test]
fn gpgv_believes_both_signatures_and_no_others() {
    if !have(&["gpgv"]) {
        return;
    }
    let world = World::new(|_| ());
    run(&mut gpgv(&world.top, &["InRelease"]));
    run(&mut gpgv(&world.top, &["Release.gpg", "Release"]));
    let signed = run(&mut gpgv(&world.top, &["--output", "-", "InRelease"]));
    assert_eq!(signed, fs::read_to_string(world.in_suite("Release")).unwrap());
    spoil(&world.in_suite("Release"));
    run_badly(&mut gpgv(&world.top, &["Release.gpg", "Release"]));
}
