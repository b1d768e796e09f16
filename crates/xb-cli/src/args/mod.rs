//! What was typed, exactly: clap's types, whose doc comments are the help.
//!
//! Nothing is looked up here; [`crate::request`] and [`crate::project`] turn these into domain objects.

mod build;
mod cache;
mod inspect;
mod language;
mod maintain;
mod port;
mod push;
mod release;
mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use build::{
    BuildArgs, How, LockManners, MethodName, OneTarget, RunArgs, ShellArgs, ShipArgs, TestArgs, Wanted, Work,
};
pub use cache::{CacheArgs, CacheCommand};
pub use inspect::{AuditArgs, DiffArgs, GraphArgs, GraphFormat, LogArgs, SourceArgs, VerifyArgs, WhyArgs};
pub use language::{CheckArgs, EvalArgs, ExplainArgs, FmtArgs, ReplArgs};
pub use maintain::{CompletionsArgs, DoctorArgs, GcArgs, InitArgs, LockArgs, ManArgs, StoreArgs, StoreCommand};
pub use port::PortArgs;
pub use push::PushArgs;
pub use release::{KeyArgs, KeyCommand, ReleaseArgs};
pub use serve::{ServeArgs, ServeCommand};

/// Builds software for any architecture from one description, by any method, with the same bits.
///
/// A `.xb` file describes a package once, with the architecture as a parameter. xb builds it by a cross
/// toolchain, in an emulated sandbox or natively, from pinned inputs only, and keeps every result by its digest.
#[derive(Debug, Parser)]
#[command(
    name = "xb",
    version,
    propagate_version = false,
    max_term_width = 100,
    after_help = "Begin with `xb init hello`, then `xb build hello --arch arm64`."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// When to colour what is printed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,

    /// Work as if started in DIR
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Show the log of every step as it is written
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build packages, and run their checks
    Build(BuildArgs),
    /// Build packages if need be, and run their checks again
    Test(TestArgs),
    /// Make the Debian packages of results, and install them in a sandbox
    ///
    /// Of each package that says `ship = deb { ... }`. The check installs what was made by apt in a sandbox of its
    /// architecture, over an older version, runs the test that `ship` names, removes and purges it.
    Ship(ShipArgs),
    /// Make a release: an apt repository, an image, archives
    ///
    /// What a `release` names is built and checked for all its architectures, and given out in all its formats. The same
    /// descriptions, key and date give the same files, whoever makes them, and whenever.
    Release(ReleaseArgs),
    /// Push the image of a release to registries
    ///
    /// Every digest is checked first. What a registry has is not sent again; the tag comes last, when the registry has told
    /// the digests of all else. Who you are to it is what `docker login` or `skopeo login` left.
    Push(PushArgs),
    /// Port a tree of packages, and report how far each comes
    ///
    /// Each package is built by cross, where that fails for a reason that emulation can mend by emulation with fast tools,
    /// then by emulation alone, and checked; nothing stops the others. The report tells what is ready, what blocks how many
    /// others, what each failure means and may mend it, and what a native machine would save. What is done stays done:
    /// stopped and started again, it goes on, and tries again only what has changed. Fails where a package is not ready.
    Port(PortArgs),
    /// Share results with others, by way of the caches that `xb.toml` names
    ///
    /// `xb build` does so by itself: what others have is brought, and what is built goes where `push = true` says.
    Cache(CacheArgs),
    /// Serve a folder as a cache for a team
    ///
    /// At one address it answers Bazel's HTTP caching protocol and the Remote Execution API, so that Bazel, buildbox and
    /// others can share it. In `xb.toml`, `url` is `grpc://HOST:8980` or `http://HOST:8980`, with `s` where it speaks TLS.
    /// It stops by Ctrl-C or SIGTERM, when it has answered whom it is answering.
    Serve(ServeArgs),
    /// Make or show keys: those that releases are signed with, and your own
    Key(KeyArgs),
    /// Tell what results trip over on their architecture
    ///
    /// Finds code and names of another architecture, libraries that are missing or are other ones, and paths of the
    /// sandbox; of several builds, what the configuration of one has found and that of another has not. Builds what is
    /// not built yet, runs no checks, and reads the files of each result, of its build, and of the root that it will run
    /// in. Fails where something found is an error; the field `audit` of a package says how grave each kind is for it.
    Audit(AuditArgs),
    /// Run a command of a result, in a sandbox of the result's architecture
    Run(RunArgs),
    /// Open a shell in the sandbox that a package is built in
    ///
    /// For another architecture than this machine's it is the sandbox of a build by emulation, where the package's own
    /// programs run; with `--method cross`, that of the cross build. `sh /xb/run.sh` there does what the build would do.
    Shell(ShellArgs),
    /// Show the graph of what a build consists of
    Graph(GraphArgs),
    /// Tell why a target needs a package
    Why(WhyArgs),
    /// Fetch the source of a target, and print where it is, or a file of it
    Source(SourceArgs),
    /// Print the log of the last build of a target
    Log(LogArgs),
    /// Build by several methods and compare the results, file by file
    Verify(VerifyArgs),
    /// Compare two results, file by file
    Diff(DiffArgs),
    /// Write `xb.lock`, or bring what it pins up to date
    Lock(LockArgs),
    /// Remove from the store what nothing needs any more
    Gc(GcArgs),
    /// Look at the store, or check it
    Store(StoreArgs),
    /// Tell what this machine can do, what is missing, and how to mend it
    Doctor(DoctorArgs),
    /// Begin a package in a new folder
    Init(InitArgs),
    /// Find mistakes without building anything
    Check(CheckArgs),
    /// Format `.xb` files
    Fmt(FmtArgs),
    /// Evaluate an expression or a file, and print its value
    Eval(EvalArgs),
    /// Evaluate expressions as you type them
    Repl(ReplArgs),
    /// Explain an error code, or a kind of finding
    Explain(ExplainArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write the manual pages to a folder
    Man(ManArgs),
}

impl Command {
    /// Whether what it prints is one JSON object, also when it fails.
    pub fn prints_json(&self) -> bool {
        match self {
            Self::Build(args) => args.json,
            Self::Test(args) => args.json,
            Self::Ship(args) => args.json,
            Self::Release(args) => args.json,
            Self::Push(args) => args.json,
            Self::Port(args) => args.json,
            Self::Audit(args) => args.json,
            Self::Verify(args) => args.json,
            Self::Diff(args) => args.json,
            Self::Gc(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Check(args) => args.json,
            Self::Eval(args) => args.json,
            Self::Store(args) => matches!(args.command, StoreCommand::Stats { json: true }),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;

    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
