//! One sentence about a finding: what, where, why it matters, and what to do.

use std::fmt;

use xb_core::{Arch, Escaped, RelPath};

use crate::{Detail, Finding, FindingKind, OtherValue, Place};

/// So many of many things are named.
const MOST_LISTED: usize = 12;

/// So much of a value is shown.
const LONGEST: usize = 60;

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", Escaped(self.path.as_str()))?;
        match &self.detail {
            Detail::Architecture { expected, found, member } => {
                member_of(f, member.as_deref())?;
                write!(f, " is for {found}, and the result is for {expected}: it cannot run or be linked there; ")?;
                f.write_str("let the build use the compiler that it is told, or leave the file out")
            }
            Detail::Baseline { allowed, needed, member } => {
                member_of(f, member.as_deref())?;
                write!(f, " needs {needed}, and {allowed} must do: older processors do not run it; ")?;
                f.write_str("build it without `-march`, say a higher `baseline`, or in the policy why it may")
            }
            Detail::Instructions { allowed, instructions, function, functions, member, .. } => {
                member_of(f, member.as_deref())?;
                let more = match functions.saturating_sub(1) {
                    0 => String::new(),
                    1 => " and 1 more function".to_owned(),
                    more => format!(" and {more} more functions"),
                };
                write!(
                    f,
                    " uses instructions of {instructions} in `{}`{more}, and {allowed} must do: ",
                    Escaped(&cut(function))
                )?;
                f.write_str("older processors do not run it; build it without `-march` and `-mcpu`, say a higher ")?;
                f.write_str("`baseline` of the package, or in the policy that it asks the processor first")
            }
            Detail::Interpreter { interpreter, script } => {
                let what = if *script { "is run by" } else { "asks for the loader" };
                write!(f, " {what} `{}`, which is not in the root: it does not start; ", Escaped(interpreter))?;
                f.write_str("add the package that has it to the needs, or name one that is there")
            }
            Detail::Order { library, needed_by, amd64, arm64 } => {
                needs(f, library, needed_by.as_ref())?;
                write!(
                    f,
                    ", which is {} on amd64 and {} on arm64, ",
                    which_on(Arch::Amd64, amd64),
                    which_on(Arch::Arm64, arm64)
                )?;
                f.write_str("by the order of /etc/ld.so.conf.d: it runs with another library there; ")?;
                f.write_str("give it a RUNPATH to the one that is meant, or keep only that in the root")
            }
            Detail::Library { library, needed_by, searched, passed_over } => {
                needs(f, library, needed_by.as_ref())?;
                let (few, more) = searched.split_at(searched.len().min(4));
                write!(f, ", which is not in {}", Escaped(&few.join(", ")))?;
                if !more.is_empty() {
                    write!(f, " and {} more folders", more.len())?;
                }
                if let Some(other) = passed_over {
                    write!(f, " (`{}` is for another architecture)", Escaped(other.as_str()))?;
                }
                f.write_str(": it cannot be loaded; add the package that has it to the needs, or a RUNPATH to the file")
            }
            Detail::Foreign { arch, place, text, times } => {
                write!(f, " has a name of {arch} {}: `{}`{}; ", place.words(), Escaped(text), often(*times))?;
                f.write_str("who goes by it looks for the wrong machine's files; let the build use what it is told")
            }
            Detail::Sandbox { place, text, times } => {
                write!(f, " has a path of the sandbox {}: `{}`{}; ", place.words(), Escaped(text), often(*times))?;
                f.write_str("it is nowhere else; build for the prefix, or replace it")
            }
            Detail::Host { place, machine, times } => {
                write!(
                    f,
                    " names the machine of the build {}: `{}`{}; ",
                    place.words(),
                    Escaped(machine),
                    often(*times)
                )?;
                f.write_str("what asks for it tells another machine elsewhere; let the build do without")
            }
            Detail::Time { date, times } => {
                write!(f, " has the time of its build in its data: `{}`{}; ", Escaped(date), often(*times))?;
                f.write_str("each build gives another result; let the build go by SOURCE_DATE_EPOCH")
            }
            Detail::Mode { mode, .. } if self.kind == FindingKind::SetId => {
                write!(f, " has the mode {mode:04o}: who starts it has the rights of its owner or group; ")?;
                f.write_str("say in the policy why it must, or install it without")
            }
            Detail::Mode { mode, .. } => write!(f, " has the mode {mode:04o}, which is its own"),
            Detail::Lost { on, off, names } => {
                let (on, off) = (on.apart_from(*off), off.apart_from(*on));
                write!(f, " of the build is on for {on} and off for {off}: ")?;
                listed(f, names, |f, name| write!(f, "`{}`", Escaped(name)))?;
                f.write_str(
                    "; what is off is left out of the result; give the build what it did not find, or its answer",
                )
            }
            Detail::Values { first, second, values, .. } => {
                write!(
                    f,
                    " of the build differs for {} and {}: ",
                    first.apart_from(*second),
                    second.apart_from(*first)
                )?;
                listed(f, values, |f, OtherValue { name, first, second }| {
                    write!(f, "`{}` is `{}` and `{}`", Escaped(name), Escaped(&cut(first)), Escaped(&cut(second)))
                })
            }
            Detail::Fault { reason } => {
                write!(f, " cannot be read as what it begins like: {}; ", Escaped(reason))?;
                f.write_str("what it is for is not known; see whether it was cut off")
            }
        }
    }
}

fn member_of(f: &mut fmt::Formatter<'_>, member: Option<&str>) -> fmt::Result {
    member.map_or(Ok(()), |member| write!(f, ", in its member `{}`,", Escaped(member)))
}

fn needs(f: &mut fmt::Formatter<'_>, library: &str, by: Option<&RelPath>) -> fmt::Result {
    if let Some(by) = by {
        write!(f, " loads `{}`, which", Escaped(by.as_str()))?;
    }
    write!(f, " needs `{}`", Escaped(library))
}

/// A path of the root that was looked at, as it is on an architecture.
fn which_on(arch: Arch, path: &Option<RelPath>) -> String {
    let Some(path) = path else {
        return "nowhere".to_owned();
    };
    let others = Arch::ALL.into_iter().filter(|other| *other != arch);
    let path = others.fold(path.to_string(), |path, other| path.replace(other.triplet(), arch.triplet()));
    format!("`{}`", Escaped(&path))
}

/// The first of some things; more are counted.
fn listed<T>(
    f: &mut fmt::Formatter<'_>,
    things: &[T],
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    let (few, more) = things.split_at(things.len().min(MOST_LISTED));
    for (number, thing) in few.iter().enumerate() {
        f.write_str(if number > 0 { ", " } else { "" })?;
        show(f, thing)?;
    }
    if more.is_empty() { Ok(()) } else { write!(f, " and {} more", more.len()) }
}

fn cut(text: &str) -> String {
    if text.chars().count() > LONGEST {
        text.chars().take(LONGEST).chain("...".chars()).collect()
    } else {
        text.to_owned()
    }
}

fn often(times: u64) -> String {
    if times > 1 { format!(" and {} more", times - 1) } else { String::new() }
}

impl Place {
    const fn words(self) -> &'static str {
        match self {
            Self::Name => "in its name",
            Self::Link => "where the link leads to",
            Self::Loader => "in what the loader is told",
            Self::Configuration => "in a text that programs go by",
            Self::Text => "in its text",
            Self::Data => "in its data",
        }
    }
}
