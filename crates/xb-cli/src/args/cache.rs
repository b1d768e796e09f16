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
    /// Take the caches and keys of `xb.toml` as they are now: without that, nobody's word but your own counts
    ///
    /// A project that you have got from somewhere could name a cache and a key of its own, and so put results of its
    /// choice into your store, and have you sign them. What you have accepted holds until these sections change.
    Accept,
    /// Share the results of targets, and of all that they are made of, as far as these are here or can be built
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
}
