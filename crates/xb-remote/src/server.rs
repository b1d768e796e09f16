//! Where a server is, as it is typed.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;
use xb_ssh::Destination;

/// The port of `grpcs`, which is that of HTTPS.
const SECURE_PORT: u16 = 443;

/// Where a server is: `grpcs://[user:password@]cache.example.org[:port][/instance]`, or `grpc://…:port` without TLS. A
/// name before the `@` without a password is a token. `ssh://[user@]host[:port]` is an xb on another machine, at the end
/// of a line that the system's `ssh` draws.
///
/// Neither its text nor its debugging text shows a password or a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub(crate) place: Place,
    /// The instance's name: what stands behind the first slash.
    pub(crate) instance: String,
    pub(crate) user: Option<User>,
}

/// How a server is reached.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// At an address.
    Address {
        secure: bool,
        /// With brackets, where it is an address of IPv6.
        host: String,
        port: u16,
    },
    /// By `ssh`.
    Line(Destination),
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
            "ssh" => return by_line(&url),
            _ => return wrong("a server of the Remote Execution API is at `grpcs://`, `grpc://` or `ssh://`"),
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
        let user = match (url.username(), url.password()) {
            ("", None) => None,
            (token, None) => Some(User::Token(decoded(token)?)),
            (name, Some(password)) => Some(User::Named { name: decoded(name)?, password: decoded(password)? }),
        };
        let instance = decoded(url.path().trim_matches('/'))?;
        Ok(Self { place: Place::Address { secure, host: host.to_owned(), port }, instance, user })
    }
}

fn decoded(text: &str) -> Result<String, ServerError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| ServerError("it is not UTF-8".to_owned()))?;
    Ok(text.into_owned())
}

/// A machine that `ssh` gets to.
fn by_line(url: &Url) -> Result<Server, ServerError> {
    let wrong = |why: &str| Err(ServerError(why.to_owned()));
    if url.password().is_some() {
        return wrong("`ssh` takes no password: it has to get in by a key or an agent");
    }
    if !url.path().trim_matches('/').is_empty() || url.query().is_some() || url.fragment().is_some() {
        return wrong("there is something behind the name of the machine");
    }
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return wrong("it names no host");
    };
    let user = Some(decoded(url.username())?).filter(|user| !user.is_empty());
    let host = decoded(host.trim_start_matches('[').trim_end_matches(']'))?;
    let there = Destination::new(user, host, url.port()).map_err(|error| ServerError(error.to_string()))?;
    Ok(Server { place: Place::Line(there), instance: String::new(), user: None })
}

impl Server {
    /// The same server, to which one is known by a token.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        Self { user: Some(User::Token(token)), ..self }
    }

    /// Its address for a client of HTTP/2, without who one is.
    pub(crate) fn origin(&self) -> String {
        match &self.place {
            Place::Address { secure, host, port } => {
                format!("{}://{host}:{port}", if *secure { "https" } else { "http" })
            }
            // Every request has to name one, and at the end of a line there is only one.
            Place::Line(_) => "http://localhost".to_owned(),
        }
    }

    /// The machine that `ssh` gets to, where that is how it is reached.
    pub fn line(&self) -> Option<&Destination> {
        match &self.place {
            Place::Address { .. } => None,
            Place::Line(there) => Some(there),
        }
    }

    /// The same server; where it is at the end of a line, this program is brought along.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        match self.place {
            Place::Address { .. } => self,
            Place::Line(there) => Self { place: Place::Line(there.with_program(program)), ..self },
        }
    }

    pub(crate) fn is_secure(&self) -> bool {
        matches!(self.place, Place::Address { secure: true, .. })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line(there) => write!(f, "{there}")?,
            Place::Address { secure: true, host, port: SECURE_PORT } => write!(f, "grpcs://{host}")?,
            Place::Address { secure, host, port } => {
                let scheme = if *secure { "grpcs" } else { "grpc" };
                write!(f, "{scheme}://{host}:{port}")?;
            }
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
    fn a_machine_is_reached_by_ssh() {
        for (text, shown) in [
            ("ssh://arm", "ssh://arm"),
            ("ssh://builder@arm.example.org:2222/", "ssh://builder@arm.example.org:2222"),
            ("ssh://[::1]", "ssh://[::1]"),
        ] {
            let server: Server = text.parse().expect(text);
            assert!(server.line().is_some() && server.user.is_none());
            assert_eq!(server.to_string(), shown);
        }
        for text in ["ssh://", "ssh://me:secret@arm", "ssh://arm/a", "ssh://-oProxyCommand=x", "ssh://%2Dx@arm"] {
            let error = text.parse::<Server>().expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
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
