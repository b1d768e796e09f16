//! Layouts that are not what they say are refused before anybody is spoken to.

mod common;

use std::path::Path;

use serde_json::{Value, json};
use xb_push::{Layout, LayoutError};

use common::{INDEX, MANIFEST, blob, image, write_top};

/// The image, after something was done to it.
fn changed(change: impl Fn(&Path, &mut Value)) -> Result<Layout, LayoutError> {
    let folder = tempfile::tempdir().expect("a folder");
    let top = image(folder.path());
    let mut top = json!({ "schemaVersion": 2, "manifests": [top] });
    change(folder.path(), &mut top);
    write_top(folder.path(), &top);
    Layout::open(folder.path())
}

#[track_caller]
fn check(reason: &str, change: impl Fn(&Path, &mut Value)) {
    let error = changed(change).expect_err("it is refused").to_string();
    assert!(error.contains(reason), "{error}");
}

fn layer(folder: &Path) -> std::path::PathBuf {
    folder.join("blobs").join(common::digest(b"arm64").replace(':', "/"))
}

#[test]
fn what_is_as_it_says_is_taken_with_all_that_it_names() {
    let layout = changed(|_, _| {}).expect("an image");
    assert_eq!(layout.tag.as_deref(), Some("1.0"));
    assert_eq!((layout.blobs.len(), layout.manifests.len()), (5, 3));
    assert_eq!(layout.manifests[2].media_type, INDEX);
    assert!(layout.manifests[..2].iter().all(|manifest| manifest.media_type == MANIFEST));
    assert_eq!(layout.digest(), Some(layout.manifests[2].digest));
}

#[test]
fn bytes_that_do_not_match_their_digest_are_refused() {
    check("damaged: its bytes hash to sha256:", |folder, _| {
        std::fs::write(layer(folder), "arm65").expect("a file");
    });
    check("it has 6 bytes, and 5 are told of it", |folder, _| {
        std::fs::write(layer(folder), "arm64!").expect("a file");
    });
    check("which the image names", |folder, _| std::fs::remove_file(layer(folder)).expect("a file"));
    check("it is no regular file", |folder, _| {
        std::fs::remove_file(layer(folder)).expect("a file");
        std::fs::create_dir(layer(folder)).expect("a folder");
    });
    check("damaged", |_, top| top["manifests"][0]["size"] = json!(3));
}

#[test]
fn digests_that_lead_elsewhere_are_refused() {
    for digest in ["sha256:../../../etc/passwd", "sha512:00", "", "sha256:", "../x", "sha256:AB\u{1b}[2J"] {
        check("which is no SHA-256 digest", |_, top| top["manifests"][0]["digest"] = json!(digest));
    }
}

#[test]
fn what_is_no_image_is_refused() {
    check("holds 0 images", |_, top| top["manifests"] = json!([]));
    check("holds 2 images", |_, top| {
        let first = top["manifests"][0].clone();
        top["manifests"] = json!([first, first]);
    });
    check("neither a manifest nor an index", |_, top| top["manifests"][0]["mediaType"] = json!("text/plain"));
    check("says nothing of an image", |_, top| *top = json!([1]));
    check("says nothing of an image", |folder, top| top["manifests"][0] = blob(folder, MANIFEST, b"{}"));
    check("holds no image", |folder, _| std::fs::remove_file(folder.join("oci-layout")).expect("a file"));
    check("version `2.0", |folder, _| {
        std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).expect("a file");
    });
}

#[test]
fn indexes_in_indexes_end_somewhere() {
    check("too deep a nest", |folder, top| {
        for _ in 0..10 {
            let outer = json!({ "schemaVersion": 2, "manifests": [top["manifests"][0]] }).to_string();
            top["manifests"][0] = blob(folder, INDEX, outer.as_bytes());
        }
    });
    check("more than a registry takes", |folder, top| {
        top["manifests"][0] = blob(folder, INDEX, " ".repeat(5 << 20).as_bytes());
    });
}
