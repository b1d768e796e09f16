//! Which findings a package has on one architecture only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use xb_audit::{Detail, Finding, FindingKind, Way};
use xb_core::Arch;

use super::Audited;

/// What makes findings of two architectures the same one.
type Same = (FindingKind, String, String);

/// Marks what is found on one architecture only, where a package was audited for several.
pub fn tell_apart(all: &mut [Audited]) {
    let mut arches: BTreeMap<(Arc<str>, String), BTreeSet<Arch>> = BTreeMap::new();
    let mut found: BTreeMap<(Arc<str>, String, Same), BTreeSet<Arch>> = BTreeMap::new();
    for one in &*all {
        let (file, package, arch) = (Arc::clone(&one.target.file), one.target.package.clone(), one.target.arch);
        arches.entry((Arc::clone(&file), package.clone())).or_default().insert(arch);
        for told in &one.findings {
            let key = (Arc::clone(&file), package.clone(), same(&told.judged.finding, arch));
            found.entry(key).or_default().insert(arch);
        }
    }
    for one in all {
        let (file, package, arch) = (Arc::clone(&one.target.file), one.target.package.clone(), one.target.arch);
        let several = arches.get(&(Arc::clone(&file), package.clone())).is_some_and(|arches| arches.len() > 1);
        for told in &mut one.findings {
            let key = (Arc::clone(&file), package.clone(), same(&told.judged.finding, arch));
            let compares = told.judged.finding.kind.compares_builds();
            told.on_one_architecture = several && !compares && found.get(&key).is_some_and(|arches| arches.len() == 1);
        }
    }
}

/// A finding without what every architecture calls differently.
pub fn same(finding: &Finding, arch: Arch) -> Same {
    let about = match &finding.detail {
        Detail::Architecture { member, .. } | Detail::Baseline { member, .. } => member.clone().unwrap_or_default(),
        Detail::Instructions { instructions, .. } => instructions.to_string(),
        Detail::Interpreter { interpreter, .. } => neutral(interpreter, arch),
        Detail::Library { library, .. } | Detail::Order { library, .. } => neutral(library, arch),
        Detail::Mode { mode, .. } => format!("{mode:o}"),
        Detail::Lost { on, off, .. } => ways(*on, *off),
        Detail::Values { first, second, .. } => ways(*first, *second),
        Detail::Foreign { .. }
        | Detail::Sandbox { .. }
        | Detail::Host { .. }
        | Detail::Time { .. }
        | Detail::Fault { .. } => String::new(),
    };
    (finding.kind, neutral(finding.path.as_str(), arch), about)
}

fn ways(first: Way, second: Way) -> String {
    format!("{} {} {} {}", first.arch, first.method, second.arch, second.method)
}

fn neutral(text: &str, own: Arch) -> String {
    let mut text = text.to_owned();
    for arch in Arch::ALL {
        let sign = if arch == own { "{own}" } else { "{other}" };
        text = text.replace(arch.machine(), sign).replace(&arch.machine().replace('_', "-"), sign);
        text = text.replace(arch.debian(), sign);
    }
    text
}

#[cfg(test)]
mod tests {
    use xb_core::{Digest, RelPath, TreeId};
    use xb_graph::TargetId;

    use super::*;
    use crate::audit::Told;

    fn audited(arch: Arch, paths: &[&str]) -> Audited {
        let finding =
            |path: &&str| Finding::new(RelPath::new(path).unwrap(), Detail::Mode { mode: 0o4755, folder: false });
        let judged = xb_audit::Policy::default().apply(paths.iter().map(finding).collect()).findings;
        let told = |judged| Told { judged, sentence: String::new(), on_one_architecture: false };
        let tree = TreeId(Digest::of(b""));
        Audited {
            target: TargetId { file: "p.xb".into(), package: "p".into(), arch },
            version: None,
            method: None,
            tree,
            root: tree,
            refused: false,
            findings: judged.into_iter().map(told).collect(),
            unused: Vec::new(),
        }
    }

    fn check(all: &mut [Audited]) -> Vec<String> {
        tell_apart(all);
        let findings = all.iter().flat_map(|one| &one.findings).filter(|told| told.on_one_architecture);
        findings.map(|told| told.judged.finding.path.to_string()).collect()
    }

    #[test]
    fn what_has_the_name_of_its_architecture_is_the_same() {
        let amd64 = audited(Arch::Amd64, &["usr/lib/x86_64-linux-gnu/a", "usr/bin/b"]);
        let arm64 = audited(Arch::Arm64, &["usr/lib/aarch64-linux-gnu/a", "usr/bin/c"]);
        assert_eq!(check(&mut [amd64.clone(), arm64]), ["usr/bin/b", "usr/bin/c"]);
        assert!(check(&mut [amd64]).is_empty());
    }
}
