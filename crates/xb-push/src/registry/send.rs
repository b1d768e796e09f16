//! One request, with what is said of oneself, and once more when a registry asks for that.

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use xb_http::{ClientError, asked_pause, causes, is_passing};

use super::Remote;
use super::retry::Trouble;
use crate::error::PushError;

impl Remote {
    /// Sends a request that has little to send.
    pub(super) async fn send(&self, make: &dyn Fn(&Client) -> RequestBuilder) -> Result<Response, Trouble> {
        self.speak(&|client| Ok(make(client).timeout(self.patience.silence)), async |sending| {
            sending.await.map_err(Some)
        })
        .await
    }

    /// Sends a request that `make` makes anew each time, and waits for the answer by `wait`. An answer is one that
    /// will not pass: whatever does is an error, and no error is a silence. Only the registry itself may ask who one
    /// is: another host, to which it leads, could name one of its own to tell that to.
    pub(super) async fn speak(
        &self,
        make: &dyn Fn(&Client) -> Result<RequestBuilder, PushError>,
        wait: impl AsyncFn(Sending) -> Result<Response, Option<reqwest::Error>>,
    ) -> Result<Response, Trouble> {
        let mut may_log_in = true;
        loop {
            let said = self.authorization.lock().await.clone();
            let (client, request) = make(&self.client)?.build_split();
            let mut request = request.map_err(|error| PushError::from(ClientError::of(&error)))?;
            if let Some(said) = said.clone().filter(|_| self.is_of_registry(request.url())) {
                request.headers_mut().insert(AUTHORIZATION, said);
            }
            let sending = Box::pin(async move { client.execute(request).await });
            let answer = wait(sending).await.map_err(|error| self.cut(error.as_ref()))?;
            let may_ask = may_log_in && self.is_of_registry(answer.url());
            if answer.status() == StatusCode::UNAUTHORIZED && may_ask {
                may_log_in = false;
                self.log_in(answer, said).await?;
                continue;
            }
            if is_passing(answer.status()) {
                let asked = asked_pause(&answer);
                return Err(Trouble::Passing(self.refused("requests now", answer).await, asked));
            }
            return Ok(answer);
        }
    }

    /// Whether a url is of the registry itself: to others, nothing is said of oneself.
    pub(super) fn is_of_registry(&self, url: &Url) -> bool {
        url.origin() == self.root.origin()
    }

    pub(super) fn cut(&self, error: Option<&reqwest::Error>) -> Trouble {
        let Some(error) = error else {
            let seconds = self.patience.silence.as_secs();
            return Trouble::Passing(self.unreachable(format!("it has taken nothing for {seconds} seconds")), None);
        };
        let told = self.unreachable(causes(error));
        if error.is_redirect() || error.is_builder() { Trouble::Lasting(told) } else { Trouble::Passing(told, None) }
    }
}

/// A request that is on its way.
pub(super) type Sending = std::pin::Pin<Box<dyn Future<Output = reqwest::Result<Response>>>>;
