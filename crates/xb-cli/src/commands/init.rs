//! `xb init`: the beginning of a package.

use std::fs;
use std::path::Path;

use xb_core::FileId;
use xb_syntax::parse;

use crate::args::InitArgs;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::say;
use crate::project::CONFIG_NAME;

const CONFIG: &str = "\
# What lies beneath this folder is one project. `xb.lock`, beside this file, pins everything from outside.
";

const PROGRAM: &str = r#"#include <stdio.h>

int main(void) {
    puts("Hello from {name}!");
    return 0;
}
"#;

const PACKAGE: &str = r#"package {ident}(arch) {
  version = "0.1.0"
  summary = "Says hello"
  source = ./src
  build = { script = sh"""
    $CC $CFLAGS $LDFLAGS -o {name} main.c
    install -D -m 755 {name} "$out/usr/local/bin/{name}"
  """ }
  check = sh"./{name} | grep -q Hello"
}
"#;

/// Runs the command.
///
/// # Errors
/// When there is a package or a source already, or the folder cannot be written.
pub fn run(here: &Invocation, args: &InitArgs) -> Result<(), Failure> {
    let folder = here.folder.join(&args.folder);
    let folder = std::path::absolute(&folder).map_err(|error| unwritable(&folder, &error))?;
    let folder = if folder.exists() { crate::project::canonical(&folder)? } else { folder };
    let name = name_of(&folder)?;
    let filled = |text: &str| text.replace("{ident}", &name.replace('-', "_")).replace("{name}", &name);
    if !parse(FileId(0), &filled(PACKAGE)).diagnostics.is_empty() {
        return Err(not_a_name(&name));
    }
    fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
    let package = folder.join(format!("{name}.xb"));
    if package.exists() {
        return Err(Failure::user(format!("there is a package already: `{}`", package.display())));
    }
    let source = folder.join("src");
    if source.exists() {
        return Err(Failure::user(format!("there is something already: `{}`", source.display()))
            .help("begin in a new folder, and take from it what you need"));
    }
    let in_project = folder.ancestors().any(|above| above.join(CONFIG_NAME).is_file());
    if !in_project {
        write(&folder.join(CONFIG_NAME), CONFIG)?;
    }
    write(&source.join("main.c"), &filled(PROGRAM))?;
    write(&package, &filled(PACKAGE))?;
    let shown = args.folder.display();
    say(format!("`{}` describes the package; build it: xb build {shown} --arch arm64", package.display()));
    Ok(())
}

/// The folder's name, if it can be a package's.
fn name_of(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(word) {
        return Ok(name);
    }
    Err(not_a_name(&name))
}

fn not_a_name(name: &str) -> Failure {
    Failure::user(format!("`{name}` cannot be a package's name")).help(
        "a name starts with a letter, followed by letters, digits, `-` and `_`, and is no word of the language: \
         `xb init hello`",
    )
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    if path.exists() {
        return Ok(());
    }
    made.and_then(|()| fs::write(path, text)).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(format!("cannot write `{}`: {error}", path.display()))
}
