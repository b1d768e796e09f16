//! Where an engine is.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::str::FromStr;

/// Where engines are where nobody says anything.
const SOCKET: &str = "/var/run/docker.sock";

/// The variable by which Docker's own program is told where the engine is.
const VARIABLE: &str = "DOCKER_HOST";

/// Where an engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// At a socket of this machine.
    Unix(PathBuf),
    /// At a port of another one, or of this one: `NAME:PORT`.
    Tcp(String),
}

/// What is no place of an engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an engine is at `unix:///PATH` or `tcp://NAME:PORT`; to one behind ssh or TLS, a forwarded socket leads")]
pub struct NoHost;

impl Host {
    /// The one that Docker's own program would use.
    ///
    /// # Errors
    /// When `DOCKER_HOST` is one that xb does not speak with: a sentence for a person.
    pub fn of_environment() -> Result<Self, String> {
        match std::env::var(VARIABLE).ok().filter(|host| !host.is_empty()) {
            Some(host) => host.parse().map_err(|error| format!("`{VARIABLE}` is `{host}`, but {error}")),
            None => Ok(Self::Unix(SOCKET.into())),
        }
    }

    /// Whether it may be on another machine.
    pub const fn is_remote(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

impl FromStr for Host {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        if let Some(path) = text.strip_prefix("unix://") {
            let is_path = path.starts_with('/') && !path.contains('\0');
            return is_path.then(|| Self::Unix(path.into())).ok_or(NoHost);
        }
        let place = text.strip_prefix("tcp://").ok_or(NoHost)?;
        let place = place.strip_suffix('/').unwrap_or(place);
        let (name, port) = place.rsplit_once(':').ok_or(NoHost)?;
        let is_name = !name.is_empty() && !name.contains(['/', '@', '?', '#', ' ']);
        let is_port = port.parse::<u16>().is_ok_and(|port| port != 0);
        (is_name && is_port).then(|| Self::Tcp(place.to_owned())).ok_or(NoHost)
    }
}

impl Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(place) => write!(f, "tcp://{place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        for text in ["unix:///run/docker.sock", "tcp://example.org:2375", "tcp://[::1]:2375"] {
            assert_eq!(text.parse::<Host>().map(|host| host.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("tcp://example.org:1/".parse(), Ok(Host::Tcp("example.org:1".to_owned())));
        for text in
            ["", "unix://", "unix://a", "ssh://me@example.org", "tcp://a", "tcp://:1", "tcp://a:0", "tcp://a@b:1"]
        {
            assert_eq!(text.parse::<Host>(), Err(NoHost), "{text}");
        }
    }
}
