//! Where an image goes, as it is typed: `registry.example.org:5000/team/agent:1.0`.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex_lite::Regex;

/// The grammar of repositories, of the distribution specification.
static REPOSITORY: LazyLock<Regex> = LazyLock::new(|| {
    let part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    Regex::new(&format!("^{part}(?:/{part})*$")).expect("it is a regular expression")
});

/// The grammar of tags, of the distribution specification.
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$").expect("it is a regular expression"));

/// A host, an IPv4 address or an IPv6 address in brackets, and a port.
static REGISTRY: LazyLock<Regex> = LazyLock::new(|| {
    let host = "[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\]";
    Regex::new(&format!("^(?:{host})(?::[0-9]{{1,5}})?$")).expect("it is a regular expression")
});

/// How Docker's own registry is called, and where it is.
const DOCKER: [&str; 2] = ["docker.io", "registry-1.docker.io"];

/// A repository of a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    /// The registry: a host, with a port where it has one.
    pub registry: String,
    /// The name of the repository there: `team/agent`.
    pub name: String,
}

impl Repository {
    /// The host that answers for the registry.
    pub(crate) fn host(&self) -> &str {
        if self.registry == DOCKER[0] { DOCKER[1] } else { &self.registry }
    }

    /// Whether the registry is on this machine, where nobody listens in.
    pub fn is_local(&self) -> bool {
        let host = split(&self.registry).map_or(&*self.registry, |(host, _)| host);
        let address = |host: &str| host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        host == "localhost" || address(host.trim_matches(['[', ']']))
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}

/// Where an image goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The repository.
    pub repository: Repository,
    /// The tag, where one was named.
    pub tag: Option<String>,
}

/// Why something is no destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be pushed to: {reason}")]
pub struct DestinationError {
    text: String,
    reason: &'static str,
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| DestinationError { text: text.to_owned(), reason };
        if text.contains("://") {
            return Err(wrong("it is written without a scheme, as `registry.example.org/team/agent:1.0`"));
        }
        if text.contains('@') {
            return Err(wrong("a digest is what comes of pushing; name a tag, or nothing"));
        }
        let (registry, rest) = text
            .split_once('/')
            .filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost")
            .ok_or_else(|| wrong("it begins with a registry, as `registry.example.org/team/agent:1.0` does"))?;
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (rest, None),
        };
        if !is_registry(registry) {
            return Err(wrong("a registry is a host, and perhaps `:` and a port"));
        }
        if name.len() > 255 || !REPOSITORY.is_match(name) {
            return Err(wrong("a repository is parts of small letters, digits, `-`, `.`, `_`, between slashes"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("a tag is up to 128 letters, digits, `-`, `.`, `_`"));
        }
        // As Docker has it, for images without an owner.
        let of_docker = registry == DOCKER[0] && !name.contains('/');
        let name = if of_docker { format!("library/{name}") } else { name.to_owned() };
        Ok(Self { repository: Repository { registry: registry.to_owned(), name }, tag: tag.map(str::to_owned) })
    }
}

/// The host and the port, where there is one: an IPv6 address has colons of its own.
fn split(registry: &str) -> Option<(&str, &str)> {
    registry.rsplit_once(':').filter(|_| !registry.ends_with(']'))
}

fn is_registry(text: &str) -> bool {
    let port = split(text).map(|(_, port)| port);
    REGISTRY.is_match(text) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Whether this can be a tag.
pub(crate) fn is_tag(text: &str) -> bool {
    TAG.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, String, Option<String>)> {
        let destination: Destination = text.parse().ok()?;
        Some((destination.repository.registry, destination.repository.name, destination.tag))
    }

    #[test]
    fn registries_repositories_and_tags_are_told_apart() {
        let some = |registry: &str, name: &str, tag: Option<&str>| {
            Some((registry.to_owned(), name.to_owned(), tag.map(str::to_owned)))
        };
        assert_eq!(parsed("r.example.org/team/agent:1.0"), some("r.example.org", "team/agent", Some("1.0")));
        assert_eq!(parsed("localhost:5000/agent"), some("localhost:5000", "agent", None));
        assert_eq!(parsed("[::1]:5000/a:b"), some("[::1]:5000", "a", Some("b")));
        assert_eq!(parsed("docker.io/agent:1"), some("docker.io", "library/agent", Some("1")));
    }

    #[test]
    fn what_no_registry_would_take_is_refused() {
        for text in [
            "",
            "agent",
            "team/agent",
            "https://r.example.org/a",
            "r.example.org/",
            "r.example.org/A",
            "r.example.org/a:",
            "r.example.org/a:-",
            "r.example.org/a@sha256:00",
            "r.example.org/../a",
            "r.example.org/a/../b",
            "r.example.org:99999/a",
            "user:secret/a",
            "r.example.org:80:80/a",
            "r.example.org/a?b",
            "[::1/a",
            "a\n.b/c",
        ] {
            assert!(text.parse::<Destination>().is_err(), "{text}");
        }
        assert!(format!("r.example.org/{}", "a".repeat(256)).parse::<Destination>().is_err());
    }

    #[test]
    fn only_this_machine_is_local() {
        let local = |text: &str| text.parse::<Destination>().is_ok_and(|destination| destination.repository.is_local());
        assert!(local("localhost/a") && local("127.0.0.1:5000/a") && local("127.1.2.3/a") && local("[::1]:5000/a"));
        assert!(local("[::1]/a") && !local("[::2]/a") && !local("[::2]:5000/a"));
        assert!(!local("localhost.example.org/a") && !local("10.0.0.1:5000/a") && !local("127.0.0.1.nip.example/a"));
    }
}
