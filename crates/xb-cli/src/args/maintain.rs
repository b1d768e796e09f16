//! The commands that look after the project, the store and the machine.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::{How, LockManners};

/// `xb lock`.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("arch", |arg| arg.help("Architectures to lock the inputs for: `amd64`, `arm64` [default: all]")))]
pub struct LockArgs {
    /// Files or folders to lock the inputs of [default: the project]
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    pub targets: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub how: How,

    /// Bring what is pinned up to date: everything, or only NAME (a url, or a Debian package)
    #[arg(long, value_name = "NAME", num_args = 0.., value_delimiter = ',')]
    pub update: Option<Vec<String>>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,
}

/// `xb gc`.
#[derive(Clone, Debug, Args)]
pub struct GcArgs {
    /// Keep what was used within this time: `12h`, `30d`, `8w`
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub keep: String,

    /// Remove the longest unused until the store is no larger: `500M`, `20G`
    #[arg(long, value_name = "SIZE")]
    pub max_size: Option<String>,

    /// Only tell what would be removed
    #[arg(long)]
    pub dry_run: bool,

    /// Wait for other processes that use the store, in place of giving up
    #[arg(long)]
    pub wait: bool,

    /// Print what was removed as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb store`.
#[derive(Clone, Debug, Args)]
pub struct StoreArgs {
    /// What about it.
    #[command(subcommand)]
    pub command: StoreCommand,
}

/// What about the store.
#[derive(Clone, Debug, Subcommand)]
pub enum StoreCommand {
    /// Print where it is
    Path,
    /// Print how much it holds
    Stats {
        /// Print the figures as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Check that every file is what its digest says
    Verify {
        /// Remove what is damaged, so that it is built or fetched again
        #[arg(long)]
        repair: bool,
    },
    /// List what is kept from garbage collection, and by which name
    Roots,
}

/// `xb doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArgs {
    /// Print what was found as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb init`.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
}

/// `xb completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// `xb man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// The folder that the pages are written to
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}
