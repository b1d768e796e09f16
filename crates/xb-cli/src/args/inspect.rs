//! The commands that look at what is built, and compare it.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use xb_audit::Level;
use xb_core::Arch;
use xb_graph::Method;

use super::{How, LockManners, Wanted, Work};

/// `xb audit`.
#[derive(Clone, Debug, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub wanted: Wanted,

    /// Build by each of these methods (`cross`, `emulate`, `pure-emulate`), and compare what configurations found
    #[arg(long, value_name = "METHODS", value_delimiter = ',', conflicts_with_all = ["method", "pure_emulation"])]
    pub methods: Vec<Method>,

    /// Show what is at least so grave: `error`, `warn`, `info`, or `off` for all
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    pub level: Level,

    /// Print all findings as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb graph`.
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// Files or folders, with `:NAME` where they hold several packages
    #[arg(value_name = "TARGET", default_value = ".", value_parser = NonEmptyStringValueParser::new())]
    pub targets: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub how: How,

    /// The form of the graph
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    pub format: GraphFormat,

    /// Show every step (fetches, roots, runs), not only packages
    #[arg(long)]
    pub all: bool,
}

/// The form of a printed graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz
    Dot,
    /// The nodes as data
    Json,
    /// A drawing
    Svg,
}

/// `xb why`.
#[derive(Clone, Debug, Args)]
pub struct WhyArgs {
    /// A file or a folder, with `:NAME` where it holds several packages
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    pub target: String,

    /// The package that it needs, directly or not; a Debian package too
    #[arg(value_name = "DEP", value_parser = NonEmptyStringValueParser::new())]
    pub dep: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub how: How,
}

/// `xb source`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Of the description nothing but `source` is looked at, so that it need not say yet how to build. Patches \
are not applied.\n\n    xb source tool.xb Cargo.lock > Cargo.lock"
)]
pub struct SourceArgs {
    /// A file or a folder, with `:NAME` where it holds several packages
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    pub target: String,

    /// A file of the source, to be printed; without it, where the source is is printed
    #[arg(value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub file: Option<String>,

    /// The architecture, where the source depends on it [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,
}

/// `xb log`.
#[derive(Clone, Debug, Args)]
pub struct LogArgs {
    /// A file or a folder, with `:NAME` where it holds several packages
    #[arg(value_name = "TARGET", value_parser = NonEmptyStringValueParser::new())]
    pub target: String,

    /// The architecture [default: this machine's]
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,

    /// Print the log of the check in place of the build's
    #[arg(long)]
    pub check: bool,

    /// Print that of a method, which `auto` may have tried before another: `native`, `cross`, `emulate`, `pure-emulate`
    #[arg(long, value_name = "METHOD")]
    pub method: Option<Method>,
}

/// `xb verify`.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// Files or folders, with `:NAME` where they hold several packages
    #[arg(value_name = "TARGET", default_value = ".", value_parser = NonEmptyStringValueParser::new())]
    pub targets: Vec<String>,

    /// Methods to compare: `cross`, `emulate`, `pure-emulate`
    #[arg(
        long,
        value_name = "METHODS",
        value_delimiter = ',',
        default_values = ["cross", "emulate"]
    )]
    pub methods: Vec<Method>,

    /// Architectures to build for [default: every one that is not this machine's]
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    pub arch: Vec<Arch>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub work: Work,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub lock: LockManners,

    /// Print the comparison as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArgs {
    /// What was built last (`zlib.xb:zlib:arm64:cross`, or by its folder), a tree (`HEX/SIZE`), or a folder of files
    #[arg(value_name = "A")]
    pub first: PathBuf,

    /// What to compare it with
    #[arg(value_name = "B")]
    pub second: PathBuf,

    /// Print the differences as one JSON object
    #[arg(long)]
    pub json: bool,
}
