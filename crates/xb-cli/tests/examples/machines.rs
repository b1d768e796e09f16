//! The guide to machines made of software, executed, and examples built natively in one.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::machine::{examples, is_possible};
use crate::reader::blocks;
use crate::store::store;

const GUIDE: &str = include_str!("../../../../docs/add-an-arm64-machine.md");

fn run(folder: &Path, script: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_xb")).parent().expect("a folder");
    let mut command = Command::new("sh");
    command.args(["-euc", script]).current_dir(folder).env("XB_STORE", store());
    command.env("PATH", format!("{}:/usr/bin:/bin", program.display()));
    let output = command.output().expect("sh starts");
    assert!(output.status.success(), "{script}:\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_guide_does_what_it_says() {
    if !is_possible() {
        return;
    }
    let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
    let [begin, build, verify] = blocks(GUIDE, "sh").try_into().expect("three blocks");
    let [settings] = blocks(GUIDE, "toml").try_into().expect("one block");
    run(folder.path(), &begin);
    fs::write(folder.path().join("hello/xb.toml"), settings).expect("a file");
    let verified = run(folder.path(), &(build + &verify));
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(said.contains("machine: `arm`: 1 of arm64, made of software"), "{said}");
    assert!(said.contains("equal: hello (arm64) by native, cross") || said.contains("by cross, native"), "{said}");
    let hello = folder.path().join("hello");
    let told = run(&hello, "xb build --arch arm64 --method native --json --rebuild");
    let report: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let result = &report["results"][0];
    assert_eq!(
        (&result["method"], &result["executor"], &result["check"]),
        (&"native".into(), &"arm".into(), &"passed".into())
    );
    let plan =
        run(&hello, "sed -i 's/Hello from/Hello again from/' src/main.c; xb build --arch arm64 --method native --plan");
    let said = String::from_utf8_lossy(&plan.stdout);
    assert!(said.contains("hello (arm64, build)  by native on arm"), "{said}");
    goes_to_the_machine_in_the_end(&hello);
    nothing_stays();
}

/// What can be neither cross-built nor emulated, since it asks for a kernel of its own: an emulated program has this
/// machine's.
fn goes_to_the_machine_in_the_end(project: &Path) {
    let package = "package picky(arch) {\n  build = { script = sh\"\"\"\n    test \"$(uname -m)\" = aarch64\n    \
                   test \"$(cut -d' ' -f1 /proc/sys/kernel/osrelease | grep -c cloud-arm64)\" = 1\n    \
                   mkdir -p $out/usr/local; uname -m > $out/usr/local/machine\n  \"\"\" }\n}\n";
    fs::write(project.join("picky.xb"), package).expect("a file");
    let output = run(project, "xb build picky.xb --arch arm64 --json");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["results"][0]["method"], &report["results"][0]["executor"]), (&"native".into(), &"arm".into()));
}

/// No folder of a machine is left, and so no emulator that works in one.
fn nothing_stays() {
    let left = fs::read_dir(store().join("v1/machines")).into_iter().flatten().flatten();
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with("vm-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// `XB_TEST_EXAMPLES` names those that are built natively in a machine and held against a cross build, which takes
/// minutes.
#[test]
fn examples_are_the_same_natively() {
    let Ok(wanted) = std::env::var("XB_TEST_EXAMPLES") else { return };
    if !is_possible() {
        return;
    }
    let project = copy_of_the_examples();
    for name in
        ["hello", "lua", "zlib"].into_iter().filter(|name| wanted == "all" || wanted.split(',').any(|one| one == *name))
    {
        run(project.path(), &format!("xb verify {name} --arch arm64 --methods cross,native"));
    }
}

fn copy_of_the_examples() -> TempDir {
    let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
    for name in ["common", "hello", "lua", "zlib", "xb.lock"] {
        let copied =
            Command::new("cp").arg("-r").arg(examples().join(name)).arg(folder.path()).status().expect("cp starts");
        assert!(copied.success(), "{name}");
    }
    let settings = "[executor.arm]\nkind = \"vm\"\narch = \"arm64\"\n";
    fs::write(folder.path().join("xb.toml"), settings).expect("a file");
    folder
}
