//! dpkg's own records of the packages of a root, laid over it.

mod installed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use xb_core::RelPath;
use xb_debian::database::{Conffile, NOT_KEPT, Triggers, conffiles, list, md5sums};
use xb_graph::Entry;
use xb_store::{Contents, StoreError};

use self::installed::Installed;
use super::merge::Merged;
use super::packages::Unpacked;
use crate::archive::Mode;
use crate::error::FetchError;

const FOLDER: &str = "var/lib/dpkg";

/// Adds dpkg's records of every package whose control archive is at hand.
pub(super) fn record(
    merged: &mut Merged,
    packages: &[Unpacked],
    store: &(impl Contents + ?Sized),
) -> Result<(), FetchError> {
    let mut records = Records { merged, triggers: Triggers::default(), status: BTreeMap::new(), store };
    for package in packages {
        if let Some(control) = package.control {
            records.add(&Installed::of(package, control, store)?)?;
        }
    }
    records.finish()
}

/// The records so far.
struct Records<'a, S: ?Sized> {
    merged: &'a mut Merged,
    triggers: Triggers,
    /// The paragraphs of the status, by name and architecture.
    status: BTreeMap<(String, String), String>,
    store: &'a S,
}

impl<S: Contents + ?Sized> Records<'_, S> {
    fn add(&mut self, installed: &Installed<'_, S>) -> Result<(), FetchError> {
        let package = &installed.package;
        let name = package.record_name();
        for (member, (content, mode)) in &installed.members {
            if !NOT_KEPT.contains(&member.as_str()) {
                self.put(&format!("info/{name}.{member}"), mode.file(*content))?;
            }
        }
        let conffiles = conffiles(&installed.text("conffiles")?);
        if !installed.members.contains_key("md5sums") {
            self.text(&format!("info/{name}.md5sums"), &sums(installed, &conffiles)?)?;
        }
        self.text(&format!("info/{name}.list"), &list(installed.paths.keys()))?;
        self.triggers.add(&name, &installed.text("triggers")?);
        let status = package.status(&with_sums(installed, conffiles)?);
        self.status.insert((package.name().to_owned(), package.arch().to_owned()), status);
        Ok(())
    }

    fn finish(mut self) -> Result<(), FetchError> {
        for (name, text) in std::mem::take(&mut self.triggers).files() {
            self.text(&format!("triggers/{name}"), &text)?;
        }
        let status: String = std::mem::take(&mut self.status).into_values().collect();
        self.text("status", &status)
    }

    fn text(&mut self, path: &str, text: &str) -> Result<(), FetchError> {
        let content = self.store.add_content(&mut text.as_bytes())?;
        self.put(path, Mode(0o644).file(content))
    }

    fn put(&mut self, path: &str, entry: Entry) -> Result<(), FetchError> {
        let path = RelPath::new(&format!("{FOLDER}/{path}")).map_err(|error| FetchError::Failed(error.to_string()))?;
        self.merged.put(path, entry);
        Ok(())
    }
}

/// The sums of a package that ships none, as dpkg takes them while it unpacks: of all files but configuration.
fn sums<S: Contents + ?Sized>(installed: &Installed<'_, S>, conffiles: &[Conffile]) -> Result<String, StoreError> {
    let is_conffile = |path: &RelPath| conffiles.iter().any(|conffile| conffile.path == *path);
    let files = installed.files().filter(|(path, _)| !is_conffile(path));
    let sums: Result<Vec<_>, _> = files.map(|(path, content)| Ok((path, installed.md5(content)?))).collect();
    sums.map(md5sums)
}

/// Configuration files with the sums of those that the package ships.
fn with_sums<S: Contents + ?Sized>(
    installed: &Installed<'_, S>,
    conffiles: Vec<Conffile>,
) -> Result<Vec<(Conffile, Option<String>)>, StoreError> {
    let with_sum = |conffile: Conffile| {
        let content = installed.paths.get(&conffile.path).copied().flatten();
        let sum = content.map(|content| installed.md5(content)).transpose()?;
        Ok((conffile, sum))
    };
    conffiles.into_iter().map(with_sum).collect()
}
