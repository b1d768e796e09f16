//! The keys that releases are signed with, in files.

use std::fs;
use std::path::Path;

use xb_export::OpenPgpKey;
use xb_sign::StatementKey;

use crate::failure::Failure;

/// What the text of a key of statements begins with, as openssl writes it.
const PEM: &str = "PRIVATE KEY-----";
/// What the text of an OpenPGP key begins with.
const ARMOUR: &str = "-----BEGIN PGP ";

/// Reads the secret key of an apt repository.
///
/// # Errors
/// When the file cannot be read, or holds no key that can sign.
pub fn open_pgp(file: &Path) -> Result<OpenPgpKey, Failure> {
    let text = read(file)?;
    OpenPgpKey::from_armour(&text).map_err(|error| {
        let failure = refused(file, &error);
        if is_of_statements(&text) {
            failure.help("that is a key of statements: `--statement-key` names it")
        } else {
            failure
        }
    })
}

/// Reads the secret key of statements.
///
/// # Errors
/// When the file cannot be read, or holds no such key.
pub fn statement(file: &Path) -> Result<StatementKey, Failure> {
    let text = read(file)?;
    StatementKey::from_pem(&text).map_err(|error| {
        let failure = refused(file, &error);
        if text.contains(ARMOUR) {
            failure.help("that is a key of apt repositories: `--key` names it")
        } else {
            failure
        }
    })
}

/// The public half of a secret key of either kind.
///
/// # Errors
/// When the file cannot be read, or holds neither.
pub fn public_half(file: &Path) -> Result<String, Failure> {
    if is_of_statements(&read(file)?) {
        return statement(file)?.public().pem().map_err(|error| refused(file, &error));
    }
    open_pgp(file)?.public_armour().map_err(|error| refused(file, &error))
}

/// The public half of a secret key of statements, as a line of `xb.toml`.
///
/// # Errors
/// When the file cannot be read, or holds another key or none.
pub fn public_line(file: &Path) -> Result<String, Failure> {
    if read(file)?.contains(ARMOUR) {
        return Err(Failure::user(format!(
            "`{}` is an OpenPGP key: only a key of statements has a line",
            file.display()
        ))
        .help("`xb key show FILE` prints its public half; `xb key new` makes a key of statements"));
    }
    Ok(statement(file)?.public().to_string())
}

fn is_of_statements(text: &str) -> bool {
    text.contains(PEM)
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::environment(format!("cannot read the key `{}`: {error}", file.display())))
}

fn refused(file: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::user(format!("`{}`: {error}", file.display()))
}
