//! Where a server is, as it is typed.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

/// The port of `grpcs`, which is that of HTTPS.
const SECURE_PORT: u16 = 443;

/// Where a server is: `grpcs://[user:password@]cache.example.org[:port][/instance]`, or `grpc://…:port` without TLS. A
/// name before the `@` without a password is a token.
///
/// Neither its text nor its debugging text shows a password or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub(crate) secure: bool,
    /// With brackets, where it is an address of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The instance's name: what stands behind the first slash.
    pub(crate) instance: String,
    pub(crate) user: Option<User>,
}

/// Who one is to a server, as it stands in its url.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum User {
    Token(String),
    Named { name: String, password: String },
}

/// Why a text is no server: half a sentence, without a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ServerError(String);

impl FromStr for Server {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, ServerError> {
        let wrong = |why: &str| Err(ServerError(why.to_owned()));
        let url = Url::parse(text).map_err(|error| ServerError(error.to_string()))?;
        let secure = match url.scheme() {
            "grpcs" => true,
            "grpc" => false,
            _ => return wrong("a server of the Remote Execution API is at `grpcs://` or `grpc://`"),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return wrong("it has a `?` or a `#`");
        }
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            return wrong("it names no host");
        };
        let port = match (url.port(), secure) {
            (Some(port), _) => port,
            (None, true) => SECURE_PORT,
            (None, false) => return wrong("it names no port, and without TLS there is no usual one"),
        };
        let decoded = |text: &str| match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(ServerError("it is not UTF-8".to_owned())),
        };
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            (token, None) => Some(User::Token(decoded(token)?)),
            (name, Some(password)) => Some(User::Named { name: decoded(name)?, password: decoded(password)? }),
        };
        let instance = decoded(url.path().trim_matches('/'))?;
        Ok(Self { secure, host: host.to_owned(), port, instance, user })
    }
}

impl Server {
    /// The same server, to which one is known by a token.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        Self { user: Some(User::Token(token)), ..self }
    }

    /// Its address for a client of HTTP/2, without who one is.
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}:{}", if self.secure { "https" } else { "http" }, self.host, self.port)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "grpcs" } else { "grpc" };
        write!(f, "{scheme}://{}", self.host)?;
        if !(self.secure && self.port == SECURE_PORT) {
            write!(f, ":{}", self.port)?;
        }
        if self.instance.is_empty() { Ok(()) } else { write!(f, "/{}", self.instance) }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_shown_without_who_one_is() {
        for (text, shown, origin) in [
            ("grpcs://cache.example.org", "grpcs://cache.example.org", "https://cache.example.org:443"),
            ("grpcs://token@cache.example.org:443/", "grpcs://cache.example.org", "https://cache.example.org:443"),
            ("grpc://me:se%40cret@localhost:8980/a/b/", "grpc://localhost:8980/a/b", "http://localhost:8980"),
            ("grpc://[::1]:1", "grpc://[::1]:1", "http://[::1]:1"),
        ] {
            let server: Server = text.parse().expect(text);
            assert_eq!((server.to_string().as_str(), server.origin().as_str()), (shown, origin));
            assert_eq!(format!("{server:?}"), format!("Server({shown})"));
        }
        let named: Server = "grpc://me:se%40cret@localhost:1".parse().expect("a server");
        assert!(named.user == Some(User::Named { name: "me".to_owned(), password: "se@cret".to_owned() }));
        let token: Server = "grpcs://to%6Ben@localhost".parse().expect("a server");
        assert!(token.user == Some(User::Token("token".to_owned())));
    }

    #[test]
    fn what_is_no_server_is_refused_without_its_password() {
        for text in [
            "",
            "grpc://",
            "grpc://localhost",
            "https://me:secret@example.org",
            "grpcs://me:secret@example.org:99999",
            "grpcs://me:secret@example.org?x",
            "grpcs://me:secret@example.org/#x",
            "grpcs://me:secret%ff@example.org",
        ] {
            let error = text.parse::<Server>().expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
