//! What is asked for: which packages of a file, and their place in the graph.

use std::collections::BTreeMap;

use xb_core::{Arch, Baseline};
use xb_graph::{NodeId, Target, TargetId};

use super::{Product, TargetRequest};
use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::module::{Module, ModuleKey};
use crate::package::Instance;
use crate::stdlib;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// Takes the targets of a request one by one, each with its own success.
    pub(super) fn targets(&self, request: &TargetRequest, mut take: impl FnMut(Result<Target>)) {
        let found =
            self.module(&ModuleKey::project(&request.file), NOWHERE).and_then(|module| self.wanted(module, request));
        let wanted = match found {
            Ok(wanted) => wanted,
            Err(failure) if request.may_define_none && failure.code() == codes::NO_TARGET => return,
            Err(failure) => return take(Err(failure)),
        };
        if request.product == Product::Image {
            return request.arches.iter().for_each(|arch| take(self.image(&wanted, *arch, request)));
        }
        let mut is_any = false;
        for value in wanted {
            for arch in &request.arches {
                let target = self.target(value, *arch, request).transpose();
                is_any |= target.is_some();
                target.into_iter().for_each(&mut take);
                if matches!(value, Value::Instance(_)) {
                    break;
                }
            }
        }
        if !is_any && !request.may_define_none {
            take(Err(nothing_made(request)));
        }
    }

    /// The values that a request names.
    fn wanted(&self, module: &Module<'v>, request: &TargetRequest) -> Result<Vec<Value<'v>>> {
        let value = self.force(module.value)?;
        if let (Some(name), Value::Record(record)) = (&request.name, value)
            && let Some(field) = self.sorted(record).iter().find(|field| is_name(field.0, name))
            && let Value::Release(release) = self.force(field.1)?
        {
            return self.released(release);
        }
        match (&request.name, value) {
            (None, Value::Package(_) | Value::Instance(_) | Value::Closure(_)) => Ok(vec![value]),
            (Some(name), Value::Package(package)) if is_name(package.code.name, name) => Ok(vec![value]),
            (None, Value::Record(_)) if !module.explicit => self.all_packages(module, request),
            (None, Value::Record(record)) => {
                let values = self.sorted(record).into_iter().map(|field| self.force(field.1));
                let values = values.collect::<Result<Vec<_>>>()?;
                let is_package = |value: &Value<'v>| matches!(value, Value::Package(_) | Value::Instance(_));
                self.some(values.into_iter().filter(is_package).collect(), request)
            }
            (Some(name), Value::Record(record)) => {
                let fields = self.sorted(record);
                match fields.iter().find(|field| is_name(field.0, name)) {
                    Some(field) => Ok(vec![self.force(field.1)?]),
                    None => Err(Failure::new(codes::NO_TARGET, format!("`{}` does not define `{name}`", request.file))
                        .meant(name, fields.iter().map(|field| field.0))
                        .note(format!("it defines {}", listed(fields.iter().map(|field| field.0))))),
                }
            }
            (_, other) => Err(Failure::new(
                codes::NO_TARGET,
                format!("the value of `{}` is {}, not a package", request.file, other.kind()),
            )),
        }
    }

    /// The packages that a file defines: where some need an argument beside the architecture, the others.
    fn all_packages(&self, module: &Module<'v>, request: &TargetRequest) -> Result<Vec<Value<'v>>> {
        let values = module.defined.iter().map(|(_, cell)| cell.get());
        let packages: Vec<_> = values.filter(|value| matches!(value, Value::Package(_))).collect();
        let ready: Vec<_> = packages.iter().copied().filter(is_ready).collect();
        self.some(if ready.is_empty() { packages } else { ready }, request)
    }

    fn some(&self, packages: Vec<Value<'v>>, request: &TargetRequest) -> Result<Vec<Value<'v>>> {
        if packages.is_empty() {
            return Err(Failure::new(codes::NO_TARGET, format!("`{}` defines no package", request.file))
                .help("write `package name(arch) { ... }`"));
        }
        Ok(packages)
    }

    /// None where what is not shipped is asked for among others.
    fn target(&self, value: Value<'v>, arch: Arch, request: &TargetRequest) -> Result<Option<Target>> {
        let instance = self.target_instance(value, arch, request)?;
        match request.product {
            Product::Result | Product::Image => self.target_of(instance, instance).map(Some),
            Product::Source => self.source(instance, request),
            Product::Shipped if is_among_others(request) && !self.is_shipped(instance)? => Ok(None),
            Product::Shipped => self.target_of(instance, self.shipped(instance)?).map(Some),
        }
    }

    /// The source of a package; none where one without a source is asked for among others.
    fn source(&self, instance: &'v Instance<'v>, request: &TargetRequest) -> Result<Option<Target>> {
        let code = instance.package.code;
        let source = self.package_field(instance, "source")?;
        if matches!(source, Value::Null) {
            let failure = Failure::new(codes::NO_TARGET, format!("`{}` has no source", code.title));
            return if is_among_others(request) { Ok(None) } else { Err(failure.at(code.place, "this package")) };
        }
        Ok(Some(Target {
            id: TargetId { file: self.origin(code.place).file, package: code.title.to_owned(), arch: instance.arch },
            version: None,
            build: self.to_input(source, self.field_place(code, "source"))?.node,
            check: None,
            tests: Vec::new(),
            root: None,
            baseline: Baseline::lowest(instance.arch),
            policy: BTreeMap::new(),
        }))
    }

    /// The target of a package, which is made as itself or as what is shipped in its place.
    fn target_of(&self, instance: &'v Instance<'v>, made: &'v Instance<'v>) -> Result<Target> {
        let place = instance.package.code.place;
        let version = match self.package_field(made, "version")? {
            Value::String(version) if is_version(version) => Some((*version).to_owned()),
            Value::String(version) => {
                return Err(Failure::new(
                    codes::FIELD_TYPE,
                    format!("`{}` cannot be the version of a package", version.escape_debug()),
                )
                .at(self.field_place(instance.package.code, "version"), "set here")
                .note("files are named by it: it has no slash, no blank and nothing that cannot be printed"));
            }
            _ => None,
        };
        let package = match self.package_field(made, "name")? {
            Value::String(name) if is_file_name(name) && !(made.id == instance.id && name.ends_with(SHIPPED)) => {
                (*name).to_owned()
            }
            Value::String(name) => {
                return Err(Failure::new(
                    codes::FIELD_TYPE,
                    format!("`{}` cannot be the name of a package", name.escape_debug()),
                )
                .at(self.field_place(instance.package.code, "name"), "set here")
                .note(
                    "results are named so on the disk: letters, digits and `+-._`, beginning with a letter or digit, and \
                     not ending in `.deb`, as what is shipped does",
                ));
            }
            _ => made.package.code.title.to_owned(),
        };
        let file = self.origin(place).file;
        Ok(Target {
            id: TargetId { file, package, arch: made.arch },
            version,
            build: self.choice(made, place)?,
            check: self.check_node(made, place)?,
            tests: if made.id == instance.id { Vec::new() } else { self.tests(&[instance])? },
            root: if made.id == instance.id { self.audit_root(made)? } else { None },
            baseline: self.baseline(instance)?,
            policy: self.policy(instance)?,
        })
    }

    fn image(&self, wanted: &[Value<'v>], arch: Arch, request: &TargetRequest) -> Result<Target> {
        let instances = wanted.iter().map(|value| self.target_instance(*value, arch, request));
        let instances = instances.collect::<Result<Vec<_>>>()?;
        let packages: Vec<_> = instances.iter().map(|instance| Value::Instance(instance)).collect();
        let module = self.module(&stdlib::file("image.xb"), NOWHERE)?;
        let function = self.field(self.force(module.value)?, self.symbol("image"), NOWHERE, NOWHERE)?;
        let layers = self.apply(function, &[self.list(&packages), Value::Arch(arch)], NOWHERE)?;
        let package = request.name.clone().unwrap_or_else(|| "image".to_owned());
        Ok(Target {
            id: TargetId { file: request.file.as_str().into(), package, arch },
            version: None,
            build: self.to_input(layers, NOWHERE)?.node,
            check: None,
            tests: self.tests(&instances)?,
            root: None,
            baseline: Baseline::lowest(arch),
            policy: BTreeMap::new(),
        })
    }

    /// The checks of packages that have one.
    fn tests(&self, packages: &[&'v Instance<'v>]) -> Result<Vec<NodeId>> {
        let checks = packages.iter().map(|package| self.check_node(package, package.package.code.place).transpose());
        checks.flatten().collect()
    }

    fn target_instance(&self, value: Value<'v>, arch: Arch, request: &TargetRequest) -> Result<&'v Instance<'v>> {
        if let Value::Package(package) = value
            && !is_ready(&value)
        {
            let (title, name) = (package.code.title, package.code.name);
            return Err(Failure::new(
                codes::NO_TARGET,
                format!("`{title}` needs more than an architecture to be built"),
            )
            .at(package.code.place, "it has parameters without a default")
            .help(format!("give them defaults, or a name to one way of it: `let one = arch => {name}(arch, ...)`")));
        }
        let made = match value {
            Value::Package(_) | Value::Closure(_) => self.apply(value, &[Value::Arch(arch)], NOWHERE)?,
            other => other,
        };
        match made {
            Value::Instance(instance) => Ok(instance),
            other => Err(Failure::new(
                codes::NO_TARGET,
                format!("what was asked for in `{}` is {}, not a package", request.file, other.kind()),
            )),
        }
    }
}

/// What the name of what is shipped in the place of a package ends in.
pub const SHIPPED: &str = ".deb";

/// Whether nobody asked for this package and no other.
fn is_among_others(request: &TargetRequest) -> bool {
    request.name.is_none() || request.may_define_none
}

#[cold]
fn nothing_made(request: &TargetRequest) -> Failure {
    if request.product == Product::Source {
        return Failure::new(codes::NO_TARGET, format!("no package of `{}` has a source", request.file))
            .help("add `source = fetch.tarball(\"...\")` to it, or a folder beside the file");
    }
    Failure::new(codes::NO_TARGET, format!("no package of `{}` says how it is shipped", request.file))
        .help("add `ship = deb { maintainer = \"Name <name@example.org>\" }` to it")
}

/// The first of some names.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let names = names.take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        return "nothing".to_owned();
    }
    if more == 0 { names } else { format!("{names} and {more} more") }
}

/// Whether a folder can be named so wherever results are copied to.
fn is_file_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-._".contains(c))
}

/// Whether files can be named by it.
fn is_version(version: &str) -> bool {
    let is_sign = |c: char| !c.is_control() && !c.is_whitespace() && c != '/';
    version.len() <= 128 && !version.is_empty() && version.chars().all(is_sign)
}

/// Whether the architecture is all that a package must be given.
fn is_ready(value: &Value<'_>) -> bool {
    match value {
        Value::Package(package) => package.code.params.iter().skip(1).all(|param| param.default.is_some()),
        _ => false,
    }
}

/// Whether a package of this name was asked for; results are shown with `-` where names have `_`.
pub(super) fn is_name(defined: &str, asked: &str) -> bool {
    defined == asked || defined.replace('_', "-") == asked
}
