//! `xb serve`: a server for a team, which keeps what is shared and may run actions.

mod access;
mod opened;

use std::path::Path;
use std::time::Duration;

use xb_serve::{ListenError, NewToken, Server, Tokens};

use crate::args::{ServeArgs, ServeCommand};
use crate::failure::Failure;
use crate::interrupt;
use crate::invocation::Invocation;
use crate::output::{print_line, say, style, styled};
use crate::session::runtime;

/// How long the end of the program waits for what is being read or written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the command.
///
/// # Errors
/// When what is to be served, or shown for it, cannot be used.
pub fn run(here: &Invocation, args: &ServeArgs) -> Result<(), Failure> {
    if let Some(ServeCommand::Token { name, tokens, may }) = &args.command {
        let file = here.folder.join(tokens);
        let NewToken(token) =
            Tokens::add(&file, name, (*may).into()).map_err(|error| Failure::user(error.to_string()))?;
        return print_line(token);
    }
    let cancel = interrupt::cancel();
    let runtime = runtime()?;
    let (served, local) = match args.stdio {
        true => {
            let (server, local) = opened::for_a_line(here, args)?;
            print_line(xb_ssh::SPEAKS)?;
            let line = tokio::io::join(tokio::io::stdin(), tokio::io::stdout());
            runtime.block_on(server.answer(line, cancel.cancelled()));
            (Ok(()), local)
        }
        false => {
            let (server, local) = opened::over_a_folder(here, args)?;
            (runtime.block_on(at_an_address(here, args, server, cancel.cancelled())), local)
        }
    };
    runtime.shutdown_timeout(PATIENCE);
    local.iter().for_each(|local| local.settle());
    served
}

async fn at_an_address(
    here: &Invocation,
    args: &ServeArgs,
    server: Server,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let tls = access::tls(here, args)?;
    let scheme = if tls.is_some() { "s" } else { "" };
    if tls.is_none() && !args.listen.ip().is_loopback() && !here.is_quiet() {
        let warning = styled(style::WARNING, "warning");
        say(format!(
            "{warning}: tokens and all that is served go over the network as they are, unless something in front of \
             this server encrypts it: `--certificate` and `--key` do"
        ));
    }
    let failed = |error: ListenError| Failure::environment(error.to_string());
    let server = server.listen(args.listen, tls).await.map_err(failed)?;
    let address = server.address().map_err(|error| Failure::environment(error.to_string()))?;
    if !here.is_quiet() {
        let folder = args.folder.as_deref().unwrap_or(Path::new("")).display();
        say(format!("serving `{folder}` at http{scheme}://{address} and grpc{scheme}://{address}"));
    }
    tell_service_manager(&[sd_notify::NotifyState::Ready]);
    server
        .run(async {
            stop.await;
            tell_service_manager(&[sd_notify::NotifyState::Stopping]);
        })
        .await;
    Ok(())
}

/// Tells systemd what it waits for (`Type=notify`). Where nobody asked for it there is nobody to tell.
fn tell_service_manager(what: &[sd_notify::NotifyState<'_>]) {
    let _ = sd_notify::notify(what);
}
