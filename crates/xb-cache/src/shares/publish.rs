//! Sending what was built.

use std::collections::BTreeSet;

use xb_build::Made;
use xb_graph::{ActionResult, Node, Run};
use xb_sign::{SignError, StatementKey};

use super::{Place, Shares, Statement, entry};
use crate::PackError;

/// The output that is shared. What a build leaves beside it is large, and of use only to its own check, which is shared
/// itself.
const SHARED: &str = "out";

/// Why a result could not be shared.
enum Failed {
    Pack(PackError),
    Sign(SignError),
}

impl From<PackError> for Failed {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

impl From<SignError> for Failed {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl Shares {
    /// Sends a result to every cache that takes it.
    pub(super) async fn send(&self, made: &Made) {
        let places: Vec<_> = self.places.iter().filter(|place| place.writes && place.trouble.may_write()).collect();
        let (Node::Run(run), Some(signer), false) = (made.graph.node(made.node), &self.signer, places.is_empty())
        else {
            return;
        };
        let Ok(_turn) = self.senders.acquire().await else {
            return;
        };
        // What came before may have shown that it takes nothing.
        for place in places.into_iter().filter(|place| place.trouble.may_write()) {
            match send_to(place, signer, run, made).await {
                Ok(()) => {}
                Err(Failed::Pack(error)) => place.trouble.of_write(&*self.events, &place.name, &error),
                Err(Failed::Sign(error)) => {
                    place.trouble.stop_writing(&*self.events, &place.name, &error.to_string());
                }
            }
        }
    }
}

async fn send_to(place: &Place, signer: &StatementKey, run: &Run, made: &Made) -> Result<(), Failed> {
    let result = shared(run, &made.result);
    if is_there(place, signer, run, made, &result).await? {
        return Ok(());
    }
    let trees: Vec<_> = result.outputs.values().copied().collect();
    let beside: Vec<_> = result.log.into_iter().collect();
    let pushed = place.packs.push(&trees, &beside).await?;
    let envelope = Statement::new(run, made, result, pushed.index).seal(signer)?;
    let blobs: Vec<_> = [pushed.index].into_iter().chain(pushed.blobs).collect();
    let bytes = entry::write(&envelope, &blobs);
    for about in made.keys() {
        let key = entry::key(about, &signer.public())?;
        place.packs.remote.put_entry(key, bytes.clone()).await.map_err(PackError::from)?;
    }
    Ok(())
}

/// Whether a place has just this already: its entries, and all blobs that they name.
async fn is_there(
    place: &Place,
    signer: &StatementKey,
    run: &Run,
    made: &Made,
    result: &ActionResult,
) -> Result<bool, Failed> {
    let mut named = BTreeSet::new();
    for about in made.keys() {
        let key = entry::key(about, &signer.public())?;
        let bytes = place.packs.remote.entry(key).await.map_err(PackError::from)?;
        let statement = bytes.as_deref().and_then(entry::read);
        let statement = statement.and_then(|envelope| Statement::open(&envelope, &signer.public(), about).ok());
        let blobs = bytes.as_deref().and_then(entry::blobs);
        match (statement, blobs) {
            (Some(said), Some(blobs)) if said.says(run, made, result) && blobs.contains(&said.pack()) => {
                named.extend(blobs);
            }
            _ => return Ok(false),
        }
    }
    let named: Vec<_> = named.into_iter().collect();
    let lacking = place.packs.remote.lacks(&named).await.map_err(PackError::from)?;
    Ok(lacking.is_empty())
}

/// What of a result is shared, with outputs by their paths. The root that it was made in is this machine's matter.
fn shared(run: &Run, result: &ActionResult) -> ActionResult {
    let path = run.outputs.get(SHARED).map(|path| path.to_string());
    let outputs = result.outputs.iter().filter(|(output, _)| Some(*output) == path.as_ref());
    ActionResult {
        outputs: outputs.map(|(path, tree)| (path.clone(), *tree)).collect(),
        root: None,
        vouched: Vec::new(),
        ..result.clone()
    }
}
