//! Clients as they all are.

use reqwest::{Client, ClientBuilder};

use crate::{Patience, anywhere_as_safe, causes};

/// Why there can be no HTTP client.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot speak HTTP: {0}")]
pub struct ClientError(String);

impl ClientError {
    /// The error of a part of a client that cannot be: a proxy, for instance.
    pub fn of(error: &reqwest::Error) -> Self {
        Self(causes(error))
    }
}

/// A client to be: it says that it is xb, waits for a connection as long as `patience` says, and is led by
/// [`anywhere_as_safe`].
pub fn client(patience: &Patience) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("xb/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience.connect)
        .redirect(anywhere_as_safe())
}

/// A client, which trusts whom the machine trusts.
///
/// # Errors
/// Where the machine's certificates cannot be read, or a setting of the client means nothing.
pub fn build(client: ClientBuilder) -> Result<Client, ClientError> {
    // Fails only when somebody was here before, with a provider that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    client.build().map_err(|error| ClientError::of(&error))
}
