//! `xb port`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use xb_core::Arch;

use super::{LockManners, Work};

/// `xb port`.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("keep_going", |arg| arg.hide(true)))]
pub struct PortArgs {
    /// Files, and folders with all files beneath them; with `:NAME`, one of their packages
    #[arg(value_name = "TARGET", default_value = ".", value_parser = NonEmptyStringValueParser::new())]
    pub targets: Vec<String>,

    /// Architectures to port to [default: every one that is not this machine's]
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<Arch>,

    /// Build by cross and by emulation as well, and compare the results
    #[arg(long)]
    pub verify: bool,

    /// Try again what failed before; otherwise only what has changed since is tried
    #[arg(long)]
    pub again: bool,

    /// Leave out the audits
    #[arg(long)]
    pub no_audit: bool,

    /// Write the report to DIR: `report.html`, `report.txt`, `report.json`
    #[arg(long, value_name = "DIR", default_value = "port-report")]
    pub out: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: Work,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,

    /// Print the report as one JSON object
    #[arg(long)]
    pub json: bool,
}
