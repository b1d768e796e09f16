//! Logging in: by a name and a password, or by a token in exchange for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use xb_http::{asked_pause, is_passing};

use super::Remote;
use super::answer::bytes;
use super::challenge::Challenge;
use super::retry::Trouble;
use crate::credentials::Credential;

/// No token is larger.
const MOST: usize = 1 << 20;

#[derive(Deserialize)]
struct Given {
    token: Option<String>,
    access_token: Option<String>,
}

impl Remote {
    /// Takes up the challenge of an answer to a request that said `said` of oneself.
    pub(super) async fn log_in(&self, answer: Response, said: Option<HeaderValue>) -> Result<(), Trouble> {
        let mut authorization = self.authorization.lock().await;
        if *authorization != said {
            // Another request was here meanwhile.
            return Ok(());
        }
        let header = match Challenge::of(answer.headers()) {
            Some(Challenge::Bearer { realm, service }) => self.token(realm, service.as_deref()).await?,
            Some(Challenge::Basic) => match &self.credential {
                Some(Credential::Password { user, password }) if said.is_none() => {
                    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
                }
                _ => return Err(self.denied(self.reason(answer).await).into()),
            },
            None => return Err(self.denied(self.reason(answer).await).into()),
        };
        let mut header = HeaderValue::from_str(&header)
            .map_err(|_| self.denied("it gives a token that cannot be in a header".to_owned()))?;
        header.set_sensitive(true);
        *authorization = Some(header);
        Ok(())
    }

    async fn token(&self, realm: Url, service: Option<&str>) -> Result<String, Trouble> {
        if self.root.scheme() == "https" && realm.scheme() != "https" {
            return Err(self.denied("it asks for a password over a connection without TLS".to_owned()).into());
        }
        let request = self.asking(realm, service).timeout(self.patience.silence);
        let cut = |error: reqwest::Error| self.cut(Some(&error));
        let answer = request.send().await.map_err(cut)?;
        if is_passing(answer.status()) {
            let asked = asked_pause(&answer);
            return Err(Trouble::Passing(self.refused("a request for a token", answer).await, asked));
        }
        if !answer.status().is_success() {
            let said = self.reason(answer).await;
            return Err(self.denied(format!("no token is given: {said}")).into());
        }
        let given = bytes(answer, MOST).await.map_err(cut)?;
        let given: Option<Given> = serde_json::from_slice(&given).ok();
        let token = given.and_then(|given| given.token.or(given.access_token)).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| self.denied("what should be a token is none".to_owned()))?;
        Ok(format!("Bearer {token}"))
    }

    fn asking(&self, realm: Url, service: Option<&str>) -> RequestBuilder {
        let beside = self.beside.iter().map(|name| format!("repository:{name}:pull"));
        let scopes = std::iter::once(format!("repository:{}:pull,push", self.repository.name)).chain(beside);
        let scopes: Vec<String> = scopes.collect();
        match &self.credential {
            Some(Credential::IdentityToken(token)) => {
                let scopes = scopes.join(" ");
                let fields = [("grant_type", "refresh_token"), ("client_id", "xb"), ("refresh_token", token)];
                let more = [("scope", &*scopes)].into_iter().chain(service.map(|service| ("service", service)));
                let form = form(fields.into_iter().chain(more));
                self.tokens.post(realm).header("Content-Type", "application/x-www-form-urlencoded").body(form)
            }
            credential => {
                let mut url = realm;
                {
                    let mut query = url.query_pairs_mut();
                    query.extend_pairs(service.map(|service| ("service", service)));
                    query.extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
                }
                let request = self.tokens.get(url);
                match credential {
                    Some(Credential::Password { user, password }) => request.basic_auth(user, Some(password)),
                    _ => request,
                }
            }
        }
    }
}

/// Fields as a form has them.
fn form<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = Url::parse("form:/").expect("it is a url");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}
