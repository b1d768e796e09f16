//! Where a machine is, as `ssh` takes it.

use std::fmt;
use std::path::{Path, PathBuf};

/// The program that runs.
const OURS: &str = "/proc/self/exe";

/// A machine, and who one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    user: Option<String>,
    host: String,
    port: Option<u16>,
    /// The xb that is brought along, where it is not the program that runs.
    program: Option<PathBuf>,
}

/// Why something is no destination: half a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DestinationError(String);

impl Destination {
    /// A machine by its name, or its alias in the user's configuration of `ssh`.
    ///
    /// # Errors
    /// When `ssh` would not take it for one.
    pub fn new(user: Option<String>, host: String, port: Option<u16>) -> Result<Self, DestinationError> {
        for name in user.iter().chain([&host]) {
            // What begins with a dash is an option.
            let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:%".contains(c));
            if name.is_empty() || name.starts_with('-') || !is_name {
                return Err(DestinationError(format!("`{name}` is no name of a user or a machine for `ssh`")));
            }
        }
        Ok(Self { user, host, port, program: None })
    }

    /// The same machine, to which another program than the one that runs is brought along: one that runs there.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }

    /// The program that is brought along.
    pub(crate) fn program(&self) -> &Path {
        self.program.as_deref().unwrap_or(Path::new(OURS))
    }

    /// Whether that can be taken to run on a machine of an architecture, as `uname -m` says it.
    pub(crate) fn suits(&self, machine: &str) -> bool {
        self.program.is_some() || machine == std::env::consts::ARCH
    }

    /// What `ssh` is given for it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        if let Some(port) = self.port {
            arguments.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(user) = &self.user {
            arguments.extend(["-l".to_owned(), user.clone()]);
        }
        arguments.extend(["--".to_owned(), self.host.clone()]);
        arguments
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ssh://")?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_destination_is_an_option_or_a_command() {
        let of =
            |user: Option<&str>, host: &str| Destination::new(user.map(str::to_owned), host.to_owned(), Some(2222));
        let shown = |user, host| of(user, host).map(|there| there.to_string()).map_err(|error| error.to_string());
        assert_eq!(shown(Some("me"), "arm.example.org"), Ok("ssh://me@arm.example.org:2222".to_owned()));
        assert_eq!(shown(None, "::1"), Ok("ssh://[::1]:2222".to_owned()));
        for (user, host) in [(None, "-oProxyCommand=x"), (Some("-x"), "a"), (None, ""), (None, "a b"), (Some(""), "a")]
        {
            assert!(of(user, host).is_err(), "{user:?} {host}");
        }
        let there = of(Some("me"), "arm").expect("a machine");
        assert_eq!(there.arguments(), ["-p", "2222", "-l", "me", "--", "arm"]);
    }
}
