//! Sending an image: an archive as `docker save` writes it, with the layers that the engine lacks.
//!
//! A layer is the tar file of a tree, always with the same bytes, so that its SHA-256, by which the engine knows it, says
//! what is in it. It is written twice: once to know its size and sum, and once to send it. Nothing is put aside.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use bollard::query_parameters::ImportImageOptionsBuilder;
use futures_util::StreamExt as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use xb_archive::{TreeWriter, WriteError};
use xb_build::{ExecutorError, blocking};
use xb_core::{Arch, RelPath, TreeId};
use xb_store::Contents;

use crate::engine::Engine;
use crate::images::{Known, LAYERS};
use crate::owner::{Owner, STORE};
use crate::stream::{Writer, to_stream};

/// The time of all files, as they have it in every root.
const TIME: u32 = 1;

/// Archives are a row of these.
const BLOCK: u64 = 512;

/// A layer as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `sha256:` and the sum of its bytes.
    pub name: String,
    /// How many bytes it has.
    pub size: u64,
}

/// What is to be sent.
pub struct Load<'a> {
    /// What the image is called.
    pub name: &'a str,
    /// The trees of its layers, from the lowest.
    pub layers: &'a [TreeId],
    /// Whose it is.
    pub labels: &'a Owner,
    /// Where the trees are.
    pub store: &'a Arc<dyn Contents>,
}

/// Why an image could not be sent.
enum Failed {
    /// The engine does not take it.
    Engine(bollard::errors::Error),
    /// It cannot be made.
    Here(ExecutorError),
}

impl Load<'_> {
    /// Sends it; the layers that were written are remembered.
    ///
    /// # Errors
    /// When the engine does not take it, or something is not in the store.
    pub async fn send(
        &self,
        engine: &Engine,
        known: &Known,
        written: &mut HashMap<TreeId, Layer>,
    ) -> Result<(), ExecutorError> {
        let mut names = Vec::new();
        for tree in self.layers {
            let name = known.named.get(&tree.to_string()).or_else(|| Some(&written.get(tree)?.name));
            match name {
                Some(name) => names.push(name.clone()),
                None => names.push(self.write(*tree, written).await?.name),
            }
        }
        let has = known.has(&names);
        match self.send_from(has, &names, engine, written).await {
            // An engine may want all of it, whatever it has.
            Err(Failed::Engine(_)) if has > 0 => self.send_from(0, &names, engine, written).await,
            sent => sent,
        }
        .map_err(|failed| match failed {
            Failed::Engine(error) => engine.failed("take the image of a root", &error),
            Failed::Here(error) => error,
        })
    }

    /// Writes a layer to nowhere, to know its size and sum.
    async fn write(&self, tree: TreeId, written: &mut HashMap<TreeId, Layer>) -> Result<Layer, ExecutorError> {
        if let Some(layer) = written.get(&tree) {
            return Ok(layer.clone());
        }
        let layer = blocking(self.store, move |store| {
            let Summing { sum, size } = write_layer(store, tree, Summing::default())?;
            Ok(Layer { name: format!("sha256:{}", hex(&sum.finalize())), size })
        });
        let layer = layer.await?;
        written.insert(tree, layer.clone());
        Ok(layer)
    }

    /// Sends the layers from a number on.
    async fn send_from(
        &self,
        first: usize,
        names: &[String],
        engine: &Engine,
        written: &mut HashMap<TreeId, Layer>,
    ) -> Result<(), Failed> {
        let mut layers = Vec::new();
        for (tree, name) in self.layers.iter().zip(names).skip(first) {
            let layer = self.write(*tree, written).await.map_err(Failed::Here)?;
            if layer.name != *name {
                let text = format!("the Docker engine at `{}` calls a layer `{name}` that is another one", engine.host);
                return Err(Failed::Here(ExecutorError::Machine(text)));
            }
            layers.push((*tree, layer));
        }
        let documents = self.documents(names, engine.arch);
        let (mut writer, stream) = to_stream();
        let writing = blocking(self.store, move |store| match write_image(store, &layers, &documents, &mut writer) {
            Ok(()) => Ok(()),
            Err(error) => {
                writer.fail(&error.to_string());
                Err(error)
            }
        });
        let options = ImportImageOptionsBuilder::new().quiet(true).build();
        let mut answers = engine.docker.import_image(options, bollard::body_try_stream(stream), None);
        let sending = async {
            while let Some(answer) = answers.next().await {
                answer?;
            }
            Ok(())
        };
        let (written, sent) = tokio::join!(writing, sending);
        match (written, sent) {
            (Ok(()), Ok(())) => Ok(()),
            // Who is not listened to any more does not know why.
            (Err(ExecutorError::Machine(_)) | Ok(()), Err(error)) => Err(Failed::Engine(error)),
            (Err(error), _) => Err(Failed::Here(error)),
        }
    }

    /// What says which layers the image has, by the names of their files.
    fn documents(&self, names: &[String], arch: Arch) -> Vec<(String, Vec<u8>)> {
        let trees: Vec<String> = self.layers.iter().map(ToString::to_string).collect();
        let config = json!({
            "architecture": arch.debian(),
            "os": "linux",
            "created": "1970-01-01T00:00:01Z",
            "config": { "Labels": { STORE: self.labels.store, LAYERS: trees.join(" ") } },
            "rootfs": { "type": "layers", "diff_ids": names },
        });
        let config = config.to_string().into_bytes();
        let file = format!("{}.json", hex(&Sha256::digest(&config)));
        let layers: Vec<String> = names.iter().map(|name| layer_file(name)).collect();
        let manifest = json!([{ "Config": file, "RepoTags": [self.name], "Layers": layers }]);
        vec![(file, config), ("manifest.json".to_owned(), manifest.to_string().into_bytes())]
    }
}

/// The name of a layer's file.
fn layer_file(name: &str) -> String {
    format!("{}.tar", name.trim_start_matches("sha256:"))
}

fn write_image(
    store: &dyn Contents,
    layers: &[(TreeId, Layer)],
    documents: &[(String, Vec<u8>)],
    out: &mut Writer,
) -> Result<(), ExecutorError> {
    let gone = |error: io::Error| ExecutorError::Machine(format!("cannot send the image of a root: {error}"));
    for (tree, layer) in layers {
        out.write_all(&header(&layer_file(&layer.name), layer.size)).map_err(gone)?;
        write_layer(store, *tree, &mut *out)?;
        pad(out, layer.size).map_err(gone)?;
    }
    for (name, bytes) in documents {
        out.write_all(&header(name, bytes.len() as u64)).map_err(gone)?;
        out.write_all(bytes).map_err(gone)?;
        pad(out, bytes.len() as u64).map_err(gone)?;
    }
    out.write_all(&[0; 2 * BLOCK as usize]).and_then(|()| out.flush()).map_err(gone)
}

/// Writes the tar file of a tree.
fn write_layer<W: Write>(store: &dyn Contents, tree: TreeId, out: W) -> Result<W, ExecutorError> {
    let mut writer = TreeWriter::new(store, refuses, TIME, out);
    let written = writer.tree(tree, &RelPath::root()).and_then(|()| writer.finish());
    written.map_err(|error| match error {
        WriteError::Store(_) | WriteError::Directory(_) => ExecutorError::Store(error.to_string()),
        WriteError::Entry { .. } => ExecutorError::Unable(format!("no image can have this root: {error}")),
        WriteError::Write(_) => ExecutorError::Machine(format!("cannot send the image of a root: {error}")),
    })
}

/// In a layer, such names take files of the layers below away.
fn refuses(name: &str) -> Option<&'static str> {
    name.starts_with(".wh.").then_some("in an image, that name takes away files of the layers below")
}

fn header(name: &str, size: u64) -> [u8; BLOCK as usize] {
    let mut header = tar::Header::new_gnu();
    // Names are sums and short.
    let _ = header.set_path(name);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

fn pad(out: &mut Writer, size: u64) -> io::Result<()> {
    let over = (size % BLOCK) as usize;
    if over == 0 { Ok(()) } else { out.write_all(&[0; BLOCK as usize][over..]) }
}

/// Sums what is written to it.
#[derive(Default)]
struct Summing {
    sum: Sha256,
    size: u64,
}

impl Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sum.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
