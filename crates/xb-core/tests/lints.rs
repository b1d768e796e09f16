//! Holds the lists of what is banned against what `crates/README.md` says that a lint bans.

use std::fs;
use std::path::{Path, PathBuf};

const CLOCK: &[&str] = &["std::time::SystemTime::now", "std::time::Instant::now"];
const ENVIRONMENT: &[&str] = &["std::env::var", "std::env::var_os", "std::env::vars", "std::env::current_dir"];
const NETWORK: &[&str] = &["std::net::TcpStream::connect", "std::net::TcpListener::bind", "std::net::UdpSocket::bind"];
const FILES: &[&str] =
    &["std::fs::read", "std::fs::read_to_string", "std::fs::read_dir", "std::fs::File::open", "std::fs::write"];
const RANDOM: &[&str] = &["std::hash::RandomState::new", "rand::random", "rand::thread_rng", "rand_core::OsRng"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn what_the_map_says_a_lint_bans_is_banned() {
    for (name, banned) in [
        ("xb-eval", [CLOCK, ENVIRONMENT, NETWORK, FILES]),
        ("xb-graph", [CLOCK, ENVIRONMENT, NETWORK, FILES]),
        ("xb-export", [CLOCK, ENVIRONMENT, NETWORK, RANDOM]),
        ("xb-port", [CLOCK, ENVIRONMENT, NETWORK, FILES]),
        ("xb-sign", [CLOCK, ENVIRONMENT, NETWORK, RANDOM]),
    ] {
        let list = fs::read_to_string(crates().join(name).join("clippy.toml")).expect("the list of a crate");
        for function in banned.concat() {
            assert!(list.contains(&format!("path = \"{function}\"")), "{name} does not ban `{function}`");
        }
    }
}

#[test]
fn every_list_has_the_same_name() {
    let folders = fs::read_dir(crates()).expect("the crates").flatten();
    let hidden: Vec<_> =
        folders.map(|folder| folder.path().join(".clippy.toml")).filter(|path| path.exists()).collect();
    assert!(hidden.is_empty(), "these are called otherwise: {hidden:?}");
}
