//! The project's own `.xb` files are read without a word.

use std::path::{Path, PathBuf};

use xb_core::FileId;

fn xb_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            xb_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "xb") {
            found.push(path);
        }
    }
}

#[test]
fn stdlib_and_examples_are_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    xb_files(&root.join("stdlib"), &mut files);
    xb_files(&root.join("examples"), &mut files);
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let parsed = xb_syntax::parse(FileId(0), &text);
        assert!(parsed.diagnostics.is_empty(), "{}: {:#?}", path.display(), parsed.diagnostics);
    }
}
