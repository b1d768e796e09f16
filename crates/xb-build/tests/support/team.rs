//! A shared cache in memory, which says what it was asked.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use xb_build::{BoxFuture, Brought, Made, Offer, SharedCache, SharedKey, Wanted};
use xb_core::Digest;
use xb_graph::{ActionResult, Node, Run};

/// Keeps the results' outputs at `xb/out` alone, as a cache that keeps no build trees.
#[derive(Debug, Default)]
pub struct Team {
    offers: Mutex<HashMap<SharedKey, Offer>>,
    /// Packages that were asked for by their recipes, each turn in its order.
    asked: Mutex<Vec<Vec<String>>>,
    brought: Mutex<Vec<String>>,
    /// By which its members vouch.
    pub name: String,
    /// What is offered is not to be had.
    pub lost: AtomicBool,
    /// What is offered of this package alone is not to be had.
    pub lost_of: Mutex<String>,
}

impl Team {
    pub fn called(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub fn asked(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// Who left what was brought.
    pub fn brought(&self) -> Vec<String> {
        std::mem::take(&mut self.brought.lock().unwrap())
    }
}

impl SharedCache for Team {
    fn offers<'a>(&'a self, wanted: &'a [Wanted<'a>]) -> BoxFuture<'a, Vec<Option<Offer>>> {
        let by_recipe = wanted.iter().filter(|wanted| matches!(wanted.key, SharedKey::Recipe(_)));
        let names: Vec<_> = by_recipe.map(|wanted| wanted.run.package.clone()).collect();
        self.asked.lock().unwrap().extend(Some(names).filter(|names| !names.is_empty()));
        let offers = self.offers.lock().unwrap();
        let found = wanted.iter().map(|wanted| offers.get(&wanted.key).cloned()).collect();
        Box::pin(async { found })
    }

    fn bring<'a>(&'a self, offer: &'a Offer) -> BoxFuture<'a, Brought> {
        self.brought.lock().unwrap().push(offer.from.clone());
        let is_lost = self.lost.load(Ordering::Relaxed) || *self.lost_of.lock().unwrap() == offer.from;
        let brought = if is_lost { Brought::Gone } else { Brought::Here };
        Box::pin(async move { brought })
    }

    fn believes(&self, _: &Run, vouched: &[String]) -> bool {
        vouched.contains(&self.name)
    }

    fn scope(&self) -> Digest {
        Digest::of(self.name.as_bytes())
    }

    fn publish<'a>(&'a self, made: &'a Made) -> BoxFuture<'a, ()> {
        let Node::Run(run) = made.graph.node(made.node) else {
            panic!("only runs leave results");
        };
        let outputs = made.result.outputs.iter().filter(|(path, _)| *path == "xb/out");
        let outputs = outputs.map(|(path, tree)| (path.clone(), *tree)).collect();
        let result = ActionResult { outputs, vouched: vec![self.name.clone()], ..made.result.clone() };
        let mut offers = self.offers.lock().unwrap();
        for key in made.keys() {
            let from = run.package.clone();
            offers.insert(key, Offer { key, action: made.action, result: result.clone(), from });
        }
        Box::pin(async {})
    }
}
