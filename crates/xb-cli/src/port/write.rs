//! The report as files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use xb_port::Report;

use crate::failure::Failure;
use crate::whole::write_whole;

/// Makes the folder of a report, before hours are spent on what is to be in it. It is no part of any source around it,
/// which would be another one whenever the report is.
///
/// # Errors
/// When it cannot be made or written to.
pub fn prepare(out: &Path) -> Result<(), Failure> {
    let ignored = out.join(".gitignore");
    let made = fs::create_dir_all(out).and_then(|()| write_whole(&ignored, &mut &b"*\n"[..]));
    made.map_err(|error| failed(out, &error))
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
        write_whole(&file, &mut text.as_bytes()).map_err(|error| failed(&file, &error))?;
    }
    Ok(page)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::environment(format!("the report cannot be written to `{}`: {error}", path.display()))
        .help("name another folder: `--out DIR`; what was built is kept")
}
