//! Where a remote is, as it is typed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use reqwest::Url;
use xb_remote::{Server, ServerError};

/// Where a remote is: `/srv/cache`, `file:///srv/cache`, `https://[user:password@]cache.example.org[:port]/prefix`,
/// `grpcs://[user:password@]cache.example.org[:port]/instance`.
///
/// Neither its text nor its debugging text shows a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub(super) Place);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    Folder(PathBuf),
    Http(Box<Root>),
    Grpc(Box<Server>),
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
            Place::Http(_) | Place::Grpc(_) => None,
        }
    }
}

impl Address {
    /// The same place, to which one is known by a token, where it is a server: by that, and not by what stands in its
    /// url.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        Self(match self.0 {
            Place::Folder(folder) => Place::Folder(folder),
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
                let known = "`https`, `http`, `grpcs`, `grpc` and `file`";
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

/// A text of which nothing is known but that a password may be before the last `@`.
fn without_secrets(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
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
            "s3://me:secret@bucket/x",
            "htps:/me:secret@x",
            "file://elsewhere/srv/cache",
        ] {
            let error = text.parse::<Address>().expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
