//! What a `release` says: its packages are emitted like any others, the rest is data.

use xb_core::{Arch, RelPath};

use super::EmitFailure;
use super::target::is_name;
use crate::builtins::FORMATS;
use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::limits::Limits;
use crate::module::ModuleKey;
use crate::package::{Instance, ReleaseValue};
use crate::session::Arena;
use crate::value::Value;
use crate::world::World;

/// A release, but for its packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// What it is called in its file.
    pub name: String,
    /// What it is called by those who install from it.
    pub title: String,
    /// Its version.
    pub version: Option<String>,
    /// When it was made, as it says itself: `2026-11-26`.
    pub date: Option<String>,
    /// The architectures that it is for; none where it does not say.
    pub arches: Vec<Arch>,
    /// How it is given out.
    pub formats: Vec<Format>,
}

/// A format that a release is given out in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// `deb`, `oci` or `tar`.
    pub name: String,
    /// Its settings, as a JSON object.
    pub settings: String,
}

/// Reads the releases that a file defines: all of them, or those of this name.
///
/// # Errors
/// When one says what no release can say.
pub fn releases(
    world: &dyn World,
    file: &RelPath,
    name: Option<&str>,
    host: Arch,
    limits: Limits,
) -> std::result::Result<Vec<Release>, EmitFailure> {
    let arena = Arena::new();
    let eval = Evaluator::new(&arena.0, world, host, limits);
    eval.releases(file, name).map_err(|failure| {
        let diagnostics = eval.diagnostics(failure);
        EmitFailure { diagnostics, sources: eval.sources.take() }
    })
}

impl<'v> Evaluator<'v> {
    fn releases(&self, file: &RelPath, name: Option<&str>) -> Result<Vec<Release>> {
        let module = self.module(&ModuleKey::project(file), NOWHERE)?;
        let mut releases = Vec::new();
        for (symbol, cell) in module.defined {
            let is_meant = name.is_none_or(|name| is_name(self.symbols.name(*symbol), name));
            // What is defined otherwise is only evaluated where it is meant by its name.
            let value = if name.is_some() && is_meant { self.force(cell.get())? } else { cell.get() };
            if let Value::Release(release) = value
                && is_meant
            {
                releases.push(self.release_of(release)?);
            }
        }
        Ok(releases)
    }

    fn release_of(&self, release: &'v ReleaseValue<'v>) -> Result<Release> {
        let text = |name: &str| -> Result<Option<String>> {
            match self.release_field(release, name)? {
                Value::String(text) => Ok(Some((*text).to_owned())),
                _ => Ok(None),
            }
        };
        let mut arches = Vec::new();
        for arch in self.release_list(release, "arches")? {
            arches.push(self.to_arch(*arch, NOWHERE)?);
        }
        let mut formats = Vec::new();
        for format in self.release_list(release, "formats")? {
            formats.push(self.format(*format)?);
        }
        Ok(Release {
            name: release.name.to_owned(),
            title: text("name")?.unwrap_or_else(|| release.name.replace('_', "-")),
            version: text("version")?,
            date: text("date")?,
            arches,
            formats,
        })
    }

    /// The packages of a release.
    pub(super) fn released(&self, release: &'v ReleaseValue<'v>) -> Result<Vec<Value<'v>>> {
        let packages = self.release_list(release, "packages")?.iter().map(|package| self.force(*package));
        let packages = packages.collect::<Result<Vec<_>>>()?;
        let applied = packages.iter().find_map(|package| match package {
            Value::Instance(instance) => Some(*instance),
            _ => None,
        });
        applied.map_or(Ok(packages), |instance| Err(is_applied(instance)))
    }

    fn release_field(&self, release: &'v ReleaseValue<'v>, name: &str) -> Result<Value<'v>> {
        release.fields.get(self.symbol(name)).map_or(Ok(Value::Null), |value| self.force(value))
    }

    fn release_list(&self, release: &'v ReleaseValue<'v>, name: &str) -> Result<&'v [Value<'v>]> {
        match self.release_field(release, name)? {
            Value::List(items) => Ok(items),
            _ => Ok(&[]),
        }
    }

    fn format(&self, format: Value<'v>) -> Result<Format> {
        match self.force(format)? {
            Value::Builtin(builtin) if is_format(builtin.path) => {
                Ok(Format { name: builtin.path.to_owned(), settings: "{}".to_owned() })
            }
            Value::Record(record) => {
                match record.get(self.symbol("format")).map(|name| self.force(name)).transpose()? {
                    Some(Value::String(name)) if is_format(name) => {
                        let settings = self.json(Value::Record(record), false, NOWHERE)?;
                        Ok(Format { name: (*name).to_owned(), settings: settings.into_string() })
                    }
                    _ => Err(no_format()),
                }
            }
            _ => Err(no_format()),
        }
    }
}

fn is_format(name: &str) -> bool {
    FORMATS.iter().any(|format| format.path == name)
}

#[cold]
fn is_applied(instance: &Instance<'_>) -> Failure {
    let code = instance.package.code;
    Failure::new(codes::OTHER_ARCH, format!("a release has `{}` for {} only", code.title, instance.arch))
        .at(code.place, "this package")
        .note("a release is for its architectures, and applies its packages to each of them")
        .help(format!(
            "write `{}` without an architecture; one of other fields is `arch => {0}(arch).with {{ ... }}`",
            code.name
        ))
}

#[cold]
fn no_format() -> Failure {
    Failure::new(codes::FIELD_TYPE, "a release is given out in no such format")
        .note("the formats are `deb`, `oci` and `tar`, with settings where they are needed: `deb { suite = \"edge\" }`")
}
