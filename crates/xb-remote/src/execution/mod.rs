//! Actions that a server runs.
//!
//! A server is followed until the action has ended, whatever becomes of the connection meanwhile: who is cut off waits
//! for the same operation again, and where the server has forgotten it, has the action run anew.

mod outcome;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bazel_remote_apis::build::bazel::remote::execution::v2::execution_client::ExecutionClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::execution_stage::Value as Stage;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    Digest, ExecuteOperationMetadata, ExecuteRequest, WaitExecutionRequest,
};
use bazel_remote_apis::google::longrunning::operations_client::OperationsClient;
use bazel_remote_apis::google::longrunning::{CancelOperationRequest, Operation as Told};
use prost::Message as _;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::ask::Trouble;
use crate::connection::MOST_MESSAGE;
use crate::error::said;
use crate::{Connection, Kind, RemoteError};
pub use outcome::Outcome;
use outcome::Verdict;

/// How often a server that has too much to do is asked again. With pauses that grow to half a minute, that is about half
/// an hour.
const MOST_FULL: u32 = 60;

/// What a server tells of the run of an action while that goes on.
#[derive(Debug, Default)]
pub struct Operation(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// Whether the server was asked for a run and has not told anything of it yet.
    is_asked: bool,
    name: Option<String>,
    began: Option<Instant>,
}

impl Operation {
    /// Its name, for [`Connection::cancel`]; none while the server has said none, or where it has ended.
    pub fn name(&self) -> Option<String> {
        self.heard().name.clone()
    }

    /// Whether the server was asked for a run, and may say any moment what it calls it.
    pub fn is_asked(&self) -> bool {
        self.heard().is_asked
    }

    /// Since when the command runs, or ran; none where the server did not say that it does.
    pub fn began(&self) -> Option<Instant> {
        self.heard().began
    }

    /// What it told of an earlier run is not about this one, but for the name, by which that one can be stopped.
    fn ask(&self) {
        let mut heard = self.heard();
        (heard.is_asked, heard.began) = (true, None);
    }

    fn hear(&self, told: Told) {
        let about = told.metadata.and_then(|any| ExecuteOperationMetadata::decode(&*any.value).ok());
        let mut heard = self.heard();
        heard.is_asked = false;
        heard.name = Some(told.name).filter(|name| !name.is_empty());
        match about.map(|about| about.stage()) {
            Some(Stage::Executing) => drop(heard.began.get_or_insert_with(Instant::now)),
            // A worker was lost, and it waits for another one.
            Some(Stage::Queued) => heard.began = None,
            _ => {}
        }
    }

    /// There is no such operation any more, or none yet.
    fn ended(&self) {
        self.heard().name = None;
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a run is lost before that says more about the action, which may kill its workers, than about the server.
const MOST_LOST: u32 = 3;

/// How often the connection is cut at all, whatever is heard between. With pauses that grow to half a minute, that is
/// some hours.
const MOST_CUT: u32 = 300;

/// How often something did not go well, of each kind.
#[derive(Default)]
struct Tries {
    /// Times in a row in which the server told nothing of the run.
    silent: u32,
    /// Times in which the connection was cut.
    cut: u32,
    /// Times in which the server had too much to do.
    full: u32,
    /// Times in which the server did not know the run any more.
    forgotten: u32,
    /// Times in which a run was lost.
    lost: u32,
}

impl Connection {
    /// Has the server run an action, and waits until it has ended. `again` has it run even if the server knows how it
    /// ended before; `what` is a noun, for errors.
    ///
    /// Who drops the future leaves the server at work: see [`Connection::cancel`].
    ///
    /// # Errors
    /// When the server cannot be reached, loses the run again and again, or refuses to run it.
    pub async fn execute(
        &self,
        action: &Digest,
        again: bool,
        what: &str,
        operation: &Operation,
    ) -> Result<Outcome, RemoteError> {
        let mut tries = Tries::default();
        let mut can_wait = true;
        loop {
            let waited_for = operation.name().filter(|_| can_wait);
            let is_wait = waited_for.is_some();
            let followed = self.follow(action, again, waited_for, operation, &mut tries).await;
            operation.heard().is_asked = false;
            let verdict = match followed {
                Ok(told) => {
                    operation.ended();
                    Verdict::of(told)
                }
                Err(Trouble::Error(error)) => return Err(error),
                Err(Trouble::Status(status)) if is_wait && status.code() == Code::Unimplemented => {
                    can_wait = false;
                    continue;
                }
                Err(Trouble::Status(status)) => Verdict::of_stream(status, is_wait),
            };
            match verdict {
                Verdict::Outcome(outcome) => return Ok(outcome),
                Verdict::Forgotten(status) => {
                    operation.ended();
                    self.lost(&mut tries.forgotten, self.patience().tries, what, &status).await?;
                }
                Verdict::Cut(status) => self.cut(&mut tries, what, &status).await?,
                Verdict::Full(status) => self.once_more(&mut tries.full, MOST_FULL, what, &status).await?,
                Verdict::Lost(status) => {
                    let most = MOST_LOST.min(self.patience().tries);
                    self.lost(&mut tries.lost, most, what, &status).await?;
                }
                Verdict::Refused(status) => return Err(self.error(what, said(&status), Kind::of(&status))),
            }
        }
    }

    /// A run that is lost again and again says more about the action than about the server.
    async fn lost(&self, tries: &mut u32, most: u32, what: &str, status: &Status) -> Result<(), RemoteError> {
        let again = self.once_more(tries, most, what, status).await;
        again.map_err(|error| RemoteError { kind: Kind::Refused, ..error })
    }

    /// A server that is not heard in between is given up sooner than one that tells of the run and is cut off again.
    async fn cut(&self, tries: &mut Tries, what: &str, status: &Status) -> Result<(), RemoteError> {
        tries.silent += 1;
        let most = if tries.silent < self.patience().tries { MOST_CUT } else { 0 };
        self.once_more(&mut tries.cut, most, what, status).await
    }

    /// Pauses before the next try, if there is one.
    async fn once_more(&self, tries: &mut u32, most: u32, what: &str, status: &Status) -> Result<(), RemoteError> {
        *tries += 1;
        if *tries >= most {
            let why = format!("{} (tried {tries} times)", said(status));
            return Err(self.error(what, why, Kind::of(status)));
        }
        self.patience().pause_after(*tries, None).await;
        Ok(())
    }

    /// Has it run, or waits for what runs, until it has ended or the connection has.
    async fn follow(
        &self,
        action: &Digest,
        again: bool,
        waited_for: Option<String>,
        operation: &Operation,
        tries: &mut Tries,
    ) -> Result<Told, Trouble> {
        let mut client = ExecutionClient::new(self.channel().await?).max_decoding_message_size(MOST_MESSAGE);
        let answer = match waited_for {
            Some(name) => client.wait_execution(self.signed(WaitExecutionRequest { name })?).await?,
            None => {
                operation.ask();
                let message = ExecuteRequest {
                    instance_name: self.instance(),
                    skip_cache_lookup: again,
                    action_digest: Some(action.clone()),
                    digest_function: self.function().number(),
                    ..ExecuteRequest::default()
                };
                client.execute(self.signed(message)?).await?
            }
        };
        let mut answers = answer.into_inner();
        while let Some(told) = answers.message().await? {
            if told.done {
                return Ok(told);
            }
            tries.silent = 0;
            operation.hear(told);
        }
        Err(Status::unavailable("it stopped telling of the run before that had ended").into())
    }

    /// Has the server stop an operation; whether it does is up to the server.
    ///
    /// # Errors
    /// When the server cannot be reached. One that knows of no such operation, or cannot stop any, is none.
    pub async fn cancel(&self, operation: &str) -> Result<(), RemoteError> {
        let ask = self.ask("the end of an operation");
        let stopped = ask.soon(|| async {
            let message = CancelOperationRequest { name: operation.to_owned() };
            let mut client: OperationsClient<Channel> = OperationsClient::new(self.channel().await?);
            match client.cancel_operation(self.signed(message)?).await {
                Err(status) if status.code() == Code::Unimplemented => Ok(()),
                answer => Ok(answer.map(drop)?),
            }
        });
        stopped.await.map(drop)
    }
}
