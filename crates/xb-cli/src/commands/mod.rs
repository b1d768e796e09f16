//! One file for each command.

mod audit;
mod build;
mod cache;
mod check;
mod completions;
mod diff;
mod doctor;
mod eval;
mod explain;
mod fmt;
mod gc;
mod graph;
mod init;
mod key;
mod lock;
mod log;
mod man;
mod port;
mod push;
mod release;
mod repl;
mod run;
mod sandbox;
mod serve;
mod shell;
mod ship;
mod source;
mod store;
mod test;
mod verify;
mod why;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::invocation::Invocation;

/// Runs the command that was typed.
///
/// # Errors
/// When it could not do what it was asked for.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let here = Invocation::new(&cli.global)?;
    match cli.command {
        Command::Build(args) => build::run(&here, &args),
        Command::Test(args) => test::run(&here, &args),
        Command::Ship(args) => ship::run(&here, &args),
        Command::Release(args) => release::run(&here, &args),
        Command::Push(args) => push::run(&here, &args),
        Command::Port(args) => port::run(&here, &args),
        Command::Cache(args) => cache::run(&here, &args),
        Command::Serve(args) => serve::run(&here, &args),
        Command::Key(args) => key::run(&here, &args),
        Command::Audit(args) => audit::run(&here, &args),
        Command::Run(args) => run::run(&here, &args),
        Command::Shell(args) => shell::run(&here, &args),
        Command::Graph(args) => graph::run(&here, &args),
        Command::Why(args) => why::run(&here, &args),
        Command::Source(args) => source::run(&here, &args),
        Command::Log(args) => log::run(&here, &args),
        Command::Verify(args) => verify::run(&here, &args),
        Command::Diff(args) => diff::run(&here, &args),
        Command::Lock(args) => lock::run(&here, &args),
        Command::Gc(args) => gc::run(&here, &args),
        Command::Store(args) => store::run(&here, &args),
        Command::Doctor(args) => doctor::run(&here, &args),
        Command::Init(args) => init::run(&here, &args),
        Command::Check(args) => check::run(&here, &args),
        Command::Fmt(args) => fmt::run(&here, &args),
        Command::Eval(args) => eval::run(&here, &args),
        Command::Repl(args) => repl::run(&here, &args),
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&here, &args),
    }
}
