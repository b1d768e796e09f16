//! What the configurations of several builds of one package found out, side by side.

use std::collections::BTreeMap;

use xb_audit::{Built, Detail, Finding};
use xb_store::Store;

use super::look::{Looked, not_read};
use crate::failure::Failure;

/// Compares the first build of each package with every other one, and adds what differs to what was found in the
/// results: to that of the build which lacks something.
///
/// # Errors
/// When a part of a tree cannot be read.
pub fn compare(store: &Store, all: &mut [Looked]) -> Result<(), Failure> {
    for builds in packages(all) {
        let Some((first, others)) = builds.split_first() else {
            continue;
        };
        for other in others {
            for finding in xb_audit::compare(first.1, other.1, store).map_err(not_read)? {
                let of = if lacks(&finding, first.1) { first.0 } else { other.0 };
                if let Some(looked) = all.get_mut(of) {
                    looked.findings.push(finding);
                }
            }
        }
    }
    all.iter_mut().for_each(|looked| looked.findings.sort());
    Ok(())
}

/// The builds of each package, by their places in the list.
fn packages(all: &[Looked]) -> Vec<Vec<(usize, Built)>> {
    let mut packages: BTreeMap<_, Vec<(usize, Built)>> = BTreeMap::new();
    for (at, looked) in all.iter().enumerate() {
        let id = &looked.target.id;
        packages.entry((&id.file, &id.package)).or_default().extend(looked.built.map(|built| (at, built)));
    }
    packages.into_values().collect()
}

fn lacks(finding: &Finding, built: Built) -> bool {
    matches!(finding.detail, Detail::Lost { off, .. } if off == built.way)
}
