//! Releases: the same bytes twice, and read by those who install from them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::debs::{SERVICE, project};
use crate::machine::{examples, has, is_possible, xb};
use crate::registry::{Registry, USERS};

/// apt with a system of its own, which knows one repository.
fn apt_of(folder: &Path, repository: &Path) -> impl Fn(&[&str]) -> (bool, String) + use<> {
    for sub in ["lists/partial", "cache/archives/partial", "etc/sources.list.d", "etc/apt.conf.d", "dpkg"] {
        std::fs::create_dir_all(folder.join(sub)).expect("a folder");
    }
    std::fs::write(folder.join("dpkg/status"), "").expect("a file");
    let sources = std::fs::read_to_string(repository.join("small.sources")).expect("the sources");
    let sources = format!("{sources}URIs: file:{}\n", repository.display());
    std::fs::write(folder.join("etc/sources.list.d/small.sources"), sources).expect("a file");
    let folder = folder.to_owned();
    move |arguments| {
        let place = |name: &str, path: &str| format!("{name}={}", folder.join(path).display());
        let options = [
            place("Dir::State::lists", "lists"),
            place("Dir::State::status", "dpkg/status"),
            place("Dir::Cache", "cache"),
            place("Dir::Etc", "etc"),
            place("Dir::Log", "log"),
            "APT::Architecture=arm64".to_owned(),
            "APT::Architectures::=arm64".to_owned(),
            "APT::Sandbox::User=".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ];
        let options = options.iter().flat_map(|option| ["-o", option]);
        let output = Command::new("apt-get").args(options).args(arguments).output().expect("apt-get starts");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), said)
    }
}

#[test]
fn a_release_that_comes_out_otherwise_is_found() {
    if !is_possible() {
        return;
    }
    let project = project(SERVICE, &[("agent.service", "[Unit]\nDescription=Agent\n")]);
    let place = |name: &str| project.path().join(name).to_str().expect("a readable name").to_owned();
    let release =
        |more: &[&str]| xb(&[&["release", &place("p.xb"), "--out", &place("out"), "--locked"], more].concat());
    let output = release(&[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = release(&["--check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && said.contains("changed image/index.json"), "{said}");
    std::fs::write(project.path().join("out/notes"), "mine").expect("a file");
    let output = release(&[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds `notes`"), "{output:?}");
}

/// Loads the image of `edge:small` into a real engine, and runs it.
fn run_by_docker(layout: &Path) {
    let script = r#"
        tar -C "$0" -c . | docker load
        docker run --rm --network none xb-examples/small:1.0-amd64
        docker run --rm --network none --entrypoint /usr/local/bin/lua xb-examples/small:1.0-amd64 -e 'print(6 * 7)'
        docker rmi xb-examples/small:1.0-amd64 xb-examples/small:1.0-arm64 >&2
    "#;
    let output = Command::new("sh").args(["-euc", script]).arg(layout).output().expect("sh starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.ends_with("Hello from amd64!\n42\n"), "{said}");
}

/// Lets the distribution's apt of both architectures install from the repository, each in a sandbox.
fn install_by_apt(repository: &Path) {
    let project = tempfile::tempdir().expect("a project");
    let inside = |name: &str| project.path().join(name);
    std::fs::write(inside("xb.toml"), "").expect("a file");
    std::fs::copy(examples().join("xb.lock"), inside("xb.lock")).expect("the lock");
    std::fs::write(inside("installed.xb"), include_str!("installed.xb")).expect("a file");
    let copied = Command::new("cp").arg("-r").arg(repository).arg(inside("repository")).status().expect("cp");
    assert!(copied.success(), "{copied}");
    let file = inside("installed.xb").display().to_string();
    let output = xb(&["build", &file, "--arch", "amd64,arm64", "--json"]);
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.matches("\"check\": \"passed\"").count() == 2, "{said}");
}

/// Pushes the image of `edge:small`, twice, and has another client copy it back.
fn push_and_copy_back(release: &str, copy: &Path) {
    let Some(registry) = Registry::start(None) else {
        return;
    };
    let destination = format!("{}/examples/small", registry.name);
    let pushed = || {
        let output = xb(&["push", release, &destination, "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
        said["pushed"][0].clone()
    };
    assert_eq!(pushed()["tags"][0], "1.0");
    let again = pushed();
    assert!(again["uploaded"] == 0 && again["bytes"] == 0, "{again}");
    let (from, to) = (format!("docker://{destination}:1.0"), format!("oci:{}:1.0", copy.display()));
    let copied = Command::new("skopeo").args(["copy", "--all", "--src-tls-verify=false", &from, &to]).output();
    let copied = copied.expect("skopeo starts");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let blobs = [Path::new(release).join("image/blobs"), copy.join("blobs")];
    let differences = Command::new("diff").arg("-r").args(blobs).output().expect("diff");
    assert!(differences.status.success(), "{}", String::from_utf8_lossy(&differences.stdout));
}

/// Pushes an image to a registry whose password a program keeps for Docker.
fn push_as_a_program_knows(release: &str, folder: &Path) {
    let Some(registry) = Registry::start(Some(USERS)) else {
        return;
    };
    let program = folder.join("docker-credential-test");
    let script = "#!/bin/sh\nread -r server\necho '{\"Username\":\"robot\",\"Secret\":\"'$PASSWORD'\"}'\n";
    std::fs::write(&program, script).expect("a file");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    let config = format!("{{\"credHelpers\": {{\"{}\": \"test\"}}}}", registry.name);
    std::fs::write(folder.join("config.json"), config).expect("a file");
    let pushed_by = |password: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_xb"))
            .args(["push", release, &format!("{}/small", registry.name)])
            .env_remove("REGISTRY_AUTH_FILE")
            .envs([
                ("HOME", folder),
                ("XDG_RUNTIME_DIR", folder),
                ("XDG_CONFIG_HOME", folder),
                ("DOCKER_CONFIG", folder),
            ])
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
            .env("PASSWORD", password)
            .output()
            .expect("xb starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = pushed_by("boop");
    assert!(code == Some(1) && said.contains("does not let `robot` push") && !said.contains("boop"), "{said}");
    let (code, said) = pushed_by("beep");
    assert!(code == Some(0), "{said}");
}

#[test]
fn a_release_is_the_same_twice_and_apt_and_skopeo_read_it() {
    if !is_possible() {
        return;
    }
    let project = tempfile::tempdir().expect("a folder");
    let place = |name: &str| project.path().join(name).to_str().expect("a readable name").to_owned();
    let key = place("key");
    let made = xb(&["key", "new", &key, "--user", "Small <small@example.org>"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let release = |out: &str, more: &[&str]| {
        xb(&[&["release", "edge:small", "--key", &key, "--out", &place(out), "--locked"], more].concat())
    };
    for out in ["one", "two"] {
        let output = release(out, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let differences = Command::new("diff").args(["-r", &place("one"), &place("two")]).output().expect("diff");
    assert!(differences.status.success(), "{}", String::from_utf8_lossy(&differences.stdout));
    let output = release("one", &["--check", "--no-check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(project.path().join("two/manifest.json")).expect("the manifest");
    std::fs::write(project.path().join("two/manifest.json"), text.replacen("\"size\": ", "\"size\": 1", 1))
        .expect("a file");
    let output = release("two", &["--check", "--no-check"]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("changed "));
    if has("skopeo") {
        let image = format!("oci:{}:1.0", place("one/image"));
        let inspected = Command::new("skopeo").args(["inspect", "--override-arch", "arm64", &image]).output();
        let inspected = inspected.expect("skopeo starts");
        let said = String::from_utf8_lossy(&inspected.stdout).into_owned();
        assert!(inspected.status.success() && said.contains("\"Architecture\": \"arm64\""), "{said}");
        push_and_copy_back(&place("one"), &project.path().join("copy"));
        push_as_a_program_knows(&place("one"), project.path());
    }
    if std::env::var_os("XB_TEST_DOCKER").is_some() {
        run_by_docker(&project.path().join("one/image"));
    }
    install_by_apt(&project.path().join("one/apt"));
    if has("apt-get") {
        let system = tempfile::tempdir().expect("a folder");
        let apt = apt_of(system.path(), &project.path().join("one/apt"));
        let (updated, said) = apt(&["update"]);
        assert!(updated && !said.contains("W:"), "{said}");
        let (found, said) = apt(&["--print-uris", "--no-install-recommends", "download", "lua"]);
        assert!(found && said.contains("lua_5.4.7-1_arm64.deb"), "{said}");
    }
}
