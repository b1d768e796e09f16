//! From names of packages to a closure, by the newest index that can be believed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::io::Read as _;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use xb_core::{Arch, Sha256};
use xb_debian::{Index, IndexFile, Pinned, Release, SourceIndex, decompress, read_in_release, resolve};

use crate::context::{Context, blocking};
use crate::download::Download;
use crate::error::FetchError;
use crate::lock::SetKey;
use crate::mirror::Moment;
use crate::once::OnceMap;

/// No `InRelease` is longer; until its signature is checked, anybody may have written it.
const LONGEST_IN_RELEASE: u64 = 16 << 20;

type Indexes = BTreeMap<Arch, Index>;

/// A suite as one signed index describes it.
pub(crate) struct Suite {
    name: String,
    pub(super) release: Release,
    in_release: Sha256,
    indexes: Arc<Mutex<Indexes>>,
    /// By the paths of their indexes.
    pub(super) sources: OnceMap<String, Arc<SourceIndex>>,
}

/// A closure, and the index that it is from.
pub(crate) struct Closure {
    pub(crate) date: String,
    pub(crate) in_release: Sha256,
    pub(crate) packages: Vec<Pinned>,
}

impl Suite {
    /// The newest index of a suite, from the first archive that has one that is signed and no older than the lock's.
    pub(crate) async fn newest(context: &Arc<Context>, name: &str) -> Result<Self, FetchError> {
        let path = format!("dists/{name}/InRelease");
        let mut attempts = Vec::new();
        for url in context.mirrors.newest(&path) {
            match Self::from_url(context, name, &url).await {
                Ok(suite) => return Ok(suite),
                Err(error @ FetchError::Offline(_)) => return Err(error),
                Err(error) => attempts.push((url, error.to_string())),
            }
        }
        Err(FetchError::NoIndex { suite: name.to_owned(), attempts })
    }

    async fn from_url(context: &Arc<Context>, name: &str, url: &str) -> Result<Self, FetchError> {
        let wanted = Download {
            name: format!("the index of Debian {name}"),
            urls: vec![url.to_owned()],
            at_most: Some(LONGEST_IN_RELEASE),
            ..Download::default()
        };
        let fetched = context.download(&wanted).await?;
        let in_release = fetched.sha256;
        let content = context.keep(fetched).await?;
        let mut text = Vec::new();
        let read = context.open(content)?.read_to_end(&mut text);
        read.map_err(|error| FetchError::Failed(error.to_string()))?;
        Self::from_text(context, name, &text, in_release).map_err(FetchError::Failed)
    }

    fn from_text(context: &Context, name: &str, text: &[u8], in_release: Sha256) -> Result<Self, String> {
        let release = read_in_release(text, &context.keyring).map_err(|error| error.to_string())?;
        refuse_stale(&release, Moment::of(context.now))?;
        if release.suite != name && release.codename != name {
            return Err(format!("this is the index of `{}` ({})", release.codename, release.suite));
        }
        let date = Moment::parse(&release.date);
        let locked = context.lock.get().debian.get(name).map(|suite| suite.date.clone());
        if locked.is_some_and(|locked| date < Moment::parse(&locked)) {
            return Err(format!("it is of {}, older than what is locked", release.date));
        }
        Ok(Self { name: name.to_owned(), release, in_release, indexes: Arc::default(), sources: OnceMap::default() })
    }

    /// The indexes, those of `arches` among them.
    async fn indexes(
        &self,
        context: &Arc<Context>,
        arches: impl Iterator<Item = Arch>,
    ) -> Result<OwnedMutexGuard<Indexes>, FetchError> {
        let mut indexes = Arc::clone(&self.indexes).lock_owned().await;
        for arch in arches {
            if let Slot::Vacant(slot) = indexes.entry(arch) {
                slot.insert(self.load(context, arch).await?);
            }
        }
        Ok(indexes)
    }

    async fn load(&self, context: &Arc<Context>, arch: Arch) -> Result<Index, FetchError> {
        let file = format!("main/binary-{arch}/Packages.xz");
        let listed = self
            .release
            .files
            .get(&file)
            .ok_or_else(|| FetchError::NoPackages { suite: self.name.clone(), file: file.clone() })?;
        let content = context.contents(&self.download(context, &file, *listed)).await?;
        let suite = self.name.clone();
        let context = Arc::clone(context);
        blocking(move || {
            let wrong = |error: std::io::Error| FetchError::Failed(error.to_string());
            let mut packed = Vec::new();
            context.open(content)?.read_to_end(&mut packed).map_err(wrong)?;
            let packages = decompress(&file, &packed).map_err(|error| FetchError::Failed(error.to_string()))?;
            Index::parse(arch, &packages).map_err(|error| FetchError::Index { suite, error })
        })
        .await
    }

    /// By its digest where an archive keeps files so, since the one under its own name may be newer already.
    pub(super) fn download(&self, context: &Context, file: &str, listed: IndexFile) -> Download {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let by_hash = format!("dists/{}/{folder}/by-hash/SHA256/{}", self.name, listed.sha256);
        let by_name = format!("dists/{}/{file}", self.name);
        let pairs = context.mirrors.newest(&by_hash).into_iter().zip(context.mirrors.newest(&by_name));
        Download {
            name: format!("{} of Debian {}", file, self.name),
            urls: pairs.flat_map(|(hash, name)| [hash, name]).collect(),
            sha256: Some(listed.sha256),
            size: Some(listed.size),
            ..Download::default()
        }
    }
}

/// A mirror that stands still serves what was signed long ago; an index that says how long it holds is not believed
/// for longer.
fn refuse_stale(release: &Release, now: Moment) -> Result<(), String> {
    let Some(until) = &release.valid_until else {
        return Ok(());
    };
    let end = Moment::parse(until).ok_or_else(|| format!("it is valid until `{until}`, which is no date"))?;
    if now <= end {
        return Ok(());
    }
    let days = Moment::parse(&release.date).map_or(0, |date| now.days_after(date));
    Err(format!(
        "it is of {}, {days} days old, and was valid until {until}; is this machine's clock right?",
        release.date
    ))
}

/// The closure of a set.
pub(crate) async fn closure(context: &Arc<Context>, suite: &Suite, key: &SetKey) -> Result<Closure, FetchError> {
    let wanted = key.by_arch();
    let arches = wanted.keys().copied().chain([key.native]).collect::<Vec<_>>();
    let indexes = suite.indexes(context, arches.into_iter()).await?;
    let native = key.native;
    let packages = blocking(move || Ok(resolve(&indexes, native, &wanted)?)).await?;
    Ok(Closure { date: suite.release.date.clone(), in_release: suite.in_release, packages })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn stale(until: Option<&str>, now: &str) -> Option<String> {
        let release = Release {
            suite: "stable-security".to_owned(),
            codename: "trixie-security".to_owned(),
            date: "Sat, 12 Sep 2026 07:55:41 UTC".to_owned(),
            valid_until: until.map(str::to_owned),
            files: BTreeMap::new(),
        };
        refuse_stale(&release, Moment::parse(now).unwrap()).err()
    }

    #[test]
    fn an_index_is_believed_for_as_long_as_it_says() {
        let until = "Sat, 19 Sep 2026 07:55:41 UTC";
        assert_eq!(stale(None, "Sat, 12 Sep 2037 07:55:41 UTC"), None);
        assert_eq!(stale(Some(until), until), None);
        let why = stale(Some(until), "Thu, 22 Oct 2026 07:55:42 UTC").unwrap();
        assert!(why.contains("40 days old") && why.contains(until), "{why}");
        assert!(stale(Some("soon"), until).unwrap().contains("`soon`"));
    }
}
