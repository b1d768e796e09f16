//! The resolved form that is evaluated: every name is a slot, a capture, a global cell or a constant.
//!
//! Functions and suspended expressions are *flat closures*: they copy the values they use (two words each) when
//! they are made, so that a frame of local variables can live on the native stack and dies with the call.

use std::cell::Cell;

use xb_core::Span;
use xb_syntax::ast::BinaryOp;

use crate::contract::Contract;
use crate::symbol::Symbol;
use crate::value::Value;

/// An expression and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Node<'v> {
    pub(crate) span: Span,
    pub(crate) kind: Kind<'v>,
}

/// What an expression does.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'v> {
    Const(Value<'v>),
    Local(u32),
    Captured(u32),
    Global(&'v Cell<Value<'v>>),
    Interpolate(&'v [Piece<'v>]),
    /// A list of delayed elements: making it cannot fail.
    List(&'v [Delayed<'v>]),
    /// A list with spreads.
    ListParts(&'v [ListPart<'v>]),
    ListFor(&'v ListFor<'v>),
    /// A record of fixed names, sorted by symbol: making it cannot fail.
    Record(&'v [(Symbol, Delayed<'v>)]),
    /// A record with computed names or spreads.
    RecordParts(&'v [RecordPart<'v>]),
    RecordFor(&'v RecordFor<'v>),
    Function(&'v Lambda<'v>),
    Call(&'v Call<'v>),
    Field(&'v Node<'v>, Symbol),
    FieldOf(&'v (Node<'v>, Node<'v>)),
    MaybeField(&'v Node<'v>, Symbol),
    MaybeFieldOf(&'v (Node<'v>, Node<'v>)),
    With(&'v (Node<'v>, Node<'v>)),
    Not(&'v Node<'v>),
    Negate(&'v Node<'v>),
    Binary(BinaryOp, &'v (Node<'v>, Node<'v>)),
    Let(&'v Let<'v>),
    If(&'v [Node<'v>; 3]),
    Match(&'v Match<'v>),
    Assert(&'v Assert<'v>),
    Error(&'v Node<'v>),
    Annotated(&'v (Node<'v>, Contract<'v>)),
    /// Makes sure that the native stack is large enough for what is beneath.
    Grow(&'v Node<'v>),
}

/// Where a captured value comes from, in the frame that makes the closure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Local(u32),
    Captured(u32),
}

/// Code with a frame of its own.
pub(crate) struct Code<'v> {
    pub(crate) body: Node<'v>,
    /// How many local slots it has.
    pub(crate) slots: u32,
    /// What it defines, for traces.
    pub(crate) name: Option<Symbol>,
}

/// An expression whose value is needed later, if at all.
#[derive(Clone, Copy)]
pub(crate) enum Delayed<'v> {
    /// A constant, a variable, a function, or a literal of delayed things: no thunk is needed.
    Ready(&'v Node<'v>),
    /// A thunk is needed.
    Suspend(&'v Suspend<'v>),
}

/// How to make a thunk.
pub(crate) struct Suspend<'v> {
    pub(crate) code: Code<'v>,
    pub(crate) captures: &'v [Source],
    /// The same expression in the frame around, when it is so cheap that it is tried at once.
    pub(crate) cheap: Option<&'v Node<'v>>,
}

/// A function's code.
pub(crate) struct Lambda<'v> {
    pub(crate) code: Code<'v>,
    pub(crate) captures: &'v [Source],
    pub(crate) params: &'v [Param<'v>],
    /// Whether every parameter is a bare name: arguments go straight to their slots.
    pub(crate) simple: bool,
    pub(crate) result: Option<Contract<'v>>,
    pub(crate) span: Span,
}

/// A parameter; its argument is in the slot of its number.
#[derive(Clone, Copy)]
pub(crate) struct Param<'v> {
    /// None for a pattern.
    pub(crate) name: Option<Symbol>,
    pub(crate) default: Option<Delayed<'v>>,
    pub(crate) contract: Option<Contract<'v>>,
    pub(crate) pattern: Option<RecordParam<'v>>,
    pub(crate) span: Span,
}

/// `{ a, b = 1, ... }` as a parameter.
#[derive(Clone, Copy)]
pub(crate) struct RecordParam<'v> {
    pub(crate) fields: &'v [(Symbol, u32, Option<Delayed<'v>>)],
    pub(crate) open: bool,
}

pub(crate) enum Piece<'v> {
    Text(&'v str),
    Expr(Node<'v>),
}

pub(crate) enum ListPart<'v> {
    Value(Delayed<'v>),
    Spread(Node<'v>),
}

pub(crate) enum RecordPart<'v> {
    Field(Symbol, Span, Delayed<'v>),
    Computed(Node<'v>, Delayed<'v>),
    Spread(Node<'v>),
}

pub(crate) struct ListFor<'v> {
    pub(crate) value: Delayed<'v>,
    pub(crate) clauses: &'v [Clause<'v>],
}

pub(crate) struct RecordFor<'v> {
    pub(crate) key: Node<'v>,
    pub(crate) value: Delayed<'v>,
    pub(crate) clauses: &'v [Clause<'v>],
}

pub(crate) enum Clause<'v> {
    For(Pattern<'v>, Node<'v>),
    If(Node<'v>),
}

impl Clause<'_> {
    /// Where its list or its condition stands.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::For(_, list) => list.span,
            Self::If(condition) => condition.span,
        }
    }
}

pub(crate) struct Call<'v> {
    pub(crate) callee: Node<'v>,
    pub(crate) args: &'v [Arg<'v>],
    /// Whether no argument is named.
    pub(crate) positional: bool,
}

pub(crate) struct Arg<'v> {
    pub(crate) name: Option<Symbol>,
    pub(crate) value: Delayed<'v>,
    pub(crate) span: Span,
}

pub(crate) struct Let<'v> {
    pub(crate) bindings: &'v [LetBinding<'v>],
    pub(crate) body: Node<'v>,
}

pub(crate) struct LetBinding<'v> {
    pub(crate) slot: u32,
    pub(crate) value: Delayed<'v>,
    /// Whether itself or an earlier one of the group uses it: it is allocated before it is filled.
    pub(crate) recursive: bool,
}

pub(crate) struct Match<'v> {
    pub(crate) subject: Node<'v>,
    pub(crate) arms: &'v [Arm<'v>],
}

pub(crate) struct Arm<'v> {
    pub(crate) pattern: Pattern<'v>,
    pub(crate) guard: Option<Node<'v>>,
    pub(crate) value: Node<'v>,
}

pub(crate) struct Assert<'v> {
    pub(crate) condition: Node<'v>,
    pub(crate) message: Option<Node<'v>>,
    pub(crate) body: Node<'v>,
}

#[derive(Clone, Copy)]
pub(crate) enum Pattern<'v> {
    Any,
    Bind(u32),
    Literal(Value<'v>),
    List(&'v [Pattern<'v>], Option<Option<u32>>),
    Record(&'v [(Symbol, Pattern<'v>)], bool),
    Or(&'v [Pattern<'v>]),
}
