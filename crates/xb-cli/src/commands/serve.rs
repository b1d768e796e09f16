//! `xb serve`: a cache for a team.

use xb_serve::{Access, NewToken, Rights, Server, Settings, Tls, Tokens};

use crate::args::{Anonymous, ServeArgs, ServeCommand};
use crate::failure::Failure;
use crate::interrupt;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::session::runtime;
use crate::sizes::size;

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
    let settings = settings(here, args)?;
    let folder = settings.folder.display().to_string();
    let scheme = if settings.tls.is_some() { "s" } else { "" };
    let cancel = interrupt::cancel();
    runtime()?.block_on(async {
        let server = Server::bind(settings).await.map_err(|error| Failure::environment(error.to_string()))?;
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
    })
}

/// Tells systemd what it waits for (`Type=notify`). Where nobody asked for it there is nobody to tell.
fn tell_service_manager(what: &[sd_notify::NotifyState<'_>]) {
    let _ = sd_notify::notify(what);
}

fn settings(here: &Invocation, args: &ServeArgs) -> Result<Settings, Failure> {
    let folder = args.folder.as_ref().ok_or_else(|| Failure::usage("which folder is to be served?"))?;
    let quota = args.quota.as_deref().map(size).transpose()?;
    let tls = args.certificate.as_ref().zip(args.key.as_ref()).map(|(certificate, key)| {
        let tls = Tls::read(&here.folder.join(certificate), &here.folder.join(key));
        tls.map_err(|error| Failure::user(error.to_string()))
    });
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
    Ok(Settings { folder, quota, listen: args.listen, tls: tls.transpose()?, access })
}

fn anonymous(args: &ServeArgs) -> Rights {
    match (args.anonymous, &args.tokens) {
        (Some(Anonymous::Nothing), _) | (None, Some(_)) => Rights::Nothing,
        (Some(Anonymous::Read), _) => Rights::Read,
        (Some(Anonymous::Write), _) | (None, None) => Rights::Write,
    }
}
