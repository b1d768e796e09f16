//! Takes a folder into a store, as `nix-store --add` does: what `benches/ingest.py` measures.
//! `cargo run --release -p xb-store --example ingest_only -- FOLDER STORE`.

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::error::Error;
use std::path::PathBuf;

use xb_store::{Contents, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(folder), Some(store)) = (arguments.next(), arguments.next()) else {
        return Err("usage: ingest_only FOLDER STORE".into());
    };
    println!("{}", Store::open(&store)?.ingest(&folder)?);
    Ok(())
}
