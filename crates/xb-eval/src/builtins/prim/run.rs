//! Runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use xb_core::RelPath;
use xb_graph::{CodeFor, Common, Environment, Limits, Node, Run};

use super::settings::{Settings, path, refuse};
use crate::builtins::Invocation;
use crate::failure::Result;
use crate::record::Record;
use crate::tree::RunValue;
use crate::value::Value;

const KNOWN: [&str; 13] = [
    "package", "arch", "step", "method", "platform", "root", "command", "env", "cwd", "outputs", "limits", "emulator",
    "pure",
];

pub(super) fn run<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let settings = Settings::new(call, &KNOWN)?;
    let eval = call.eval;
    let root: Result<Vec<_>> = settings.list("root")?.iter().map(|layer| eval.to_layer(*layer, call.span)).collect();
    let emulator = match settings.get("emulator")? {
        Value::Null => None,
        tree => Some(eval.to_input(tree, call.span)?),
    };
    let outputs = outputs(call, settings.record("outputs")?)?;
    let names: Vec<&'v str> = outputs.keys().map(|name| eval.symbols.name(eval.symbol(name))).collect();
    let instance = settings.instance("package")?;
    let package = instance.package.code;
    let step = settings.text("step")?;
    let is_pure = matches!(settings.get("pure")?, Value::Bool(true));
    let run = Run {
        package: package.title.to_owned(),
        arch: settings.arch("arch")?,
        step: step.to_owned(),
        method: settings.parsed("method")?,
        platform: settings.arch("platform")?,
        root: root?,
        command: settings.texts("command")?.into_iter().map(str::to_owned).collect(),
        env: environment(call, settings.list("env")?)?,
        cwd: settings.path("cwd")?,
        outputs,
        limits: limits(&settings)?,
        emulator,
        code_for: match is_pure {
            true => CodeFor::Every,
            false if step == "build" && eval.accepts_any_code(instance)? => CodeFor::Any,
            false => CodeFor::Own,
        },
    };
    let node = eval.add_node(Node::Run(Box::new(run)), package.place);
    Ok(Value::Run(eval.arena.alloc(RunValue { node, outputs: eval.arena.alloc_slice_copy(&names) })))
}

fn outputs<'v>(call: &Invocation<'_, 'v>, record: &Record<'v>) -> Result<Arc<BTreeMap<String, RelPath>>> {
    let mut outputs = BTreeMap::new();
    for (name, value) in call.eval.sorted(record) {
        match call.eval.force(value)? {
            Value::String(text) => outputs.insert(name.to_owned(), path(call, text)?),
            other => return Err(refuse(call, format!("needs a path for each output, found {}", other.kind()))),
        };
    }
    let mut all = call.eval.emission.outputs.borrow_mut();
    if let Some(known) = all.get(&outputs) {
        return Ok(Arc::clone(known));
    }
    let outputs = Arc::new(outputs);
    all.insert(Arc::clone(&outputs));
    Ok(outputs)
}

/// The variables of several records, of which the later win; null takes a variable away.
///
/// What the first one says is read once: it is the same record for many runs.
fn environment<'v>(call: &Invocation<'_, 'v>, records: &[Value<'v>]) -> Result<Environment> {
    let mut env = Environment::default();
    for (index, record) in records.iter().enumerate() {
        let Value::Record(record) = call.eval.force(*record)? else {
            return Err(refuse(call, "needs records of variables for `env`"));
        };
        if index == 0 {
            env = Environment::new(common(call, record)?);
            continue;
        }
        for (name, value) in call.eval.sorted(record) {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(refuse(call, format!("cannot set a variable of the name {name:?}")));
            }
            match variable(call, value)? {
                Some(value) => env.insert(call.eval.shared(name), value),
                None => env.retain(|known| known != name),
            }
        }
    }
    Ok(env)
}

fn common<'v>(call: &Invocation<'_, 'v>, record: &'v Record<'v>) -> Result<Arc<Common>> {
    let address = std::ptr::from_ref(record).addr();
    if let Some(known) = call.eval.emission.environments.borrow().get(&address) {
        return Ok(Arc::clone(known));
    }
    let mut variables = BTreeMap::new();
    for (name, value) in call.eval.sorted(record) {
        if let Some(value) = variable(call, value)? {
            variables.insert(name.into(), value);
        }
    }
    let common = Arc::new(Common::new(variables));
    call.eval.emission.environments.borrow_mut().insert(address, Arc::clone(&common));
    Ok(common)
}

/// The value of a variable; none when it is null.
fn variable<'v>(call: &Invocation<'_, 'v>, value: Value<'v>) -> Result<Option<Arc<str>>> {
    match call.eval.force(value)? {
        Value::Null => Ok(None),
        Value::String(text) | Value::Script(text) => Ok(Some((*text).into())),
        other => Ok(Some(call.eval.in_text(other, call.span)?.into())),
    }
}

fn limits(settings: &Settings<'_, '_, '_>) -> Result<Limits> {
    let known = ["memory_mb", "processes", "minutes", "disk_mb", "cpus", "users", "features"];
    let given = Settings::of(settings.call, settings.record("limits")?, &known)?;
    let usual = Limits::default();
    // In an action, zero is no limit; who writes a limit wants one.
    Ok(Limits {
        memory: given.positive("memory_mb")?.map_or(usual.memory, |mb| mb.saturating_mul(1 << 20)),
        processes: given.positive("processes")?.unwrap_or(usual.processes),
        seconds: given.positive("minutes")?.map_or(usual.seconds, |minutes| minutes.saturating_mul(60)),
        disk: given.positive("disk_mb")?.map_or(usual.disk, |mb| mb.saturating_mul(1 << 20)),
        cpus: given.positive("cpus")?.map_or(usual.cpus, |cpus| u32::try_from(cpus).unwrap_or(u32::MAX)),
        users: given.positive("users")?.map_or(usual.users, |users| u32::try_from(users).unwrap_or(u32::MAX)),
        features: match given.get("features")? {
            Value::Null => usual.features,
            _ => given.texts("features")?.into_iter().map(str::to_owned).collect(),
        },
        ..usual
    })
}
