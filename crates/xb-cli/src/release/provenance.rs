//! How an artefact was made, as its provenance says it.
//!
//! Nothing of the machine, its user or the time is in it. Of a result that was known before, the method is that by which
//! it was made then.

use std::collections::BTreeMap;

use xb_export::{Provenance, Resource};

use super::address::{of_debian, of_source, own};
use super::artefact::Artefact;
use super::below::{Below, Fetched, Pin, label, path_of};
use super::write::Made;

/// How the parameters are to be read: section 13.3 of the reference.
const BUILD_TYPE: &str = "urn:xb:build-type:release:1";

/// Who built: xb, wherever it ran. How far that is to be trusted is what is known of whose key it is.
const BUILDER: &str = "urn:xb:builder:xb";

/// By whom results are made of which no run is known: they are put together by xb itself.
const HERE: &str = "local";

/// The provenance of an artefact.
pub fn of(made: &Made<'_>, artefact: &Artefact<'_>) -> Provenance {
    let build = artefact.target.build;
    let own_below = Below::of(made, build);
    let mut dependencies = resources(made, &own_below);
    let mut internal = BTreeMap::new();
    for package in artefact.packages(made.graph).into_iter().filter(|package| *package != build) {
        let below = Below::of(made, package);
        if let Some(run) = below.run {
            internal.insert(format!("method:{}", label(made.graph, package)), run.method.name().to_owned());
        }
        dependencies.extend(resources(made, &below));
    }
    let id = &artefact.target.id;
    let external = [
        ("target", format!("{}:{}", id.file, id.package)),
        ("architecture", id.arch.to_string()),
        ("format", artefact.format.name().to_owned()),
    ];
    Provenance {
        subjects: vec![(artefact.name.clone(), artefact.sum.sha256)],
        build_type: BUILD_TYPE.to_owned(),
        builder: BUILDER.to_owned(),
        versions: [("xb".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        method: own_below.run.map(|run| run.method),
        executor: own_below.run.map_or_else(|| HERE.to_owned(), |run| run.result.executor.clone()),
        external: external.map(|(name, value)| (name.to_owned(), value)).into(),
        internal,
        dependencies,
    }
}

fn resources(made: &Made<'_>, below: &Below<'_>) -> Vec<Resource> {
    let fetched = below.fetched.iter().map(fetched);
    let folders = below
        .folders
        .iter()
        .map(|(folder, tree)| Resource::new(&own("folder", path_of(folder)), "blake3", &tree.0.hex()));
    let debian =
        below.debian.iter().map(|package| Resource::new(&of_debian(package), "sha256", &package.sha256.to_string()));
    let results = below
        .results
        .iter()
        .map(|(choice, tree)| Resource::new(&own("result", &label(made.graph, *choice)), "blake3", &tree.0.hex()));
    fetched.chain(folders).chain(debian).chain(results).collect()
}

fn fetched(fetched: &Fetched<'_>) -> Resource {
    let uri = of_source(&fetched.url);
    match fetched.is {
        Pin::File(sum) => Resource::new(&uri, "sha256", &sum.to_string()),
        Pin::Module(hash) => Resource::new(&uri, "dirHash", &hash.hex()),
        Pin::Git(revision, locked) => {
            let mut resource = Resource::new(&uri, "gitCommit", &locked.commit);
            resource.digests.insert("blake3".to_owned(), locked.tree.0.hex());
            resource.name = Some(revision.to_owned());
            resource
        }
    }
}
