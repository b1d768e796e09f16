//! Every example of the project evaluates and emits, for every architecture and by every method.

#![expect(clippy::disallowed_methods, reason = "the examples are files")]

use std::path::Path;
use std::sync::Arc;

use xb_core::{Arch, RelPath};
use xb_eval::{EmitOptions, Limits, Product, ReadError, TargetRequest, World, emit};
use xb_graph::Method;

/// The folder of the examples.
struct Examples;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

impl World for Examples {
    fn read(&self, path: &RelPath) -> Result<Arc<str>, ReadError> {
        std::fs::read_to_string(root().join(path.as_str())).map(Arc::from).map_err(|_| ReadError::Missing)
    }
}

#[test]
fn examples_emit() {
    let mut count = 0;
    for folder in std::fs::read_dir(root()).expect("the folder of the examples").flatten() {
        let files = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
        for file in files.filter(|file| file.path().extension().is_some_and(|extension| extension == "xb")) {
            let path = format!("{}/{}", folder.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            emits(&path);
            count += 1;
        }
    }
    assert!(count >= 9, "{count} examples");
}

fn emits(path: &str) {
    let request = TargetRequest {
        file: RelPath::new(path).expect("a clean path"),
        name: None,
        product: Product::Result,
        arches: Arch::ALL.to_vec(),
        may_define_none: true,
    };
    let options = EmitOptions {
        host: Arch::Amd64,
        methods: Method::ALL.to_vec(),
        audit: false,
        describe: false,
        limits: Limits::default(),
    };
    match emit(&Examples, &[request], &options) {
        Ok(emitted) => {
            let has_none = ["common/maintainer.xb", "edge/edge.xb"].contains(&path);
            assert!(emitted.graph.targets.len() >= 2 || has_none, "{path}");
        }
        Err(failure) => panic!("{path}: {:#?}", failure.diagnostics),
    }
}
