//! `xb key`: the keys that releases are signed with.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use xb_export::{Moment, OpenPgpKey};

use crate::args::{KeyArgs, KeyCommand};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{print_line, say};
use crate::release::read_key;

/// Runs the command.
///
/// # Errors
/// When a key cannot be made, read or written.
pub fn run(here: &Invocation, args: &KeyArgs) -> Result<(), Failure> {
    match &args.command {
        KeyCommand::New { file, user } => new(&here.folder.join(file), user),
        KeyCommand::Show { file } => {
            let key = read_key(&here.folder.join(file))?;
            print_line(key.public_armour().map_err(|error| Failure::user(error.to_string()))?.trim_end())
        }
    }
}

fn new(file: &Path, user: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::environment(format!("cannot write `{}`: {error}", file.display()));
    let mut seed = [0; 32];
    let random = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut seed));
    random.map_err(|error| Failure::environment(format!("this machine gives no random numbers: {error}")))?;
    let refused = |error: xb_export::ExportError| Failure::user(error.to_string());
    // So that it can sign a release of any date.
    let key = OpenPgpKey::from_seed(&seed, user, Moment::default()).map_err(refused)?;
    let text = key.secret_armour().map_err(refused)?;
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(cannot)?;
    say(format!("made the key {} for {user}", key.fingerprint()));
    print_line(file.display())
}
