//! `xb gc`: removes from the store what nothing needs any more.

use xb_store::{GcPolicy, Store};

use crate::args::GcArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, say};
use crate::project::Project;
use crate::report;
use crate::session::sandboxes;
use crate::size::{count, parse_size, parse_time, show_size};
use crate::stores::open_store;

/// Runs the command.
///
/// # Errors
/// When the policy cannot be read, or another xb uses the store.
pub fn run(here: &Invocation, args: &GcArgs) -> Result<(), Failure> {
    let policy = policy(args)?;
    let store = open_store(&Project::of(&here.folder)?.config)?;
    let roots = remove_roots_of_gone_projects(&store)?;
    let report = store.gc(&policy)?;
    let sandboxes = xb_exec::remove_kept(&sandboxes(&store)).map_err(Failure::environment)?;
    if args.json {
        return print_json(&serde_json::json!({
            "files": report.files,
            "bytes": report.bytes,
            "trees": report.trees,
            "results": report.results,
            "memos": report.memos,
            "roots": roots,
            "sandboxes": sandboxes,
            "kept_bytes": report.kept_bytes,
        }));
    }
    say(format!(
        "removed {} ({}), {}, {} and {}; {} stay",
        count(number(report.files), "file"),
        show_size(report.bytes),
        count(number(report.trees), "tree"),
        count(number(report.results), "result"),
        count(number(sandboxes), "kept sandbox"),
        show_size(report.kept_bytes),
    ));
    Ok(())
}

/// A project that is gone needs its results no longer; returns how many they were. One that cannot be looked at may
/// still be there.
fn remove_roots_of_gone_projects(store: &Store) -> Result<u64, Failure> {
    let mut removed = 0;
    for (name, _) in store.roots()? {
        let gone = report::project_of_root(&name).is_some_and(|folder| matches!(folder.try_exists(), Ok(false)));
        if gone && store.remove_root(&name)? {
            removed += 1;
        }
    }
    Ok(removed)
}

fn policy(args: &GcArgs) -> Result<GcPolicy, Failure> {
    let age = parse_time(&args.keep)
        .ok_or_else(|| Failure::usage(format!("`{}` is not a time", args.keep)).help("write `12h`, `30d` or `8w`"))?;
    let read_size = |text: &String| {
        parse_size(text).ok_or_else(|| {
            Failure::usage(format!("`{text}` is not a size")).help("write `500M`, `20G` or a number of bytes")
        })
    };
    Ok(GcPolicy { age: Some(age), bytes: args.max_size.as_ref().map(read_size).transpose()?, wait: args.wait })
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
