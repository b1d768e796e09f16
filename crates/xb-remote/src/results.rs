//! What actions left.

use bazel_remote_apis::build::bazel::remote::execution::v2::action_cache_client::ActionCacheClient;
use bazel_remote_apis::build::bazel::remote::execution::v2::{
    ActionResult, Digest, GetActionResultRequest, UpdateActionResultRequest,
};

use crate::connection::MOST_MESSAGE;
use crate::{Connection, RemoteError};

impl Connection {
    /// What an action left, if the server has it, with what it printed if that is at hand. `what` is a noun, for errors.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not let one.
    pub async fn result(&self, action: &Digest, what: &str) -> Result<Option<ActionResult>, RemoteError> {
        let message = GetActionResultRequest {
            instance_name: self.instance(),
            action_digest: Some(action.clone()),
            inline_stdout: true,
            digest_function: self.function().number(),
            ..GetActionResultRequest::default()
        };
        let ask = self.ask(what);
        ask.soon(|| async { Ok(self.action_cache().await?.get_action_result(self.signed(message.clone())?).await?) })
            .await
            .map(|answer| answer.map(tonic::Response::into_inner))
    }

    /// Says what an action left, in the place of what was said of it.
    ///
    /// # Errors
    /// When the server cannot be reached, or does not take it.
    pub async fn put_result(&self, action: &Digest, result: ActionResult, what: &str) -> Result<(), RemoteError> {
        let message = UpdateActionResultRequest {
            instance_name: self.instance(),
            action_digest: Some(action.clone()),
            action_result: Some(result),
            results_cache_policy: None,
            digest_function: self.function().number(),
        };
        let ask = self.ask(what);
        ask.surely(|| async {
            Ok(self.action_cache().await?.update_action_result(self.signed(message.clone())?).await?)
        })
        .await
        .map(|_| ())
    }

    async fn action_cache(&self) -> Result<ActionCacheClient<tonic::transport::Channel>, RemoteError> {
        Ok(ActionCacheClient::new(self.channel().await?).max_decoding_message_size(MOST_MESSAGE))
    }
}
