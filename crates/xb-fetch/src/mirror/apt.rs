//! What this machine's apt knows about where Debian's archive is.
//!
//! Both forms of `sources.list(5)` are read: one line for each source, and paragraphs (`*.sources`). What cannot be
//! understood is left out: these files are not xb's, and a root that does not serve is passed over later.

use std::path::{Path, PathBuf};

use super::without_slash;

/// A source of packages, as apt is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AptSource {
    /// The root of the archive.
    pub uri: String,
    /// `trixie`, `bookworm-updates`.
    pub suites: Vec<String>,
    /// `main`, `contrib`.
    pub components: Vec<String>,
}

const RELEASES: [&str; 13] = [
    "stretch",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

impl AptSource {
    /// Whether this looks like the archive that has Debian's releases, and not one of its side archives.
    fn is_archive_of_debian(&self) -> bool {
        let release = |suite: &String| {
            let name = suite.split(['-', '/']).next().unwrap_or_default();
            RELEASES.contains(&name)
        };
        let web = self.uri.starts_with("http://") || self.uri.starts_with("https://");
        web && self.suites.iter().any(release) && self.components.iter().any(|name| name == "main")
    }

    fn is_side_archive(&self) -> bool {
        let side = |text: &str| text.contains("security") || text.contains("backports");
        side(&self.uri) || self.suites.iter().all(|suite| side(suite))
    }
}

/// The roots of Debian's archive that apt knows, those that are not for security first.
pub(super) fn archive_roots(folder: &Path) -> Vec<String> {
    let mut sources: Vec<AptSource> = read_all(folder).into_iter().filter(AptSource::is_archive_of_debian).collect();
    sources.sort_by_key(AptSource::is_side_archive);
    let mut roots: Vec<String> = Vec::new();
    for source in sources {
        let root = without_slash(&source.uri);
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

fn read_all(folder: &Path) -> Vec<AptSource> {
    let mut sources = Vec::new();
    for path in files(folder) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        match path.extension().is_some_and(|kind| kind == "sources") {
            true => sources.extend(paragraph_sources(&text)),
            false => sources.extend(one_line_sources(&text)),
        }
    }
    sources
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![folder.join("sources.list")];
    let parts = std::fs::read_dir(folder.join("sources.list.d"));
    let mut parts: Vec<PathBuf> = parts
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let kind = path.extension().and_then(|kind| kind.to_str());
            matches!(kind, Some("list" | "sources"))
        })
        .collect();
    parts.sort();
    files.append(&mut parts);
    files
}

/// Reads sources of one line each: `deb [options] URI suite component...`.
pub fn one_line_sources(text: &str) -> Vec<AptSource> {
    text.lines().filter_map(one_line).collect()
}

fn one_line(line: &str) -> Option<AptSource> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb")?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(options) => options.split_once(']')?.1,
        None => rest,
    };
    let mut words = rest.split_ascii_whitespace().map(str::to_owned);
    Some(AptSource { uri: words.next()?, suites: vec![words.next()?], components: words.collect() })
}

/// Reads sources of one paragraph each, one for each URI.
pub fn paragraph_sources(text: &str) -> Vec<AptSource> {
    let mut sources = Vec::new();
    let mut fields = Vec::new();
    for line in text.lines().chain([""]) {
        match line.trim() {
            "" => sources.append(&mut paragraph(&std::mem::take(&mut fields))),
            comment if comment.starts_with('#') => {}
            _ => add_field(&mut fields, line),
        }
    }
    sources
}

type Field = (String, Vec<String>);

fn add_field(fields: &mut Vec<Field>, line: &str) {
    let words = |text: &str| -> Vec<String> { text.split_ascii_whitespace().map(str::to_owned).collect() };
    if line.starts_with([' ', '\t']) {
        if let Some((_, values)) = fields.last_mut() {
            values.append(&mut words(line));
        }
    } else if let Some((name, value)) = line.split_once(':') {
        fields.push((name.trim().to_ascii_lowercase(), words(value)));
    }
}

fn paragraph(fields: &[Field]) -> Vec<AptSource> {
    let values = |name: &str| -> Vec<String> {
        let field = fields.iter().find(|(field, _)| field == name);
        field.map(|(_, values)| values.clone()).unwrap_or_default()
    };
    let off = values("enabled").iter().any(|value| matches!(value.as_str(), "no" | "false" | "off" | "0"));
    if off || !values("types").contains(&"deb".to_owned()) {
        return Vec::new();
    }
    let source = |uri| AptSource { uri, suites: values("suites"), components: values("components") };
    values("uris").into_iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAGRAPHS: &str = "\
# how this came about
Types: deb deb-src
# between
URIs: http://security.example/debian-security
Suites: trixie-security
Components: main

Types: deb
URIs: http://one.example/debian/ https://two.example/debian
Suites: bookworm
  bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: trixie
Components: main
";

    const LINES: &str = "\
# deb http://comment.example/debian trixie main
deb [arch=amd64 signed-by=/x] http://three.example/debian trixie main # why
deb-src http://source.example/debian trixie main
deb https://other.example/tools nodistro main
deb cdrom:[disc]/ trixie main
deb http://nonfree.example/debian trixie non-free
";

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let parts = folder.path().join("sources.list.d");
        std::fs::create_dir(&parts).unwrap();
        std::fs::write(folder.path().join("sources.list"), LINES).unwrap();
        std::fs::write(parts.join("debian.sources"), PARAGRAPHS).unwrap();
        std::fs::write(parts.join("debian.sources.bak"), "deb http://no.example/ trixie main").unwrap();
        folder
    }

    #[test]
    fn roots_are_those_of_debian_and_security_comes_last() {
        assert_eq!(
            archive_roots(folder().path()),
            [
                "http://three.example/debian",
                "http://one.example/debian",
                "https://two.example/debian",
                "http://security.example/debian-security",
            ]
        );
    }

    #[test]
    fn a_machine_without_apt_has_no_roots() {
        assert!(archive_roots(Path::new("/nowhere/at/all")).is_empty());
    }
}
