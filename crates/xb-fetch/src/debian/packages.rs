//! From pinned packages to unpacked ones, in parallel: while some are unpacked, others come in.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use xb_core::TreeId;
use xb_debian::{DebEntry, DebKind, Pinned, read_deb};
use xb_store::Contents;

use super::root::Set;
use crate::archive::{ArchiveError, Limits, Mode, Sink, broken, collect};
use crate::context::{Context, blocking};
use crate::download::Download;
use crate::error::FetchError;
use crate::mirror::Moment;

/// Unpacked packages, by the SHA-256 of the package. What is left out is part of what this name stands for.
const UNPACKED: &str = "deb-v1";

const LEFT_OUT: [&str; 6] =
    ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug"];

/// A package and its tree.
#[derive(Clone, Debug)]
pub(crate) struct Unpacked {
    pub(crate) package: Pinned,
    pub(crate) tree: TreeId,
}

/// The trees of the packages of a set, in their order.
pub(crate) async fn unpacked(context: &Arc<Context>, set: &Set) -> Result<Vec<Unpacked>, FetchError> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let unpackers = Arc::new(Semaphore::new(cores));
    let mut tasks = JoinSet::new();
    for (index, package) in set.packages.iter().cloned().enumerate() {
        let date = set.date;
        let (context, unpackers) = (Arc::clone(context), Arc::clone(&unpackers));
        tasks.spawn(async move {
            let tree = one(&context, &package, date, &unpackers).await?;
            Ok::<_, FetchError>((index, Unpacked { package, tree }))
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
) -> Result<TreeId, FetchError> {
    if let Some(tree) = context.storage.recall(UNPACKED, &package.sha256.0)? {
        return Ok(tree);
    }
    let wanted = Download {
        name: title(package),
        urls: context.mirrors.pool(&package.path, date)?,
        sha256: Some(package.sha256),
        size: Some(package.size),
        at_most: None,
    };
    let fetched = context.download(&wanted).await?;
    let _unpacker = unpackers.acquire().await;
    let (context, package) = (Arc::clone(context), package.clone());
    blocking(move || {
        let tree = unpack(fetched.file, context.limits, &*context.storage)
            .map_err(|error| FetchError::Deb { package: title(&package), reason: error.to_string() })?;
        context.storage.remember(UNPACKED, &package.sha256.0, tree)?;
        Ok(tree)
    })
    .await
}

/// `gcc 4:14.2.0-1 (amd64)`.
pub(crate) fn title(package: &Pinned) -> String {
    format!("{} {} ({})", package.name, package.version, package.arch)
}

fn unpack(file: File, limits: Limits, contents: &(impl Contents + ?Sized)) -> Result<TreeId, ArchiveError> {
    let limits = limits.of_archive(file.metadata().map_err(broken)?.len());
    let collected = collect(contents, limits, |sink| {
        let read = read_deb(BufReader::new(file), &mut |entry| take(entry, sink));
        read.map_err(|error| ArchiveError::Broken(error.to_string()))
    })?;
    collected.build(contents)
}

fn take<C: Contents + ?Sized>(entry: DebEntry<'_>, sink: &mut Sink<'_, '_, C>) -> Result<(), ArchiveError> {
    let path = entry.path.as_str();
    if is_left_out(path) {
        return Ok(());
    }
    let mode = Mode(entry.mode);
    match entry.kind {
        DebKind::File { size, contents } => sink.file(path, mode, size, contents),
        DebKind::Symlink { target } => sink.symlink(path, &target),
        DebKind::Hardlink { target } => sink.hard_link(path, target.as_str()),
        DebKind::Directory => sink.folder(path, mode),
    }
}

fn is_left_out(path: &str) -> bool {
    let beneath = |folder: &&str| {
        let rest = path.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    LEFT_OUT.iter().any(beneath)
}
