//! From pinned packages to unpacked ones, in parallel: while some are unpacked, others come in.

use std::fs::File;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use xb_core::TreeId;
use xb_debian::Pinned;

use super::root::Set;
use super::unpack::{CONTROL, UNPACKED, unpack, unpack_control};
use crate::archive::ArchiveError;
use crate::context::{Context, blocking};
use crate::download::Download;
use crate::error::FetchError;
use crate::mirror::Moment;

/// A package and its trees.
#[derive(Clone, Debug)]
pub(crate) struct Unpacked {
    pub(crate) package: Pinned,
    /// What it puts into a root.
    pub(crate) tree: TreeId,
    /// What it tells dpkg, where that is wanted.
    pub(crate) control: Option<TreeId>,
}

/// The trees of the packages of a set, in their order; with those of their control archives where they are wanted.
pub(crate) async fn unpacked(
    context: &Arc<Context>,
    set: &Set,
    with_control: bool,
) -> Result<Vec<Unpacked>, FetchError> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let unpackers = Arc::new(Semaphore::new(cores));
    let mut tasks = JoinSet::new();
    for (index, package) in set.packages.iter().cloned().enumerate() {
        let date = set.date;
        let (context, unpackers) = (Arc::clone(context), Arc::clone(&unpackers));
        tasks.spawn(async move {
            let (tree, control) = one(&context, &package, date, &unpackers, with_control).await?;
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
    unpackers: &Semaphore,
    with_control: bool,
) -> Result<(TreeId, Option<TreeId>), FetchError> {
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
    let fetched = context.download(&wanted).await?;
    let _unpacker = unpackers.acquire().await;
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
