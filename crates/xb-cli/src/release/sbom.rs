//! What an artefact consists of, as its SBOM says it.

use std::collections::BTreeMap;

use xb_debian::Pinned;
use xb_export::{Component, Moment, Purpose, Relation, RelationKind, Sbom};
use xb_graph::{Description, Graph, NodeId};

use super::address::of_debian;
use super::artefact::{Artefact, Format};
use super::below::{Below, Fetched, Pin, label, path_of};
use super::write::Made;
use crate::failure::Failure;

/// Refuses, before anything is built, what packages say about themselves and no SBOM can.
///
/// # Errors
/// When a licence is no expression, or a homepage no address.
pub fn check(graph: &Graph) -> Result<(), Failure> {
    for (choice, description) in &graph.descriptions {
        let package = label(graph, *choice);
        if let Some(license) = description.license.as_deref().filter(|license| !Component::is_license(license)) {
            return Err(Failure::user(format!("the licence `{license}` of `{package}` is no SPDX expression"))
                .note(format!("it is described in `{}`", graph.origin(*choice)))
                .help("write `license = \"MIT OR Apache-2.0\"`, and `LicenseRef-NAME` for what SPDX does not list"));
        }
        if let Some(homepage) = description.homepage.as_deref().filter(|homepage| !Component::is_address(homepage)) {
            return Err(Failure::user(format!("the homepage `{homepage}` of `{package}` is no address"))
                .note(format!("it is described in `{}`", graph.origin(*choice)))
                .help("write `homepage = \"https://example.org\"`"));
        }
    }
    Ok(())
}

/// The SBOM of an artefact.
pub fn of(made: &Made<'_>, artefact: &Artefact<'_>, created: Moment) -> Sbom {
    let mut parts = Parts { made, components: BTreeMap::new(), relations: Vec::new(), known: BTreeMap::new() };
    let packages = artefact.packages(made.graph);
    let about = match packages[..] {
        [only] => made.graph.descriptions.get(&only).cloned().unwrap_or_default(),
        _ => Description::default(),
    };
    let key = parts.add(Component {
        key: artefact.name.clone(),
        name: artefact.title.clone(),
        version: artefact.version.clone().unwrap_or_default(),
        license: about.license,
        homepage: about.homepage,
        sha256: Some(artefact.sum.sha256),
        file: Some(artefact.name.clone()).filter(|_| artefact.format != Format::Oci),
        purpose: Some(match artefact.format {
            Format::Deb => Purpose::Install,
            Format::Oci => Purpose::Container,
            Format::Tar => Purpose::Archive,
        }),
        ..Component::default()
    });
    for package in packages {
        let package = parts.package(package);
        parts.relations.push(Relation::new(&key, RelationKind::Contains, &package));
    }
    if artefact.format == Format::Oci {
        for package in Below::of(made, artefact.target.build).debian {
            let package = parts.add(debian(package));
            parts.relations.push(Relation::new(&key, RelationKind::Contains, &package));
        }
    }
    Sbom {
        name: artefact.name.clone(),
        created,
        tool: format!("xb-{}", env!("CARGO_PKG_VERSION")),
        describes: vec![key],
        components: parts.components.into_values().collect(),
        relations: parts.relations,
    }
}

/// The components that there are so far, by their keys.
struct Parts<'a> {
    made: &'a Made<'a>,
    components: BTreeMap<String, Component>,
    relations: Vec<Relation>,
    /// The keys of packages.
    known: BTreeMap<NodeId, String>,
}

impl Parts<'_> {
    fn add(&mut self, component: Component) -> String {
        let key = component.key.clone();
        self.components.entry(key.clone()).or_insert(component);
        key
    }

    /// A package, everything that it needs, and what each was made from.
    fn package(&mut self, package: NodeId) -> String {
        let key = self.package_itself(package);
        let mut ahead = vec![package];
        while let Some(package) = ahead.pop() {
            let needs = self.made.graph.descriptions.get(&package).map(|it| it.needs.clone()).unwrap_or_default();
            for need in needs {
                if !self.known.contains_key(&need) {
                    ahead.push(need);
                }
                let relation =
                    Relation::new(&self.package_itself(package), RelationKind::DependsOn, &self.package_itself(need));
                self.relations.push(relation);
            }
        }
        key
    }

    fn package_itself(&mut self, package: NodeId) -> String {
        if let Some(key) = self.known.get(&package) {
            return key.clone();
        }
        let label = label(self.made.graph, package);
        let numbered = (2..).map(|number: u64| format!("{label}-{number}"));
        let mut keys = std::iter::once(label.clone()).chain(numbered);
        let key = keys.find(|key| !self.components.contains_key(key)).unwrap_or(label);
        let about = self.made.graph.descriptions.get(&package).cloned().unwrap_or_default();
        self.add(Component {
            key: key.clone(),
            name: about.name,
            version: about.version.unwrap_or_default(),
            license: about.license,
            homepage: about.homepage,
            ..Component::default()
        });
        self.known.insert(package, key.clone());
        self.sources(package, &key);
        key
    }

    fn sources(&mut self, package: NodeId, key: &str) {
        let below = Below::of(self.made, package);
        let folders = below.folders.iter().map(|(folder, tree)| Component {
            // The digest of a tree is the sum of no file, and checksums are sums of files.
            version: format!("blake3:{}", tree.0.hex()),
            ..source(path_of(folder))
        });
        for source in below.fetched.iter().map(fetched).chain(folders) {
            let source = self.add(source);
            self.relations.push(Relation::new(key, RelationKind::GeneratedFrom, &source));
        }
    }
}

fn fetched(fetched: &Fetched<'_>) -> Component {
    let url = &fetched.url;
    // Elsewhere, an address that only xb can follow is none.
    let can_follow = url.contains("://") && Component::is_address(url);
    match fetched.is {
        Pin::File(sum) => {
            let download = can_follow.then(|| url.clone());
            Component { download, sha256: Some(sum), purl: of_registry(url), ..source(url) }
        }
        // The hash of a module is the sum of no file, and checksums are sums of files.
        Pin::Module(hash) => Component { version: hash.to_string(), purl: of_registry(url), ..source(url) },
        Pin::Git(revision, locked) => Component {
            key: format!("source {url} {revision}"),
            version: revision.to_owned(),
            download: can_follow.then(|| format!("git+{}@{}", url.trim_start_matches("git+"), locked.commit)),
            ..source(url)
        },
    }
}

/// The package URL of what a registry of a language has.
fn of_registry(url: &str) -> Option<String> {
    let (kind, path) = url.split_once(':')?;
    if kind == "go" {
        return Some(format!("pkg:golang/{}", path.strip_suffix("/go.mod").unwrap_or(path)));
    }
    let (name, version) = path.split_once('/')?;
    match kind {
        "crate" => Some(format!("pkg:cargo/{name}@{version}")),
        "pypi" => Some(format!("pkg:pypi/{}@{version}", name.to_ascii_lowercase().replace('_', "-"))),
        "rock" => Some(format!("pkg:luarocks/{}@{version}", name.to_ascii_lowercase())),
        _ => None,
    }
}

/// Its key is that of no package.
fn source(name: &str) -> Component {
    Component { key: format!("source {name}"), purpose: Some(Purpose::Source), ..Component::new(name) }
}

fn debian(package: &Pinned) -> Component {
    let purl = of_debian(package);
    Component {
        key: purl.clone(),
        name: package.name.clone(),
        version: package.version.clone(),
        sha256: Some(package.sha256),
        purl: Some(purl),
        purpose: Some(Purpose::Install),
        ..Component::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xb_core::{Digest, Sha256, TreeId};
    use xb_fetch::lock::LockedGit;

    #[test]
    fn sources_are_downloaded_from_where_others_can_follow() {
        let file = |url: &str| fetched(&Fetched { url: url.to_owned(), is: Pin::File(Sha256([7; 32])) });
        assert_eq!(file("https://example.org/a.tar.gz").download.as_deref(), Some("https://example.org/a.tar.gz"));
        assert_eq!(file("debian:pool/main/h/hello.tar.gz").download, None);
        assert_eq!(file("debian:pool/main/h/hello.tar.gz").sha256, Some(Sha256([7; 32])));
        assert_eq!(file("crate:cc/1.2.0").purl.as_deref(), Some("pkg:cargo/cc@1.2.0"));
        assert_eq!(file("pypi:Ruamel_yaml/0.18").purl.as_deref(), Some("pkg:pypi/ruamel-yaml@0.18"));
        assert_eq!(file("rock:LuaFileSystem/1.8.0-1").purl.as_deref(), Some("pkg:luarocks/luafilesystem@1.8.0-1"));
        assert_eq!(file("debian:pool/main/h/hello.tar.gz").purl, None);
        let hash = xb_core::DirHash([7; 32]);
        let module = |url: &str| fetched(&Fetched { url: url.to_owned(), is: Pin::Module(hash) });
        let tool = module("go:example.org/Tool/v2@v2.1.0");
        assert_eq!(tool.purl.as_deref(), Some("pkg:golang/example.org/Tool/v2@v2.1.0"));
        assert_eq!((tool.version.as_str(), tool.sha256), (hash.to_string().as_str(), None));
        let only_mod = module("go:example.org/tool@v1.0.0/go.mod");
        assert_eq!(only_mod.purl.as_deref(), Some("pkg:golang/example.org/tool@v1.0.0"));
        let locked = LockedGit { commit: "ab".repeat(20), tree: TreeId(Digest::of(b"tree")) };
        let url = "https://example.org/a.git".to_owned();
        let git = fetched(&Fetched { url, is: Pin::Git("v1", &locked) });
        assert_eq!(git.download, Some(format!("git+https://example.org/a.git@{}", locked.commit)));
        assert_eq!((git.version.as_str(), git.sha256), ("v1", None));
    }
}
