//! The command of the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `xb serve`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ServeArgs {
    /// What to do beside serving.
    #[command(subcommand)]
    pub command: Option<ServeCommand>,

    /// The folder to serve, which is made where there is none
    #[arg(value_name = "FOLDER", required = true)]
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

    /// The file of those who may read or write, as `xb serve token` writes it; changes to it count at once
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,

    /// What everybody may do without a token [default: nothing with `--tokens`, write without]
    #[arg(long, value_name = "RIGHTS")]
    pub anonymous: Option<Anonymous>,

    /// How much the folder may hold, as `50G`: beyond that, what was used least goes
    #[arg(long, value_name = "SIZE")]
    pub quota: Option<String>,
}

/// What everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Anonymous {
    /// Neither take nor give
    Nothing,
    /// Take
    Read,
    /// Take and give
    Write,
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
        /// Let it read alone
        #[arg(long)]
        read_only: bool,
    },
}
