//! What is served: a folder, and where actions are run, a worker.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use xb_exec::LocalExecutor;
use xb_serve::{Access, Ran, Rights, Server, Shelf};

use super::access::access;
use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::say;
use crate::project::Config;
use crate::sizes::size;
use crate::stores::store_path;
use crate::worker::{served, worker};

/// What a folder may hold that is for one who has come by a line, in bytes, where nothing is said.
const LINE_QUOTA: u64 = 20 << 30;

/// How many may come by lines at one time.
const MOST_LINES: usize = 64;

/// How many lines wait to be said.
const MOST_UNSAID: usize = 1024;

/// A server, and who is to be settled when it is gone.
pub type Opened = (Server, Option<Arc<LocalExecutor>>);

/// A server over the folder that was asked for.
///
/// # Errors
/// When it cannot be used, everybody could do what only some should, or no actions can be run here.
pub fn over_a_folder(here: &Invocation, args: &ServeArgs) -> Result<Opened, Failure> {
    let folder = args.folder.as_ref().ok_or_else(|| Failure::usage("which folder is to be served?"))?;
    let folder = here.folder.join(folder);
    let access = access(here, args)?;
    let quota = args.quota.as_deref().map(size).transpose()?;
    let shelf = Shelf::open(&folder, quota)
        .map_err(|error| Failure::environment(format!("`{}` cannot be served: {error}", folder.display())))?;
    let lines = (!here.is_quiet()).then(said);
    let tell = move |ran: &Ran| {
        // A terminal that stands still loses lines, and stops nobody.
        let _ = lines.as_ref().map(|lines| lines.try_send(ran.to_string()));
    };
    over(shelf, access, args, quota, tell)
}

/// A server for whoever is at the other end of standard input and output.
///
/// # Errors
/// When no folder can be used, or no actions can be run here.
pub fn for_a_line(here: &Invocation, args: &ServeArgs) -> Result<Opened, Failure> {
    let beneath = match &args.folder {
        Some(folder) => here.folder.join(folder),
        None => served(&store_path(&Config::default())?),
    };
    let quota = args.quota.as_deref().map_or(Ok(LINE_QUOTA), size)?;
    let access = Access { anonymous: Rights::Execute, tokens: None };
    let shelf = Shelf::open_one_of(&beneath, MOST_LINES, Some(quota))
        .map_err(|error| Failure::environment(format!("cannot use a folder in `{}`: {error}", beneath.display())))?;
    over(shelf, access, args, Some(quota), |_| {})
}

fn over(
    shelf: Shelf,
    access: Access,
    args: &ServeArgs,
    quota: Option<u64>,
    tell: impl Fn(&Ran) + Send + Sync + 'static,
) -> Result<Opened, Failure> {
    if !args.execute {
        return Ok((Server::over(shelf, access, None), None));
    }
    let slots = args.slots.map_or_else(cpus, usize::from);
    let (worker, local) = worker(slots, shelf.folder(), quota, Box::new(tell))?;
    Ok((Server::over(shelf, access, Some(worker)), Some(local)))
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get())
}

/// Says lines, on a thread of its own.
fn said() -> SyncSender<String> {
    let (lines, told) = sync_channel(MOST_UNSAID);
    std::thread::spawn(move || told.iter().for_each(|line: String| say(line)));
    lines
}
