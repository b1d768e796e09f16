//! A real server of the Remote Execution API: buildbox-casd.

use std::process::{Child, Command, Stdio};

use super::{free_address, program, wait_for};

/// A server of its own, which ends when it is dropped.
pub struct Casd {
    /// Its host and port.
    pub address: String,
    /// Where it keeps things.
    pub folder: tempfile::TempDir,
    child: Child,
}

impl Casd {
    /// A server; none where the machine has none.
    pub fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// A server that hands on to another what it is given, and asks it for what it lacks.
    pub fn before(url: &str) -> Option<Self> {
        Self::with(&[&format!("--cas-remote={url}"), &format!("--ac-remote={url}")])
    }

    fn with(more: &[&str]) -> Option<Self> {
        let programs = program("XB_TEST_CASD", "the folder of buildbox-casd")?;
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_address();
        let child = Command::new(programs.join("buildbox-casd"))
            .args(["--bind", &address])
            .args(more)
            .env("PATH", "/usr/bin:/bin")
            .arg(folder.path().join("cache"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("buildbox-casd runs");
        let casd = Self { address, folder, child };
        wait_for(&casd.address);
        Some(casd)
    }
}

impl Drop for Casd {
    fn drop(&mut self) {
        // It may have ended itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
