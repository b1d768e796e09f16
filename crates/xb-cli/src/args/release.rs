//! The commands that give results out.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use xb_core::Arch;

use super::{LockManners, MethodName, Work};

/// `xb release`.
#[derive(Clone, Debug, Args)]
pub struct ReleaseArgs {
    /// A file with a `release`, with `:NAME` where it holds several
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    pub target: String,

    /// Write the release to DIR, in the place of an earlier one
    #[arg(long, value_name = "DIR", default_value = "release")]
    pub out: PathBuf,

    /// The secret OpenPGP key that signs the apt repository: `xb key new` makes one
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// The secret Ed25519 key that signs how artefacts were made: `xb key new --statements` makes one
    #[arg(long, value_name = "FILE")]
    pub statement_key: Option<PathBuf>,

    /// Architectures to release for [default: those that the release says, else all]
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<Arch>,

    /// How to build for an architecture that is not this machine's
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    pub method: MethodName,

    /// Leave out the checks
    #[arg(long)]
    pub no_check: bool,

    /// Build everything again, and compare with the release in DIR instead of writing it
    #[arg(long)]
    pub check: bool,

    /// Print what the release consists of as one JSON object
    #[arg(long, conflicts_with = "check")]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: Work,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,
}

/// `xb key`.
#[derive(Clone, Debug, Args)]
pub struct KeyArgs {
    /// What to do
    #[command(subcommand)]
    pub command: KeyCommand,
}

/// What `xb key` does.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key, in a file that only you can read
    ///
    /// Without FILE it is your own key of statements, by which others trust what you build. It is in your configuration
    /// folder, or where `XB_KEY` says; what others write into their `xb.toml` is told.
    New {
        /// Where the secret key goes; nothing may be there yet
        #[arg(value_name = "FILE", requires = "kind")]
        file: Option<PathBuf>,
        /// An OpenPGP key of this owner, for the apt repositories of releases
        #[arg(
            long,
            value_name = "NAME <ADDRESS>",
            value_parser = NonEmptyStringValueParser::new(),
            group = "kind",
            requires = "file"
        )]
        user: Option<String>,
        /// An Ed25519 key in PEM, for the statements of how something was made
        #[arg(long, group = "kind")]
        statements: bool,
    },
    /// Print the public half of a key
    Show {
        /// The file of the secret key [default: your own key]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Print it as `xb.toml` has it, on one line: only a key of statements has such a line
        #[arg(long)]
        line: bool,
    },
}
