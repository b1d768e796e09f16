//! The report as files.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use xb_port::Report;

use crate::failure::Failure;

/// What files are called while they are written.
const PREFIX: &str = ".xb-port-";

/// Makes the folder of a report, before hours are spent on what is to be in it.
///
/// # Errors
/// When it cannot be made or written to.
pub fn prepare(out: &Path) -> Result<(), Failure> {
    let made = fs::create_dir_all(out).and_then(|()| NamedTempFile::with_prefix_in(PREFIX, out));
    made.map(drop).map_err(|error| failed(out, &error))
}

/// Writes the report in all its forms into a folder, in the place of an earlier one, and gives the page.
///
/// # Errors
/// When it cannot be written; then each file is the earlier one or the new one.
pub fn write(report: &Report, out: &Path) -> Result<PathBuf, Failure> {
    let json = serde_json::to_string_pretty(report).map_err(|error| Failure::bug(error.to_string()))?;
    let html = report.html().map_err(|error| Failure::bug(error.to_string()))?;
    let page = out.join("report.html");
    let files = [(out.join("report.json"), json + "\n"), (out.join("report.txt"), report.text()), (page.clone(), html)];
    for (file, text) in files {
        replace(&file, &text).map_err(|error| failed(&file, &error))?;
    }
    Ok(page)
}

/// Whoever reads the file meanwhile reads the old one or the new one.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut aside = NamedTempFile::with_prefix_in(PREFIX, folder)?;
    aside.write_all(text.as_bytes())?;
    aside.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    aside.persist(file)?;
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("the report cannot be written to `{}`: {error}", path.display()))
        .help("name another folder: `--out DIR`; what was built is kept")
}
