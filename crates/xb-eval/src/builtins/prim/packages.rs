//! Packages as the standard library sees them.

use crate::builtins::Invocation;
use crate::failure::Result;
use crate::package::Instance;
use crate::value::Value;

fn instance<'v>(call: &Invocation<'_, 'v>) -> Result<&'v Instance<'v>> {
    match call.args[0] {
        Value::Instance(instance) => Ok(instance),
        _ => Err(call.wrong(0, "a package with its arguments")),
    }
}

pub(super) fn apply<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let arch = call.eval.to_arch(call.args[1], call.span)?;
    match call.args[0] {
        Value::Instance(instance) => Ok(Value::Instance(instance)),
        Value::Package(_) => call.apply(call.args[0], &[Value::Arch(arch)]),
        _ => Err(call.wrong(0, "a package")),
    }
}

pub(super) fn staged<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let node = call.eval.staged(instance(call)?, call.span)?;
    Ok(call.eval.tree(node, "out"))
}

pub(super) fn closure<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let all = call.eval.closure_of(instance(call)?, call.span)?;
    let all: Vec<_> = all.into_iter().map(Value::Instance).collect();
    Ok(call.eval.list(&all))
}

pub(super) fn needs_names<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let names = call.eval.needs_names(instance(call)?, call.span)?;
    Ok(Value::List(call.eval.arena.alloc(names)))
}
