//! A world for builds: contents in memory, an executor that follows instructions, and graphs from few words.
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub mod contents;
pub mod executor;
pub mod graph;
pub mod store;
pub mod team;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use xb_build::{
    BoxFuture, Builder, Event, Events, Inspector, Machine, Options, ProvideError, Provider, Realised, Source,
};
use xb_core::{Arch, Digest, RelPath, TreeId};
use xb_graph::{DirectoriesMut, Entry, Graph, NodeId, Unbuilt, build_tree};
use xb_store::{Contents, ShortMemory};

use contents::{MemoryCache, MemoryContents};
use executor::FakeExecutor;

/// Everything that a builder needs, and what it was told.
pub struct World {
    pub contents: Arc<MemoryContents>,
    pub cache: Arc<MemoryCache>,
    pub provider: Arc<FakeProvider>,
    pub executor: Arc<FakeExecutor>,
    pub memory: Arc<ShortMemory>,
    pub told: Arc<Told>,
    pub inspector: Arc<dyn Inspector>,
    pub options: Options,
    pub shared: Option<Arc<team::Team>>,
}

impl Default for World {
    fn default() -> Self {
        Self::over(Arc::default())
    }
}

impl World {
    /// A world that has nothing but what is in this memory.
    pub fn over(contents: Arc<MemoryContents>) -> Self {
        Self {
            cache: Arc::default(),
            provider: Arc::new(FakeProvider {
                contents: Arc::clone(&contents),
                texts: Mutex::default(),
                asked: Mutex::default(),
                gone: Mutex::default(),
            }),
            executor: Arc::new(FakeExecutor::new(contents.clone(), Arch::Amd64)),
            contents,
            memory: Arc::default(),
            told: Arc::default(),
            inspector: Arc::new(()),
            options: Options { jobs: 4, ..Options::default() },
            shared: None,
        }
    }

    pub fn builder(&self) -> Builder {
        Builder {
            contents: self.contents.clone(),
            cache: self.cache.clone(),
            provider: self.provider.clone(),
            machines: vec![Machine::here(self.executor.clone())],
            inspector: self.inspector.clone(),
            events: self.told.clone(),
            memory: self.memory.clone(),
            locks: Arc::new(()),
            shared: self.shared.clone().map(|team| team as _),
        }
    }

    pub async fn realise(&self, graph: Graph, goals: &[NodeId]) -> Realised {
        let graph = Arc::new(graph);
        self.builder().realise(&graph, goals, &self.options).await
    }

    /// The same store on a later day: nothing is running, nothing was told.
    pub fn forget_what_happened(&self) {
        self.executor.forget_what_ran();
        self.told.0.lock().unwrap().clear();
    }
}

/// Remembers events.
#[derive(Debug, Default)]
pub struct Told(pub Mutex<Vec<Event>>);

impl Events for Told {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Told {
    /// `cross -> emulate: why` for each fallback.
    pub fn fallbacks(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let fallbacks = events.iter().filter_map(|event| match event {
            Event::FellBack { from, to, why, .. } => Some(format!("{from} -> {to}: {why}")),
            _ => None,
        });
        fallbacks.collect()
    }
}

/// Brings a tree with one file, `text`: the url, or what was put in its place.
pub struct FakeProvider {
    contents: Arc<MemoryContents>,
    pub texts: Mutex<BTreeMap<String, String>>,
    pub asked: Mutex<Vec<String>>,
    /// Urls whose server is gone, whatever the lock says of them.
    pub gone: Mutex<BTreeSet<String>>,
}

impl FakeProvider {
    pub fn change(&self, url: &str, text: &str) {
        let mut texts = self.texts.lock().unwrap();
        texts.insert(url.to_owned(), text.to_owned());
    }
}

impl Provider for FakeProvider {
    fn provide<'a>(&'a self, source: Source<'a>) -> BoxFuture<'a, Result<TreeId, ProvideError>> {
        Box::pin(async move {
            let Source::Fetch(fetch) = source else {
                panic!("only downloads here");
            };
            self.asked.lock().unwrap().push(fetch.url.clone());
            let is_gone = self.gone.lock().unwrap().contains(&fetch.url);
            if is_gone || fetch.url.starts_with("gone:") {
                return Err(ProvideError {
                    message: format!("`{}` is not there", fetch.url),
                    help: None,
                    is_of_environment: true,
                });
            }
            if fetch.url.starts_with("slow:") {
                std::future::pending::<()>().await;
            }
            let texts = self.texts.lock().unwrap();
            let text = texts.get(&fetch.url).unwrap_or(&fetch.url);
            Ok(text_tree(&*self.contents, "text", text))
        })
    }

    fn pin(&self, source: &Source<'_>) -> Option<Digest> {
        let Source::Fetch(fetch) = source else {
            return None;
        };
        let texts = self.texts.lock().unwrap();
        let text = texts.get(&fetch.url).unwrap_or(&fetch.url);
        (!fetch.url.starts_with("unlocked:")).then(|| Digest::of(text.as_bytes()))
    }
}

/// A tree with one file.
pub fn text_tree(contents: &dyn Contents, path: &str, text: &str) -> TreeId {
    let mut root = Unbuilt::default();
    root.put(
        &RelPath::new(path).unwrap(),
        Entry::File { content: contents.add_content(&mut text.as_bytes()).unwrap(), executable: false, mode: None },
    );
    build_tree(root, contents as &dyn DirectoriesMut).unwrap()
}
