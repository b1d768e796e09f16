//! A process that stays outside, to say whom the users of the sandbox are.
//!
//! Who has left the machine's users may say so about one, which is itself; about more, somebody must who has stayed:
//! root, or Debian's `newuidmap` and `newgidmap`, which know what the administrator has set aside.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process::{Command, Stdio, exit, id};

use rustix::process::{getegid, geteuid};

use super::{Broken, Tried};
use crate::sys::{self, Fork};
use crate::users::{self, Kind, Range};

/// What the process outside is told by and answers with.
pub struct Mapper {
    go: PipeWriter,
    answer: PipeReader,
}

impl Mapper {
    /// Starts it, as long as this process is outside itself.
    pub fn start(users: u32) -> Result<Self, Broken> {
        let ids = [
            (Kind::User, geteuid().as_raw(), range(Kind::User, users)?),
            (Kind::Group, getegid().as_raw(), range(Kind::Group, users)?),
        ];
        let sandbox = id();
        let (wait, go) = pipe().tried("make a pipe")?;
        let (answer, say) = pipe().tried("make a pipe")?;
        match sys::fork().tried("start a process that stays outside")? {
            Fork::Parent(_) => Ok(Self { go, answer }),
            Fork::Child => {
                drop((go, answer));
                serve(wait, say, || ids.into_iter().try_for_each(|(kind, own, range)| map(sandbox, kind, own, range)))
            }
        }
    }

    /// Has it done, once this process has left.
    pub fn map(mut self) -> Result<(), Broken> {
        self.go.write_all(b"!").tried("ask for users")?;
        let mut wrong = String::new();
        self.answer.read_to_string(&mut wrong).tried("hear of users")?;
        if wrong == DONE { Ok(()) } else { Err(Broken(wrong)) }
    }
}

/// What is answered when all is well; who ends without a word has not done it.
const DONE: &str = ".";

fn serve(mut wait: PipeReader, mut say: PipeWriter, work: impl FnOnce() -> Result<(), Broken>) -> ! {
    // When the other one ends before it asks, there is nothing to do.
    if wait.read_exact(&mut [0]).is_ok() {
        let answer = work().map_or_else(|Broken(wrong)| wrong, |()| DONE.to_owned());
        let _ = say.write_all(answer.as_bytes());
    }
    exit(0)
}

/// The ids of all users but the first.
fn range(kind: Kind, users: u32) -> Result<Range, Broken> {
    let (count, most) = (users - 1, users::MOST);
    if users > most {
        return Err(Broken(format!("a sandbox can have {most} users, not {users}")));
    }
    let (user, word) = (geteuid(), kind.file());
    let whole = match users::set_aside(kind, user.as_raw()) {
        Some(range) => range,
        None if user.is_root() => users::of_root(kind),
        None => {
            return Err(Broken(format!(
                "cannot have {users} users: none are set aside for user {} in `{word}` (`xb doctor` says how)",
                user.as_raw()
            )));
        }
    };
    if whole.count < count {
        return Err(Broken(format!(
            "cannot have {users} users: no more than {} are set aside for user {} in `{word}`",
            whole.count,
            user.as_raw()
        )));
    }
    Ok(Range { first: whole.first, count })
}

fn map(sandbox: u32, kind: Kind, own: u32, range: Range) -> Result<(), Broken> {
    let Range { first, count } = range;
    if geteuid().is_root() {
        let (path, text) = (format!("/proc/{sandbox}/{}", kind.map()), format!("0 {own} 1\n1 {first} {count}"));
        return std::fs::write(&path, &text).tried(format_args!("write `{}` to {path}", text.replace('\n', ", ")));
    }
    let mapper = kind.mapper();
    let arguments = [sandbox, 0, own, 1, 1, first, count].map(|number| number.to_string());
    let done = Command::new(mapper).args(arguments).stdin(Stdio::null()).output();
    let done = done.tried(format_args!("have users: run `{mapper}`, of Debian's package `uidmap`"))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(Broken(format!("cannot have users: `{mapper}` says: {}", said.trim())))
}
