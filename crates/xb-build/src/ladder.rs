//! Which failure of one method the next method can mend.
//!
//! | failed | how | next | why it may help |
//! |---|---|---|---|
//! | `cross` | foreign program | any but `cross` | there the program runs |
//! | `cross` | command failed, output missing | any but `cross` | build systems that do not know cross compilation fail so |
//! | `cross` | compile or link error | any but `cross` | the wrong compiler or the wrong libraries are found so |
//! | `cross` | the result has code for another architecture | any but `cross` | whatever compiler was taken is the right one there |
//! | `cross` | the root cannot be composed | any but `cross` | only there programs for the builder lie beside those of the result |
//! | `emulate` | command failed, output missing | `pure-emulate`, `native` | a twin may behave differently |
//! | `emulate`, `pure-emulate` | the emulator lacks something | `native` | there is no emulator |
//! | any | no executor can run it | any other | another machine may |
//!
//! Everything else would fail again: out of memory, out of time or disk, failed tests, a stop that was asked for. A
//! check is mended only where it could not run at all, never where it ran and failed.
//!
//! What failed under `cross` by the command's own doing, and went well by the next method, is remembered by its action
//! and its limits: nothing else counts there, so that failures for the sake of an emulator, which is in no action, are not
//! among it. A failure that the same action would meet again is remembered by its method and emulator as well, for those
//! who believe failures. Never remembered are failures for want of an executor, and those for want of memory, time, disk
//! or processes, which another machine or another hour may have.

use xb_core::Escaped;
use xb_graph::{Cause, Method};

use crate::ExecutorError;
use crate::failure::Why;

/// Why `to` may succeed where `from` failed; none when it would fail again.
pub(crate) fn mends(from: Method, to: Method, step: &str, why: &Why) -> Option<String> {
    if from == to {
        return None;
    }
    match why {
        Why::NoExecutor { .. } | Why::Executor { error: ExecutorError::Gone(_) | ExecutorError::Unable(_), .. } => {
            Some("no executor can run it".to_owned())
        }
        Why::Remembered { why, .. } => Some(why.clone()),
        Why::Compose(message) if from == Method::Cross => Some(message.clone()),
        Why::Run { result, .. } => mends_cause(from, to, step == "check", &result.cause),
        _ => None,
    }
}

/// Whether the next build of the same action should not even try.
pub(crate) fn is_lasting(from: Method, cause: &Cause) -> bool {
    from == Method::Cross && is_the_commands_own(cause)
}

/// Whether the same action would fail again on the same machine, at another hour too.
pub(crate) fn is_repeatable(cause: &Cause) -> bool {
    match cause {
        Cause::EmulatorLacks { .. } | Cause::TestFailure | Cause::RefusedOutput { .. } => true,
        cause => is_the_commands_own(cause),
    }
}

/// Whether a cause lies in what ran, and not in what it ran on.
fn is_the_commands_own(cause: &Cause) -> bool {
    match cause {
        Cause::ForeignProgram { .. }
        | Cause::ForeignCode { .. }
        | Cause::Failed
        | Cause::CompileError
        | Cause::MissingOutput { .. } => true,
        Cause::Success
        | Cause::EmulatorLacks { .. }
        | Cause::OutOfMemory
        | Cause::TimedOut
        | Cause::TooManyProcesses
        | Cause::DiskFull
        | Cause::TestFailure
        | Cause::RefusedOutput { .. }
        | Cause::Cancelled => false,
    }
}

fn mends_cause(from: Method, to: Method, check: bool, cause: &Cause) -> Option<String> {
    let emulated = matches!(from, Method::Emulate | Method::PureEmulate);
    match cause {
        Cause::ForeignProgram { program } if from == Method::Cross => {
            let program = Escaped(program);
            Some(format!("`{program}` is a program of the result's architecture, which cannot run in a cross build"))
        }
        Cause::ForeignCode { .. } if from == Method::Cross => Some(describe(cause)),
        Cause::EmulatorLacks { what } if emulated && to == Method::Native => {
            Some(format!("the emulator lacks something: {}", Escaped(what)))
        }
        Cause::Failed | Cause::CompileError | Cause::MissingOutput { .. } if !check => {
            let other = match from {
                Method::Cross => true,
                // The compiler is of the same version there, and would refuse the same text.
                Method::Emulate if *cause == Cause::CompileError => false,
                Method::Emulate => matches!(to, Method::PureEmulate | Method::Native),
                Method::PureEmulate | Method::Native => false,
            };
            other.then(|| describe(cause))
        }
        _ => None,
    }
}

/// A cause as half a sentence, for a person. What a command chose the words of is shown without control characters.
pub fn describe(cause: &Cause) -> String {
    match cause {
        Cause::Success => "it succeeded".to_owned(),
        Cause::Failed => "the command failed".to_owned(),
        Cause::CompileError => "a compiler or linker reported an error".to_owned(),
        Cause::ForeignProgram { program } => {
            format!("the program `{}` is of another architecture", Escaped(program))
        }
        Cause::EmulatorLacks { what } => format!("the emulator lacks something: {}", Escaped(what)),
        Cause::OutOfMemory => "it used more memory than it may".to_owned(),
        Cause::TimedOut => "it took longer than it may".to_owned(),
        Cause::TooManyProcesses => "it started more processes than it may".to_owned(),
        Cause::DiskFull => "it wrote more than it may".to_owned(),
        Cause::TestFailure => "tests failed".to_owned(),
        Cause::MissingOutput { path } => format!("it did not make `/{}`", Escaped(path)),
        Cause::RefusedOutput { path, reason } => {
            format!("`/{}` cannot be kept: {}", Escaped(path), Escaped(reason))
        }
        Cause::ForeignCode { path, found } => {
            format!("its result has code for {}: `/{}`", Escaped(found), Escaped(path))
        }
        Cause::Cancelled => "it was stopped".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: Method, to: Method, step: &str, cause: Cause, expected: bool) {
        let mended = mends_cause(from, to, step == "check", &cause).is_some();
        assert_eq!(mended, expected, "{from} to {to}, {step}: {cause:?}");
    }

    #[test]
    fn the_table_is_as_documented() {
        use Method::{Cross, Emulate, Native, PureEmulate};
        let foreign = || Cause::ForeignProgram { program: "/a".to_owned() };
        let code = || Cause::ForeignCode { path: "a".to_owned(), found: "amd64".to_owned() };
        let lacks = || Cause::EmulatorLacks { what: "clone3".to_owned() };
        let missing = || Cause::MissingOutput { path: "xb/out".to_owned() };
        for step in ["build", "check"] {
            check(Cross, Emulate, step, foreign(), true);
            check(Cross, Emulate, step, code(), true);
            check(Emulate, PureEmulate, step, code(), false);
            check(Emulate, Native, step, lacks(), true);
            check(PureEmulate, Native, step, lacks(), true);
            check(Emulate, PureEmulate, step, lacks(), false);
            let limits = [Cause::OutOfMemory, Cause::TimedOut, Cause::TooManyProcesses, Cause::DiskFull];
            for cause in limits.into_iter().chain([Cause::TestFailure, Cause::Cancelled]) {
                check(Cross, Emulate, step, cause.clone(), false);
                check(Emulate, Native, step, cause, false);
            }
        }
        for cause in [Cause::Failed, Cause::CompileError, missing()] {
            check(Cross, Emulate, "build", cause.clone(), true);
            check(Cross, Native, "build", cause.clone(), true);
            check(Emulate, PureEmulate, "build", cause.clone(), cause != Cause::CompileError);
            check(PureEmulate, Native, "build", cause.clone(), false);
            check(Native, Emulate, "build", cause.clone(), false);
            check(Emulate, Native, "check", cause, false);
        }
    }

    #[test]
    fn whoever_cannot_run_it_is_no_executor_for_it() {
        let why = |error| Why::Executor { executor: "arm".to_owned(), error };
        let mended = |why| mends(Method::Native, Method::Emulate, "build", &why).is_some();
        assert!(mended(Why::NoExecutor { need: "arm64".to_owned(), unmet: Vec::new() }));
        assert!(mended(why(ExecutorError::Gone("off".to_owned()))));
        assert!(mended(why(ExecutorError::Unable("no".to_owned()))));
        assert!(!mended(why(ExecutorError::Machine("broken".to_owned()))));
    }

    #[test]
    fn what_a_command_chose_the_words_of_cannot_drive_a_terminal() {
        let evil = || "\u{1b}]0;x\u{7}\r\n".to_owned();
        let causes = [
            Cause::ForeignProgram { program: evil() },
            Cause::EmulatorLacks { what: evil() },
            Cause::MissingOutput { path: evil() },
            Cause::RefusedOutput { path: evil(), reason: evil() },
            Cause::ForeignCode { path: evil(), found: evil() },
        ];
        for cause in causes {
            let shown = [Some(describe(&cause)), mends_cause(Method::Cross, Method::Emulate, false, &cause)];
            assert!(!shown.iter().flatten().any(|text| text.contains(char::is_control)), "{shown:?}");
        }
    }

    #[test]
    fn only_what_the_command_did_itself_is_remembered() {
        let missing = Cause::MissingOutput { path: "xb/out".to_owned() };
        let foreign = Cause::ForeignProgram { program: "/a".to_owned() };
        for cause in [Cause::Failed, Cause::CompileError, missing, foreign] {
            assert!(is_lasting(Method::Cross, &cause), "{cause:?}");
            assert!(!is_lasting(Method::Emulate, &cause), "{cause:?}");
            assert!(is_repeatable(&cause), "{cause:?}");
        }
        let limits = [Cause::OutOfMemory, Cause::TimedOut, Cause::TooManyProcesses, Cause::DiskFull];
        for cause in limits.into_iter().chain([Cause::Cancelled]) {
            assert!(!is_lasting(Method::Cross, &cause), "{cause:?}");
            assert!(!is_repeatable(&cause), "{cause:?}");
        }
        assert!(!is_lasting(Method::Cross, &Cause::TestFailure));
        assert!(is_repeatable(&Cause::TestFailure));
    }
}
