//! What an image is made of, as the caller says it.

use std::collections::{BTreeMap, BTreeSet};

use xb_core::Arch;

use super::model::{Running, set};
use crate::error::{ExportError, Result};
use crate::tar::Placed;

/// One image, for one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The architecture.
    pub arch: Arch,
    /// The layers, the lowest first.
    pub layers: Vec<ImageLayer>,
    /// How a container of it is run.
    pub config: ImageConfig,
}

/// One layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLayer {
    /// What is in it, and where.
    pub placed: Placed,
    /// What it is, for the image's history: `zlib 1.3.1`.
    pub name: String,
}

/// How a container of an image is run. What is empty is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// As whom: `1000`, `1000:1000` or a name of its `/etc/passwd`.
    pub user: String,
    /// At which ports it listens: `8080/tcp`.
    pub exposed_ports: BTreeSet<String>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// Arguments that whoever runs it may replace.
    pub command: Vec<String>,
    /// Folders whose contents outlive a container.
    pub volumes: BTreeSet<String>,
    /// Where the program starts.
    pub working_folder: String,
    /// What else there is to know about it.
    pub labels: BTreeMap<String, String>,
    /// How it is asked to end: `SIGTERM`.
    pub stop_signal: Option<String>,
}

impl ImageConfig {
    /// As the specification has it.
    pub(super) fn running(&self) -> Result<Running> {
        self.check()?;
        Ok(Running {
            user: self.user.clone(),
            exposed_ports: set(&self.exposed_ports),
            env: self.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            entrypoint: self.entrypoint.clone(),
            cmd: self.command.clone(),
            volumes: set(&self.volumes),
            working_dir: self.working_folder.clone(),
            labels: self.labels.clone(),
            stop_signal: self.stop_signal.clone(),
        })
    }

    fn check(&self) -> Result<()> {
        let working = [&self.working_folder].into_iter().filter(|folder| !folder.is_empty());
        let texts = self.env.iter().flat_map(|(name, value)| [name, value]);
        let texts = texts.chain(&self.entrypoint).chain(&self.command).chain([&self.user]);
        let wrong = [
            (
                "the variable",
                self.env.keys().find(|name| name.is_empty() || name.contains('=')),
                "a variable's name is not empty, and has no `=`",
            ),
            (
                "the port",
                self.exposed_ports.iter().find(|port| !is_port(port)),
                "a port is written as `8080`, `8080/tcp` or `53/udp`",
            ),
            (
                "the folder",
                self.volumes.iter().chain(working).find(|folder| !folder.starts_with('/')),
                "a folder of an image is an absolute path",
            ),
            ("the text", texts.into_iter().find(|text| text.contains('\0')), "no program can be given a NUL"),
        ];
        let wrong = wrong.into_iter().find_map(|(what, value, reason)| value.map(|value| (what, value, reason)));
        wrong.map_or(Ok(()), |(what, value, reason)| Err(ExportError::value(what, value, reason)))
    }
}

fn is_port(port: &str) -> bool {
    let (number, kind) = port.split_once('/').unwrap_or((port, "tcp"));
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit()) && number.parse::<u16>().is_ok_and(|it| it != 0);
    is_number && ["tcp", "udp", "sctp"].contains(&kind)
}
