//! Findings for a person: grouped by package, the gravest first, each once for all architectures that have it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use xb_audit::{FindingKind, Level};
use xb_core::{Arch, count};

use super::spread::same;
use super::{Audited, Told};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, printable, say, style, styled};

/// Prints what was found that is at least as grave as `least`.
///
/// # Errors
/// When it cannot be printed.
pub fn show(all: &[Audited], least: Level) -> Result<(), Failure> {
    texts(all, least).iter().try_for_each(print_line)
}

/// Says what was found, beside what was asked for.
pub fn tell(here: &Invocation, all: &[Audited]) {
    if all.is_empty() {
        return;
    }
    let least = if here.is_quiet() { Level::Error } else { Level::Warn };
    texts(all, least).iter().for_each(say);
    if !here.is_quiet() {
        say(format!("audit: {}", summary(all, least)));
    }
}

fn texts(all: &[Audited], least: Level) -> Vec<String> {
    let mut packages: BTreeMap<(&Arc<str>, &str), Vec<&Audited>> = BTreeMap::new();
    for one in all {
        packages.entry((&one.target.file, &one.target.package)).or_default().push(one);
    }
    packages.values().map(|of_package| text(of_package, least)).filter(|text| !text.is_empty()).collect()
}

/// `2 errors, 1 warning in 3 results; 5 more to know, with `--level info``.
pub fn summary(all: &[Audited], least: Level) -> String {
    let levels: Vec<Level> = all.iter().flat_map(|one| &one.findings).map(|told| told.judged.level).collect();
    let of = |level: Level| levels.iter().filter(|one| **one == level).count();
    let parts: Vec<String> = [(Level::Error, "error"), (Level::Warn, "warning")]
        .into_iter()
        .filter(|(level, _)| of(*level) > 0)
        .map(|(level, what)| count(of(level), what))
        .collect();
    let found = if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") };
    let place = count(all.len(), "result");
    let hidden = |level: Level, what: &str| match of(level) {
        number if number > 0 && level < least => format!("; {number} {what}, with `--level {level}`"),
        _ => String::new(),
    };
    let more = hidden(Level::Info, "more to know") + &hidden(Level::Off, "turned off");
    format!("{found} in {place}{more}")
}

/// All that is told of a package; nothing when there is nothing to tell.
fn text(of_package: &[&Audited], least: Level) -> String {
    let mut lines: Vec<(&Told, Vec<Arch>)> = Vec::new();
    let mut known = BTreeMap::new();
    for one in of_package {
        let shown = one.findings.iter().filter(|told| told.judged.level >= least);
        for told in shown {
            let at = *known.entry(same(&told.judged.finding, one.target.arch)).or_insert_with(|| {
                lines.push((told, Vec::new()));
                lines.len() - 1
            });
            if let Some((_, arches)) = lines.get_mut(at)
                && !arches.contains(&one.target.arch)
            {
                arches.push(one.target.arch);
            }
        }
    }
    let mut unused = of_package.iter().map(|one| &one.unused);
    let unused: Vec<FindingKind> = match unused.next() {
        Some(first) if least <= Level::Info => {
            let rest: Vec<_> = unused.collect();
            first.iter().filter(|kind| rest.iter().all(|other| other.contains(kind))).copied().collect()
        }
        _ => Vec::new(),
    };
    if lines.is_empty() && unused.is_empty() {
        return String::new();
    }
    lines.sort_by_key(|(told, _)| (std::cmp::Reverse(told.judged.level), told.judged.finding.kind));
    let mut text = title(of_package);
    for (told, arches) in lines {
        let level = told.judged.level;
        let name = format!("{} {}", styled(colour(level), level), told.judged.finding.kind);
        let _ = write!(text, "\n  {name}: {}", told.sentence);
        if of_package.len() > 1 && told.on_one_architecture {
            let arches: Vec<_> = arches.iter().map(Arch::to_string).collect();
            let _ = write!(text, " {}", styled(style::STRONG, format_args!("[{} only]", arches.join(", "))));
        }
        if let Some(reason) = &told.judged.reason {
            let reason = printable(&reason.replace('\n', " "));
            let _ = write!(text, "\n    {} {reason}", styled(style::FAINT, "the package says:"));
        }
    }
    for kind in unused {
        let _ = write!(
            text,
            "\n  {} `audit` of the package names `{kind}`, of which nothing is found",
            styled(style::FAINT, "note:")
        );
    }
    text
}

/// `curl 8.14.1 (amd64, arm64)`, or `curl 8.14.1 (arm64 by cross, arm64 by emulate)`.
fn title(of_package: &[&Audited]) -> String {
    let arch = |one: &&Audited| {
        let is_one_of_several = of_package.iter().filter(|other| other.target.arch == one.target.arch).count() > 1;
        let method = one.method.filter(|_| is_one_of_several).map(|method| format!(" by {method}"));
        format!("{}{}", one.target.arch, method.unwrap_or_default())
    };
    let arches: Vec<_> = of_package.iter().map(arch).collect();
    let Some(first) = of_package.first() else {
        return String::new();
    };
    let version = first.version.iter().map(|version| format!(" {version}")).collect::<String>();
    format!("{}{version} ({})", styled(style::STRONG, &first.target.package), arches.join(", "))
}

const fn colour(level: Level) -> anstyle::Style {
    match level {
        Level::Error => style::ERROR,
        Level::Warn => style::WARNING,
        Level::Info | Level::Off => style::FAINT,
    }
}
