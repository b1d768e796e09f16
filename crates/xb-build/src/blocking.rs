//! What waits for a disk, where it keeps nobody from working.

use std::sync::Arc;

use crate::ExecutorError;

/// Does the work of an executor that waits for a disk on a thread for that.
///
/// # Errors
/// Those of the work; and when the program gives up meanwhile.
pub async fn blocking<I, T>(
    inner: &Arc<I>,
    work: impl FnOnce(&I) -> Result<T, ExecutorError> + Send + 'static,
) -> Result<T, ExecutorError>
where
    I: Send + Sync + 'static + ?Sized,
    T: Send + 'static,
{
    let inner = Arc::clone(inner);
    let gave_up = |error| ExecutorError::Machine(format!("the executor gave up: {error}"));
    tokio::task::spawn_blocking(move || work(&inner)).await.map_err(gave_up)?
}
