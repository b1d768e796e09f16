//! Where a remote is, as it is typed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use xb_remote::{Server, ServerError};

/// Where a remote is: `/srv/cache`, `file:///srv/cache`, `https://[user:password@]cache.example.org[:port]/prefix`,
/// `grpcs://[user:password@]cache.example.org[:port]/instance`, `s3://[id:secret@]bucket/prefix[?endpoint=URL&region=NAME]`.
///
/// Neither its text nor its debugging text shows a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub(super) Place);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    Folder(PathBuf),
    Http(Box<Root>),
    Grpc(Box<Server>),
    S3(Box<Bucket>),
}

/// Where objects are.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Bucket {
    pub name: String,
    /// Before the names of all objects; it may be empty.
    pub prefix: String,
    /// The url of what speaks as S3 does; of none, it is Amazon's.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// The id and the secret of a key, where they are not in the environment.
    pub user: Option<(String, String)>,
}

/// Where a server of Bazel's HTTP caching protocol is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// Its path ends with a slash, and a password may be in it.
    pub url: Url,
    /// What one is known by, where no password is.
    pub token: Option<String>,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not where a cache can be: {reason}")]
pub struct AddressError {
    text: String,
    reason: String,
}

impl AddressError {
    /// Why, without the text, in which a password may be.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl Address {
    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder(folder) => Some(folder),
            Place::Http(_) | Place::Grpc(_) | Place::S3(_) => None,
        }
    }
}

impl Address {
    /// The same place, to which one is known by a token, where it is a server: by that, and not by what stands in its
    /// url.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        Self(match self.0 {
            place @ (Place::Folder(_) | Place::S3(_)) => place,
            Place::Grpc(server) => Place::Grpc(Box::new(server.with_token(token))),
            Place::Http(root) => {
                let mut url = root.url;
                // They fail for urls that have no host, of which this is none.
                let _ = (url.set_username(""), url.set_password(None));
                Place::Http(Box::new(Root { url, token: Some(token) }))
            }
        })
    }
}

impl From<PathBuf> for Address {
    fn from(folder: PathBuf) -> Self {
        Self(Place::Folder(folder))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |reason: String| AddressError { text: without_secrets(text), reason };
        if text.starts_with('/') {
            return Ok(Self(Place::Folder(text.into())));
        }
        let mut url = Url::parse(text).map_err(|error| match error.to_string() {
            _ if !text.contains("://") => {
                wrong("write an absolute path of a folder, or a url that begins with `https://`".to_owned())
            }
            reason => wrong(reason),
        })?;
        if url.scheme() == "s3" {
            return Bucket::read(&url).map(|bucket| Self(Place::S3(Box::new(bucket)))).map_err(wrong);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has a `?` or a `#`".to_owned()));
        }
        match url.scheme() {
            "file" => {
                let folder = url.to_file_path().map_err(|()| wrong("it names a folder of another machine".to_owned()));
                Ok(Self(Place::Folder(folder?)))
            }
            "http" | "https" => {
                let path = format!("{}/", url.path().trim_end_matches('/'));
                url.set_path(&path);
                Ok(Self(Place::Http(Box::new(Root { url, token: None }))))
            }
            "grpc" | "grpcs" => {
                let server = text.parse().map_err(|error: ServerError| wrong(error.to_string()));
                Ok(Self(Place::Grpc(Box::new(server?))))
            }
            other => {
                let known = "`https`, `http`, `grpcs`, `grpc`, `s3` and `file`";
                Err(wrong(format!("nothing is known of `{other}`; there are {known}")))
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Folder(folder) => write!(f, "{}", folder.display()),
            Place::Grpc(server) => server.fmt(f),
            Place::S3(bucket) => bucket.fmt(f),
            Place::Http(root) => {
                let url = &root.url;
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                let path = url.path().trim_end_matches('/');
                write!(f, "{}://{}{port}{path}", url.scheme(), url.host_str().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Bucket {
    fn read(url: &Url) -> Result<Self, String> {
        let name = url.host_str().filter(|name| !name.is_empty()).ok_or("it names no bucket")?.to_owned();
        if url.port().is_some() || url.fragment().is_some() {
            return Err("a bucket has no port, and no `#`: what speaks as S3 does is `?endpoint=URL`".to_owned());
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            (id, Some(secret)) => Some((decoded(id), decoded(secret))),
            _ => return Err("an access key has two parts: `s3://ID:KEY@BUCKET`".to_owned()),
        };
        let prefix = url.path().trim_matches('/').to_owned();
        let (mut endpoint, mut region) = (None, None);
        for (key, value) in url.query_pairs() {
            match &*key {
                "endpoint" => endpoint = Some(endpoint_of(&value)?),
                "region" => region = Some(value.into_owned()),
                _ => return Err("behind the `?` there can be `endpoint=URL` and `region=NAME`".to_owned()),
            }
        }
        Ok(Self { name, prefix, endpoint, region, user })
    }
}

fn endpoint_of(text: &str) -> Result<String, String> {
    let wrong = || "its endpoint is no `https://HOST[:PORT]`".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let is_http = ["http", "https"].contains(&url.scheme()) && url.has_host();
    if is_plain && is_http { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.name)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, "?endpoint={endpoint}"),
            None => Ok(()),
        }
    }
}

/// A text of which nothing is known but that a secret may be before the last `@`, or behind a `?`.
fn without_secrets(text: &str) -> String {
    let shown = match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    };
    match shown.split_once('?') {
        Some((before, _)) => format!("{before}?…"),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str) {
        let address: Address = text.parse().expect("an address");
        assert_eq!(address.to_string(), shown);
        assert_eq!(format!("{address:?}"), format!("Address({shown})"));
    }

    #[test]
    fn addresses_are_shown_without_passwords() {
        check("/srv/cache", "/srv/cache");
        check("file:///srv/a%20cache", "/srv/a cache");
        check("https://cache.example.org", "https://cache.example.org");
        check("http://me:secret@cache.example.org:8080/a/b//", "http://cache.example.org:8080/a/b");
        check("https://[::1]:81/x", "https://[::1]:81/x");
        check("grpcs://me:secret@cache.example.org/team", "grpcs://cache.example.org/team");
        check("s3://bucket", "s3://bucket");
        check("s3://bucket/a/b/?region=eu-1", "s3://bucket/a/b");
        check(
            "s3://id:sec%2Fret@bucket/a?endpoint=http://example.org:81/",
            "s3://bucket/a?endpoint=http://example.org:81",
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for text in [
            "",
            "cache",
            "./cache",
            "cache.example.org/x",
            "https://",
            "https://me:secret@",
            "https://me:secret@cache.example.org:99999/",
            "https://me:secret@cache.example.org/?x",
            "https://me:secret@cache.example.org/#x",
            "grpc://me:secret@cache.example.org",
            "grpcs://me:secret@cache.example.org:99999",
            "s3://bucket?secret=secret",
            "s3://bucket?endpoint=https://me:secret@example.org",
            "s3://bucket:81/x",
            "s3://secret@bucket/x",
            "htps:/me:secret@x",
            "file://elsewhere/srv/cache",
        ] {
            let error = text.parse::<Address>().expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
