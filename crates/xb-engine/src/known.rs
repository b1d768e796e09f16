//! What is known of an engine's contents for a while: what it was seen to have a moment ago it has.
//!
//! Being wrong costs one try: an engine that lacks something says so, and everything is looked at again. Of two who
//! need the same tree at the same time, one sends it and the other waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use xb_core::TreeId;
use xb_remote::proto::Digest;

/// How long an engine is taken to have what it had. Engines throw away what was not used for hours.
const TRUSTED: Duration = Duration::from_secs(10 * 60);

/// Trees that an engine has, and those that somebody sends now.
#[derive(Default)]
pub(crate) struct Known(Mutex<Trees>);

#[derive(Default)]
struct Trees {
    /// What the engine calls them, and when it was seen to have them, with all that is beneath them.
    here: HashMap<TreeId, (Digest, Instant)>,
    sent: HashMap<TreeId, Waiting>,
}

/// What somebody sends.
struct Sending {
    /// Closed when it was sent, or given up.
    done: Semaphore,
    /// Why the engine is not to be had any more, as who sent it found out.
    gone: OnceLock<String>,
}

type Waiting = Arc<Sending>;

/// Trees that nobody else sends, until it is dropped.
pub(crate) struct Claim<'a> {
    known: &'a Known,
    /// Which they are.
    pub trees: Vec<TreeId>,
    ours: Waiting,
    /// What others send that is needed, too.
    others: Vec<Waiting>,
}

impl Known {
    /// What the engine calls a tree that it has, with all that is beneath it.
    pub fn tree(&self, tree: TreeId) -> Option<Digest> {
        let known = self.lock();
        known.here.get(&tree).filter(|(_, since)| since.elapsed() < TRUSTED).map(|(digest, _)| digest.clone())
    }

    /// A tree is for the caller to send, unless somebody sends it already: then the claim is on nothing.
    pub fn claim(&self, root: TreeId) -> Claim<'_> {
        let ours = Waiting::new(Sending { done: Semaphore::new(0), gone: OnceLock::new() });
        let mut claim = Claim { known: self, trees: Vec::new(), ours, others: Vec::new() };
        claim.extend([root]);
        claim
    }

    /// The engine was seen to have these, each with all that is beneath it.
    pub fn has(&self, trees: impl IntoIterator<Item = (TreeId, Digest)>) {
        let now = Instant::now();
        self.lock().here.extend(trees.into_iter().map(|(tree, digest)| (tree, (digest, now))));
    }

    /// Nothing is known any more.
    pub fn forget(&self) {
        self.lock().here.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Trees> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Of these trees, those that nobody sends yet are for the caller to send, too.
    pub fn extend(&mut self, trees: impl IntoIterator<Item = TreeId>) {
        let mut known = self.known.lock();
        for tree in trees {
            match known.sent.get(&tree) {
                Some(other) if Arc::ptr_eq(other, &self.ours) => {}
                Some(other) if self.others.last().is_some_and(|last| Arc::ptr_eq(last, other)) => {}
                Some(other) => self.others.push(Arc::clone(other)),
                None => {
                    known.sent.insert(tree, Arc::clone(&self.ours));
                    self.trees.push(tree);
                }
            }
        }
    }

    /// The engine is not to be had any more: those who wait need not find that out themselves, one after the other.
    pub fn is_gone(&self, why: &str) {
        // Whoever said so before knew as much.
        let _ = self.ours.gone.set(why.to_owned());
    }

    /// Gives back what was claimed, waits for what others send, and says whether there was anything of that: they may
    /// have given up.
    ///
    /// # Errors
    /// When one of them found out that the engine is not to be had any more: why.
    pub async fn settle(mut self) -> Result<bool, String> {
        let others = std::mem::take(&mut self.others);
        drop(self);
        for other in &others {
            // It has no permits: waiting ends when it is closed, which is an error.
            drop(other.done.acquire().await);
            if let Some(why) = other.gone.get() {
                return Err(why.clone());
            }
        }
        Ok(!others.is_empty())
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut known = self.known.lock();
        self.trees.iter().for_each(|tree| drop(known.sent.remove(tree)));
        self.ours.done.close();
    }
}

#[cfg(test)]
mod tests {
    use xb_remote::DigestFunction;

    use super::*;

    fn tree(seed: u8) -> TreeId {
        TreeId(xb_core::Digest::new([seed; 32], 1))
    }

    #[tokio::test]
    async fn a_tree_is_sent_by_one() {
        let known = Known::default();
        let mut first = known.claim(tree(1));
        first.extend([tree(2), tree(1)]);
        let mut second = known.claim(tree(3));
        second.extend([tree(2), tree(3)]);
        assert_eq!((first.trees.len(), &second.trees), (2, &vec![tree(3)]));
        known.has([(tree(2), DigestFunction::Sha256.of(b"2"))]);
        assert!(known.claim(tree(1)).trees.is_empty());
        let (waited, not) = tokio::join!(second.settle(), first.settle());
        assert_eq!((waited, not), (Ok(true), Ok(false)));
        assert!(known.tree(tree(2)).is_some() && known.tree(tree(3)).is_none());
        assert!([1, 2, 3].into_iter().all(|seed| known.claim(tree(seed)).trees.len() == 1));
        known.forget();
        assert!(known.tree(tree(2)).is_none());
        let (first, second) = (known.claim(tree(1)), known.claim(tree(1)));
        first.is_gone("it is off");
        let (waited, _) = tokio::join!(second.settle(), first.settle());
        assert_eq!(waited, Err("it is off".to_owned()));
    }
}
