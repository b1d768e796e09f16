//! Who may do what at a server.

use xb_serve::{Access, Rights, Tls, Tokens};

use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;

/// Who may do what.
///
/// # Errors
/// When the tokens cannot be read, or everybody could do what nobody said that they may.
pub fn access(here: &Invocation, args: &ServeArgs) -> Result<Access, Failure> {
    let tokens = args.tokens.as_ref().map(|file| {
        let tokens = Tokens::open(&here.folder.join(file)).map_err(|error| Failure::user(error.to_string()));
        tokens.map_err(|failure| failure.help("`xb serve token NAME --tokens FILE` makes a token, and the file"))
    });
    let access = Access { anonymous: anonymous(args), tokens: tokens.transpose()? };
    if access.is_open_to_others(args.listen) && args.anonymous.is_none() {
        let what = if args.execute { "have actions run here" } else { "write to the cache" };
        return Err(Failure::usage(format!("everybody who reaches {} could {what}", args.listen))
            .help("`--tokens FILE` says who may; `--anonymous` says what all may: `read`, `write`, or `execute`"));
    }
    Ok(access)
}

/// The certificate and its key, where there are some.
///
/// # Errors
/// When they cannot be used.
pub fn tls(here: &Invocation, args: &ServeArgs) -> Result<Option<Tls>, Failure> {
    let tls = args.certificate.as_ref().zip(args.key.as_ref()).map(|(certificate, key)| {
        let tls = Tls::read(&here.folder.join(certificate), &here.folder.join(key));
        tls.map_err(|error| Failure::user(error.to_string()))
    });
    tls.transpose()
}

fn anonymous(args: &ServeArgs) -> Rights {
    match (args.anonymous, &args.tokens) {
        (Some(rights), _) => rights.into(),
        (None, Some(_)) => Rights::Nothing,
        (None, None) if args.execute => Rights::Execute,
        (None, None) => Rights::Write,
    }
}
