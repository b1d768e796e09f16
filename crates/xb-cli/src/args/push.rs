//! The command that sends images.

use std::path::PathBuf;

use clap::Args;
use xb_push::Destination;

/// `xb push`.
#[derive(Clone, Debug, Args)]
pub struct PushArgs {
    /// The folder of a release, or an OCI layout
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    /// Where it goes; without a tag, by the one that the release gives it
    #[arg(value_name = "REGISTRY/REPOSITORY[:TAG]", required = true)]
    pub destinations: Vec<Destination>,

    /// Do without TLS, as with registries on this machine
    #[arg(long)]
    pub plain_http: bool,

    /// Print what was pushed as one JSON object
    #[arg(long)]
    pub json: bool,
}
