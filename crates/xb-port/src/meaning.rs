//! What a failure means, and what mends it.

use xb_build::{Check, Why, describe};
use xb_graph::Cause;

use crate::hints::hints;
use crate::{Package, State};

/// A failure in words.
pub(crate) struct Meaning {
    /// What it means.
    pub what: String,
    /// What may mend it, the likeliest first.
    pub mends: Vec<String>,
}

/// What a failure of a step means, given the end of its log and the same package for this machine's own architecture.
pub(crate) fn meaning(why: &Why, step: &str, log: &[String], twin: Option<&Package>) -> Meaning {
    match why {
        Why::Run { result, .. } => of_run(&result.cause, step == "check", log, twin),
        Why::Provide(error) => Meaning {
            what: "Something that it is made of could not be had.".to_owned(),
            mends: vec![error.help.clone().unwrap_or_else(|| {
                "correct what `source`, `needs` or `tools` names, or fetch it anew: `xb lock --update`".to_owned()
            })],
        },
        Why::Compose(_) => Meaning {
            what: "Two things that it needs claim the same path of its root.".to_owned(),
            mends: vec!["leave one of them out of `needs` or `tools`".to_owned()],
        },
        Why::NoExecutor { .. } => Meaning {
            what: "No machine that xb may use can run it.".to_owned(),
            mends: vec!["`xb doctor` tells what this machine can do".to_owned()],
        },
        Why::Remembered { why, .. } => Meaning { what: format!("In an earlier build, {why}."), mends: Vec::new() },
        Why::Executor { .. } | Why::Store(_) => Meaning {
            what: "The machine failed, not the package.".to_owned(),
            mends: vec!["`xb doctor` and `xb store verify` tell what is wrong with it; then run it again".to_owned()],
        },
        Why::NoSuchOutput { .. } | Why::Offered { .. } | Why::NotShared | Why::Bug(_) => Meaning {
            what: "xb itself is wrong here.".to_owned(),
            mends: vec!["please report it, with the description that led to it".to_owned()],
        },
        Why::Cancelled => Meaning { what: "It was stopped.".to_owned(), mends: vec!["run it again".to_owned()] },
    }
}

fn of_run(cause: &Cause, check: bool, log: &[String], twin: Option<&Package>) -> Meaning {
    let mut mends = hints(log);
    let what = match cause {
        Cause::ForeignProgram { .. } => {
            mends.push("build that program with `$CC_FOR_BUILD`, where the package has a way to say so".to_owned());
            mends.push("leave the method to xb: under emulation the program runs".to_owned());
            "The build runs a program that it has just made for the result's architecture, which a cross build cannot."
                .to_owned()
        }
        Cause::EmulatorLacks { .. } => {
            mends.push("a native machine runs it; so may a newer emulator (`xb lock --update`)".to_owned());
            "The emulator does not know something that the program asks for.".to_owned()
        }
        Cause::OutOfMemory => limit(&mut mends, "memory_mb", "more memory than it may use"),
        Cause::TimedOut => limit(&mut mends, "minutes", "more time than it may take"),
        Cause::TooManyProcesses => limit(&mut mends, "processes", "more processes than it may start"),
        Cause::DiskFull => limit(&mut mends, "disk_mb", "more room than it may use"),
        Cause::MissingOutput { .. } => {
            mends.push("install into `$out`: the builder's `install`, or `DESTDIR=\"$out\"`".to_owned());
            "It ended well, and did not make what it should.".to_owned()
        }
        Cause::ForeignCode { .. } => {
            mends.push("let it compile with `$CC`, or `$CC_FOR_BUILD` for what runs while building only".to_owned());
            mends.push("what is meant so is allowed by the package's `audit`, under `wrong-architecture`".to_owned());
            "Something was compiled for the machine that builds, and got into the result.".to_owned()
        }
        Cause::RefusedOutput { .. } => {
            mends.push("remove or rename it in `after`".to_owned());
            "It made something that no result can hold.".to_owned()
        }
        Cause::CompileError if !check => {
            of_twin(&mut mends, twin, "look for code, options or files that only the other architecture has");
            "A compiler or a linker refused something.".to_owned()
        }
        Cause::TestFailure | Cause::CompileError | Cause::Failed if check => {
            of_check(&mut mends, twin);
            "It is built; its own tests fail.".to_owned()
        }
        Cause::Cancelled | Cause::Success => "It was stopped.".to_owned(),
        other => {
            of_twin(&mut mends, twin, "the end of the log has the command that failed");
            format!("The build ended with an error: {}.", describe(other))
        }
    };
    Meaning { what, mends }
}

fn limit(mends: &mut Vec<String>, field: &str, wants: &str) -> String {
    mends.insert(0, format!("raise the limit, if it is meant to: `limits = {{ {field} = ... }}`"));
    format!("It wants {wants}.")
}

/// What the same package for this machine's own architecture says about it.
fn of_twin(mends: &mut Vec<String>, twin: Option<&Package>, otherwise: &str) {
    mends.push(match twin {
        Some(twin) if twin.build.is_some() => {
            format!("it builds for {}, so it is a matter of the port: {otherwise}", twin.target.arch)
        }
        Some(twin) if twin.state == State::Failed => {
            format!("it does not build for {} either: mend that first", twin.target.arch)
        }
        _ => otherwise.to_owned(),
    });
}

fn of_check(mends: &mut Vec<String>, twin: Option<&Package>) {
    let otherwise = "a fault of the code on this architecture, or a test that emulation disturbs (time, signals, \
                     `ptrace`, memory limits): leave such a test out by name, with the reason";
    mends.push(match twin {
        Some(twin) if twin.check == Check::Passed => {
            format!("its tests pass for {}, so it is a matter of the port: {otherwise}", twin.target.arch)
        }
        Some(twin) if twin.check == Check::Failed => {
            format!("its tests fail for {} as well: it is no matter of the port", twin.target.arch)
        }
        _ => otherwise.to_owned(),
    });
}
