//! What tests of pushing share: an image, a client without patience, and registries.

#![allow(dead_code, reason = "each test takes what it needs")]

pub mod fake;
pub mod real;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use xb_push::{Credentials, Layout, Patience, Push, PushError, Pushed, Watch};

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", xb_core::Sha256(Sha256::digest(bytes).into()))
}

/// Writes a blob of a layout, and gives how it is named.
pub fn blob(folder: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = digest(bytes);
    let path = folder.join("blobs").join(digest.replace(':', "/"));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, bytes).expect("a blob");
    json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
}

/// Writes an image for two architectures: a layer of each, and a large one of both.
pub fn image(folder: &Path) -> Value {
    let shared: Vec<u8> = (0..300_000_u32).flat_map(|number| number.to_le_bytes()).collect();
    let manifests: Vec<Value> = ["amd64", "arm64"]
        .into_iter()
        .map(|arch| {
            let layer = |bytes: &[u8]| blob(folder, "application/vnd.oci.image.layer.v1.tar+gzip", bytes);
            let config = json!({ "architecture": arch, "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } });
            let config = blob(folder, "application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
            let layers = [layer(&shared), layer(arch.as_bytes())];
            let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
            let mut manifest = blob(folder, MANIFEST, manifest.to_string().as_bytes());
            manifest["platform"] = json!({ "architecture": arch, "os": "linux" });
            manifest
        })
        .collect();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    let mut top = blob(folder, INDEX, index.to_string().as_bytes());
    top["annotations"] = json!({ "org.opencontainers.image.ref.name": "1.0" });
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
    write_top(folder, &json!({ "schemaVersion": 2, "manifests": [top] }));
    top
}

pub fn write_top(folder: &Path, top: &Value) {
    std::fs::write(folder.join("index.json"), top.to_string()).expect("a file");
}

/// Counts the bytes that are said to be sent.
#[derive(Default)]
pub struct Counted(pub AtomicI64);

impl Watch for Counted {
    fn sent(&self, bytes: u64) {
        self.0.fetch_add(bytes.cast_signed(), Ordering::Relaxed);
    }

    fn taken_back(&self, bytes: u64) {
        self.0.fetch_sub(bytes.cast_signed(), Ordering::Relaxed);
    }
}

pub fn patience() -> Patience {
    let pause = Duration::from_millis(10);
    Patience { tries: 3, pause, silence: Duration::from_secs(2), ..xb_push::patience() }
}

/// Pushes what is in a folder, and gives what came of it and how many bytes were said to be sent.
pub fn push(folder: &Path, credentials: &Credentials, to: &[String]) -> (Result<Vec<Pushed>, PushError>, i64) {
    let counted = Arc::new(Counted::default());
    let layout = Layout::open(folder).expect("a layout");
    let watch = Arc::clone(&counted) as Arc<dyn Watch>;
    let push = Push { layout: &layout, credentials, plain_http: false, patience: patience(), watch };
    let to: Vec<_> = to.iter().map(|text| text.parse().expect("a destination")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let pushed = runtime.block_on(push.run(&to));
    (pushed, counted.0.load(Ordering::Relaxed))
}
