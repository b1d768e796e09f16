//! Measures how fast a folder comes into a fresh store, and out of it again:
//! `cargo run --release -p xb-store --example ingest_speed -- FOLDER [SCRATCH]`.
//!
//! Prints seconds; compare with `nix-store --add FOLDER` on the same machine, in the same minute.

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use xb_store::{Contents, FolderRules, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: ingest_speed FOLDER [SCRATCH]")?;
    let scratch = arguments.next().unwrap_or_else(std::env::temp_dir);
    let path = scratch.join(format!("ingest-speed-{}", std::process::id()));
    let measured = measure(&folder, &path);
    std::fs::remove_dir_all(&path)?;
    measured
}

fn measure(folder: &Path, path: &Path) -> Result<(), Box<dyn Error>> {
    let open = || Store::open(path);
    let store = time("open a fresh store", open)?;
    let tree = time("ingest", || store.ingest(folder))?;
    time("ingest again, nothing new", || store.ingest(folder))?;
    time("ingest_filtered", || store.ingest_filtered(folder, &FolderRules::default()))?;
    time("ingest_filtered again, unchanged", || store.ingest_filtered(folder, &FolderRules::default()))?;
    let made = time("materialise", || store.materialise(tree))?;
    println!("{tree}\n{}", made.display());
    let stats = time("stats", || store.stats())?;
    println!("{stats:?}");
    time("verify", || store.verify(false))?;
    drop(store);
    let store = time("open again", open)?;
    time("has_tree", || store.has_tree(tree))?;
    time("sync", || store.sync())?;
    Ok(())
}

fn time<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    let done = work()?;
    println!("{:8.3} s  {what}", start.elapsed().as_secs_f64());
    Ok(done)
}
