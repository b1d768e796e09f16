//! How a package is built for an architecture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a package is built for an architecture; *where* is an executor's matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Tools and result are of one architecture, and the executor's machine is of that architecture.
    Native,
    /// Tools of the building platform that produce code of the result's architecture.
    Cross,
    /// A root of the result's architecture with twins of the hot tools in the executor's own.
    Emulate,
    /// A root of the result's architecture in which every program is emulated.
    PureEmulate,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Native, Self::Cross, Self::Emulate, Self::PureEmulate];

    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Cross => "cross",
            Self::Emulate => "emulate",
            Self::PureEmulate => "pure-emulate",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| format!("`{name}` is not a method; known are native, cross, emulate and pure-emulate"))
    }
}
