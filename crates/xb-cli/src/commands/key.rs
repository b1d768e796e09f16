//! `xb key`: the keys that releases are signed with.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use xb_export::{Moment, OpenPgpKey};
use xb_sign::StatementKey;

use crate::args::{KeyArgs, KeyCommand};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::release::key::public_half;

/// Runs the command.
///
/// # Errors
/// When a key cannot be made, read or written.
pub fn run(here: &Invocation, args: &KeyArgs) -> Result<(), Failure> {
    match &args.command {
        KeyCommand::New { file, user, .. } => {
            let (text, said) = match user {
                Some(user) => open_pgp(user)?,
                None => statement()?,
            };
            let file = here.folder.join(file);
            write(&file, &text)?;
            say(said);
            print_line(file.display())
        }
        KeyCommand::Show { file } => print_line(public_half(&here.folder.join(file))?.trim_end()),
    }
}

/// A new key of apt repositories, and what is said about it.
fn open_pgp(user: &str) -> Result<(String, String), Failure> {
    // So that it can sign a release of any date from then on.
    let key = OpenPgpKey::from_seed(&seed()?, user, Moment::default()).map_err(refused)?;
    Ok((key.secret_armour().map_err(refused)?, format!("made the key {} for {user}", key.fingerprint())))
}

/// A new key of statements, and what is said about it.
fn statement() -> Result<(String, String), Failure> {
    let key = StatementKey::from_seed(&seed()?);
    let id = key.public().id().map_err(refused)?;
    Ok((key.secret_pem().map_err(refused)?, format!("made the key {id} for statements")))
}

fn seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    let random = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut seed));
    random.map_err(|error| Failure::environment(format!("this machine gives no random numbers: {error}")))?;
    Ok(seed)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::environment(format!("cannot write `{}`: {error}", file.display()));
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(cannot)
}

fn refused(error: impl std::error::Error) -> Failure {
    Failure::user(error.to_string())
}
