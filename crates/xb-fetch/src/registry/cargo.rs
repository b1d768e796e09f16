//! cargo's own configuration, for the one thing in it that matters here: what stands in for the public registry.
//!
//! "Configuration" and "Source replacement" in the Cargo book: files of nearer folders come first, and cargo's home
//! comes last.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::RegistryError;

/// How cargo calls the public registry.
const PUBLIC: &str = "crates-io";

/// The texts of the files that hold for a folder, those first that win.
pub(super) fn files(folder: &Path) -> Vec<String> {
    let home = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let own = home("CARGO_HOME").or_else(|| Some(home("HOME")?.join(".cargo")));
    let near = folder.ancestors().map(|folder| folder.join(".cargo"));
    near.chain(own)
        .filter_map(|folder| {
            ["config", "config.toml"].iter().find_map(|name| std::fs::read_to_string(folder.join(name)).ok())
        })
        .collect()
}

/// The address of the sparse index that stands for the public one, or none where nothing does. A file that cannot be
/// understood says nothing, as cargo will tell whoever uses it.
pub(super) fn index(files: &[String]) -> Result<Option<String>, RegistryError> {
    let tables: Vec<Table> = files.iter().filter_map(|text| text.parse().ok()).collect();
    let text = |path: [&str; 3]| tables.iter().find_map(|table| text(table, path));
    let (mut name, mut seen) = (PUBLIC.to_owned(), vec![]);
    while let Some(next) = text(["source", &name, "replace-with"]) {
        if seen.contains(&next) || next == name {
            return Err(RegistryError::Circle(next));
        }
        seen.push(std::mem::replace(&mut name, next));
    }
    let index = text(["source", &name, "registry"]).or_else(|| text(["registries", &name, "index"]));
    match index {
        Some(url) => match url.strip_prefix("sparse+") {
            Some(url) => Ok(Some(url.to_owned())),
            None => Err(RegistryError::Kind(name)),
        },
        None if name == PUBLIC => Ok(None),
        None if tables.iter().any(|table| is_source(table, &name)) => Err(RegistryError::Kind(name)),
        None => Err(RegistryError::NoSource { from: seen.pop().unwrap_or_default(), to: name }),
    }
}

fn text(table: &Table, [section, name, key]: [&str; 3]) -> Option<String> {
    table.get(section)?.get(name)?.get(key)?.as_str().map(str::to_owned)
}

fn is_source(table: &Table, name: &str) -> bool {
    table.get("source").and_then(|sources| sources.get(name)).is_some_and(Value::is_table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[&str]) -> Result<Option<String>, RegistryError> {
        index(&files.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_replaces_the_public_registry_is_followed() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["[build]\njobs = 4", "not toml ["]), Ok(None));
        let replaced = "[source.crates-io]\nreplace-with = \"near\"";
        let near = "[source.near]\nregistry = \"sparse+https://near.example/index/\"";
        assert_eq!(of(&[replaced, near]), Ok(Some("https://near.example/index/".to_owned())));
        let registries = "[registries.near]\nindex = \"sparse+https://r.example/\"";
        assert_eq!(of(&[replaced, registries]), Ok(Some("https://r.example/".to_owned())));
        let first = "[source.near]\nregistry = \"sparse+https://first.example/\"";
        assert_eq!(of(&[first, replaced, near]), Ok(Some("https://first.example/".to_owned())));
        let own = "[source.crates-io]\nregistry = \"sparse+https://own.example/\"";
        assert_eq!(of(&[own]), Ok(Some("https://own.example/".to_owned())));
    }

    #[test]
    fn what_cannot_be_followed_is_told() {
        let replaced = "[source.crates-io]\nreplace-with = \"near\"";
        let missing = RegistryError::NoSource { from: PUBLIC.to_owned(), to: "near".to_owned() };
        assert_eq!(of(&[replaced]), Err(missing));
        let git = "[source.near]\nregistry = \"https://git.example/index\"";
        assert_eq!(of(&[replaced, git]), Err(RegistryError::Kind("near".to_owned())));
        let folder = "[source.near]\ndirectory = \"vendor\"";
        assert_eq!(of(&[replaced, folder]), Err(RegistryError::Kind("near".to_owned())));
        let back = "[source.near]\nreplace-with = \"crates-io\"";
        assert_eq!(of(&[replaced, back]), Err(RegistryError::Circle("crates-io".to_owned())));
    }
}
