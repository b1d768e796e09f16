//! The commands about the language: they build nothing.

use std::path::PathBuf;

use clap::Args;

/// `xb check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Files or folders [default: every `.xb` file of the project]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Print what was found as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `xb fmt`.
#[derive(Clone, Debug, Args)]
pub struct FmtArgs {
    /// Files or folders, or `-` for the standard input [default: every `.xb` file of the project]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Change nothing; fail if a file is not formatted
    #[arg(long)]
    pub check: bool,
}

/// `xb eval`.
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// A `.xb` file, a folder that holds one, or `-` for the standard input
    #[arg(value_name = "FILE", required_unless_present = "expression")]
    pub file: Option<PathBuf>,

    /// Evaluate EXPR; the definitions of FILE, if it is given too, are in scope
    #[arg(short, long = "expression", value_name = "EXPR")]
    pub expression: Option<String>,

    /// Print the value as JSON
    #[arg(long)]
    pub json: bool,
}

/// `xb repl`.
#[derive(Clone, Debug, Args)]
pub struct ReplArgs {
    /// A `.xb` file whose definitions are in scope
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `xb explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// A code such as `E0101`, or its number, or a kind of finding such as `library-order`; without one, all are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}
