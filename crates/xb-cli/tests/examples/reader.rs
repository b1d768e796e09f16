//! Somebody who reads a guide and does what it says, in a home of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::machine::examples;
use crate::store::store;

/// Somebody who reads a guide.
pub struct Reader {
    folder: TempDir,
    /// Words of the guide, each with what it is here.
    words: Vec<(String, String)>,
    /// Variables of their environment.
    variables: Vec<(String, String)>,
}

/// The blocks of a guide of a kind, which is the first word behind the marks: `sh`, `toml`.
pub fn blocks(guide: &str, kind: &str) -> Vec<String> {
    all(guide).filter(|(what, _)| *what == kind).map(|(_, text)| text.to_owned()).collect()
}

/// The blocks of a guide for somebody, in their order, with the folder that they are for: `sh me hello`.
pub fn blocks_for(guide: &str, who: &str) -> Vec<(String, String)> {
    let ours = all(guide).filter_map(|(what, text)| {
        let words: Vec<_> = what.split(' ').collect();
        (words.get(1) == Some(&who)).then(|| (words.get(2).copied().unwrap_or(".").to_owned(), text.to_owned()))
    });
    ours.collect()
}

fn all(guide: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<_> = guide.split("```").collect();
    let blocks: Vec<_> = parts.chunks_exact(2).filter_map(|pair| pair[1].split_once('\n')).collect();
    blocks.into_iter()
}

impl Reader {
    pub fn new() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
        std::fs::create_dir(folder.path().join("home")).expect("a folder");
        Self { folder, words: Vec::new(), variables: Vec::new() }
    }

    /// One who reads another word where the guide has this one.
    pub fn reads(mut self, word: &str, here: &str) -> Self {
        self.words.push((word.to_owned(), here.to_owned()));
        self
    }

    /// One who has a variable in their environment.
    pub fn has(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// One whose programs are looked for there first.
    pub fn before_path(self, path: &str) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_xb")).parent().expect("a folder");
        self.has("PATH", &format!("{}:{path}:/usr/sbin:/sbin", program.display()))
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A shell that does what a text says, in a folder of theirs.
    pub fn shell(&self, folder: &str, text: &str) -> Command {
        let text = self.words.iter().fold(text.to_owned(), |text, (word, here)| text.replace(word, here));
        let program = Path::new(env!("CARGO_BIN_EXE_xb")).parent().expect("a folder");
        let mut command = Command::new("sh");
        command
            .args(["-euc", &text])
            .current_dir(self.path(folder))
            .env("HOME", self.path("home"))
            .env("XB_STORE", store())
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", program.display()))
            .env_remove("XDG_CONFIG_HOME")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Does what a text says, which must go well.
    pub fn run(&self, folder: &str, text: &str) -> Output {
        let output = self.shell(folder, text).output().expect("sh starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{said}\n{}", String::from_utf8_lossy(&output.stdout));
        output
    }

    /// What `xb build` says of the one result.
    pub fn built(&self, folder: &str, arguments: &str) -> Value {
        let output = self.run(folder, &format!("xb build --json {arguments}"));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["results"][0].clone()
    }

    /// Writes something new into a source that the store may have met before.
    pub fn changes(&self, source: &str) {
        let source = self.path(source);
        let text = std::fs::read_to_string(&source).expect("a source");
        std::fs::write(source, format!("/* {:?} */\n{text}", std::time::SystemTime::now())).expect("a file");
    }

    /// Examples are the same here and on the executor `name`, which a section of `xb.toml` names.
    pub fn builds_the_same(&self, name: &str, section: &str) {
        let project = self.path("examples");
        let copied = Command::new("cp").arg("-rT").args([&examples(), &project]).status().expect("cp starts");
        assert!(copied.success());
        for example in ["hello", "lua", "zlib"] {
            std::fs::copy(examples().join("xb.toml"), project.join("xb.toml")).expect("a copy");
            let here = self.built("examples", &format!("{example} --arch arm64"));
            self.run("examples", &format!("printf '%s' '{section}' >>xb.toml; xb cache accept"));
            let there = self.built("examples", &format!("{example} --arch arm64 --rebuild"));
            assert_eq!(there["executor"], name, "{there}");
            assert_eq!(there["tree"], here["tree"], "{example}");
            assert_eq!(there["check"], here["check"], "{example}");
        }
    }
}
