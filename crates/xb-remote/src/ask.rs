//! Asking until it goes well, or will not.

use std::future::Future;
use std::sync::atomic::AtomicU64;

use tonic::{Code, Status};
use xb_http::while_it_moves;

use crate::error::said;
use crate::{Connection, Kind, RemoteError};

/// What is asked for, and of whom.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub connection: &'a Connection,
    /// A noun, for errors.
    pub what: &'a str,
}

/// Why one try did not go well.
pub(crate) enum Trouble {
    /// What the server, or the way to it, answered.
    Status(Status),
    /// What was found out about an answer.
    Error(RemoteError),
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<RemoteError> for Trouble {
    fn from(error: RemoteError) -> Self {
        Self::Error(error)
    }
}

impl Asked<'_> {
    /// Tries as often as patience lasts; none where there is no such thing. A try lasts as long as `sent` grows.
    pub async fn until<T, F>(&self, sent: &AtomicU64, once: impl Fn() -> F) -> Result<Option<T>, RemoteError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let patience = self.connection.patience();
        let mut tries = 1;
        loop {
            let error = match while_it_moves(once(), sent, patience.silence).await {
                Some(Ok(answer)) => return Ok(Some(answer)),
                Some(Err(Trouble::Status(status))) if status.code() == Code::NotFound => return Ok(None),
                Some(Err(Trouble::Status(status))) => self.error(said(&status), Kind::of(&status)),
                Some(Err(Trouble::Error(error))) => error,
                None => {
                    let why = format!("nothing has gone or come for {} seconds", patience.silence.as_secs_f32());
                    self.error(why, Kind::Unreachable)
                }
            };
            if !error.kind.is_passing() {
                return Err(error);
            }
            if tries >= patience.tries {
                return Err(RemoteError { why: format!("{} (tried {tries} times)", error.why), ..error });
            }
            patience.pause_after(tries, None).await;
            tries += 1;
        }
    }

    /// [`until`](Self::until), of what sends so little that it goes at once.
    pub async fn soon<T, F>(&self, once: impl Fn() -> F) -> Result<Option<T>, RemoteError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        self.until(&AtomicU64::new(0), once).await
    }

    /// [`soon`](Self::soon), where there can be no such thing as nothing.
    pub async fn surely<T, F>(&self, once: impl Fn() -> F) -> Result<T, RemoteError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let nothing = || self.error("it knows nothing of it".to_owned(), Kind::Refused);
        self.soon(once).await?.ok_or_else(nothing)
    }

    pub fn error(&self, why: String, kind: Kind) -> RemoteError {
        self.connection.error(self.what, why, kind)
    }
}
