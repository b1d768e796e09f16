//! `xb key`: the keys that releases are signed with, and the user's own.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use xb_export::{Moment, OpenPgpKey};
use xb_sign::StatementKey;

use crate::args::{KeyArgs, KeyCommand};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::own_key::{own_key, own_key_path};
use crate::release::key::{public_half, public_line};

/// Runs the command.
///
/// # Errors
/// When a key cannot be made, read or written.
pub fn run(here: &Invocation, args: &KeyArgs) -> Result<(), Failure> {
    match &args.command {
        KeyCommand::New { file: None, .. } => own(),
        KeyCommand::New { file: Some(file), user, .. } => {
            let (text, said) = match user {
                Some(user) => open_pgp(user)?,
                None => statement()?,
            };
            let file = here.folder.join(file);
            write(&file, &text).map_err(|error| cannot_write(&file, &error))?;
            say(said);
            print_line(file.display())
        }
        KeyCommand::Show { file, line } => print_line(shown(here, file.as_deref(), *line)?.trim_end()),
    }
}

/// Makes the user's own key.
fn own() -> Result<(), Failure> {
    let file = own_key_path()?;
    if let Some(folder) = file.parent() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Failure::environment(format!("cannot make `{}`: {error}", folder.display())))?;
    }
    let (key, id) = new_statement_key()?;
    write(&file, &key.secret_pem().map_err(refused)?).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::user(format!("there is a key of yours already, `{}`, and it stays", file.display()))
                .help("`xb key show --line` prints what others trust it by; move it away to make another one")
        }
        _ => cannot_write(&file, &error),
    })?;
    say(format!("made your key {id}; whoever trusts what you build writes into `xb.toml`:"));
    say(format!("\n[trust.keys.NAME]\nkey = \"{}\"\n", key.public()));
    print_line(file.display())
}

/// The public half of a key, of the user's own where none is named.
fn shown(here: &Invocation, file: Option<&Path>, line: bool) -> Result<String, Failure> {
    if let Some(file) = file {
        let file = here.folder.join(file);
        return if line { public_line(&file) } else { public_half(&file) };
    }
    let key = own_key()?.ok_or_else(|| {
        Failure::user("you have no key of your own yet")
            .help("`xb key new` makes one; `xb key show FILE` shows another")
    })?;
    let public = key.public();
    if line { Ok(public.to_string()) } else { public.pem().map_err(refused) }
}

/// A new key of apt repositories, and what is said about it.
fn open_pgp(user: &str) -> Result<(String, String), Failure> {
    // So that it can sign a release of any date from then on.
    let key = OpenPgpKey::from_seed(&seed()?, user, Moment::default()).map_err(refused)?;
    Ok((key.secret_armour().map_err(refused)?, format!("made the key {} for {user}", key.fingerprint())))
}

/// A new key of statements, and what is said about it.
fn statement() -> Result<(String, String), Failure> {
    let (key, id) = new_statement_key()?;
    Ok((key.secret_pem().map_err(refused)?, format!("made the key {id} for statements")))
}

/// A new key of statements, and how envelopes name it.
fn new_statement_key() -> Result<(StatementKey, String), Failure> {
    let key = StatementKey::from_seed(&seed()?);
    let id = key.public().id().map_err(refused)?;
    Ok((key, id))
}

fn seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    let random = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut seed));
    random.map_err(|error| Failure::environment(format!("this machine gives no random numbers: {error}")))?;
    Ok(seed)
}

/// Writes a new file; half a key is none, and goes.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).inspect_err(|_| drop(std::fs::remove_file(file)))
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(format!("cannot write `{}`: {error}", file.display()))
}

fn refused(error: impl std::error::Error) -> Failure {
    Failure::user(error.to_string())
}
