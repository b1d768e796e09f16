//! A disk that is full: nothing half-written is believed, and room can be made.

use std::fs;
use std::path::Path;
use std::process::Command;

use xb_store::{Contents, GcPolicy, Store, StoreError};

const DISK: &str = "XB_TEST_FULL_DISK";

#[test]
fn a_full_disk_is_said_to_be_full() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=8m none "$1" || exit 77
        exec env XB_TEST_FULL_DISK="$1" "$2" --exact full::on_a_small_disk --nocapture"#;
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .status();
    let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
    if matches!(code, None | Some(1 | 77)) && !can_mount(folder.path()) {
        assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "no small disk can be mounted here");
        eprintln!("skipped: this machine lets nobody mount a small disk in a user namespace ({status:?})");
        return;
    }
    assert_eq!(code, Some(0));
}

fn can_mount(folder: &Path) -> bool {
    let script = r#"mount -t tmpfs none "$1""#;
    let mount = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"];
    Command::new("unshare").args(mount).arg(folder).status().is_ok_and(|status| status.success())
}

/// No test when run by itself: what happens on the small disk.
#[test]
fn on_a_small_disk() {
    let Some(disk) = std::env::var_os(DISK) else {
        return;
    };
    let disk = Path::new(&disk);
    let store = Store::open(&disk.join("store")).unwrap();
    let error = fill(&store);
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    let report = store.verify(false).map(|report| report.damaged);
    // With no room at all, what was gathered cannot be noted.
    assert!(matches!(&report, Ok(damaged) if damaged.is_empty()) || report.is_err_and(|error| error.is_full()));
    store.gc(&GcPolicy::default()).unwrap();
    let folder = disk.join("in");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("file"), "small").unwrap();
    let tree = store.ingest(&folder).unwrap();
    store.add_root("kept", tree).unwrap();
    assert!(store.materialise(tree).unwrap().join("file").exists());
    assert!(store.verify(false).unwrap().damaged.is_empty());
}

fn fill(store: &Store) -> StoreError {
    for number in 0_u32.. {
        let bytes = number.to_le_bytes().repeat(25_000);
        if let Err(error) = store.add_bytes(&bytes) {
            return error;
        }
    }
    unreachable!("a disk of 8 MB holds 400 GB")
}
