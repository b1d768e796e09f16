//! The HTTP client.

use reqwest::{Client, redirect};

use super::Patience;
use crate::error::PushError;

/// A client for what is sent to a registry.
pub(super) fn client(patience: &Patience) -> Result<Client, PushError> {
    made(patience, follow)
}

/// A client for requests for tokens, which may have a secret in their bodies. Those are sent again where a request is
/// redirected, so that it is followed on the host itself only.
pub(super) fn client_for_tokens(patience: &Patience) -> Result<Client, PushError> {
    made(patience, follow_at_home)
}

/// A client that trusts whom the machine trusts.
fn made(patience: &Patience, follow: fn(redirect::Attempt<'_>) -> redirect::Action) -> Result<Client, PushError> {
    // Fails only when somebody was here before, with a provider that is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("xb/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience.connect)
        .redirect(redirect::Policy::custom(follow))
        .build()
        .map_err(|error| PushError::Client(causes(&error)))
}

/// What was asked for over TLS must not come without it.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let secure = attempt.previous().iter().any(|url| url.scheme() == "https");
    if secure && attempt.url().scheme() != "https" {
        attempt.error("it redirects from https to http")
    } else if attempt.previous().len() > 10 {
        attempt.error("it redirects more than ten times")
    } else {
        attempt.follow()
    }
}

/// Nobody but who was asked is to read the question.
fn follow_at_home(attempt: redirect::Attempt<'_>) -> redirect::Action {
    if attempt.previous().iter().all(|url| url.origin() == attempt.url().origin()) {
        follow(attempt)
    } else {
        attempt.error("a request for a token is redirected to another host")
    }
}

/// An error and what caused it, each said once, without the url, which may hold a secret.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if said.last().is_none_or(|last| !last.contains(&text)) {
            said.push(text);
        }
        cause = error.source();
    }
    match said.is_empty() {
        true if error.is_timeout() => "it takes too long".to_owned(),
        true => "the request failed".to_owned(),
        false => said.join(": "),
    }
}
