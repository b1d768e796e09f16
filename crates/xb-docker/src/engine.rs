//! An engine that was reached: what it is, and what its errors mean.

use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use xb_build::ExecutorError;
use xb_core::Arch;

use crate::host::Host;

/// How long an engine may take to say what it is.
const FIRST_ANSWER: Duration = Duration::from_secs(15);

/// How long it may take to begin to answer anything else: a large image is unpacked first.
const PATIENCE: Duration = Duration::from_secs(3600);

/// An engine that was reached.
#[derive(Clone)]
pub struct Engine {
    /// How it is spoken with.
    pub docker: Docker,
    /// Where it is.
    pub host: Host,
    /// The architecture of its machine.
    pub arch: Arch,
    /// How many CPUs its machine has.
    pub cpus: u32,
    /// How much memory its machine has, in bytes.
    pub memory: i64,
    /// What it calls itself: `20.10.24`.
    pub version: String,
}

impl Engine {
    /// Reaches an engine, and asks it what it is.
    ///
    /// # Errors
    /// When there is none, or none that xb can use: a sentence for a person.
    pub async fn reach(host: &Host) -> Result<Self, String> {
        let late = |_| format!("it has not answered for {} seconds", FIRST_ANSWER.as_secs());
        match timeout(FIRST_ANSWER, Self::ask(host)).await.map_err(late) {
            Ok(Ok(engine)) => Ok(engine),
            Ok(Err(why)) | Err(why) => {
                Err(format!("no Docker engine can be used at `{host}`: {why}\n  {}", help(host)))
            }
        }
    }

    async fn ask(host: &Host) -> Result<Self, String> {
        // What connects says less about why it cannot.
        let connected = match host {
            Host::Unix(path) => UnixStream::connect(path).await.map(drop),
            Host::Tcp(place) => TcpStream::connect(place).await.map(drop),
        };
        connected.map_err(|error| error.to_string())?;
        let connect = match host {
            Host::Unix(_) => Docker::connect_with_unix,
            Host::Tcp(_) => Docker::connect_with_http,
        };
        let text = |error: Error| said(&error);
        let docker = connect(&host.to_string(), PATIENCE.as_secs(), API_DEFAULT_VERSION).map_err(text)?;
        let docker = docker.negotiate_version().await.map_err(text)?;
        let info = docker.info().await.map_err(text)?;
        let system = info.os_type.unwrap_or_default();
        if system != "linux" {
            return Err(format!("its containers are of `{system}`, and actions are of Linux"));
        }
        let machine = info.architecture.unwrap_or_default();
        let arch = machine.parse().map_err(|_| format!("its machine is of `{machine}`, which xb does not know"))?;
        Ok(Self {
            docker,
            host: host.clone(),
            arch,
            cpus: info.ncpu.and_then(|cpus| u32::try_from(cpus).ok()).unwrap_or(1).max(1),
            memory: info.mem_total.unwrap_or_default(),
            version: info.server_version.unwrap_or_default(),
        })
    }

    /// Why something could not be done, as the planner takes it: one who refuses this may do all else.
    pub fn failed(&self, what: &str, error: &Error) -> ExecutorError {
        let text = format!("the Docker engine at `{}` cannot {what}: {}", self.host, said(error));
        match error {
            Error::DockerResponseServerError { .. } | Error::DockerStreamError { .. } => ExecutorError::Unable(text),
            _ => ExecutorError::Gone(text),
        }
    }
}

fn help(host: &Host) -> &'static str {
    match host {
        Host::Unix(_) => {
            "start it (`systemctl start docker`) and have it let you in (`docker info` tells), or name another one by \
             `host` in `[executor.NAME]` or by `DOCKER_HOST`"
        }
        Host::Tcp(_) => "see that it runs and listens there, or name another one by `host` in `[executor.NAME]`",
    }
}

/// What an engine said, or else what happened on the way to it.
pub fn said(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        other => {
            let causes = std::iter::successors(Some(other as &dyn std::error::Error), |error| error.source());
            causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
        }
    }
}

/// Whether an engine says that there is no such thing.
pub const fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}
