//! What a release consists of.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use xb_export::{MANIFEST, Manifest, ManifestDifference};

use crate::support::folder;

fn fill(top: &Path) {
    fs::create_dir_all(top.join("b/c")).unwrap();
    for (path, text) in [("b/c/d", "hello"), ("a", ""), ("b.x", "x")] {
        fs::write(top.join(path), text).unwrap();
    }
}

#[test]
fn a_manifest_lists_every_file_in_order() {
    let release = folder();
    fill(release.path());
    let manifest = Manifest::of(release.path()).unwrap();
    let paths: Vec<_> = manifest.files().map(|(path, _)| path).collect();
    assert_eq!(paths, ["a", "b.x", "b/c/d"]);
    manifest.write(release.path()).unwrap();
    assert_eq!(Manifest::of(release.path()).unwrap(), manifest);
    let text = fs::read_to_string(release.path().join(MANIFEST)).unwrap();
    let last = r#"    {
      "path": "b/c/d",
      "size": 5,
      "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      "blake3": "ea8f163db38682925e4491c5e58d4bb3506ef8c14eb78a86e908c5624a67200f"
    }
  ]
}
"#;
    assert!(text.starts_with("{\n  \"version\": 1,\n") && text.ends_with(last), "{text}");
    assert_eq!(Manifest::read(text.as_bytes()).unwrap(), manifest);
}

#[test]
fn what_is_another_file_is_found() {
    let release = folder();
    fill(release.path());
    let manifest = Manifest::of(release.path()).unwrap();
    manifest.write(release.path()).unwrap();
    assert_eq!(manifest.differences(release.path()).unwrap(), []);
    fs::write(release.path().join("a"), "a").unwrap();
    fs::remove_file(release.path().join("b.x")).unwrap();
    fs::write(release.path().join("b/manifest.json"), "").unwrap();
    let right = [
        ManifestDifference::Missing("b.x".to_owned()),
        ManifestDifference::Changed("a".to_owned()),
        ManifestDifference::Unknown("b/manifest.json".to_owned()),
    ];
    assert_eq!(manifest.differences(release.path()).unwrap(), right);
}

#[test]
fn what_is_no_manifest_or_no_file_is_refused() {
    let release = folder();
    symlink("/etc/passwd", release.path().join("link")).unwrap();
    let error = Manifest::of(release.path()).unwrap_err().to_string();
    assert!(error.contains("link` cannot be put into a release"), "{error}");

    let file = r#"{"path":"a","size":0,"sha256":"S","blake3":"S"}"#.replace('S', &"0".repeat(64));
    let document = |files: &str| format!("{{\"version\":1,\"files\":[{files}]}}");
    assert!(Manifest::read(document(&file).as_bytes()).is_ok());
    for text in [
        String::new(),
        "{}".to_owned(),
        document(&file).replace(":1,", ":2,"),
        document(&format!("{file},{file}")),
        document(&file.replace("\"a\"", "\"../a\"")),
        document(&file.replacen("00", "", 1)),
        document(&file.replace("\"size\":0", "\"size\":-1")),
        document(&file.replace("\"size\":0", "\"size\":0,\"mode\":0")),
        document(&file).replace(":1,", ":1,\"more\":[],"),
    ] {
        assert!(Manifest::read(text.as_bytes()).is_err(), "{text}");
    }
}
