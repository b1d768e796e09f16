//! The program `xb`: arguments, configuration, composition, rendering; nothing else.
//!
//! | module | job |
//! |---|---|
//! | [`args`] | what was typed |
//! | [`invocation`], [`request`] | from what was typed to what is asked for |
//! | [`project`] | the folder that the language sees, `xb.toml`, and which file a target is |
//! | [`emission`] | the evaluator, called |
//! | [`session`] | the composition root: store, provider, executor and planner, put together |
//! | [`machines`] | machines beside this one |
//! | [`memo`] | the shortest way to "nothing to do" |
//! | [`commands`] | one file for each command |
//! | [`progress`], [`report`], [`blame`], [`logs`] | what is seen of a build: meanwhile, in the end, when it failed, later |
//! | [`planned`] | what a build would do |
//! | [`same`] | what came out the same for several architectures |
//! | [`audit`] | what is found in results |
//! | [`compared`] | one package by several methods |
//! | [`port`] | everything that the report of a port is made of |
//! | [`export`], [`shipment`] | results and packages in folders of the user's own |
//! | [`release`] | what was built as a folder that others install from |
//! | [`sharing`] | the caches that are shared with others, and whose word counts |
//! | [`own_key`] | the key that vouches for what whoever runs xb builds |
//! | [`render`] | diagnostics, drawn or as data |
//! | [`output`] | the only place that prints |
//! | [`failure`] | every way to fail, its class and its exit code |

pub mod args;
pub mod audit;
pub mod blame;
pub mod commands;
pub mod compared;
pub mod dockers;
pub mod drawing;
pub mod emission;
pub mod engines;
pub mod executors;
pub mod export;
pub mod failure;
pub mod interrupt;
pub mod invocation;
pub mod local;
pub mod logs;
pub mod machines;
pub mod memo;
mod methods;
pub mod output;
pub mod own_key;
pub mod packages;
pub mod planned;
pub mod port;
pub mod progress;
pub mod project;
pub mod release;
pub mod render;
pub mod report;
pub mod request;
pub mod same;
pub mod session;
pub mod sharing;
pub mod shipment;
pub mod sizes;
mod stores;
pub mod warnings;
pub mod whole;
pub mod worker;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::failure::Failure;

/// Runs the program: reads the arguments, runs the command, says what went wrong, gives the exit code.
pub fn main() -> ExitCode {
    xb_exec::maybe_run_as_child();
    xb_vm::maybe_run_as_guard();
    xb_docker::maybe_run_as_entry();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    output::choose_colours(cli.global.color);
    std::panic::set_hook(Box::new(|panic| Failure::bug(panic.to_string()).tell()));
    let json = cli.command.prints_json();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(data) = failure.data().filter(|_| json) {
                // The exit code tells what happened even to who cannot read this.
                let _ = output::print_json(&serde_json::json!({ "error": data }));
            }
            failure.report()
        }
    }
}

/// Help and version are no errors; a reader that went away is none either.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
