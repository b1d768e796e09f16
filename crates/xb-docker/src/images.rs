//! The roots of actions as images of the engine: one for each list of layers of a store, named by what is in it.
//!
//! An image is kept, so that the next action with the same root sends nothing, and one whose root begins with the same
//! layers sends the others only. Which layers an engine has is what its images say. The store's images are bounded: when
//! there are too many, those that were used longest ago go, and `xb gc` removes all that no container needs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use bollard::models::ImageSummary;
use bollard::query_parameters::{
    ListImagesOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptions, TagImageOptionsBuilder,
};
use tokio::sync::Mutex;
use xb_build::ExecutorError;
use xb_core::{Digest, TreeId};
use xb_store::Contents;

use crate::engine::{Engine, is_missing};
use crate::load::{self, Load};
use crate::owner::{Owner, of_store};

/// What all images are called, before the tag that tells them apart.
const REPOSITORY: &str = "xb-root";

/// The label that names the trees of an image's layers, the lowest first.
pub const LAYERS: &str = "xb.layers";

/// Part of what an image is named by: another one where layers are written in another way.
const FORMAT: u32 = 1;

/// The images of an engine.
#[derive(Default)]
pub struct Images {
    /// Those that were there a while ago.
    there: std::sync::Mutex<HashSet<String>>,
    /// Layers that were written by this process, by their trees; and one image is loaded at a time.
    written: Mutex<HashMap<TreeId, load::Layer>>,
}

/// What an engine has.
#[derive(Debug, Default)]
pub struct Known {
    /// What the engine calls layers, by their trees.
    pub named: HashMap<String, String>,
    /// The layers of each image.
    pub images: Vec<Vec<String>>,
}

impl Known {
    /// How many layers, from the lowest, the engine has above each other.
    pub fn has(&self, layers: &[String]) -> usize {
        let common = |image: &Vec<String>| image.iter().zip(layers).take_while(|(one, other)| one == other).count();
        self.images.iter().map(common).max().unwrap_or(0)
    }
}

impl Images {
    /// The name of the image with these layers, from the lowest, which the engine has then, and no more than `most` of the
    /// store's.
    ///
    /// # Errors
    /// When the engine does not take it, or something is not in the store.
    pub async fn image(
        &self,
        engine: &Engine,
        owner: &Owner,
        layers: &[TreeId],
        store: &Arc<dyn Contents>,
        most: usize,
    ) -> Result<String, ExecutorError> {
        let tag = tag(engine, owner, layers);
        let name = format!("{REPOSITORY}:{tag}");
        if self.is_there(&name) {
            return Ok(name);
        }
        let mut written = self.written.lock().await;
        if self.is_there(&name) {
            return Ok(name);
        }
        // To name it again says that it was used.
        let use_it = || engine.docker.tag_image(&name, Some(named(&tag)));
        match use_it().await {
            Ok(()) => {}
            Err(error) if is_missing(&error) => {
                let known = known(engine, owner).await?;
                let load = Load { name: &name, layers, labels: owner, store };
                load.send(engine, &known, &mut written).await?;
                use_it().await.map_err(|error| engine.failed("name an image", &error))?;
                // Only room is lost where the old ones stay.
                let _ = remove_oldest(engine, owner, most).await;
            }
            Err(error) => return Err(engine.failed("name an image", &error)),
        }
        self.there.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        Ok(name)
    }

    /// Somebody has removed it.
    pub fn forget(&self, name: &str) {
        self.there.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn is_there(&self, name: &str) -> bool {
        self.there.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }
}

fn named(tag: &str) -> TagImageOptions {
    TagImageOptionsBuilder::new().repo(REPOSITORY).tag(tag).build()
}

/// What tells an image from all others, also from those of other stores: their word does not count.
fn tag(engine: &Engine, owner: &Owner, layers: &[TreeId]) -> String {
    let mut text = format!("{FORMAT} {} {}", owner.store, engine.arch);
    layers.iter().for_each(|layer| text += &format!(" {layer}"));
    Digest::of(text.as_bytes()).hex()
}

async fn all(engine: &Engine, store: &str) -> Result<Vec<ImageSummary>, ExecutorError> {
    let options = ListImagesOptionsBuilder::new().filters(&of_store(store)).build();
    engine.docker.list_images(Some(options)).await.map_err(|error| engine.failed("list images", &error))
}

async fn known(engine: &Engine, owner: &Owner) -> Result<Known, ExecutorError> {
    let mut known = Known::default();
    for image in all(engine, &owner.store).await? {
        // One that has gone meanwhile has nothing.
        let Ok(image) = engine.docker.inspect_image(&image.id).await else { continue };
        let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
        let layers = image.root_fs.and_then(|root| root.layers).unwrap_or_default();
        let trees = labels.get(LAYERS).map(|trees| trees.split(' ').map(str::to_owned).collect::<Vec<_>>());
        if let Some(trees) = trees.filter(|trees| trees.len() == layers.len()) {
            known.named.extend(trees.into_iter().zip(layers.iter().cloned()));
            known.images.push(layers);
        }
    }
    Ok(known)
}

async fn remove_oldest(engine: &Engine, owner: &Owner, most: usize) -> Result<(), ExecutorError> {
    let images = all(engine, &owner.store).await?;
    let too_many = images.len().saturating_sub(most);
    if too_many == 0 {
        return Ok(());
    }
    let mut ages = Vec::new();
    for image in images {
        let Ok(about) = engine.docker.inspect_image(&image.id).await else { continue };
        ages.push((about.metadata.and_then(|about| about.last_tag_time), image.id));
    }
    ages.sort();
    for (_, id) in ages.into_iter().take(too_many) {
        remove(engine, &id).await;
    }
    Ok(())
}

/// How many images of a store there are.
///
/// # Errors
/// When the engine does not tell.
pub async fn count(engine: &Engine, store: &str) -> Result<u64, ExecutorError> {
    Ok(all(engine, store).await?.len() as u64)
}

/// Removes all images of a store that no container needs, and says how many they were.
///
/// # Errors
/// When the engine does not tell which there are.
pub async fn remove_all(engine: &Engine, store: &str) -> Result<u64, ExecutorError> {
    let mut removed = 0;
    for image in all(engine, store).await? {
        removed += u64::from(remove(engine, &image.id).await);
    }
    Ok(removed)
}

/// Whether it could be removed: what a container needs cannot.
async fn remove(engine: &Engine, id: &str) -> bool {
    let options = RemoveImageOptionsBuilder::new().force(false).build();
    engine.docker.remove_image(id, Some(options), None).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_there_above_those_that_they_were_sent_with() {
        let texts = |these: &[&str]| these.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let known = Known { images: vec![texts(&["a", "b"]), texts(&["a", "c", "d"])], ..Known::default() };
        for (layers, has) in [(&["a", "b", "c"][..], 2), (&["a", "c"], 2), (&["b"], 0), (&["a", "d"], 1), (&[], 0)] {
            assert_eq!(known.has(&texts(layers)), has, "{layers:?}");
        }
    }
}
