//! Adding to the lock what it lacks.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use xb_debian::{ResolveError, UnknownNames};
use xb_graph::{Node, NodeId};

use crate::error::FetchError;
use crate::lock::Manners;
use crate::{Sources, debian, folder};

/// Something that could not be added to the lock.
#[derive(Debug)]
pub struct Unlocked {
    /// The node that it is for; none when it is for the lock as a whole.
    pub node: Option<NodeId>,
    /// Why.
    pub error: FetchError,
}

/// How many sources are looked up at one time: some are unpacked while others come in.
const AT_ONCE: usize = 16;

impl Sources {
    /// Adds to the lock what is missing in it for these nodes, when the project has their folders. Where nothing may be
    /// added, everything that is missing is listed.
    ///
    /// # Errors
    /// When something cannot be found, or must not be added: everything that failed by itself, in the order of the
    /// nodes, and the same failure only once.
    pub async fn complete<'n>(
        self: &Arc<Self>,
        nodes: impl IntoIterator<Item = (NodeId, &'n Node)>,
    ) -> Result<(), Vec<Unlocked>> {
        let nodes: Vec<_> = nodes.into_iter().collect();
        told_once(self.without_folder(&nodes))?;
        let lock = self.lock();
        let lacking = nodes.into_iter().filter_map(|(id, node)| Some((id, node, self.lacks(&lock, node)?)));
        let lacking: Vec<_> = lacking.collect();
        if !lacking.is_empty() {
            self.refuse(&lacking)?;
        }
        // Roots first: sources are looked up in the suites that are then in the lock.
        let mut failed = self.roots(&lacking).await;
        let is_hopeless = failed.iter().any(|(_, error)| error.is_of_environment());
        let is_without_suites = !failed.is_empty() && self.lock().debian.is_empty();
        if !is_hopeless && !is_without_suites {
            failed.append(&mut self.sources(&lacking).await);
        }
        told_once(failed)
    }

    /// The nodes of which the project lacks the folder, which is known without asking anybody.
    fn without_folder(&self, nodes: &[(NodeId, &Node)]) -> Vec<(NodeId, FetchError)> {
        let project = &self.context.project;
        let missing = nodes.iter().filter_map(|(id, node)| match node {
            Node::Folder(wanted) => folder::find(project, wanted).err().map(|error| (*id, error)),
            _ => None,
        });
        missing.collect()
    }

    /// Says what is missing, where the manners forbid to add it. What is one thing has a node that it is for.
    fn refuse(&self, lacking: &[(NodeId, &Node, String)]) -> Result<(), Vec<Unlocked>> {
        let missing: BTreeSet<&String> = lacking.iter().map(|(_, _, what)| what).collect();
        let node = lacking.first().filter(|_| missing.len() == 1).map(|(id, ..)| *id);
        let missing = missing.into_iter().cloned().collect();
        let error = match self.context.lock.manners() {
            Manners { locked: true, .. } => self.context.lock.refuse(missing).into(),
            Manners { offline: true, .. } => FetchError::OfflineLock(missing),
            _ => return Ok(()),
        };
        Err(vec![Unlocked { node, error }])
    }

    /// One after another, since they share their indexes. When there are none to be had, no other root has one either.
    async fn roots(&self, lacking: &[(NodeId, &Node, String)]) -> Vec<(NodeId, FetchError)> {
        let mut failed = Vec::new();
        for (id, node, _) in lacking {
            let Node::Debian(root) = node else { continue };
            if let Err(error) = debian::locked(&self.context, &self.suites, root).await {
                let is_hopeless = error.is_of_environment();
                failed.push((*id, error));
                if is_hopeless {
                    break;
                }
            }
        }
        failed
    }

    async fn sources(self: &Arc<Self>, lacking: &[(NodeId, &Node, String)]) -> Vec<(NodeId, FetchError)> {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut tasks = JoinSet::new();
        let mut ids = std::collections::HashMap::new();
        for (id, node, _) in lacking {
            let Node::Fetch(fetch) = node else { continue };
            let (sources, slots, fetch) = (Arc::clone(self), Arc::clone(&slots), fetch.clone());
            let task = tasks.spawn(async move {
                let _slot = slots.acquire().await;
                sources.fetch(&fetch).await.map(drop)
            });
            ids.insert(task.id(), *id);
        }
        let mut failed = Vec::new();
        while let Some(done) = tasks.join_next_with_id().await {
            let (task, done) = match done {
                Ok(done) => done,
                Err(error) => (error.id(), Err(FetchError::Failed(error.to_string()))),
            };
            failed.extend(done.err().zip(ids.remove(&task)).map(|(error, id)| (id, error)));
        }
        failed
    }
}

/// Failures in the order of their nodes, each message once. A method's root has what another's has, for other
/// architectures: a name that is unknown in several is told with the first.
fn told_once(mut failed: Vec<(NodeId, FetchError)>) -> Result<(), Vec<Unlocked>> {
    failed.sort_by_key(|(id, _)| *id);
    merge_unknown(&mut failed);
    let mut told = BTreeSet::new();
    failed.retain(|(_, error)| told.insert(error.to_string()));
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.into_iter().map(|(id, error)| Unlocked { node: Some(id), error }).collect()),
    }
}

fn merge_unknown(failed: &mut Vec<(NodeId, FetchError)>) {
    let mut rest = &mut failed[..];
    while let Some(((_, first), later)) = std::mem::take(&mut rest).split_first_mut() {
        for (_, error) in &mut *later {
            if let (Some(first), Some(names)) = (unknown(first), unknown(error)) {
                first.absorb(names);
            }
        }
        rest = later;
    }
    failed.retain_mut(|(_, error)| unknown(error).is_none_or(|names| !names.is_empty()));
}

fn unknown(error: &mut FetchError) -> Option<&mut UnknownNames> {
    match error {
        FetchError::Resolve(ResolveError::Unknown(names)) => Some(names),
        _ => None,
    }
}
