//! What an index of Python projects lists: the "simple repository API" of the Python packaging specifications, as JSON
//! (PEP 691) or as HTML (PEP 503).

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde::Deserialize;
use xb_core::Sha256;

/// What is asked for: JSON where a server has it, else HTML.
pub(super) const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// A file of a project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct File {
    /// Its name.
    pub filename: String,
    /// Its address, which may be relative to that of the list.
    pub url: String,
    /// What it hashes to, by the names of the functions.
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl File {
    pub fn sha256(&self) -> Option<Sha256> {
        self.hashes.get("sha256")?.parse().ok()
    }

    /// The name of the project and the version, where this is a source distribution.
    pub fn source(&self) -> Option<(&str, &str)> {
        let stem = [".tar.gz", ".zip"].iter().find_map(|end| self.filename.strip_suffix(end))?;
        stem.rsplit_once('-')
    }
}

/// The files that a list names, in its order.
///
/// # Errors
/// When it is JSON of another form; what HTML does not say is not there.
pub(super) fn files(text: &str) -> Result<Vec<File>, String> {
    #[derive(Deserialize)]
    struct List {
        files: Vec<File>,
    }
    if text.trim_start().starts_with('{') {
        let list: List = serde_json::from_str(text).map_err(|error| error.to_string())?;
        return Ok(list.files);
    }
    let anchor = Regex::new(r#"(?is)<a\s[^>]*?href\s*=\s*["']([^"']*)["'][^>]*>(.*?)</a\s*>"#);
    let anchor = anchor.map_err(|error| error.to_string())?;
    Ok(anchor
        .captures_iter(text)
        .filter_map(|found| Some(anchored(found.get(1)?.as_str(), found.get(2)?.as_str())))
        .collect())
}

fn anchored(href: &str, name: &str) -> File {
    let href = unescaped(href);
    let (url, fragment) = href.split_once('#').unwrap_or((&href, ""));
    let hashes = fragment.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    File { filename: unescaped(name.trim()), url: url.to_owned(), hashes: hashes.into_iter().collect() }
}

fn unescaped(text: &str) -> String {
    let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// The name of a project as indexes have it: "Names and normalization" of the packaging specifications.
pub(super) fn normalised(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "ee55d3edf80167e48ea11a923c7386f4669df67d7994554387f84e7d8b0a2bf0";

    #[test]
    fn both_forms_list_the_same() {
        let json = format!(
            r#"{{"meta": {{"api-version": "1.1"}}, "name": "a-b", "files": [
                {{"filename": "A_B-1.0.tar.gz", "url": "../f/A_B-1.0.tar.gz", "hashes": {{"sha256": "{DIGEST}"}}, "yanked": false}},
                {{"filename": "a_b-1.0-py3-none-any.whl", "url": "https://f.example/w", "hashes": {{}}}}]}}"#
        );
        let html = format!(
            r#"<!DOCTYPE html><html><body><h1>Links</h1>
            <a data-requires-python="&gt;=3.9" href="../f/A_B-1.0.tar.gz#sha256={DIGEST}">A_B-1.0.tar.gz</a><br/>
            <a href='https://f.example/w'> a_b-1.0-py3-none-any.whl </a></body></html>"#
        );
        let listed = files(&json).unwrap();
        assert_eq!(files(&html).unwrap(), listed);
        assert_eq!(listed[0].source(), Some(("A_B", "1.0")));
        assert_eq!(listed[0].sha256().unwrap().to_string(), DIGEST);
        assert_eq!((listed[1].source(), listed[1].sha256()), (None, None));
    }

    #[test]
    fn what_is_no_list_lists_nothing() {
        assert!(files("{\"files\": 1}").is_err());
        for text in ["", "<html>", "<a href=\"x\">", "<a>b</a>", "\u{0}<a href"] {
            assert_eq!(files(text).unwrap(), [], "{text}");
        }
    }

    #[test]
    fn names_are_normalised() {
        let names = ["MarkupSafe", "ruamel.yaml.clib", "a__b--c", "A.-_b"].map(normalised);
        assert_eq!(names, ["markupsafe", "ruamel-yaml-clib", "a-b-c", "a-b"]);
    }
}
