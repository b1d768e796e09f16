//! The command of the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use xb_serve::Rights;

/// `xb serve`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ServeArgs {
    /// What to do beside serving.
    #[command(subcommand)]
    pub command: Option<ServeCommand>,

    /// The folder to serve, which is made where there is none
    #[arg(value_name = "FOLDER", required_unless_present = "stdio")]
    pub folder: Option<PathBuf>,

    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8980")]
    pub listen: SocketAddr,

    /// Speak TLS, with this chain of certificates (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,

    /// The key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,

    /// The file of those who may do something, as `xb serve token` writes it; changes to it count at once
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,

    /// What everybody may do without a token [default: nothing with `--tokens`; without, all that the server does]
    #[arg(long, value_name = "RIGHTS")]
    pub anonymous: Option<May>,

    /// How much the folder may hold, as `50G`: beyond that, what was used least goes [default with `--stdio`: 20G]
    ///
    /// With `--execute`, what actions are made from may take as much again.
    #[arg(long, value_name = "SIZE")]
    pub quota: Option<String>,

    /// Run actions, too, in sandboxes on this machine, for everybody who may have some run
    #[arg(long)]
    pub execute: bool,

    /// How many actions run at one time [default: as many as there are CPUs]
    #[arg(long, value_name = "N", requires = "execute", value_parser = clap::value_parser!(u16).range(1..))]
    pub slots: Option<u16>,

    /// Answer whoever is at the other end of standard input and output, as `ssh` has them, and nobody else
    ///
    /// The folder is one of several beneath FOLDER, or in the store, and is for one such server at a time.
    #[arg(long, requires = "execute", conflicts_with_all = ["listen", "certificate", "key", "tokens", "anonymous"])]
    pub stdio: bool,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum May {
    /// Neither take nor give
    Nothing,
    /// Take
    Read,
    /// Take and give
    Write,
    /// Take, give, and have actions run, where the server runs any
    Execute,
}

impl From<May> for Rights {
    fn from(may: May) -> Self {
        match may {
            May::Nothing => Self::Nothing,
            May::Read => Self::Read,
            May::Write => Self::Write,
            May::Execute => Self::Execute,
        }
    }
}

/// What `xb serve` does beside serving.
#[derive(Clone, Debug, Subcommand)]
pub enum ServeCommand {
    /// Make a token for somebody, and print it: it is nowhere else
    ///
    /// The file keeps a hash of it. To take it back, remove its line.
    Token {
        /// Whose it is
        name: String,
        /// The file to add it to, which is made where there is none
        #[arg(long, value_name = "FILE")]
        tokens: PathBuf,
        /// What it allows
        #[arg(long, value_name = "RIGHTS", default_value = "write")]
        may: May,
    },
}
