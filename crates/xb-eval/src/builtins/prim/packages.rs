//! Packages as the standard library sees them.

use xb_core::Arch;
use xb_graph::Conflict;

use crate::builtins::Invocation;
use crate::codes;
use crate::failure::{Failure, Result};
use crate::key::Key;
use crate::package::Instance;
use crate::tree::LayerValue;
use crate::value::Value;

fn instance<'v>(call: &Invocation<'_, 'v>) -> Result<&'v Instance<'v>> {
    match call.args[0] {
        Value::Instance(instance) => Ok(instance),
        _ => Err(call.wrong(0, "a package with its arguments")),
    }
}

pub(super) fn staged<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let eval = call.eval;
    let arch = eval.to_arch(call.args[1], call.span)?;
    let mut layers = Vec::new();
    for entry in call.list(0)? {
        let package = match eval.force(*entry)? {
            Value::String(_) => continue,
            Value::Package(package) => call.apply(Value::Package(package), &[Value::Arch(arch)])?,
            other => other,
        };
        let Value::Instance(package) = package else {
            return Err(call.wrong(0, "a list of packages"));
        };
        if package.arch != arch {
            return Err(of_another_architecture(package, arch));
        }
        layers.push(layer(call, package)?);
    }
    Ok(eval.list(&layers))
}

#[cold]
fn of_another_architecture(package: &Instance<'_>, platform: Arch) -> Failure {
    let (title, name) = (package.package.code.title, package.package.code.name);
    let message = format!("`{title}` for {} cannot be a tool of a build that runs on {platform}", package.arch);
    Failure::new(codes::OTHER_ARCH, message)
        .at(package.package.code.place, "the tool")
        .note("which architecture a build runs on depends on its method")
        .help(format!("write `{name}` without an architecture: it is applied to the one that the build runs on"))
}

/// The layer by which a package lies in the root of others.
fn layer<'v>(call: &Invocation<'_, 'v>, package: &'v Instance<'v>) -> Result<Value<'v>> {
    let eval = call.eval;
    if let Some(known) = eval.emission.layers.borrow().get(&package.id) {
        return Ok(*known);
    }
    let Value::String(name) = eval.package_field(package, "name")? else {
        return Err(call.wrong(0, "a list of packages with names"));
    };
    let name = eval.arena.alloc_str(&format!("{name} ({})", package.arch));
    let tree = eval.tree(eval.staged(package, call.span)?, "out");
    let layer = LayerValue { name, tree, at: "", select: None, conflict: Conflict::Refuse };
    let layer = Value::Layer(eval.arena.alloc(layer));
    eval.emission.layers.borrow_mut().insert(package.id, layer);
    Ok(layer)
}

pub(super) fn once<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let arguments = call.list(1)?;
    let Value::Closure(function) = call.args[0] else {
        return call.apply(call.args[0], arguments);
    };
    let mut key = Key::new(call.eval, call.span, &std::ptr::from_ref(function).addr().to_le_bytes());
    if !key.list(arguments)? {
        return call.apply(call.args[0], arguments);
    }
    if let Some(known) = call.eval.emission.calls.borrow().get(key.bytes()) {
        return Ok(*known);
    }
    let value = call.apply(call.args[0], arguments)?;
    call.eval.emission.calls.borrow_mut().insert(key.kept(), value);
    Ok(value)
}

pub(super) fn closure<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let all = call.eval.closure_of(instance(call)?, call.span)?;
    let all: Vec<_> = all.into_iter().map(Value::Instance).collect();
    Ok(call.eval.list(&all))
}

pub(super) fn shipped<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    call.eval.shipped(instance(call)?).map(Value::Instance)
}

pub(super) fn needs_names<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let names = call.eval.needs_names(instance(call)?, call.span)?;
    Ok(Value::List(call.eval.arena.alloc(names)))
}
