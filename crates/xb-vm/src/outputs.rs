//! The outputs of an action: taken over from the machine, and judged as in the local sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use xb_core::{RelPath, TreeId};
use xb_graph::{Cause, ResolvedAction};
use xb_run::{Ended, MOST_LEFT_OUT, clash};

use crate::collect::{self, Failed, Taken};
use crate::executor::Inner;
use crate::machine::{Lost, Machine};
use crate::protocol::Line;

/// What became of each output, by their names.
pub type All = Vec<(String, Option<Taken>)>;

/// Takes over the outputs and waits until nothing of the order is left in the machine.
pub async fn take_over(
    inner: &Arc<Inner>,
    mut machine: Machine,
    action: &ResolvedAction,
    success: bool,
) -> Result<(Machine, All), Failed> {
    let mut all = Vec::new();
    for name in action.outputs.keys().filter(|_| success) {
        let (list, tree, code) = loop {
            match machine.ports.next().await.map_err(Failed::Lost)? {
                Line::Alive => {}
                Line::Output { list, tree, code } => break (list, tree, code),
                _ => return Err(Failed::Lost(Lost("it spoke out of turn".to_owned()))),
            }
        };
        let (store, most) = (Arc::clone(&inner.store), most_written(action));
        let taking = tokio::task::spawn_blocking(move || {
            let taken = collect::take(&mut machine.outputs, list, tree, code, most, &*store);
            taken.map(|taken| (machine, taken))
        });
        let taken = taking.await.map_err(|error| Failed::Store(format!("the executor gave up: {error}")))?;
        let one;
        (machine, one) = taken?;
        all.push((name.clone(), one));
    }
    loop {
        match machine.ports.next().await.map_err(Failed::Lost)? {
            Line::Alive => {}
            Line::Done => break,
            _ => return Err(Failed::Lost(Lost("it spoke out of turn".to_owned()))),
        }
    }
    machine.outputs.clear().map_err(|error| Failed::Store(format!("cannot clear a disk: {error}")))?;
    Ok((machine, all))
}

/// Outputs have no more bytes than could be written, but those of the layers may be among them.
fn most_written(action: &ResolvedAction) -> u64 {
    const MOST: u64 = 64 << 30;
    if action.limits.disk == 0 { MOST } else { MOST.min(action.limits.disk.saturating_mul(2)) }
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
        let Some(taken) = taken else {
            return Err(Cause::MissingOutput { path: wanted.to_string() });
        };
        trees.insert(name, taken.tree.map_err(|reason| refused(wanted, reason))?);
        left_out.extend(taken.left_out.iter().take(MOST_LEFT_OUT).map(|inside| format!("{wanted}/{inside}")));
    }
    Ok((trees, left_out))
}
