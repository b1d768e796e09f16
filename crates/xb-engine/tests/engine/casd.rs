//! A real server of the Remote Execution API: buildbox-casd.

use std::ffi::OsString;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A server of its own, which ends when it is dropped.
pub struct Casd {
    /// Its host and port.
    pub address: String,
    folder: TempDir,
    programs: PathBuf,
    child: Child,
}

/// Says why a test is passed over; where nothing may be (`XB_TEST_NO_SKIP`), that is a failure.
pub fn skip(reason: &str) {
    assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
    writeln!(std::io::stderr(), "skipped: {reason}").expect("somebody reads it");
}

impl Casd {
    /// A server; none where the machine has none. `XB_TEST_CASD` is the folder in which its programs are.
    pub fn start() -> Option<Self> {
        let Some(programs) = std::env::var_os("XB_TEST_CASD").map(PathBuf::from) else {
            skip("XB_TEST_CASD does not say where buildbox-casd is");
            return None;
        };
        if !Path::new("/usr/bin/bwrap").exists() {
            skip("`/usr/bin/bwrap` is missing (apt-get install bubblewrap)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let address = format!("127.0.0.1:{port}");
        let child = spawn(&programs, &address, folder.path());
        let casd = Self { address, folder, programs, child };
        casd.listens();
        Some(casd)
    }

    /// Kills it as a loss of power would, and starts it anew at the same place; with an empty store where `forget`.
    pub fn restart(&mut self, forget: bool) {
        self.kill();
        if forget {
            std::fs::remove_dir_all(self.folder.path().join("cache")).expect("the cache goes");
        }
        self.child = spawn(&self.programs, &self.address, self.folder.path());
        self.listens();
    }

    /// Kills it.
    pub fn kill(&mut self) {
        // It may have ended itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn listens(&self) {
        for _ in 0..1000 {
            if TcpStream::connect(&self.address).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("buildbox-casd does not listen")
    }
}

/// Without its own folder on the path it finds no `buildbox-fuse`, and copies inputs: so a killed one leaves no mount.
fn spawn(programs: &Path, address: &str, folder: &Path) -> Child {
    let mut run = OsString::from("--buildbox-run=");
    run.push(programs.join("buildbox-run"));
    Command::new(programs.join("buildbox-casd"))
        .args(["--bind", address, "--jobs=4", "--cache-failures=false"])
        .arg(run)
        .arg(folder.join("cache"))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("buildbox-casd runs")
}

impl Drop for Casd {
    fn drop(&mut self) {
        self.kill();
    }
}
