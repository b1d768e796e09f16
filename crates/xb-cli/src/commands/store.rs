//! `xb store`: what is in the store, and whether it is sound.

use xb_core::show_size;
use xb_store::{Damage, Store};

use crate::args::{StoreArgs, StoreCommand};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_json, print_line, say, style, styled};
use crate::project::Project;
use crate::stores::{open_store, store_path};

/// Runs the command.
///
/// # Errors
/// When the store cannot be used, or is found damaged.
pub fn run(here: &Invocation, args: &StoreArgs) -> Result<(), Failure> {
    let config = Project::of(&here.folder)?.config;
    match args.command {
        StoreCommand::Path => print_line(store_path(&config)?.display()),
        StoreCommand::Stats { json } => stats(&open_store(&config)?, json),
        StoreCommand::Verify { repair } => verify(&open_store(&config)?, repair),
        StoreCommand::Roots => roots(&open_store(&config)?),
    }
}

fn stats(store: &Store, json: bool) -> Result<(), Failure> {
    let stats = store.stats()?;
    let rows = [
        ("contents", stats.contents),
        ("bytes", stats.bytes),
        ("directories", stats.directories),
        ("trees", stats.trees),
        ("results", stats.results),
        ("memos", stats.memos),
        ("roots", stats.roots),
    ];
    if json {
        let rows: serde_json::Map<_, _> =
            rows.into_iter().map(|(name, number)| (name.to_owned(), number.into())).collect();
        return print_json(&rows);
    }
    rows.into_iter().try_for_each(|(name, number)| match name {
        "bytes" => print_line(format_args!("{:<12} {}", "size", show_size(number))),
        _ => print_line(format_args!("{name:<12} {number}")),
    })
}

fn verify(store: &Store, repair: bool) -> Result<(), Failure> {
    let report = store.verify(repair)?;
    for damage in &report.damaged {
        say(told(damage));
    }
    let checked = format!(
        "{} contents ({}), {} directories and {} trees",
        report.contents,
        show_size(report.bytes),
        report.directories,
        report.trees
    );
    if report.damaged.is_empty() {
        say(format!("{}: {checked} are what their digests say", styled(style::GOOD, "sound")));
        return Ok(());
    }
    let damaged = report.damaged.len();
    if report.repaired {
        say(format!("{damaged} damaged of {checked}: removed, to be built or fetched again when needed"));
        return Ok(());
    }
    Err(Failure::environment(format!("{damaged} damaged of {checked}"))
        .help("`xb store verify --repair` removes what is damaged, so that it is built or fetched again"))
}

fn told(damage: &Damage) -> String {
    let mut text = format!("{}: {}: {}", styled(style::ERROR, "damaged"), damage.what, damage.reason);
    for affected in &damage.affected {
        text += &format!("\n  {} {affected}", styled(style::FAINT, "in:"));
    }
    text
}

fn roots(store: &Store) -> Result<(), Failure> {
    store.roots()?.into_iter().try_for_each(|(name, tree)| print_line(format_args!("{tree}  {name}")))
}
