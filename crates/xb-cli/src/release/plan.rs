//! What a release says, read before anything is built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use xb_eval::{Format, Product, Release};
use xb_export::{ImageConfig, Moment, OpenPgpKey};
use xb_sign::StatementKey;

use super::key;
use crate::failure::Failure;

/// How a release is given out.
pub struct Plan {
    /// What it is called.
    pub title: String,
    /// Its version.
    pub version: String,
    /// When it was made, as it says itself.
    pub date: Moment,
    /// As an apt repository, signed by a key.
    pub apt: Option<(AptSettings, OpenPgpKey)>,
    /// As an image.
    pub image: Option<ImageSettings>,
    /// As archives.
    pub archives: bool,
    /// What signs how artefacts were made, where that is told.
    pub statements: Option<StatementKey>,
}

/// What `deb { ... }` can say in a release.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AptSettings {
    format: String,
    /// The suite: `stable`.
    pub suite: Option<String>,
    /// Who gives it out.
    pub origin: Option<String>,
    /// Where it will be.
    pub url: Option<String>,
}

/// What `oci { ... }` can say in a release.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageSettings {
    format: String,
    /// What it is called: `example/edge`.
    pub name: Option<String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    env: BTreeMap<String, String>,
    user: String,
    ports: BTreeSet<String>,
    volumes: BTreeSet<String>,
    folder: String,
    labels: BTreeMap<String, String>,
}

/// What `tar { ... }` can say in a release: nothing yet.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ArchiveSettings {
    #[serde(rename = "format")]
    _format: String,
}

impl ImageSettings {
    /// How a container of the image runs.
    pub fn config(&self) -> ImageConfig {
        ImageConfig {
            user: self.user.clone(),
            exposed_ports: self.ports.clone(),
            env: self.env.clone(),
            entrypoint: self.entrypoint.clone(),
            command: self.command.clone(),
            volumes: self.volumes.clone(),
            working_folder: self.folder.clone(),
            labels: self.labels.clone(),
            stop_signal: None,
        }
    }
}

impl Plan {
    /// Reads a release; the keys are in files: that of the apt repository, and that of statements.
    ///
    /// # Errors
    /// When a setting or the date is none, no format is named, or there is no key where one is needed.
    pub fn of(release: &Release, repository: Option<&Path>, statements: Option<&Path>) -> Result<Self, Failure> {
        let date = release.date.as_deref().map_or(Ok(Moment::default()), |date| {
            Moment::parse_date(date).ok_or_else(|| {
                Failure::user(format!("`{date}` is no date of the release `{}`", release.name))
                    .help("write year, month and day: `date = \"2026-11-26\"`")
            })
        })?;
        let version = release.version.clone().unwrap_or_else(|| "1".to_owned());
        let statements = statements.map(key::statement).transpose()?;
        let title = release.title.clone();
        let mut plan = Self { title, version, date, apt: None, image: None, archives: false, statements };
        for (at, format) in release.formats.iter().enumerate() {
            if release.formats[..at].iter().any(|earlier| earlier.name == format.name) {
                return Err(Failure::user(format!("the release `{}` names `{}` twice", release.name, format.name))
                    .help("a release has one folder for each format: write another release"));
            }
            match format.name.as_str() {
                "deb" => plan.apt = Some((settings(format)?, key::open_pgp(repository.ok_or_else(no_key)?)?)),
                "oci" => plan.image = Some(settings(format)?),
                _ => plan.archives = settings::<ArchiveSettings>(format).map(|_| true)?,
            }
        }
        if plan.products().is_empty() {
            return Err(Failure::user(format!("the release `{}` is given out in no format", release.name))
                .help("write `formats = [deb, oci, tar]`, or some of these"));
        }
        Ok(plan)
    }

    /// What is made of its packages.
    pub fn products(&self) -> Vec<Product> {
        let products = [
            (self.apt.is_some(), Product::Shipped),
            (self.image.is_some(), Product::Image),
            (self.archives, Product::Result),
        ];
        products.into_iter().filter(|(wanted, _)| *wanted).map(|(_, product)| product).collect()
    }
}

fn settings<T: DeserializeOwned>(format: &Format) -> Result<T, Failure> {
    serde_json::from_str(&format.settings)
        .map_err(|error| Failure::user(format!("the settings of `{}` in a release are wrong: {error}", format.name)))
}

fn no_key() -> Failure {
    Failure::user("an apt repository is signed, and no key is given")
        .help("`xb key new KEY --user \"Name <name@example.org>\"` makes one, `--key KEY` names it")
}
