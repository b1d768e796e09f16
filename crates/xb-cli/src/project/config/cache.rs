//! `[cache.NAME]`: where results of others are, and where one's own go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Table;
use toml::de::{DeTable, DeValue};
use url::Url;
use xb_cache::Address;

use super::section::Section;
use super::wrong::Wrong;

/// The section whose sections these are.
pub(super) const SECTION: &str = "cache";

/// A cache that is shared with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheConfig {
    /// What it is called.
    pub name: String,
    /// `url`: where it is.
    pub url: CacheUrl,
    /// `push`: whether what is built here goes there.
    pub push: bool,
}

/// Where a cache is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheUrl {
    /// An address of a server, as it was written.
    Server(String),
    /// A folder: from that of `xb.toml`, where it was not written whole.
    Folder(PathBuf),
}

/// The caches, in the order of the file.
pub(super) fn read(file: &Table, text: &str, folder: &Path) -> Result<Vec<CacheConfig>, Wrong> {
    let positions = positions(text, SECTION);
    let sections = Section::of_sections(file, SECTION)?.named(&["url", "push"])?;
    let caches = sections.into_iter().map(|(name, section)| {
        let example = "`url = \"https://...\"`, or the path of a folder";
        let url = section.required("url", section.text("url")?, example)?;
        let url = CacheUrl::read(&url, folder)
            .map_err(|why| section.wrong("url", format_args!("is `{}`: {why}", xb_fetch::shown(&url))))?;
        Ok(CacheConfig { name: name.to_owned(), url, push: section.flag("push")? })
    });
    let mut caches = caches.collect::<Result<Vec<_>, _>>()?;
    caches.sort_by_key(|cache| positions.get(&cache.name).copied());
    Ok(caches)
}

/// Where each section of a section is first spoken of: a table of TOML has no order, a person who writes one has.
pub(super) fn positions(text: &str, section: &str) -> BTreeMap<String, usize> {
    let file = DeTable::parse(text).ok();
    let sections = file.as_ref().and_then(|file| match file.get_ref().get(section)?.get_ref() {
        DeValue::Table(sections) => Some(sections),
        _ => None,
    });
    sections.into_iter().flat_map(DeTable::keys).map(|name| (name.get_ref().to_string(), name.span().start)).collect()
}

impl CacheUrl {
    fn read(text: &str, folder: &Path) -> Result<Self, String> {
        // What is shown of an address, and where it leads, must be the same to everybody who reads it.
        if text.contains(|sign: char| sign.is_control() || sign == '\\') {
            return Err("there is a `\\` or a control character in it".to_owned());
        }
        let (scheme, _) = text.split_once(':').unwrap_or_default();
        let has_scheme = |wanted: &[&str]| wanted.iter().any(|wanted| scheme.eq_ignore_ascii_case(wanted));
        if has_scheme(&["file"]) {
            let path = Url::parse(text).ok().and_then(|url| url.to_file_path().ok());
            return path.map(Self::Folder).ok_or_else(|| "that is no folder of this machine: `file:///...`".to_owned());
        }
        if has_scheme(&["http", "https", "grpc", "grpcs", "s3"]) {
            return match text.parse::<Address>() {
                Ok(_) if !text.contains("://") => Err("there is no `//` behind its `:`".to_owned()),
                Ok(_) => Ok(Self::Server(text.to_owned())),
                Err(error) => Err(error.reason().to_owned()),
            };
        }
        if text.contains("://") {
            return Err("a cache is at `http[s]://`, `grpc[s]://`, `s3://` or `file:///`, or a path".to_owned());
        }
        if text.is_empty() {
            return Err("that is no place".to_owned());
        }
        if text == "~" || text.starts_with("~/") {
            return Err("`~` stands for nothing here; write the whole path".to_owned());
        }
        Ok(Self::Folder(folder.join(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    fn server(url: &str) -> CacheUrl {
        CacheUrl::Server(url.to_owned())
    }

    #[test]
    fn caches_are_read_in_the_order_of_the_file() {
        let config = check(
            "[cache.team]\nurl = \"https://cache.example.org/xb\"\npush = true\n[build]\njobs = 1\n\
             [cache.a-1_B]\nurl = \"HTTP://example.org\"\n[cache]\nlast = { url = \"shared\" }",
        );
        let cache = |name: &str, url, push| CacheConfig { name: name.to_owned(), url, push };
        assert_eq!(
            config.unwrap().caches,
            [
                cache("team", server("https://cache.example.org/xb"), true),
                cache("a-1_B", server("HTTP://example.org"), false),
                cache("last", CacheUrl::Folder("/p/shared".into()), false),
            ]
        );
        assert_eq!(check("[cache]").unwrap().caches, []);
    }

    #[test]
    fn a_folder_is_from_that_of_the_file() {
        for (url, path) in [
            ("../a b", "/p/../a b"),
            ("/whole", "/whole"),
            ("file:///a%20b", "/a b"),
            ("FILE:///x", "/x"),
            ("a:b", "/p/a:b"),
        ] {
            assert_eq!(CacheUrl::read(url, Path::new("/p")), Ok(CacheUrl::Folder(path.into())), "{url}");
        }
    }

    #[test]
    fn what_is_no_cache_is_told_with_its_place() {
        let refused = |text: &str| check(text).unwrap_err();
        assert_eq!(
            refused("[cache.a]\npush = true"),
            "[cache.a] has no `url`, which it needs (write `url = \"https://...\"`, or the path of a folder)"
        );
        assert_eq!(
            refused("[cache.a]\nurl = \"gs://bucket\""),
            "`url` in [cache.a] is `gs://bucket`: a cache is at `http[s]://`, `grpc[s]://`, `s3://` or `file:///`, or a path"
        );
        assert_eq!(
            refused("[cache.a]\nurl = \"x\"\npsuh = true"),
            "there is no setting `psuh` in `[cache.a]` (did you mean `push`?)"
        );
        assert!(refused("[cache.\"a b\"]\nurl = \"x\"").starts_with("`a b` in [cache] is no name"));
        assert!(refused("[cache]\nurl = \"x\"").contains("`cache.url` should be a section: `[cache.url]`"));
        assert!(refused("[[cache]]\nurl = \"x\"").contains("`cache` should be a section"));
        for (url, why) in [
            ("", "no place"),
            ("https://a\\\\@b/x", "control character"),
            ("https:me:secret@host", "no `//`"),
            ("~/cache", "stands for nothing here"),
            ("https://", "empty host"),
            ("http://example.org/?a", "a `?` or a `#`"),
            ("https://example.org/#a", "a `?` or a `#`"),
            ("file://host/a", "no folder of this machine"),
            ("grpc://example.org", "names no port"),
        ] {
            let error = refused(&format!("[cache.a]\nurl = \"{url}\""));
            assert!(error.contains(why), "{error}");
        }
        for text in ["[cache.a]\nurl = 1", "[cache.a]\nurl = \"x\"\npush = 1", "[cache.\"\"]\nurl = \"x\""] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
