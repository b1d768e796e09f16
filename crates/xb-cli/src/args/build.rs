//! The commands that build, and the options that they share.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use xb_build::Sharing;
use xb_core::Arch;

/// `xb build`.
#[derive(Clone, Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wanted: Wanted,

    /// Copy the result to DIR (to DIR/PACKAGE-ARCH when there are several)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Build the targets again although their results are known
    #[arg(long)]
    pub rebuild: bool,

    /// Leave out the checks
    #[arg(long)]
    pub no_check: bool,

    /// Audit the results as well (`xb audit`)
    #[arg(long)]
    pub audit: bool,

    /// Tell what would run and be fetched, and how long it took before, and do nothing of it
    #[arg(long, conflicts_with_all = ["out", "audit"])]
    pub plan: bool,

    /// Print the results as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb test`.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wanted: Wanted,

    /// Believe the remembered outcome of a check that ran before
    #[arg(long)]
    pub cached: bool,

    /// Print the results as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb ship`.
#[derive(Clone, Debug, Args)]
pub struct ShipArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wanted: Wanted,

    /// Copy the packages to DIR
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Make the packages again although they are known
    #[arg(long)]
    pub rebuild: bool,

    /// Do not install them in a sandbox
    #[arg(long)]
    pub no_check: bool,

    /// Print the results as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb run`.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub one: OneTarget,

    /// The command and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub command: Vec<String>,
}

/// `xb shell`.
#[derive(Clone, Debug, Args)]
pub struct ShellArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub one: OneTarget,

    /// Enter what the last failed build left (built with `--keep-failed`)
    #[arg(long)]
    pub failed: bool,

    /// A command to run in place of a shell
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<String>,
}

/// Packages, for what, and how.
#[derive(Clone, Debug, Args)]
pub struct Wanted {
    /// Files or folders, with `:NAME` where they hold several packages
    #[arg(value_name = "TARGET", default_value = ".", value_parser = NonEmptyStringValueParser::new())]
    pub targets: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub how: How,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: Work,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,

    /// Bring nothing from shared caches, and share nothing
    #[arg(long)]
    pub alone: bool,
}

impl Wanted {
    /// What becomes of what others share, and of one's own; nothing where all is done alone.
    pub fn sharing(&self) -> Option<Sharing> {
        (!self.alone).then_some(Sharing::Both)
    }
}

/// One package for one architecture.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("arch", |arg| arg.help("Architecture of the package: `amd64` or `arm64` [default: this machine's]")))]
pub struct OneTarget {
    /// A file or a folder, with `:NAME` where it holds several packages
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    pub target: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub how: How,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: Work,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,
}

/// For what, and how.
#[derive(Clone, Debug, Default, Args)]
pub struct How {
    /// Architectures to build for: `amd64`, `arm64` [default: this machine's]
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<Arch>,

    /// How to build for an architecture that is not this machine's; for its own there is only `native`
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    pub method: MethodName,

    /// Emulate every program, the compiler too: slow, to compare with
    #[arg(long)]
    pub pure_emulation: bool,
}

/// A method, as it is chosen on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MethodName {
    /// By cross compilers; where that does not lead to a result, by emulation
    #[default]
    Auto,
    /// Compilers of this machine that produce code of the other architecture
    Cross,
    /// A system of the other architecture, its hot tools replaced by this machine's
    Emulate,
    /// By a machine of the architecture: this one, or one that `xb.toml` names
    Native,
}

/// How much at once, and what becomes of failures.
#[derive(Clone, Debug, Default, Args)]
pub struct Work {
    /// Keep the sandbox of a failed step, for `xb shell --failed`
    #[arg(long)]
    pub keep_failed: bool,

    /// Go on with what does not depend on what failed
    #[arg(short = 'k', long)]
    pub keep_going: bool,

    /// How many steps run at once [default: the number of CPUs]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: Option<u32>,
}

/// What may happen to the lock and on the network.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct LockManners {
    /// Refuse to change `xb.lock`
    #[arg(long)]
    pub locked: bool,

    /// Use no network
    #[arg(long)]
    pub offline: bool,
}
