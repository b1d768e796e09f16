//! The command of shared caches.

use clap::{Args, Subcommand};

use super::Wanted;

/// `xb cache`.
#[derive(Clone, Debug, Args)]
pub struct CacheArgs {
    /// What to do
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What `xb cache` does.
#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    /// Take the caches, keys and engines of `xb.toml` as they are now: without that, nobody's word but your own counts
    ///
    /// A project that you have got from somewhere could name a cache and a key of its own, or an engine, and so put
    /// results of its choice into your store, and have you sign them. What you have accepted holds until these sections
    /// change.
    Accept,
    /// Tell which caches `xb.toml` names, whether they answer, and whose results are believed
    Ls {
        /// Print all of it as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Share the results of targets, built where need be, and what is here of all that they are made of
    Push {
        /// What to share.
        #[command(flatten)]
        wanted: Box<Wanted>,
        /// Leave the checks out
        #[arg(long)]
        no_check: bool,
    },
    /// Bring the results of targets that others have, and nothing that they are made of; build nothing
    Pull {
        /// What to bring.
        #[command(flatten)]
        wanted: Box<Wanted>,
        /// Leave the checks out
        #[arg(long)]
        no_check: bool,
    },
    /// Check that the caches that are folders have what their names say: every blob its digest, every entry its blobs
    Verify {
        /// Which caches [default: all that are folders]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Remove what is of no use to anybody, and what writers that died have left
        #[arg(long)]
        repair: bool,
    },
}
