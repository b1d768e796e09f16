//! `xb serve`: a server for a team, which keeps what is shared and may run actions.

use std::time::Duration;

use xb_serve::{Access, NewToken, Rights, ServeError, Server, Settings, Shelf, Tls, Tokens, Worker};

use crate::args::{Anonymous, ServeArgs, ServeCommand};
use crate::failure::Failure;
use crate::interrupt;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::project::Config;
use crate::session::runtime;
use crate::sizes::size;
use crate::stores::store_path;
use crate::worker::worker;

/// What a folder may hold that is for one who has come by a line, in bytes, where nothing is said.
const LINE_QUOTA: u64 = 20 << 30;

/// How many may come by lines at one time.
const MOST_LINES: usize = 64;

/// How long the end of the program waits until sandboxes are gone that were given up.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs the command.
///
/// # Errors
/// When what is to be served, or shown for it, cannot be used.
pub fn run(here: &Invocation, args: &ServeArgs) -> Result<(), Failure> {
    if let Some(ServeCommand::Token { name, tokens, read_only }) = &args.command {
        let rights = if *read_only { Rights::Read } else { Rights::Write };
        let file = here.folder.join(tokens);
        let NewToken(token) = Tokens::add(&file, name, rights).map_err(|error| Failure::user(error.to_string()))?;
        return print_line(token);
    }
    let slots = args.slots.map_or_else(cpus, usize::from);
    let worker = args.execute.then(|| worker(slots)).transpose()?;
    let cancel = interrupt::cancel();
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        if args.stdio {
            return at_the_end_of_a_line(here, args, worker, cancel.cancelled()).await;
        }
        let (settings, tls) = (settings(here, args, worker)?, tls(here, args)?);
        let folder = settings.folder.display().to_string();
        let scheme = if tls.is_some() { "s" } else { "" };
        let server = Server::open(settings).await.map_err(failed)?;
        let server = server.listen(args.listen, tls).await.map_err(failed)?;
        let address = server.address().map_err(|error| Failure::environment(error.to_string()))?;
        if !here.is_quiet() {
            say(format!("serving `{folder}` at http{scheme}://{address} and grpc{scheme}://{address}"));
        }
        tell_service_manager(&[sd_notify::NotifyState::Ready]);
        server
            .run(async {
                cancel.cancelled().await;
                tell_service_manager(&[sd_notify::NotifyState::Stopping]);
            })
            .await;
        Ok(())
    });
    runtime.shutdown_timeout(PATIENCE);
    served
}

/// Answers whoever is at the other end of standard input and output.
async fn at_the_end_of_a_line(
    here: &Invocation,
    args: &ServeArgs,
    worker: Option<Worker>,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let beneath = match &args.folder {
        Some(folder) => here.folder.join(folder),
        None => store_path(&Config::default())?.join("served"),
    };
    let quota = args.quota.as_deref().map_or(Ok(LINE_QUOTA), size)?;
    let access = || Access { anonymous: Rights::Write, tokens: None };
    let shelf = Shelf::open_one_of(&beneath, MOST_LINES, Some(quota))
        .map_err(|error| Failure::environment(format!("cannot use a folder in `{}`: {error}", beneath.display())))?;
    let server = Server::over(shelf, access(), worker);
    server.answer(tokio::io::join(tokio::io::stdin(), tokio::io::stdout()), stop).await;
    Ok(())
}

fn failed(error: ServeError) -> Failure {
    Failure::environment(error.to_string())
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get())
}

/// Tells systemd what it waits for (`Type=notify`). Where nobody asked for it there is nobody to tell.
fn tell_service_manager(what: &[sd_notify::NotifyState<'_>]) {
    let _ = sd_notify::notify(what);
}

fn settings(here: &Invocation, args: &ServeArgs, worker: Option<Worker>) -> Result<Settings, Failure> {
    let folder = args.folder.as_ref().ok_or_else(|| Failure::usage("which folder is to be served?"))?;
    let quota = args.quota.as_deref().map(size).transpose()?;
    let tokens = args.tokens.as_ref().map(|file| {
        let tokens = Tokens::open(&here.folder.join(file)).map_err(|error| Failure::user(error.to_string()));
        tokens.map_err(|failure| failure.help("`xb serve token NAME --tokens FILE` makes a token, and the file"))
    });
    let access = Access { anonymous: anonymous(args), tokens: tokens.transpose()? };
    if access.is_open_to_others(args.listen) && args.anonymous.is_none() {
        return Err(Failure::usage(format!("everybody who reaches {} could write to the cache", args.listen)).help(
            "`--tokens FILE` says who may; `--anonymous write` says that all may, `--anonymous read` that all may read",
        ));
    }
    let folder = here.folder.join(folder);
    Ok(Settings { folder, quota, access, worker })
}

fn tls(here: &Invocation, args: &ServeArgs) -> Result<Option<Tls>, Failure> {
    let tls = args.certificate.as_ref().zip(args.key.as_ref()).map(|(certificate, key)| {
        let tls = Tls::read(&here.folder.join(certificate), &here.folder.join(key));
        tls.map_err(|error| Failure::user(error.to_string()))
    });
    tls.transpose()
}

fn anonymous(args: &ServeArgs) -> Rights {
    match (args.anonymous, &args.tokens) {
        (Some(Anonymous::Nothing), _) | (None, Some(_)) => Rights::Nothing,
        (Some(Anonymous::Read), _) => Rights::Read,
        (Some(Anonymous::Write), _) | (None, None) => Rights::Write,
    }
}
