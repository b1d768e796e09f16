//! From the urls of descriptions to the urls of this network.
//!
//! A description says `debian:pool/...` and never where that is. The places are, one after another: what xb is
//! configured with, what this machine's apt is configured with, and the public archive of snapshots, which has every
//! file that Debian ever had. Every root of an archive serves every suite, so that a machine of one release finds
//! the packages of another.

mod apt;
mod apt_conf;
mod moment;

use std::path::Path;

pub use apt::{AptSource, one_line_sources, paragraph_sources};
pub use apt_conf::{AptConf, parse_apt_conf};
pub use moment::Moment;

const SNAPSHOTS: &str = "https://snapshot.debian.org/archive/debian";

/// Where Debian's archive can be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrors {
    roots: Vec<String>,
    /// The proxy that apt uses, when it uses one.
    pub apt_proxy: Option<String>,
    snapshots: bool,
}

/// A url that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a path in the pool.
    #[error("`{0}` is not a path in an archive's pool, like `debian:pool/main/h/hello/hello_2.10.orig.tar.gz`")]
    Pool(String),
    /// Not a scheme that xb knows.
    #[error("`{0}` is not of a scheme that xb fetches: `debian:`, `crate:`, `pypi:`, `rock:`, `https://` or `http://`")]
    Scheme(String),
    /// No archive is known.
    #[error("no archive of Debian is known for `{0}`")]
    NoMirror(String),
}

impl Mirrors {
    /// Only these roots, in this order.
    pub fn only(roots: impl IntoIterator<Item = String>) -> Self {
        Self { roots: roots.into_iter().map(|root| without_slash(&root)).collect(), ..Self::default() }
    }

    /// These roots, then those of this machine's apt, then the archive of snapshots.
    pub fn of_machine(configured: impl IntoIterator<Item = String>) -> Self {
        Self::with_apt(configured, Path::new("/etc/apt"))
    }

    /// As [`of_machine`](Self::of_machine), with apt's configuration in `folder`.
    pub fn with_apt(configured: impl IntoIterator<Item = String>, folder: &Path) -> Self {
        let mut mirrors = Self::only(configured);
        for root in apt::archive_roots(folder) {
            if !mirrors.roots.contains(&root) {
                mirrors.roots.push(root);
            }
        }
        mirrors.apt_proxy = apt_conf::proxy(folder);
        mirrors.snapshots = true;
        mirrors
    }

    /// Every url that a description's url may be found at, in the order in which they are to be tried. `date` is
    /// that of the index that the lock is from.
    ///
    /// # Errors
    /// When the url is of no known scheme, or leads out of the pool.
    pub fn urls(&self, url: &str, date: Option<Moment>) -> Result<Vec<String>, UrlError> {
        if let Some(path) = url.strip_prefix("debian:") {
            return self.pool(path, date);
        }
        if url.starts_with("https://") || url.starts_with("http://") {
            return Ok(vec![url.to_owned()]);
        }
        Err(UrlError::Scheme(url.to_owned()))
    }

    /// The urls of a path in the pool.
    ///
    /// # Errors
    /// When it leads out of the pool.
    pub fn pool(&self, path: &str, date: Option<Moment>) -> Result<Vec<String>, UrlError> {
        if !is_pool_path(path) {
            return Err(UrlError::Pool(path.to_owned()));
        }
        let mut urls = self.current(path);
        if self.snapshots {
            urls.push(format!("{}/{}", snapshot(date), escaped(path)));
        }
        match urls.is_empty() {
            true => Err(UrlError::NoMirror(path.to_owned())),
            false => Ok(urls),
        }
    }

    /// The urls of a path of the archive as it is now (`dists/trixie/InRelease`).
    pub fn current(&self, path: &str) -> Vec<String> {
        self.roots.iter().map(|root| format!("{root}/{}", escaped(path))).collect()
    }

    /// The urls of a path of the archive as it is now, with the newest snapshot when no other archive is known.
    pub fn newest(&self, path: &str) -> Vec<String> {
        let mut urls = self.current(path);
        if urls.is_empty() && self.snapshots {
            urls.push(format!("{}/{}", snapshot(None), escaped(path)));
        }
        urls
    }

    /// The roots, in the order in which they are tried.
    pub fn roots(&self) -> &[String] {
        &self.roots
    }
}

/// An index is mirrored, and then kept as a snapshot, some hours after its own date; what it lists is there then.
fn snapshot(date: Option<Moment>) -> String {
    let at = date.map_or_else(Moment::now, Moment::next_day);
    format!("{SNAPSHOTS}/{}", at.compact())
}

/// Whether this is a clean path in the pool of an archive.
pub(crate) fn is_pool_path(path: &str) -> bool {
    path.starts_with("pool/") && xb_core::RelPath::new(path).is_ok() && path.is_ascii()
}

fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~+:".contains(&byte);
    path.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

pub(crate) fn without_slash(root: &str) -> String {
    root.trim_end_matches('/').to_owned()
}

/// A url as it is shown: without the name and password that may be in it.
pub fn shown(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let secret = authority.rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[secret..])
        }
        None => url.to_owned(),
    }
}

/// Whether a url to which another one leads is one of the web, and over TLS where the other one is.
pub(crate) fn keeps_tls(from: &str, to: &str) -> bool {
    to.starts_with("https://") || to.starts_with("http://") && !from.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_over_tls_does_not_lead_out_of_it() {
        let [secure, plain] = ["https://a.example/", "http://a.example/"];
        assert!(keeps_tls(secure, secure) && keeps_tls(plain, secure) && keeps_tls(plain, plain));
        assert!(!keeps_tls(secure, plain) && !keeps_tls(plain, "file:///etc/passwd"));
    }

    #[test]
    fn places_are_tried_in_order_and_the_snapshots_last() {
        let mut mirrors = Mirrors::only(["http://one.example/debian/".to_owned()]);
        mirrors.snapshots = true;
        let date = Moment::parse("Sat, 12 Sep 2026 07:55:41 UTC");
        let urls = mirrors.urls("debian:pool/main/d/dash/dash_1.dsc", date).unwrap();
        assert_eq!(
            urls,
            [
                "http://one.example/debian/pool/main/d/dash/dash_1.dsc".to_owned(),
                format!("{SNAPSHOTS}/20260913T075541Z/pool/main/d/dash/dash_1.dsc"),
            ]
        );
    }

    #[test]
    fn what_is_not_in_the_pool_is_refused() {
        let mirrors = Mirrors::only(["http://one.example".to_owned()]);
        for url in ["debian:dists/x", "debian:pool/../x", "debian:/pool/x", "debian:pool//x", "ftp://x/y", "pool/x"] {
            assert!(mirrors.urls(url, None).is_err(), "{url}");
        }
        assert!(Mirrors::default().urls("debian:pool/x", None).is_err());
    }

    #[test]
    fn no_secret_is_shown() {
        assert_eq!(shown("https://me:word@host.example/a@b"), "https://host.example/a@b");
        assert_eq!(shown("https://host.example/a@b"), "https://host.example/a@b");
    }
}
