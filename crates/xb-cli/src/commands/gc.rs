//! `xb gc`: removes from the store what nothing needs any more.

use std::sync::Arc;

use xb_build::{Events, Executor as _};
use xb_core::{count, parse_time, show_size};
use xb_serve::Shelf;
use xb_store::{GcPolicy, GcReport, Store};

use crate::args::GcArgs;
use crate::dockers::dockers;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::local::sandboxes;
use crate::machines;
use crate::output::{print_json, say, style, styled};
use crate::project::Project;
use crate::report;
use crate::session::runtime;
use crate::sizes::size;
use crate::stores::{open_store, store_path};
use crate::worker::served;

/// Runs the command.
///
/// # Errors
/// When the policy cannot be read, or another xb uses the store.
pub fn run(here: &Invocation, args: &GcArgs) -> Result<(), Failure> {
    let policy = policy(args)?;
    let project = Project::of(&here.folder)?;
    let store = open_store(&project.config)?;
    let scratch = sandboxes(&store);
    let age = policy.age.unwrap_or_default();
    let gone = roots_of_gone_files(&store)?;
    let roots = count_all(&gone);
    let served = served(&store_path(&project.config)?);
    if policy.dry_run {
        let sandboxes = xb_exec::list_kept(&scratch, age).map_err(Failure::environment)?;
        let machines = xb_store::list_stale(&machines::folder(&store), xb_vm::PREFIX);
        let sandboxes = count_all(&sandboxes) + count_all(&xb_exec::list_stale(&scratch)) + count_all(&machines);
        let lines = Shelf::count_idle(&served);
        let report = store.gc_without(&gone, &policy)?;
        let images = images(&project, &store, true)?;
        return Removed { store: report, roots, sandboxes, lines, images }.tell(args.json, "would remove");
    }
    // First what takes the most room and needs none: on a full disk, the rest needs some.
    let kept = xb_exec::remove_kept(&scratch, age).map_err(Failure::environment)?;
    let machines = xb_store::remove_stale(&machines::folder(&store), xb_vm::PREFIX);
    let sandboxes = xb_exec::remove_stale(&scratch) + kept + machines;
    let lines = Shelf::remove_idle(&served);
    let report = store.gc_without(&gone, &policy)?;
    let images = images(&project, &store, false)?;
    Removed { store: report, roots, sandboxes, lines, images }.tell(args.json, "removed")
}

/// What went, or would go.
struct Removed {
    store: GcReport,
    roots: u64,
    sandboxes: u64,
    /// Folders of those who came by lines.
    lines: u64,
    images: u64,
}

impl Removed {
    fn tell(&self, json: bool, verb: &str) -> Result<(), Failure> {
        let report = &self.store;
        if json {
            return print_json(&serde_json::json!({
                "files": report.files,
                "bytes": report.bytes,
                "trees": report.trees,
                "results": report.results,
                "memos": report.memos,
                "roots": self.roots,
                "sandboxes": self.sandboxes,
                "lines": self.lines,
                "images": self.images,
                "kept_bytes": report.kept_bytes,
            }));
        }
        let roots = match self.roots {
            0 => String::new(),
            roots => format!(", {} of files that are gone", count(number(roots), "root")),
        };
        let lines = match self.lines {
            0 => String::new(),
            lines => format!(", {} of those who came by ssh", count(number(lines), "folder")),
        };
        let images = match self.images {
            0 => String::new(),
            images => format!(", {} on Docker engines", count(number(images), "image")),
        };
        say(format!(
            "{verb} {} ({}), {}, {} and {}{roots}{lines}{images}; {} stay",
            count(number(report.files), "file"),
            show_size(report.bytes),
            count(number(report.trees), "tree"),
            count(number(report.results), "result"),
            count(number(self.sandboxes), "sandbox"),
            show_size(report.kept_bytes),
        ));
        Ok(())
    }
}

/// Removes the images of the store that no container needs from the Docker engines of the project, or counts all: each is
/// sent again when it is needed. An engine that is not there keeps its own, and fails nothing.
fn images(project: &Project, store: &Store, dry_run: bool) -> Result<u64, Failure> {
    if project.config.dockers().next().is_none() {
        return Ok(0);
    }
    let events: Arc<dyn Events> = Arc::new(());
    let (runtime, mut images) = (runtime()?, 0);
    for docker in dockers(project, store, false, &events)? {
        let counted = runtime.block_on(async { if dry_run { docker.images().await } else { docker.clear().await } });
        match counted {
            Ok(counted) => images += counted,
            Err(why) => {
                let warning = styled(style::WARNING, "warning");
                say(format!("{warning}: the images on `{}` stay: {why}", docker.name()));
            }
        }
    }
    Ok(images)
}

/// The roots of files that are gone, which need their results no longer. One that cannot be looked at may still be
/// there.
fn roots_of_gone_files(store: &Store) -> Result<Vec<String>, Failure> {
    let is_gone = |name: &str| report::file_of_root(name).is_some_and(|file| matches!(file.try_exists(), Ok(false)));
    Ok(store.roots()?.into_iter().map(|(name, _)| name).filter(|name| is_gone(name)).collect())
}

fn count_all<T>(these: &[T]) -> u64 {
    these.len() as u64
}

fn policy(args: &GcArgs) -> Result<GcPolicy, Failure> {
    let age = parse_time(&args.keep)
        .ok_or_else(|| Failure::usage(format!("`{}` is not a time", args.keep)).help("write `12h`, `30d` or `8w`"))?;
    let bytes = args.max_size.as_deref().map(size).transpose()?;
    Ok(GcPolicy { age: Some(age), bytes, wait: args.wait, dry_run: args.dry_run })
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
