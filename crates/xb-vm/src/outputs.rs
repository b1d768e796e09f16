//! The outputs of an action: taken over from the machine, and judged as in the local sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use xb_core::{RelPath, TreeId};
use xb_graph::{Cause, ResolvedAction};
use xb_run::{Ended, MOST_LEFT_OUT, clash};

use crate::collect::{self, Failed, Output};
use crate::disks::OUTPUTS;
use crate::executor::Inner;
use crate::machine::{Lost, Machine};
use crate::protocol::Line;

/// What became of each output, by their names.
pub type All = Vec<(String, Output)>;

/// How long a machine may take to hand over an output, or to clean up: a large one takes an hour where the machine is
/// emulated.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);

/// Takes over the outputs and waits until nothing of the order is left in the machine.
pub async fn take_over(
    inner: &Arc<Inner>,
    mut machine: Machine,
    action: &ResolvedAction,
    success: bool,
) -> Result<(Machine, All), Failed> {
    let mut all = Vec::new();
    for name in action.outputs.keys().filter(|_| success) {
        let said = match machine.ports.next_news(PATIENCE).await.map_err(Failed::Lost)? {
            Line::Output { list, tree, code } => (list, tree, code),
            _ => return Err(Failed::Lost(out_of_turn())),
        };
        let store = Arc::clone(&inner.store);
        let taking = tokio::task::spawn_blocking(move || {
            let taken = collect::take(&mut machine.outputs, said, OUTPUTS, &*store);
            taken.map(|taken| (machine, taken))
        });
        let taken = taking.await.map_err(|error| Failed::Store(format!("the executor gave up: {error}")))?;
        let one;
        (machine, one) = taken?;
        all.push((name.clone(), one));
    }
    match machine.ports.next_news(PATIENCE).await.map_err(Failed::Lost)? {
        Line::Done => {}
        _ => return Err(Failed::Lost(out_of_turn())),
    }
    machine.outputs.clear().map_err(|error| Failed::Store(format!("cannot clear a disk: {error}")))?;
    Ok((machine, all))
}

fn out_of_turn() -> Lost {
    Lost("it spoke out of turn".to_owned())
}

/// Trees by the names of outputs, and what they do not hold.
pub type Kept = (BTreeMap<String, TreeId>, Vec<String>);

/// The trees of all outputs, and what they do not hold; or what is wrong with one.
pub fn judge(action: &ResolvedAction, ended: &Ended, taken: All) -> Result<Kept, Cause> {
    let refused = |wanted: &RelPath, reason| Cause::RefusedOutput { path: wanted.to_string(), reason };
    if let Some((inner, outer)) = clash(&ended.outputs)
        && let (Some(inner), Some(outer)) = (action.outputs.get(inner), action.outputs.get(outer))
    {
        return Err(refused(inner, format!("it is the folder of `/{outer}`, or lies in it")));
    }
    let (mut trees, mut left_out) = (BTreeMap::new(), Vec::new());
    for ((name, taken), wanted) in taken.into_iter().zip(action.outputs.values()) {
        let taken = match taken {
            Output::Taken(taken) => taken,
            Output::Refused(_, reason) => return Err(refused(wanted, reason)),
            Output::Missing => return Err(Cause::MissingOutput { path: wanted.to_string() }),
        };
        trees.insert(name, taken.tree);
        left_out.extend(taken.left_out.iter().take(MOST_LEFT_OUT).map(|inside| format!("{wanted}/{inside}")));
    }
    Ok((trees, left_out))
}
