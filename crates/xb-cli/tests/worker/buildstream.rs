//! A client that others have made has actions run by a server: BuildStream, by remote execution.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use crate::others::{program, project};
use crate::served::Serving;

/// What a project of BuildStream consists of, beside a folder with busybox.
const PROJECT: [(&str, &str); 4] = [
    ("project.conf", "name: try\nmin-version: 2.0\nelement-path: elements\n"),
    ("elements/base.bst", "kind: import\nsources:\n- kind: local\n  path: base\n"),
    (
        "elements/good.bst",
        "kind: manual\nbuild-depends:\n- base.bst\nconfig:\n  build-commands:\n  \
         - cat /proc/sys/kernel/random/uuid >once\n  install-commands:\n  \
         - mkdir -p \"%{install-root}/usr\"; cp once \"%{install-root}/usr/once\"\n",
    ),
    (
        "elements/bad.bst",
        "kind: manual\nbuild-depends:\n- base.bst\nconfig:\n  build-commands:\n  - echo this goes wrong; exit 7\n",
    ),
];

/// Runs a command of BuildStream in a project, with a server that executes.
fn bst(program: &OsString, project: &Path, words: &[&str]) -> Output {
    Command::new(program)
        .args(["--no-interactive", "--config", "bst.conf"])
        .args(words)
        .current_dir(project)
        .env_clear()
        .env("HOME", project)
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("bst starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_client_that_others_have_made_has_actions_run() {
    let Some(program) = program("XB_TEST_BST") else { return };
    let serving = Serving::start(&["--execute"]);
    let folder = project(&PROJECT);
    let project = folder.path();
    let bin = project.join("base/bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::copy("/bin/busybox", bin.join("busybox")).expect("a copy");
    ["sh", "cat", "cp", "mkdir"].iter().for_each(|name| symlink("busybox", bin.join(name)).expect("a link"));
    let services = ["execution-service", "storage-service", "action-cache-service"];
    let services = services.map(|service| format!("  {service}:\n    url: http://{}\n", serving.address)).concat();
    let config = |cache: &str| {
        let cache = project.join(cache).display().to_string();
        fs::write(project.join("bst.conf"), format!("cachedir: {cache}\nremote-execution:\n{services}"))
            .expect("a file");
    };
    // What one has had run is there for the next, who has a cache of their own.
    let once = ["one", "other"].map(|who| {
        config(who);
        let built = bst(&program, project, &["build", "good.bst"]);
        assert!(built.status.success(), "{}", said(&built));
        let taken = bst(&program, project, &["artifact", "checkout", "good.bst", "--directory", &format!("{who}-out")]);
        assert!(taken.status.success(), "{}", said(&taken));
        fs::read_to_string(project.join(format!("{who}-out/usr/once"))).expect("it was installed")
    });
    assert!(once[0].len() == 37 && once[0] == once[1], "{once:?}");
    let failed = bst(&program, project, &["build", "bad.bst"]);
    let said = said(&failed);
    assert!(
        !failed.status.success() && said.contains("    this goes wrong\n") && said.contains("exitcode 7"),
        "{said}"
    );
}
