//! Values: two machine words, copied freely, everything larger in the arena.
//!
//! Nothing in the arena is ever dropped, so nothing in it owns memory elsewhere. A value in a list, a record, a
//! variable or an argument may be a [`Thunk`]; what evaluation returns never is.

use std::cell::Cell;

use xb_core::{Arch, Span};

use crate::builtins::Builtin;
use crate::contract::Contract;
use crate::ir::{Code, Lambda};
use crate::module::Import;
use crate::package::{Instance, PackageFn, ReleaseValue};
use crate::record::Record;
use crate::tree::{LayerValue, RunValue, TreeValue};

/// A value, or the promise of one.
#[derive(Clone, Copy)]
pub enum Value<'v> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    String(&'v &'v str),
    /// The text of a shell script: `sh"..."`.
    Script(&'v &'v str),
    /// A file or folder of the project.
    Path(&'v PathValue<'v>),
    /// A list.
    List(&'v &'v [Value<'v>]),
    /// A record.
    Record(&'v Record<'v>),
    /// A function of the language.
    Closure(&'v Closure<'v>),
    /// A function of the evaluator.
    Builtin(&'static Builtin),
    /// A function whose arguments and results are checked.
    Checked(&'v CheckedFunction<'v>),
    /// A package before its arguments are known.
    Package(&'v PackageFn<'v>),
    /// A package for an architecture.
    Instance(&'v Instance<'v>),
    /// What a `release` declares.
    Release(&'v ReleaseValue<'v>),
    /// An architecture.
    Arch(Arch),
    /// A tree that the graph will make.
    Tree(&'v TreeValue<'v>),
    /// A tree and how it is laid over others.
    Layer(&'v LayerValue<'v>),
    /// A run; its fields are its output trees.
    Run(&'v RunValue<'v>),
    /// Not evaluated yet, or evaluated in the meantime.
    Thunk(&'v Thunk<'v>),
}

impl<'v> Value<'v> {
    /// `[]`.
    pub const EMPTY_LIST: Self = Self::List(&(&[] as &'v [Self]));

    /// What kind of thing it is, with an article: `a list`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an int",
            Value::Float(_) => "a float",
            Value::String(_) => "a string",
            Value::Script(_) => "a script",
            Value::Path(_) => "a path",
            Value::List(_) => "a list",
            Value::Record(_) => "a record",
            Value::Closure(_) | Value::Builtin(_) | Value::Checked(_) => "a function",
            Value::Package(_) => "a package (without its arguments)",
            Value::Instance(_) => "a package",
            Value::Release(_) => "a release",
            Value::Arch(_) => "an architecture",
            Value::Tree(_) => "a tree",
            Value::Layer(_) => "a layer",
            Value::Run(_) => "a run",
            Value::Thunk(_) => "an unevaluated value",
        }
    }
}

/// Which folder a path is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// The project's folder.
    Project,
    /// The standard library inside the program.
    Std,
}

/// A path, with patterns that say what of a folder counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PathValue<'v> {
    /// What it is relative to.
    pub base: Base,
    /// The clean relative path.
    pub path: &'v str,
    /// When not empty: only what matches one of these.
    pub only: &'v [&'v str],
    /// What matches one of these is left out.
    pub except: &'v [&'v str],
}

/// A function and the values that its body uses from around it.
pub struct Closure<'v> {
    /// What it does.
    pub(crate) lambda: &'v Lambda<'v>,
    /// What it uses.
    pub(crate) captures: &'v [Cell<Value<'v>>],
}

/// A function behind a function type.
pub struct CheckedFunction<'v> {
    pub(crate) function: Value<'v>,
    pub(crate) parameters: &'v [Contract<'v>],
    pub(crate) result: Contract<'v>,
}

/// A value that is evaluated when it is first needed, and once.
pub struct Thunk<'v> {
    pub(crate) state: Cell<State<'v>>,
}

/// How far a thunk is.
#[derive(Clone, Copy)]
pub(crate) enum State<'v> {
    /// Code to run, and the values that it uses: nobody else has these.
    Suspended(&'v Code<'v>, &'v [Cell<Value<'v>>]),
    /// Code to run in a frame that it shares with others.
    Member(&'v Code<'v>, &'v [Cell<Value<'v>>]),
    /// A function to apply.
    Apply(&'v Application<'v>),
    /// A value to check, and what against, which it shares with its neighbours.
    Contract(Value<'v>, &'v Checking<'v>),
    /// A name of another file.
    Import(&'v Import<'v>),
    /// Being evaluated: whoever needs it now needs itself.
    Running,
    /// Evaluated; never a thunk itself.
    Done(Value<'v>),
    /// The failure of this number.
    Failed(u32),
}

/// What a value is checked against, and where that was asked for.
pub(crate) struct Checking<'v> {
    pub(crate) contract: Contract<'v>,
    pub(crate) at: Span,
}

/// A function and its arguments, to be applied later.
pub(crate) struct Application<'v> {
    pub(crate) function: Value<'v>,
    pub(crate) arguments: &'v [Value<'v>],
    pub(crate) span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_two_words() {
        assert_eq!(size_of::<Value<'_>>(), 16);
        assert_eq!(size_of::<Result<Value<'_>, Box<u8>>>(), 16);
    }
}
