//! The key of whoever runs xb: the one that vouches for what they build.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use xb_sign::StatementKey;

use crate::failure::Failure;

/// The variable that names the file of the key, in place of the one in the user's configuration folder.
pub const KEY_VARIABLE: &str = "XB_KEY";

/// Whoever is not the owner.
const OTHERS: u32 = 0o077;

/// Where the key is or would be: by `XB_KEY`, else in the user's configuration folder.
///
/// # Errors
/// When the user has no home.
pub fn own_key_path() -> Result<PathBuf, Failure> {
    named().map_or_else(usual, Ok)
}

/// The key; none where `XB_KEY` names none and none is at the usual place.
///
/// # Errors
/// When what `XB_KEY` names is not there, or what is there cannot be read, can be read by others, or is no key of
/// statements.
pub fn own_key() -> Result<Option<StatementKey>, Failure> {
    if let Some(path) = named() {
        let key = read(&path).and_then(|key| key.ok_or_else(|| missing(&path)));
        return key.map(Some).map_err(|failure| failure.note(format!("`{KEY_VARIABLE}` names it")));
    }
    // Who has no home has no key there.
    usual().ok().map_or(Ok(None), |path| read(&path))
}

fn named() -> Option<PathBuf> {
    std::env::var_os(KEY_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn usual() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        Failure::environment(format!("the folder for your key cannot be found: {error}"))
            .help(format!("name a file: `{KEY_VARIABLE}=/somewhere/key.pem`"))
    })?;
    Ok(strategy.config_dir().join("xb").join("key.pem"))
}

/// The key in a file, if there is one.
fn read(path: &Path) -> Result<Option<StatementKey>, Failure> {
    let shown = path.display();
    let cannot = |error: std::io::Error| Failure::environment(format!("cannot read the key `{shown}`: {error}"));
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(cannot(error)),
    };
    let metadata = file.metadata().map_err(cannot)?;
    if metadata.is_dir() {
        return Err(cannot(ErrorKind::IsADirectory.into()));
    }
    if metadata.permissions().mode() & OTHERS != 0 {
        return Err(Failure::user(format!("the key `{shown}` is open to others than you, who could sign as you do"))
            .help(format!(
                "`chmod 600 {shown}` closes it; if others may have read it, move it away: `xb key new` makes another"
            )));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(cannot)?;
    let key = StatementKey::from_pem(&text);
    key.map(Some).map_err(|error| Failure::user(format!("`{shown}`: {error}")))
}

fn missing(path: &Path) -> Failure {
    Failure::environment(format!("there is no key `{}`", path.display())).help("`xb key new` makes one there")
}
