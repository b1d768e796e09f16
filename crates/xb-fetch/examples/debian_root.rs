//! Makes a root of Debian and says how long it took: `debian_root FOLDER amd64:gcc arm64:libc6-dev ...`.
//!
//! With `--database` before the packages, dpkg's own records are in it. `FOLDER` gets the store, the lock and the
//! project; when it is there already, what is in it is used.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use xb_build::{Provider as _, Source};
use xb_core::Arch;
use xb_fetch::{CrateIndex, GoProxy, Manners, Mirrors, PythonIndex, RockServers, Settings, Sources, archive, download};
use xb_graph::DebianRoot;
use xb_store::{Contents as _, Store};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    let database = arguments.next_if(|argument| argument == "--database").is_some();
    let root = DebianRoot { suite: "trixie".to_owned(), packages: packages(arguments)?, database };
    std::fs::create_dir_all(&folder)?;
    let start = Instant::now();
    let store = Store::open(&folder.join("store"))?;
    let tree = sources(&folder, &store)?.provide(Source::Debian(&root)).await?;
    let provided = start.elapsed();
    let path = store.materialise(tree)?;
    let mut out = std::io::stdout();
    writeln!(out, "{tree} in {provided:.2?}")?;
    writeln!(out, "{} after {:.2?}", path.display(), start.elapsed())?;
    Ok(())
}

fn packages(names: impl Iterator<Item = String>) -> Result<BTreeMap<Arch, BTreeSet<String>>, Box<dyn Error>> {
    let mut packages: BTreeMap<Arch, BTreeSet<String>> = BTreeMap::new();
    for name in names {
        let (arch, name) = name.split_once(':').ok_or("a package is `amd64:gcc`")?;
        packages.entry(arch.parse()?).or_default().insert(name.to_owned());
    }
    Ok(packages)
}

fn sources(folder: &std::path::Path, store: &Store) -> Result<Sources, Box<dyn Error>> {
    let settings = Settings {
        project: folder.to_owned(),
        lock: folder.join("xb.lock"),
        manners: Manners::default(),
        mirrors: Mirrors::of_machine([]),
        crates: CrateIndex::of_machine(None, folder),
        python: PythonIndex::of_machine(None),
        go: GoProxy::of_machine(None),
        rocks: RockServers::of_machine([]),
        host: Arch::host().ok_or("this machine is of no architecture that xb knows")?,
        limits: archive::Limits::default(),
        patience: download::patience(),
        scratch: store.scratch().to_owned(),
    };
    Ok(Sources::new(settings, Arc::new(store.clone()), Arc::new(()))?)
}
