//! A world of its own for each test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::store::store;

/// A project and a home that nobody else has, and a store.
pub struct World {
    folder: TempDir,
    shared: Option<PathBuf>,
}

/// What a command said and how it ended.
#[must_use]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl World {
    /// A world with an empty project, and the store that all share.
    pub fn new() -> Self {
        Self::with(Some(store().to_owned()))
    }

    /// A world whose store nobody else uses.
    pub fn alone() -> Self {
        Self::with(None)
    }

    fn with(shared: Option<PathBuf>) -> Self {
        let world = Self { folder: tempfile::tempdir().expect("a temporary folder"), shared };
        world.write("xb.toml", "");
        world
    }

    /// The project's folder.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Reads a file of the project.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.project().join(path)).expect("a file")
    }

    /// The command, in this world and with nothing of the environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xb"));
        command
            .args(args)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("XB_STORE", self.store())
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        for name in ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.shared.clone().unwrap_or_else(|| self.folder.path().join("store"))
    }

    /// Runs xb.
    pub fn xb(&self, args: &[&str]) -> Said {
        self.said(self.command(args).output().expect("xb runs"))
    }

    /// What a command of this world said, with its paths by their meaning.
    pub fn said(&self, output: Output) -> Said {
        Said {
            code: output.status.code().unwrap_or(-1),
            out: self.normalised(&output.stdout),
            err: self.normalised(&output.stderr),
        }
    }

    /// Paths of this world by their meaning, and no times.
    fn normalised(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let text = text.replace(&*real(&self.project()).to_string_lossy(), "PROJECT");
        text.replace(&*self.store().to_string_lossy(), "STORE")
            .replace(&*real(self.folder.path()).to_string_lossy(), "WORLD")
    }
}

/// The sandboxes of an xb that was killed have folders that are closed to whoever removes them as others are removed.
impl Drop for World {
    fn drop(&mut self) {
        let _ = xb_store::remove_folder(self.folder.path());
    }
}

impl Said {
    /// What was printed, when all went well.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self.out
    }

    /// What was complained about, when it ended with this code.
    #[track_caller]
    pub fn bad(self, code: i32) -> String {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self.err
    }
}
