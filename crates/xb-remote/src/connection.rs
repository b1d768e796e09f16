//! How a server is spoken with.

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use tokio::sync::OnceCell;
use tonic::Request;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint, Uri};
use tower::service_fn;
use xb_http::{Patience, chain};
use xb_ssh::Line;

use crate::ask::Asked;
use crate::proof::Proof;
use crate::{Capabilities, DigestFunction, Kind, RemoteError, Server};

/// How many bytes may be under way before the other side has taken them: of one stream, and of all.
const STREAM_WINDOW: u32 = 4 << 20;
const WINDOW: u32 = 16 << 20;

/// Drawing a line may need three steps, and a copy of this program that goes along.
const LINE: u32 = 12;

/// No message is larger.
pub(crate) const MOST_MESSAGE: usize = 20 << 20;

/// How a server is spoken with; clones are the same. Nobody is asked anything before the first question.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

struct Inner {
    server: Server,
    function: DigestFunction,
    patience: Patience,
    /// None where what one is known by can be in no header.
    proof: Option<Proof>,
    channel: OnceCell<Channel>,
    capabilities: OnceCell<Capabilities>,
}

impl Connection {
    /// A connection to a server that names bytes by `function`.
    pub fn new(server: Server, function: DigestFunction, patience: Patience) -> Self {
        let (channel, capabilities) = (OnceCell::new(), OnceCell::new());
        let proof = Proof::new(server.user.as_ref());
        Self { inner: Arc::new(Inner { server, function, patience, proof, channel, capabilities }) }
    }

    /// A connection to a server that names bytes by the first of these functions that it has. It is asked for that.
    ///
    /// # Errors
    /// When it cannot be reached, or does not speak this API or has any of them.
    pub async fn agreed(server: Server, functions: &[DigestFunction], patience: Patience) -> Result<Self, RemoteError> {
        let asked = Self::new(server.clone(), DigestFunction::Sha256, patience.clone());
        let (capabilities, function) = Capabilities::choose(&asked, functions).await?;
        let (channel, proof) = (asked.inner.channel.clone(), asked.inner.proof.clone());
        let capabilities = OnceCell::new_with(Some(capabilities));
        Ok(Self { inner: Arc::new(Inner { server, function, patience, proof, channel, capabilities }) })
    }

    /// The same connection, with what is known of the server, for who has another patience.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        let Inner { server, function, proof, channel, capabilities, .. } = &*self.inner;
        let (server, function, proof) = (server.clone(), *function, proof.clone());
        let (channel, capabilities) = (channel.clone(), capabilities.clone());
        Self { inner: Arc::new(Inner { server, function, patience, proof, channel, capabilities }) }
    }

    /// Where the server is.
    pub fn server(&self) -> &Server {
        &self.inner.server
    }

    /// How it names bytes.
    pub fn function(&self) -> DigestFunction {
        self.inner.function
    }

    /// How patient one is with it.
    pub fn patience(&self) -> &Patience {
        &self.inner.patience
    }

    /// The instance's name, which goes into messages.
    pub(crate) fn instance(&self) -> String {
        self.inner.server.instance.clone()
    }

    /// What the server can do. It is asked once.
    ///
    /// # Errors
    /// When it cannot be reached, or does not speak this API or name bytes by the function of the connection.
    pub async fn capabilities(&self) -> Result<&Capabilities, RemoteError> {
        self.inner.capabilities.get_or_try_init(|| Capabilities::ask(self)).await
    }

    /// What requests go by.
    pub(crate) async fn channel(&self) -> Result<Channel, RemoteError> {
        let channel = self.inner.channel.get_or_try_init(async || self.open()).await;
        channel.cloned().map_err(|error| self.error("a connection", chain_of(&error), Kind::Refused))
    }

    /// The channel connects when it is first used, and again when it was cut.
    fn open(&self) -> Result<Channel, tonic::transport::Error> {
        // Fails only when somebody was here before, with a provider that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let patience = &self.inner.patience;
        let mut endpoint = Endpoint::from_shared(self.inner.server.origin())?
            .user_agent(concat!("xb/", env!("CARGO_PKG_VERSION")))?
            .connect_timeout(patience.connect)
            .http2_keep_alive_interval(patience.silence)
            // What is asked stands in line behind what is being sent.
            .keep_alive_timeout(patience.silence.saturating_mul(4))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(WINDOW);
        if self.inner.server.is_secure() {
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots())?;
        }
        let Some(there) = self.inner.server.line().cloned() else { return Ok(endpoint.connect_lazy()) };
        let patience = patience.connect;
        let draw = move |_: Uri| {
            let there = there.clone();
            async move { Line::draw(&there, patience).await.map(TokioIo::new) }
        };
        Ok(endpoint.connect_timeout(patience * LINE).connect_with_connector_lazy(service_fn(draw)))
    }

    /// A message, and who sends it.
    pub(crate) fn signed<T>(&self, message: T) -> Result<Request<T>, RemoteError> {
        let unusable = || {
            let why = "what you are known by has characters that can be in no header".to_owned();
            self.error("who you are", why, Kind::Denied)
        };
        Ok(self.inner.proof.as_ref().ok_or_else(unusable)?.on(message))
    }

    /// Asks for `what`, a noun.
    pub(crate) fn ask<'a>(&'a self, what: &'a str) -> Asked<'a> {
        Asked { connection: self, what }
    }

    pub(crate) fn error(&self, what: &str, why: String, kind: Kind) -> RemoteError {
        RemoteError { server: self.inner.server.to_string(), what: what.to_owned(), why, kind }
    }
}

fn chain_of(error: &tonic::transport::Error) -> String {
    match chain(error) {
        caused if caused.is_empty() => error.to_string(),
        caused => caused,
    }
}
