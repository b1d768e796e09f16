//! An ssh server of this user, and a home from which it is reached.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const SSHD: &str = "/usr/sbin/sshd";

/// A server that runs until it is dropped. `ssh` gets there by the configuration in `config`.
pub struct Sshd {
    child: Child,
    pub folder: TempDir,
}

impl Sshd {
    /// None where the server is not installed. Whoever comes is in a home of their own, `home` beneath the folder.
    pub fn start() -> Option<Self> {
        if !Path::new(SSHD).is_file() {
            let reason = format!("`{SSHD}` is missing (apt-get install openssh-server)");
            assert!(std::env::var_os("XB_TEST_NO_SKIP").is_none(), "must not be skipped: {reason}");
            writeln!(std::io::stderr(), "skipped: {reason}").expect("it is told");
            return None;
        }
        // As root it insists on this one.
        let _ = fs::create_dir_all("/run/sshd");
        let folder =
            tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir(at("home")).expect("a folder");
        for key in ["host", "own"] {
            let mut keygen = Command::new("ssh-keygen");
            let made = keygen.args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]).status().expect("it runs");
            assert!(made.success());
        }
        fs::copy(at("own.pub"), at("authorized")).expect("a copy");
        let free = || TcpListener::bind("127.0.0.1:0").expect("a port");
        let (free, other) = (free(), free());
        let [port, full] = [&free, &other].map(|free| free.local_addr().expect("an address").port());
        drop((free, other));
        let mut settings = String::new();
        let (home, path) = (at("home"), "/usr/bin:/bin");
        let env = |store: &str| format!("HOME={home} XDG_CACHE_HOME={home}/.cache XB_STORE={store} PATH={path}");
        for (name, value) in [
            ("ListenAddress", "127.0.0.1".to_owned()),
            ("Port", port.to_string()),
            ("Port", full.to_string()),
            ("HostKey", at("host")),
            ("PidFile", "none".to_owned()),
            ("UsePAM", "no".to_owned()),
            ("StrictModes", "no".to_owned()),
            ("PermitRootLogin", "yes".to_owned()),
            ("AuthorizedKeysFile", at("authorized")),
            ("SetEnv", env(&format!("{home}/store"))),
            // A machine on which nothing can be written where the store is to be.
            ("Match", format!("LocalPort {full}")),
            ("SetEnv", env("/dev/full")),
        ] {
            writeln!(settings, "{name} {value}").expect("a line");
        }
        fs::write(at("sshd_config"), settings).expect("a file");
        let (own, known) = (at("own"), at("known"));
        let config = |name: &str, port: u16| {
            format!(
                "Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {own}\n  IdentitiesOnly yes\n  \
                 UserKnownHostsFile {known}\n  StrictHostKeyChecking accept-new\n"
            )
        };
        fs::write(at("config"), config("far", port) + &config("full", full)).expect("a file");
        let child = Command::new(SSHD)
            .args(["-D", "-e", "-f", &at("sshd_config")])
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let sshd = Self { child, folder };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(sshd);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nobody listens at {port}")
    }

    /// The folder of programs in which `ssh` is one that reads the configuration.
    pub fn programs(&self) -> String {
        let bin = self.folder.path().join("bin");
        fs::create_dir_all(&bin).expect("a folder");
        let script =
            format!("#!/bin/sh\nexec /usr/bin/ssh -F '{}' \"$@\"\n", self.folder.path().join("config").display());
        fs::write(bin.join("ssh"), script).expect("a file");
        fs::set_permissions(bin.join("ssh"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        format!("{}:/usr/bin:/bin", bin.display())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
