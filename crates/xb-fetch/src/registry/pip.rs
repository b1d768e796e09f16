//! pip, for the one thing that matters here: from which index it takes projects.
//!
//! "Configuration" in pip's documentation: the environment wins over `PIP_CONFIG_FILE`, that over the virtual
//! environment's file, the user's, and those of the whole machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use configparser::ini::Ini;

/// What pip is asked by: no module of the folder in which xb was started can answer in its place (`-I`).
const ASK: [&str; 3] = ["-I", "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"];

/// The address of the index that pip's configuration names, or none where it names none.
pub(super) fn index() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    variable("PIP_INDEX_URL").or_else(|| files().iter().find_map(|file| named_in(&std::fs::read_to_string(file).ok()?)))
}

/// The address of the index that pip uses by itself, or none where there is no pip.
pub(super) fn default() -> Option<String> {
    let told = Command::new("python3").args(ASK).stdin(Stdio::null()).output().ok()?;
    let url = String::from_utf8(told.stdout).ok()?.trim().to_owned();
    (told.status.success() && url.starts_with("https://")).then_some(url)
}

/// The files that hold, those first that win: none where `PIP_CONFIG_FILE` is the null device.
fn files() -> Vec<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    if folder("PIP_CONFIG_FILE").is_some_and(|file| file == Path::new("/dev/null")) {
        return Vec::new();
    }
    let home = folder("HOME");
    let user = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
    let machine = std::env::var("XDG_CONFIG_DIRS").unwrap_or_else(|_| "/etc/xdg".to_owned());
    let machine = machine.split(':').map(|folder| Path::new(folder).join("pip/pip.conf"));
    [
        folder("PIP_CONFIG_FILE"),
        folder("VIRTUAL_ENV").map(|folder| folder.join("pip.conf")),
        user.map(|folder| folder.join("pip/pip.conf")),
        home.map(|folder| folder.join(".pip/pip.conf")),
    ]
    .into_iter()
    .flatten()
    .chain(["/etc/pip.conf".into()])
    .chain(machine)
    .collect()
}

/// What a file says for `pip download`, or for every command. A file that cannot be understood says nothing, as pip will
/// tell whoever uses it.
fn named_in(text: &str) -> Option<String> {
    let mut file = Ini::new();
    file.read(text.to_owned()).ok()?;
    let value = |section: &str| file.get(section, "index-url").or_else(|| file.get(section, "index_url"));
    let value = ["download", "global"].iter().find_map(|section| value(section))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_names() {
        let near = Some("https://near.example/simple".to_owned());
        assert_eq!(named_in("[global]\nindex-url = https://near.example/simple\ntimeout = 60\n"), near);
        assert_eq!(named_in("# own\n[global]\nindex_url=https://near.example/simple\n"), near);
        let two = "[download]\nindex-url: https://near.example/simple\n[global]\nindex-url = https://b.example\n";
        assert_eq!(named_in(two), near);
        for none in ["", "[global]\ntimeout = 60\n", "[install]\nindex-url = https://a\n", "not = [ini"] {
            assert_eq!(named_in(none), None, "{none}");
        }
    }
}
