//! Go modules: from a line of `go.sum` to a folder of Go's module cache, as `go mod download` would leave it.
//!
//! The line's hash is of names and contents, so that it is the same however a proxy packs a module, and so is the tree:
//! xb's lock needs no entry for it, and one proxy does as well as another. Beside the files lies the hash that was
//! found (`.ziphash`), which Go holds against the `go.sum` of the source again.

use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use xb_core::{DirHash, RelPath, TreeId};
use xb_graph::{Entry, Unbuilt, build_tree};

use crate::archive::module;
use crate::context::{Context, blocking};
use crate::download::{Download, DownloadError, Fault, Fetched};
use crate::error::FetchError;
use crate::registry::{Module, Registries};
use crate::sources::by_description;
use crate::storage::missing;

/// Folders of the module cache, by address and hash.
pub(crate) const MODULE: &str = "go-module-v1";

/// Where the module cache has what was downloaded.
const DOWNLOADED: &str = "cache/download";

/// How many bytes a zip and a `go.mod` may have: `MaxZipFile` and `MaxGoMod` of `golang.org/x/mod/zip`.
const LARGEST_ZIP: u64 = 500 << 20;
const LARGEST_MOD: u64 = 16 << 20;

/// The folder of the module cache that holds what a line of `go.sum` names.
pub(crate) async fn fetch(
    context: &Arc<Context>,
    registries: &Registries,
    url: &str,
    wanted: DirHash,
) -> Result<TreeId, FetchError> {
    let module = Module::parse(url)?;
    let key = format!("{url} {wanted}");
    if let Some(tree) = context.storage.recall(MODULE, key.as_bytes())? {
        return Ok(tree);
    }
    let fetched = download(context, registries, &module, url).await?;
    let (context, url) = (Arc::clone(context), url.to_owned());
    blocking(move || {
        let tree = match module.only_mod {
            true => only_mod(&context, &module, fetched, &url, wanted),
            false => whole(&context, &module, fetched, &url, wanted),
        }?;
        context.storage.remember(MODULE, key.as_bytes(), tree)?;
        Ok(tree)
    })
    .await
}

/// What a proxy has, which is not known to be right yet. After one that does not have it the next is asked; after
/// another failure only where the list says so, since a proxy may refuse what nobody should have.
async fn download(
    context: &Context,
    registries: &Registries,
    module: &Module,
    url: &str,
) -> Result<Fetched, FetchError> {
    if context.lock.manners().offline {
        return Err(FetchError::Offline(url.to_owned()));
    }
    let mut places = registries.module(module).await?.into_iter().peekable();
    let at_most = Some(context.limits.bytes.min(if module.only_mod { LARGEST_MOD } else { LARGEST_ZIP }));
    while let Some(place) = places.next() {
        let wanted = Download { name: url.to_owned(), urls: vec![place.url], at_most, ..Download::default() };
        match context.download(&wanted).await {
            Err(FetchError::Download(DownloadError::Failed { fault, .. }))
                if places.peek().is_some() && (place.goes_on || fault == Fault::Path) => {}
            done => return done.map_err(|error| by_description(error, false)),
        }
    }
    Err(FetchError::Failed(format!("no place was tried for `{url}`")))
}

fn whole(
    context: &Context,
    module: &Module,
    fetched: Fetched,
    url: &str,
    wanted: DirHash,
) -> Result<TreeId, FetchError> {
    let in_archive = |error| FetchError::Archive { url: url.to_owned(), error };
    let read = module::read(fetched.file, &module.lead(), &module.folder(), context.limits, &*context.storage);
    let (mut files, found) = read.map_err(in_archive)?;
    check(url, found, wanted)?;
    let content = context.storage.add_content(&mut found.to_string().as_bytes())?;
    files.add(downloaded(module, "ziphash")?, content);
    files.build(&*context.storage).map_err(in_archive)
}

fn only_mod(
    context: &Context,
    module: &Module,
    mut fetched: Fetched,
    url: &str,
    wanted: DirHash,
) -> Result<TreeId, FetchError> {
    let unreadable = |error| FetchError::Failed(format!("cannot read `{url}`: {error}"));
    check(url, module::hash_of_one("go.mod", &mut fetched.file).map_err(unreadable)?, wanted)?;
    fetched.file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let content = context.storage.add_content(&mut fetched.file)?;
    let mut root = Unbuilt::default();
    root.put(&downloaded(module, "mod")?, Entry::File { content, executable: false, mode: None });
    Ok(build_tree(root, &*context.storage).map_err(missing)?)
}

fn check(url: &str, found: DirHash, wanted: DirHash) -> Result<(), FetchError> {
    match found == wanted {
        true => Ok(()),
        false => Err(FetchError::OtherModule { url: url.to_owned(), found, wanted }),
    }
}

fn downloaded(module: &Module, extension: &str) -> Result<RelPath, FetchError> {
    let path = format!("{DOWNLOADED}/{}", module.part(extension));
    RelPath::new(&path).map_err(|_| FetchError::Name(path))
}
