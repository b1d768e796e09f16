//! What a server that is an xb tells beside the words of the API.

use xb_remote::proto;
use xb_run::Told;

/// What is told of a run, where it was an xb that ran it.
pub(crate) fn told(result: &proto::ActionResult) -> Option<Told> {
    let about = result.execution_metadata.as_ref()?;
    let any = about.auxiliary_metadata.iter().find(|any| any.type_url == Told::TYPE)?;
    serde_json::from_slice(&any.value).ok()
}
