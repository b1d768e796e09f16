//! What a registry says, when it is not what was hoped for.

use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use xb_core::Sha256;
use xb_http::is_passing;

use super::Remote;
use crate::credentials::Credential;
use crate::error::PushError;

/// By which header registries tell digests.
const DIGEST: &str = "Docker-Content-Digest";

/// So many bytes of an answer are read that is an error.
const MOST: usize = 16 << 10;

#[derive(Deserialize)]
struct Said {
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The digest that an answer names.
pub(super) fn digest(answer: &Response) -> Option<&str> {
    answer.headers().get(DIGEST)?.to_str().ok()
}

/// The first bytes of an answer, at most so many.
pub(super) async fn bytes(mut answer: Response, most: usize) -> reqwest::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            break;
        }
    }
    Ok(bytes)
}

/// How another host than the registry is called.
fn other_host(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("`{}{port}`, to which it leads,", url.host_str().unwrap_or_default())
}

impl Remote {
    /// What an answer says: whose it is, its status, and the reasons in it.
    pub(super) async fn reason(&self, answer: Response) -> String {
        let status = answer.status();
        let who = if self.is_of_registry(answer.url()) { "it".to_owned() } else { other_host(answer.url()) };
        let body = bytes(answer, MOST).await.unwrap_or_default();
        let said = serde_json::from_slice::<Said>(&body).map(|said| said.errors).unwrap_or_default();
        let reasons = said.into_iter().map(|Reason { code, message }| match (code.is_empty(), message.is_empty()) {
            (false, false) => format!("{code}, {message}"),
            _ => code + &message,
        });
        let reasons: Vec<String> = reasons.filter(|reason| !reason.is_empty()).collect();
        let text = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) };
        format!("{who} answers {status}{text}").chars().filter(|sign| !sign.is_control()).take(1000).collect()
    }

    /// The error of an answer that is not what was hoped for.
    pub(super) async fn refused(&self, what: &str, answer: Response) -> PushError {
        let (status, is_own) = (answer.status(), self.is_of_registry(answer.url()));
        let mut reason = self.reason(answer).await;
        if is_own && [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status) {
            return self.denied(reason);
        }
        if status == StatusCode::UNAUTHORIZED {
            reason += "; no other host is told who you are";
        }
        let registry = self.repository.registry.clone();
        PushError::Refused { registry, what: what.to_owned(), reason, passing: is_passing(status) }
    }

    /// The error of who is not known, or may not.
    pub(super) fn denied(&self, reason: String) -> PushError {
        let who = match &self.credential {
            Some(Credential::Password { user, .. }) => format!("`{user}`"),
            Some(Credential::IdentityToken(_)) => "you".to_owned(),
            None => "strangers".to_owned(),
        };
        let (registry, name) = (self.repository.registry.clone(), self.repository.name.clone());
        PushError::Denied { registry, name, who, reason }
    }

    /// Whether a registry has something by its digest, as far as the answer tells; `None` where it does not.
    pub(super) fn confirmed(&self, what: &str, wanted: Sha256, answer: &Response) -> Result<Option<()>, PushError> {
        match digest(answer) {
            None => Ok(None),
            Some(found) if found == format!("sha256:{wanted}") => Ok(Some(())),
            Some(found) => {
                let found = found.chars().take(200).collect();
                let registry = self.repository.registry.clone();
                Err(PushError::Unconfirmed { registry, what: what.to_owned(), found })
            }
        }
    }
}
