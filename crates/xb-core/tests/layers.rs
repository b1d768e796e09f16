//! Holds the table of layers in `crates/README.md` against the manifests.

use std::collections::BTreeMap;
use std::process::Command;

/// The layer of each crate, as the table says.
fn table() -> BTreeMap<String, u32> {
    let page = include_str!("../../README.md");
    page.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let layer = cells.next()?.parse().ok()?;
            Some((cells.next()?.trim_matches('`').to_owned(), layer))
        })
        .collect()
}

/// The crates of the workspace and which of the others each depends on, outside of tests.
fn manifests() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").expect("cargo tells its tests where it is");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let uses = |package: &serde_json::Value| {
        let dependencies = package["dependencies"].as_array().expect("a list");
        let ours = dependencies.iter().filter(|d| !d["path"].is_null() && d["kind"].is_null());
        ours.map(|dependency| text(&dependency["name"])).collect()
    };
    let packages = metadata["packages"].as_array().expect("a list");
    packages.iter().map(|package| (text(&package["name"]), uses(package))).collect()
}

#[test]
fn arrows_only_go_down() {
    let layers = table();
    for (name, uses) in manifests() {
        let above = layers.get(&name).unwrap_or_else(|| panic!("{name} is not in the table of crates/README.md"));
        for used in uses {
            let below = layers.get(&used).unwrap_or_else(|| panic!("{used} is not in the table of crates/README.md"));
            assert!(below < above, "{name} (layer {above}) uses {used} (layer {below})");
        }
    }
}

#[test]
fn the_table_names_no_crate_that_is_gone() {
    let manifests = manifests();
    assert!(table().keys().all(|name| manifests.contains_key(name)));
}
