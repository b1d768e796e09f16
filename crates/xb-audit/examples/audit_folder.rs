//! Takes a folder into a store and audits it, three times, with what each took; the folder is its own root unless one
//! is given. `cargo run --release -p xb-audit --example audit_folder -- STORE ARCH RESULT [ROOT]`.

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use xb_audit::{Level, Policy, Subject, audit};
use xb_store::{Contents, Store};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [store, arch, result, root @ ..] = arguments.as_slice() else {
        return Err("usage: audit_folder STORE ARCH RESULT [ROOT]".into());
    };
    let store = Store::open(Path::new(store))?;
    let result = store.ingest(Path::new(result))?;
    let root = root.first().map_or(Ok(result), |root| store.ingest(Path::new(root)))?;
    let subject = Subject::new(arch.parse()?, result, root);
    for _ in 0..2 {
        let start = Instant::now();
        audit(&subject, &store)?;
        println!("{:.2?}", start.elapsed());
    }
    let start = Instant::now();
    let judged = Policy::default().apply(audit(&subject, &store)?);
    println!("{:.2?}, {} findings", start.elapsed(), judged.findings.len());
    for judged in judged.findings.iter().filter(|judged| judged.level > Level::Info) {
        println!("{} {}: {}", judged.level, judged.finding.kind, judged.finding);
    }
    Ok(())
}
