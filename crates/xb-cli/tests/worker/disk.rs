//! A small disk of one's own, which is full every now and then.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Mounts it at `$1`, and fills it for a second of every five, until there is `.calm`.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=96m none "$1" && echo mounted || exit
while sleep 4; do
  [ ! -e "$1/.calm" ] || continue
  head -c 1G /dev/zero >"$1/.full" 2>/dev/null
  sleep 1
  rm -f "$1/.full"
done
"#;

/// A small disk, in namespaces where it was possible to mount it; gone when dropped.
pub struct SmallDisk {
    holder: Child,
    at: PathBuf,
}

impl SmallDisk {
    /// At a folder; none where this machine lets nobody mount anything.
    pub fn new(at: &Path) -> Option<Self> {
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"])
            .arg(at)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is read");
        let disk = Self { holder, at: at.to_owned() };
        if line == "mounted\n" {
            return Some(disk);
        }
        let reason = "this machine lets nobody mount a small disk in a user namespace";
        assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
        writeln!(std::io::stderr(), "skipped: {reason}").expect("it is told");
        None
    }

    /// Has it be full no more.
    pub fn calm(&self) {
        let is_calm = || {
            let seen = self.seen();
            std::fs::write(seen.join(".calm"), "").is_ok() && !seen.join(".full").exists()
        };
        let soon = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(100));
            is_calm()
        });
        // What had been looked at just before fills it once more.
        std::thread::sleep(Duration::from_secs(2));
        assert!(soon && is_calm(), "it is still being filled");
    }

    /// The words before a command that is to see it.
    pub fn words(&self) -> Vec<String> {
        let target = self.holder.id().to_string();
        ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", &target].map(str::to_owned).into()
    }

    /// The disk, as it is seen from here.
    pub fn seen(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.at.strip_prefix("/").expect("the path of a temporary folder begins at the root"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
