//! From pinned packages to unpacked ones, in parallel: while some are unpacked, others come in.

use std::fs::File;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use xb_core::{Sha256, TreeId};
use xb_debian::Pinned;

use super::root::Set;
use super::unpack::{CONTROL, UNPACKED, unpack, unpack_control};
use crate::archive::ArchiveError;
use crate::context::{Context, blocking};
use crate::download::Download;
use crate::error::FetchError;
use crate::mirror::Moment;
use crate::once::OnceMap;

/// A package and its trees.
#[derive(Clone, Debug)]
pub(crate) struct Unpacked {
    pub(crate) package: Pinned,
    /// What it puts into a root.
    pub(crate) tree: TreeId,
    /// What it tells dpkg, where that is wanted.
    pub(crate) control: Option<TreeId>,
}

/// So many packages are open files at one time, whose unpacking is waited for.
const MOST_IN_HAND: usize = 64;

/// A package's tree, and that of its control archive.
type Trees = (TreeId, Option<TreeId>);

/// The packages that this run brings: each once, whatever the number of roots that it is for.
pub(crate) struct Packages {
    trees: OnceMap<(Sha256, bool), Trees>,
    in_hand: Semaphore,
    unpackers: Semaphore,
}

impl Default for Packages {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { trees: OnceMap::default(), in_hand: Semaphore::new(MOST_IN_HAND), unpackers: Semaphore::new(cores) }
    }
}

/// The trees of the packages of a set, in their order; with those of their control archives where they are wanted.
pub(crate) async fn unpacked(
    context: &Arc<Context>,
    set: &Set,
    with_control: bool,
) -> Result<Vec<Unpacked>, FetchError> {
    let mut tasks = JoinSet::new();
    for (index, package) in set.packages.iter().cloned().enumerate() {
        let date = set.date;
        let context = Arc::clone(context);
        tasks.spawn(async move {
            let make = || one(&context, &package, date, with_control);
            let (tree, control) = context.packages.trees.get((package.sha256, with_control), make).await?;
            Ok::<_, FetchError>((index, Unpacked { package, tree, control }))
        });
    }
    let mut done = Vec::with_capacity(set.packages.len());
    while let Some(task) = tasks.join_next().await {
        done.push(task.map_err(|error| FetchError::Failed(error.to_string()))??);
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, unpacked)| unpacked).collect())
}

async fn one(
    context: &Arc<Context>,
    package: &Pinned,
    date: Option<Moment>,
    with_control: bool,
) -> Result<Trees, FetchError> {
    let recall = |kind| context.storage.recall(kind, &package.sha256.0);
    let tree = recall(UNPACKED)?;
    let control = if with_control { recall(CONTROL)? } else { None };
    if let Some(tree) = tree.filter(|_| control.is_some() == with_control) {
        return Ok((tree, control));
    }
    let wanted = Download {
        name: title(package),
        urls: context.mirrors.pool(&package.path, date)?,
        sha256: Some(package.sha256),
        size: Some(package.size),
        ..Download::default()
    };
    let _in_hand = context.packages.in_hand.acquire().await;
    let fetched = context.download(&wanted).await?;
    let _unpacker = context.packages.unpackers.acquire().await;
    let (context, package) = (Arc::clone(context), package.clone());
    blocking(move || {
        let made = |kind, known: Option<TreeId>, make: &dyn Fn(&File) -> Result<TreeId, ArchiveError>| match known {
            Some(tree) => Ok(tree),
            None => {
                let tree = make(&fetched.file)
                    .map_err(|error| FetchError::Deb { package: title(&package), reason: error.to_string() })?;
                context.storage.remember(kind, &package.sha256.0, tree)?;
                Ok::<_, FetchError>(tree)
            }
        };
        let tree = made(UNPACKED, tree, &|file| unpack(file, context.limits, &*context.storage))?;
        let unpack_control = |file: &File| unpack_control(file, &*context.storage);
        let control = with_control.then(|| made(CONTROL, control, &unpack_control)).transpose()?;
        Ok((tree, control))
    })
    .await
}

/// `gcc 4:14.2.0-1 (amd64)`.
pub(crate) fn title(package: &Pinned) -> String {
    format!("{} {} ({})", package.name, package.version, package.arch)
}
