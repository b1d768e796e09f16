//! A real registry on a port of its own, with what it has in a folder of its own.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A file of `htpasswd`: `robot` with the password `beep`.
pub const USERS: &str = "robot:$2y$05$CWQBofy9Dhmt.P9tPhBxBOS6G6/DLZaEmwfST0Xzw5B.47C7BgsE6\n";

/// A registry, which ends with its test.
pub struct Registry {
    child: Child,
    pub folder: TempDir,
    /// Its host and port.
    pub name: String,
}

/// Whether a program is there; in CI it must be.
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
pub fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(is_there || std::env::var_os("XB_TEST_NO_SKIP").is_none(), "{program} is not installed");
    if !is_there {
        eprintln!("skipped: {program} is not installed");
    }
    is_there
}

impl Registry {
    /// A registry, where the program is there; for those whom a file of `htpasswd` knows, if one is given.
    pub fn start(users: Option<&str>) -> Option<Self> {
        if !has("docker-registry") {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let name = free.local_addr().expect("an address").to_string();
        drop(free);
        let storage = folder.path().join("storage");
        let config = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{name}\"}}\n",
            storage.display()
        );
        let auth = users.map(|users| {
            let path = folder.path().join("users");
            std::fs::write(&path, users).expect("a file");
            format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", path.display())
        });
        let path = folder.path().join("config.yml");
        std::fs::write(&path, config + &auth.unwrap_or_default()).expect("a file");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(path)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the registry starts");
        let registry = Self { child, folder, name };
        let began = Instant::now();
        while TcpStream::connect(&registry.name).is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "the registry does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }

    /// The bytes that it has by a tag or a digest, as another client reads them.
    pub fn raw(&self, image: &str) -> Vec<u8> {
        let url = format!("docker://{}/{image}", self.name);
        let output = Command::new("skopeo").args(["inspect", "--raw", "--tls-verify=false", &url]).output();
        let output = output.expect("skopeo starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
