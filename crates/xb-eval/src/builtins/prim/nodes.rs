//! Nodes that need no run.

use std::collections::{BTreeMap, BTreeSet};

use xb_graph::{Conflict, DebianRoot, Fetch, FetchKind, FileEntry, Files, Folder, Node};

use super::settings::{Settings, path, refuse, texts};
use crate::builtins::Invocation;
use crate::failure::Result;
use crate::tree::LayerValue;
use crate::value::{Base, Value};

pub(super) fn fetch<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let known = ["url", "as", "strip", "name", "executable", "revision", "sha256", "h1"];
    let settings = Settings::new(call, &known)?;
    let url = settings.text("url")?.to_owned();
    let how = match settings.text_or_null("as")?.unwrap_or("archive") {
        "archive" => {
            FetchKind::Archive { strip: u32::try_from(settings.count("strip")?.unwrap_or(1)).unwrap_or(u32::MAX) }
        }
        "file" => FetchKind::File {
            name: match settings.text_or_null("name")? {
                Some(name) => name.to_owned(),
                None => url.rsplit('/').next().unwrap_or("file").to_owned(),
            },
            executable: settings.flag("executable")?,
        },
        "rock" => FetchKind::Rock,
        "git" => FetchKind::Git { revision: settings.text("revision")?.to_owned() },
        "go-module" => FetchKind::GoModule {
            h1: settings.text("h1")?.parse().map_err(|error| refuse(call, format!("cannot take `{url}`: {error}")))?,
        },
        other => return Err(refuse(call, format!("knows archive, file, rock, git and go-module, not `{other}`"))),
    };
    let sha256 = match settings.text_or_null("sha256")? {
        None => None,
        Some(text) => Some(
            text.parse()
                .map_err(|_| refuse(call, format!("needs 64 hexadecimal digits for `sha256`, found `{text}`")))?,
        ),
    };
    Ok(made(call, Node::Fetch(Box::new(Fetch { url, how, sha256 }))))
}

fn made<'v>(call: &Invocation<'_, 'v>, node: Node) -> Value<'v> {
    call.eval.tree(call.eval.add_node(node, call.span), "out")
}

pub(super) fn folder<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let folder = call.path(0)?;
    if folder.base == Base::Std {
        return Err(refuse(call, "takes folders of the project only"));
    }
    let patterns = |own: &[&str], at: usize| -> Result<Vec<String>> {
        let given = texts(call, call.list(at)?)?;
        Ok(own.iter().copied().chain(given).map(str::to_owned).collect())
    };
    Ok(made(
        call,
        Node::Folder(Box::new(Folder {
            path: path(call, folder.path)?,
            only: patterns(folder.only, 1)?,
            except: patterns(folder.except, 2)?,
        })),
    ))
}

pub(super) fn debian<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let settings = Settings::new(call, &["suite", "packages", "database"])?;
    let mut packages = BTreeMap::new();
    for (arch, names) in call.eval.sorted(settings.record("packages")?) {
        let arch = arch.parse().map_err(|error: xb_core::UnknownArch| refuse(call, format!("packages: {error}")))?;
        let Value::List(names) = call.eval.force(names)? else {
            return Err(refuse(call, "needs a list of names for each architecture"));
        };
        let names: BTreeSet<String> = texts(call, names)?.into_iter().map(str::to_owned).collect();
        if !names.is_empty() {
            packages.insert(arch, names);
        }
    }
    let suite = settings.text("suite")?.to_owned();
    let database = settings.flag("database")?;
    Ok(made(call, Node::Debian(Box::new(DebianRoot { suite, packages, database }))))
}

pub(super) fn files<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let mut entries = BTreeMap::new();
    for (name, entry) in call.eval.sorted(call.record(0)?) {
        let entry = file_entry(call, entry)?;
        entries.insert(path(call, name)?, entry);
    }
    Ok(made(call, Node::Files(Files { entries: entries.into_iter().collect() })))
}

fn file_entry<'v>(call: &Invocation<'_, 'v>, entry: Value<'v>) -> Result<FileEntry> {
    let record = match call.eval.force(entry)? {
        Value::String(text) | Value::Script(text) => {
            return Ok(FileEntry::File { text: call.eval.shared(text), executable: false });
        }
        Value::Record(record) => record,
        other => return Err(refuse(call, format!("needs a text or a record for each path, found {}", other.kind()))),
    };
    let settings = Settings::of(call, record, &["text", "executable", "link"])?;
    Ok(match (settings.text_or_null("text")?, settings.text_or_null("link")?) {
        (Some(text), _) => FileEntry::File { text: call.eval.shared(text), executable: settings.flag("executable")? },
        (None, Some(target)) => FileEntry::Symlink { target: target.to_owned() },
        (None, None) => FileEntry::Directory,
    })
}

pub(super) fn layer<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let settings = Settings::new(call, &["tree", "at", "select", "replace", "name"])?;
    let tree = settings.later("tree").ok_or_else(|| refuse(call, "needs `tree`"))?;
    let select = match settings.get("select")? {
        Value::Null => None,
        _ => Some(&*call.eval.arena.alloc_slice_copy(&settings.texts("select")?)),
    };
    let conflict = if settings.flag("replace")? { Conflict::Replace } else { Conflict::Refuse };
    Ok(Value::Layer(call.eval.arena.alloc(LayerValue {
        name: settings.text_or_null("name")?.unwrap_or("a layer"),
        tree,
        at: settings.text_or_null("at")?.unwrap_or_default(),
        select,
        conflict,
    })))
}

pub(super) fn compose<'v>(call: &Invocation<'_, 'v>) -> Result<Value<'v>> {
    let layers: Result<Vec<_>> = call.list(0)?.iter().map(|layer| call.eval.to_layer(*layer, call.span)).collect();
    Ok(made(call, Node::Compose { layers: layers? }))
}
