//! Why something was not pushed.

use std::path::PathBuf;

use crate::layout::LayoutError;

/// Why something was not pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The layout, before anything was sent.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Neither the layout nor who pushes names a tag.
    #[error("nothing says which tag `{0}` gets")]
    Tag(String),
    /// Nobody knows who one is to a registry.
    #[error("`{file}` does not tell who you are to `{registry}`: {reason}")]
    Credentials {
        /// Where credentials were looked for.
        file: PathBuf,
        /// The registry.
        registry: String,
        /// What is wrong there.
        reason: String,
    },
    /// A registry does not answer, or not as long as it was waited for.
    #[error("`{registry}` cannot be reached: {reason}")]
    Unreachable {
        /// The registry.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// A registry knows one not, or lets one not.
    #[error("`{registry}` does not let {who} push to `{name}`: {reason}")]
    Denied {
        /// The registry.
        registry: String,
        /// The repository there.
        name: String,
        /// As whom one came.
        who: String,
        /// What it says.
        reason: String,
    },
    /// A registry answers something else than what was hoped for.
    #[error("`{registry}` does not take {what}: {reason}")]
    Refused {
        /// The registry.
        registry: String,
        /// What was sent: `the layer sha256:...`.
        what: String,
        /// What it says.
        reason: String,
        /// Whether it may be otherwise another time.
        passing: bool,
    },
    /// A registry has other bytes than those that were sent.
    #[error("`{registry}` has {what} by another digest: {found}")]
    Unconfirmed {
        /// The registry.
        registry: String,
        /// What was sent.
        what: String,
        /// By which digest it has it.
        found: String,
    },
    /// There can be no client at all.
    #[error(transparent)]
    Client(#[from] xb_http::ClientError),
    /// What would be asked for has no url.
    #[error("`{0}` is not in a url: {1}")]
    Url(String, String),
}

impl PushError {
    /// Whether it is the matter of the machine, the network or the registry, and not of what is pushed or by whom.
    pub fn is_of_environment(&self) -> bool {
        match self {
            Self::Layout(error) => error.is_of_environment(),
            Self::Tag(_) | Self::Denied { .. } | Self::Url(..) => false,
            Self::Refused { passing, .. } => *passing,
            Self::Credentials { .. } | Self::Unreachable { .. } | Self::Unconfirmed { .. } | Self::Client(_) => true,
        }
    }

    /// What helps, where something is known to.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Layout(LayoutError::Damaged { .. }) => Some("make the release again: `xb release`".to_owned()),
            Self::Tag(name) => Some(format!("name one: `{name}:1.0`")),
            Self::Denied { registry, .. } => Some(format!("`docker login {registry}` or `skopeo login {registry}`")),
            Self::Unreachable { reason, .. } if reason.contains("InvalidContentType") => {
                Some("it may speak no TLS: `--plain-http`".to_owned())
            }
            _ => None,
        }
    }
}
