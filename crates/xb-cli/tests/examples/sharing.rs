//! The guide to shared caches, executed: every block of a shell by the one who is named beside it.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::machine::{has, is_possible};
use crate::store::store;

const GUIDE: &str = include_str!("../../../../docs/share-a-cache.md");

/// A block of the guide.
struct Block {
    /// What is written beside it: `sh anna hello`.
    what: String,
    text: String,
}

/// The blocks of the guide that say what they are, in their order.
fn blocks() -> Vec<Block> {
    let parts = GUIDE.split("```").collect::<Vec<_>>();
    let blocks = parts.chunks_exact(2).filter_map(|pair| pair[1].split_once('\n'));
    let blocks = blocks.map(|(what, text)| Block { what: what.to_owned(), text: text.to_owned() });
    blocks.filter(|block| !block.what.is_empty()).collect()
}

/// Those who share, each with a home, a store and a copy of the project.
struct Team {
    folder: TempDir,
    /// The host and port of nginx.
    server: String,
    /// Those of `xb serve`.
    served: String,
}

impl Team {
    fn new() -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [server, served] = free.map(|free| free.local_addr().expect("an address").to_string());
        for name in ["ci", "anna", "ben", "server"] {
            std::fs::create_dir_all(folder.path().join(name).join("home")).expect("a folder");
        }
        Self { folder, server, served }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The store of somebody. Only CI has Debian's base in it.
    fn store(&self, name: &str) -> PathBuf {
        if name == "ci" { store().to_owned() } else { self.path(name).join("store") }
    }

    /// A text of the guide with places of this machine for those in it.
    fn here(&self, text: &str) -> String {
        let text = text.replace("/srv/xb-cache", &self.path("cache").to_string_lossy());
        let text = text.replace("/etc/nginx", &self.path("server").to_string_lossy());
        let text = text.replace("cache.example.org:8980", &self.served).replace("0.0.0.0:8980", &self.served);
        let text = text.replace("$(cat ci-token)", &format!("$(cat {})", self.path("server/ci-token").display()));
        // Root alone can give away a folder, and the server of the test is whoever runs it.
        text.replace("cache.example.org", &self.server).replace("-o www-data ", "")
    }

    /// What a block says when one of them runs it.
    fn run(&self, who: &str, folder: &str, text: &str) -> Output {
        let output = self.command(who, folder, text).output().expect("sh starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}:\n{text}\n{said}");
        assert!(!said.contains("warning"), "{who}:\n{text}\n{said}");
        output
    }

    fn command(&self, who: &str, folder: &str, text: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_xb")).parent().expect("a folder");
        let mut command = Command::new("sh");
        command
            .args(["-euc", &self.here(text)])
            .current_dir(self.path(who).join(folder))
            .env("HOME", self.path(who).join("home"))
            .env("XB_STORE", self.store(who))
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", program.display()))
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XB_KEY");
        command
    }

    /// Starts what a block says, which answers at an address until it is stopped.
    fn start(&self, who: &str, text: &str, address: &str) -> Server {
        let server = Server(self.command(who, "", &format!("exec {text}")).spawn().expect("sh starts"));
        wait_for(address, String::new);
        server
    }

    /// Commits and clones: everybody has what one has.
    fn give_out(&self, from: &str) {
        for name in ["ci", "anna", "ben"].into_iter().filter(|name| *name != from) {
            let places = [from, name].map(|name| self.path(name).join("hello"));
            assert!(Command::new("cp").arg("-rT").args(places).status().expect("cp starts").success());
        }
    }

    fn tree(&self, who: &str) -> Value {
        let output = self.run(who, "hello", "xb build --arch arm64 --offline --json");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["results"][0]["check"], "passed", "{report}");
        report["results"][0]["tree"].clone()
    }
}

/// A server that runs until it is dropped.
struct Server(Child);

impl Server {
    /// nginx as the guide sets it up.
    fn nginx(team: &Team, server: &str) -> Self {
        let folder = team.path("server");
        let place = |name: &str| folder.join(name).display().to_string();
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let aside = ["proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {};", place(kind)));
        let server = team.here(server).replace("listen 80;", &format!("listen {};", team.server));
        let config = format!(
            "{user} daemon off; pid {};\nevents {{}}\nhttp {{ access_log off; {}\n{server}}}\n",
            place("pid"),
            aside.concat()
        );
        std::fs::write(place("nginx.conf"), config).expect("a file");
        let child = Command::new("nginx")
            .args(["-e", &place("errors"), "-p", &place(""), "-c", &place("nginx.conf")])
            .stdout(Stdio::null())
            .spawn()
            .expect("nginx starts");
        wait_for(&team.server, || std::fs::read_to_string(place("errors")).unwrap_or_default());
        Server(child)
    }
}

/// Waits until somebody answers.
fn wait_for(address: &str, errors: impl Fn() -> String) {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "nobody answers at {address}:\n{}", errors());
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked to end, it ends its workers; killed, it leaves them.
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

#[test]
fn the_guide_to_shared_caches_does_as_it_says() {
    if !is_possible() {
        return;
    }
    let team = Team::new();
    let blocks = blocks();
    let server = blocks.iter().find(|block| block.what == "nginx").expect("a server");
    let (mut nginx, mut serving) = (None, None);
    let mut runs = BTreeMap::<&str, u32>::new();
    for block in blocks.iter().filter(|block| block.what != "nginx") {
        let words: Vec<_> = block.what.split(' ').collect();
        let (who, folder) = (words[1], words.get(2).copied().unwrap_or_default());
        if words[0] == "serve" {
            serving = Some(team.start(who, &block.text, &team.served));
            continue;
        }
        if block.text.contains("http://cache.example.org\"") && nginx.is_none() {
            drop(serving.take());
            if !has("nginx") {
                return;
            }
            // A folder that nobody has put anything into yet.
            let _ = xb_store::remove_folder(&team.path("cache"));
            std::fs::create_dir(team.path("cache")).expect("a folder");
            nginx = Some(Server::nginx(&team, &server.text));
        }
        let output = team.run(who, folder, &block.text);
        let said = String::from_utf8_lossy(&output.stderr);
        let turn = runs.entry(who).or_default();
        *turn += 1;
        match (who, *turn) {
            // The store may have met this project before.
            ("ci", 1) => {
                let source = team.path("ci/hello/src/main.c");
                let text = std::fs::read_to_string(&source).expect("a source");
                std::fs::write(source, format!("/* {:?} */\n{text}", std::time::SystemTime::now())).expect("a file");
            }
            ("ci", 2) => {
                assert!(said.contains("2 steps ran, 0 known"), "{said}");
                team.give_out("ci");
            }
            ("anna", 1) => {
                assert!(said.contains("0 steps ran, 2 known"), "{said}");
                assert_eq!(team.tree("anna"), team.tree("ci"));
                let stats = team.run("anna", "hello", "xb store stats --json").stdout;
                let stats: Value = serde_json::from_slice(&stats).expect("JSON");
                assert!(stats["contents"].as_u64().is_some_and(|contents| contents < 10), "{stats}");
            }
            ("ben", 1) => team.give_out("ben"),
            ("anna", 2 | 3) => {
                // From a server, as somebody who has nothing.
                xb_store::remove_folder(&team.store("anna")).expect("a store");
                let pulled = team.run("anna", "hello", "xb cache pull --arch arm64");
                let said = String::from_utf8_lossy(&pulled.stderr);
                assert!(said.contains("0 steps ran, 2 known"), "{said}");
                assert_eq!(team.tree("anna"), team.tree("ci"));
            }
            _ => {}
        }
    }
    assert_eq!(runs, [("anna", 3), ("ben", 2), ("ci", 5), ("server", 3)].into());
}

#[test]
fn who_has_no_password_writes_nothing() {
    if !is_possible() || !has("nginx") {
        return;
    }
    let team = Team::new();
    let blocks = blocks();
    let block = |what: &str, with: &str| {
        blocks.iter().find(|block| block.what == what && block.text.contains(with)).expect("a block")
    };
    let _ = team.run("server", "", &block("sh server", "PASSWORD").text);
    let _nginx = Server::nginx(&team, &block("nginx", "").text);
    let put = |user: &str| {
        let address = format!("http://{user}{}", team.server).parse().expect("an address");
        let remote = xb_cache::open(&address, &xb_cache::patience()).expect("a remote");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        let key = "7".repeat(64).parse().expect("a key");
        runtime.block_on(remote.put_entry(key, b"entry".to_vec())).map_err(|error| error.to_string())
    };
    let error = put("").expect_err("nobody is named");
    assert!(error.contains("does not let you at the entry"), "{error}");
    put("ci:of-your-choice@").expect("it is the password");
    let error = put("ci:wrong@").expect_err("the password is another one");
    assert!(error.contains("does not let you at the entry") && !error.contains("wrong"), "{error}");
}
