//! The store itself: what its parts share, and the traits that the rest of xb knows it by.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashSet;
use xb_core::{ActionId, ContentId, TreeId};
use xb_graph::reapi::{Directory, encode};
use xb_graph::{ActionResult, Directories, DirectoriesMut, MissingDirectory};

use crate::direct::Direct;
use crate::epoch::Boot;
use crate::error::{Context, Result};
use crate::index::Index;
use crate::layout::{Form, Layout};
use crate::session::Session;
use crate::turns::Turns;
use crate::{ActionCache, Contents};

/// This machine's contents, trees, results and roots; clones share everything.
///
/// Several processes may have the same store open. While one has, nothing goes from it: see [`Store::gc`].
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    layout: Layout,
    boot: Boot,
    index: Index,
    contents: File,
    session: Session,
    making: Turns<TreeId>,
    direct: Direct,
    sound: Mutex<FxHashSet<TreeId>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nothing names what is still only in memory, so losing it would cost time and nothing else.
        let _ = self.index.flush();
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.layout.top).finish()
    }
}

impl Store {
    /// Opens the store in a folder, which is made when it is not there.
    ///
    /// Waits while somebody collects garbage. The first to open it after the machine was started checks what a loss of
    /// power may have taken.
    ///
    /// # Errors
    /// See [`crate::StoreError`].
    pub fn open(path: &Path) -> Result<Self> {
        let layout = Layout::create(path)?;
        let boot = Boot::current();
        let index = Index::open(&layout.database(), boot.clone())?;
        let must_be_alone = || Ok(boot.is_new(&layout) || !boot.doubtful(&index.db)?.is_empty());
        let alone = || crate::settle::settle(&layout, &index.db, &boot);
        let session = Session::open(&layout, must_be_alone, alone)?;
        let contents = File::open(layout.contents()).on("cannot open", &layout.contents())?;
        let store = Self(Arc::new(Inner {
            layout,
            boot,
            index,
            contents,
            session,
            making: Turns::default(),
            direct: Direct::default(),
            sound: Mutex::default(),
        }));
        store.sync_what_has_cooled()?;
        Ok(store)
    }

    /// Makes everything durable that was added until now, against a loss of power too.
    ///
    /// There is seldom a reason to wait for this: see the module documentation.
    ///
    /// # Errors
    /// See [`crate::StoreError`].
    pub fn sync(&self) -> Result<()> {
        self.index().flush()?;
        self.0.boot.sync(&self.index().db, self.layout())
    }

    fn sync_what_has_cooled(&self) -> Result<()> {
        if self.0.boot.has_cooled(&self.index().db)? {
            let store = self.clone();
            // When it fails or is cut short, the next one does it.
            std::thread::spawn(move || store.0.boot.sync(&store.index().db, store.layout()).ok());
        }
        Ok(())
    }

    /// The folder of the store that has the version in its name.
    pub fn folder(&self) -> &Path {
        &self.0.layout.top
    }

    /// A folder on the store's file system that goes when the store is closed, or when its process died.
    pub fn scratch(&self) -> &Path {
        self.0.session.scratch()
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.0.layout
    }

    pub(crate) fn index(&self) -> &Index {
        &self.0.index
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    /// Trees that are being materialised.
    pub(crate) fn making(&self) -> &Turns<TreeId> {
        &self.0.making
    }

    /// How files are written past the kernel's cache.
    pub(crate) fn direct(&self) -> &Direct {
        &self.0.direct
    }

    /// The trees that were found to be as they were made, since the store was opened.
    pub(crate) fn sound(&self) -> MutexGuard<'_, FxHashSet<TreeId>> {
        self.0.sound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn contents_fd(&self) -> &File {
        &self.0.contents
    }
}

impl Directories for Store {
    fn directory(&self, id: TreeId) -> std::result::Result<Arc<Directory>, MissingDirectory> {
        self.find_directory(id).map_err(|error| error.for_directory(id))
    }
}

impl DirectoriesMut for Store {
    fn add_directory(&self, directory: Directory) -> std::result::Result<TreeId, MissingDirectory> {
        let id = TreeId(encode(&directory).1);
        let added = self.index().add_directory(id, directory);
        added.map(|()| id).map_err(|error| error.for_directory(id))
    }
}

impl Contents for Store {
    fn add_content(&self, from: &mut dyn Read) -> Result<ContentId> {
        self.add_stream(from, Form::Plain)
    }

    fn open_content(&self, id: ContentId) -> Result<File> {
        self.open_any(id)
    }

    fn has_content(&self, id: ContentId) -> Result<bool> {
        self.index().has_content(id)
    }

    fn ingest(&self, folder: &Path) -> Result<TreeId> {
        self.ingest_copy(folder)
    }

    fn materialise(&self, tree: TreeId) -> Result<PathBuf> {
        self.materialise_tree(tree)
    }

    fn is_materialised(&self, tree: TreeId) -> Result<bool> {
        Ok(self.index().has_materialised(tree)? && self.layout().tree(tree.0).is_dir())
    }

    fn has_tree(&self, tree: TreeId) -> Result<bool> {
        self.is_whole(tree)
    }
}

impl ActionCache for Store {
    fn result(&self, action: ActionId) -> Result<Option<ActionResult>> {
        self.find_result(action)
    }

    fn results(&self, actions: &[ActionId]) -> Result<Vec<Option<ActionResult>>> {
        self.find_results(actions)
    }

    fn put_result(&self, action: ActionId, result: &ActionResult) -> Result<()> {
        self.record_result(action, result)
    }

    fn forget(&self, action: ActionId) -> Result<()> {
        self.forget_result(action)
    }
}
