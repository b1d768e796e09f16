//! The syntax tree: what a `.xb` file says, with the place of everything.

use std::sync::Arc;

use xb_core::Span;

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// A whole file: items, then at most one expression, which is the file's value.
///
/// Without an expression the value of a file is the record of all that its items define.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// The items, in order; they may use each other in any order.
    pub items: Vec<Item>,
    /// The value.
    pub value: Option<Expr>,
}

/// One item of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `use std { fetch, c as clang }`, `use "./zlib.xb" { zlib }`, `use "./lib.xb" as lib`.
    Use(Use),
    /// `let name = value`.
    Let(Binding),
    /// `package name(arch, flavour = "full") { ... }`.
    Package(Package),
    /// `release name { ... }`.
    Release(Release),
    /// Something that could not be read; the parser has said so.
    Error(Span),
}

/// What a `use` reads from.
#[derive(Clone, Debug, PartialEq)]
pub enum UseSource {
    /// `std`, or a part of it: `std.c`.
    Std(Vec<Name>),
    /// Another file, relative to this one.
    File {
        /// The path as written.
        path: Arc<str>,
        /// Where it stands.
        span: Span,
    },
}

/// `use SOURCE { a, b as c }` or `use SOURCE as name`.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// Where from.
    pub source: UseSource,
    /// The names that are brought in, each with the name it has here.
    pub names: Vec<(Name, Name)>,
    /// `as name`: the whole file's value under one name.
    pub whole: Option<Name>,
    /// All of it.
    pub span: Span,
}

/// `name: Type = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The name.
    pub name: Name,
    /// `: Type`.
    pub annotation: Option<Type>,
    /// The value.
    pub value: Expr,
    /// The comment lines right above, without `#`.
    pub doc: Option<Arc<str>>,
}

/// `package name(params) { let helper = ...  field = ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// The name; `_` in it is shown as `-` in the names of results.
    pub name: Name,
    /// The parameters; the first is the architecture.
    pub params: Vec<Param>,
    /// `let` bindings inside the braces: seen by the fields, not fields themselves.
    pub lets: Vec<Binding>,
    /// The fields: each sees the others (open recursion: as overridden).
    pub fields: Vec<Binding>,
    /// The comment lines right above.
    pub doc: Option<Arc<str>>,
    /// All of it.
    pub span: Span,
}

/// `release name { packages = [...] arches = [...] formats = [...] }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The name.
    pub name: Name,
    /// The fields.
    pub fields: Vec<Binding>,
    /// All of it.
    pub span: Span,
}

/// A parameter: `name`, `name: Type`, `name = default`, or a pattern of a record `{ a, b = 1, ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// What it binds.
    pub kind: ParamKind,
    /// `: Type`.
    pub annotation: Option<Type>,
    /// `= default`; it may use the other parameters.
    pub default: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// What a parameter binds.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamKind {
    /// One name.
    Name(Name),
    /// Fields of a record.
    Record {
        /// The fields, with defaults.
        fields: Vec<(Name, Option<Expr>)>,
        /// Whether `...` allows others.
        open: bool,
    },
}

/// An expression and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// `1_000`.
    Int(i64),
    /// `1.5`.
    Float(f64),
    /// `"text ${expression}"`, `"""` over several lines `"""` (indentation already stripped).
    String(Vec<StringPart>),
    /// `sh"raw"`, `sh"""raw"""`: a script, nothing in it is xb's.
    Script(Arc<str>),
    /// `./agent`, `../x`: relative to the file.
    Path(Arc<str>),
    /// A name.
    Name(Arc<str>),
    /// `[a, ...b, c]`.
    List(Vec<ListItem>),
    /// `[value for x in list if condition ...]`.
    ListFor(Box<Expr>, Vec<Clause>),
    /// `{ a = 1, "b-${x}" = 2, ...c, inherit-like shorthand d }`.
    Record(Vec<RecordItem>),
    /// `{ key = value for x in list if condition ... }`; the key is an expression in quotes or parentheses.
    RecordFor(Box<Expr>, Box<Expr>, Vec<Clause>),
    /// `x => body`, `(x, y = 1) => body`.
    Function(Arc<Function>),
    /// `f(a, name = b)`, `f { ... }` (one record argument).
    Call(Box<Expr>, Vec<Argument>),
    /// `record.field`, `record."field"`.
    Field(Box<Expr>, Box<Key>),
    /// `record?.field`: null where there is no such field.
    MaybeField(Box<Expr>, Box<Key>),
    /// `base.with { field = value }`.
    With(Box<Expr>, Box<Expr>),
    /// `!x`, `-x`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `let a = 1 let b = 2 in body`; the bindings may use each other.
    Let(Vec<Binding>, Box<Expr>),
    /// `if c then a else b`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `match x { pattern if guard => value, ... }`.
    Match(Box<Expr>, Vec<Arm>),
    /// `assert condition, message in body` and `assert condition in body`.
    Assert(Box<Expr>, Option<Box<Expr>>, Box<Expr>),
    /// `error message`.
    Error(Box<Expr>),
    /// `value: Type` in parentheses: a checked annotation.
    Annotated(Box<Expr>, Box<Type>),
    /// Something that could not be read; the parser has said so.
    Invalid,
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq)]
pub enum StringPart {
    /// Text, escapes already read.
    Text(Arc<str>),
    /// `${expression}`.
    Expr(Expr),
}

/// A key of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// `name`.
    Name(Name),
    /// `"text ${expression}"`.
    Expr(Expr),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq)]
pub enum ListItem {
    /// `value`.
    Value(Expr),
    /// `...list`.
    Spread(Expr),
}

/// One item of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordItem {
    /// `key: Type = value`; the values of a plain record do not see each other.
    Field {
        /// The key.
        key: Key,
        /// `: Type`.
        annotation: Option<Type>,
        /// The value.
        value: Expr,
    },
    /// `a.b.c = value`: the same as nested records, merged with their neighbours.
    Nested {
        /// Two or more keys.
        keys: Vec<Key>,
        /// The value.
        value: Expr,
    },
    /// `name`: short for `name = name`.
    Short(Name),
    /// `...record`: all its fields; later items win.
    Spread(Expr),
}

/// `for pattern in list` or `if condition`, in a comprehension.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// `for pattern in list`.
    For(Pattern, Expr),
    /// `if condition`.
    If(Expr),
}

/// A function: `(a, b = 1): Type => body`.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// The parameters.
    pub params: Vec<Param>,
    /// The type of what it gives.
    pub result: Option<Type>,
    /// The body.
    pub body: Expr,
}

/// An argument: `value` or `name = value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// `name =`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// One arm of a `match`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// What it matches.
    pub pattern: Pattern,
    /// `if guard`.
    pub guard: Option<Expr>,
    /// The value.
    pub value: Expr,
}

/// A pattern and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Where it stands.
    pub span: Span,
}

/// What a pattern is.
#[derive(Clone, Debug, PartialEq)]
pub enum PatternKind {
    /// `_`.
    Any,
    /// `name`: anything, bound.
    Bind(Arc<str>),
    /// A literal: null, bool, int, float, string without interpolation.
    Literal(Expr),
    /// `[a, b, ...rest]`; the rest may be unnamed.
    List(Vec<Pattern>, Option<Option<Name>>),
    /// `{ a, b = pattern, ... }`; without `...` there may be no other field.
    Record(Vec<(Name, Option<Pattern>)>, bool),
    /// `a | b`; neither binds a name.
    Or(Vec<Pattern>),
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`.
    Not,
    /// `-`.
    Negate,
}

/// Operators with two operands, from the loosest to the tightest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `a |> f`: `f(a)`; left.
    Pipe,
    /// `??`: the right side where the left is null; right, lazy.
    Default,
    /// `||`, lazy.
    Or,
    /// `&&`, lazy.
    And,
    /// `==`; does not chain.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `//`: two records, the right one's fields win; right.
    Merge,
    /// `++`: two lists.
    Concat,
    /// `+`: numbers; strings.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`: integers round towards zero; division by zero is an error.
    Divide,
    /// `%`.
    Remainder,
}

/// A type annotation and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What it is.
    pub kind: TypeKind,
    /// Where it stands.
    pub span: Span,
}

/// What a type is.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `Any`, `Null`, `Bool`, `Int`, `Positive`, `Float`, `Number`, `String`, `Path`, `Script`, `Function`,
    /// `Package`, `Tree`, `Arch`, `List`, `Record`.
    Name(Arc<str>),
    /// `"a"`: exactly this string.
    Literal(Arc<str>),
    /// `[T]`.
    List(Box<Type>),
    /// `{ a: T, b?: U, ... }`.
    Record(Vec<(Name, bool, Type)>, bool),
    /// `{ *: T }`: any names, all of this type.
    Map(Box<Type>),
    /// `(A, B) -> C`: checked to be a function, its results are checked when it is called.
    Function(Vec<Type>, Box<Type>),
    /// `A | B`.
    Union(Vec<Type>),
    /// `T?`: T or null.
    Optional(Box<Type>),
}
