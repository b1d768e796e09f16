//! The machine: what one evaluation shares, and the forcing of suspended values.
//!
//! Evaluation is a walk over the resolved form ([`crate::ir`]). `eval` gives values that are evaluated in their
//! outermost layer; parts of them may be thunks, which `force` evaluates once. Every call and every forced thunk
//! counts as a step and as a level of depth, and grows the native stack where it must, so that no program
//! overflows it.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;
use rustc_hash::FxHashMap;
use xb_core::{Arch, Digest, RelPath, Sources, Span};
use xb_graph::Graph;

use crate::codes;
use crate::failure::{Failure, Result};
use crate::ir::{Code, Node};
use crate::limits::Limits;
use crate::module::{Module, ModuleKey};
use crate::package::PackageTable;
use crate::record::Record;
use crate::spare::Spare;
use crate::symbol::{Symbol, Symbols};
use crate::value::{Closure, State, Thunk, Value};
use crate::world::World;

/// What is left of the native stack when more is added.
const RED_ZONE: usize = 256 << 10;
/// How much is added.
const STACK: usize = 4 << 20;
/// After how many steps memory is looked at: a mask.
const TICK: u64 = 0x3ff;

/// One evaluation: its arena, its world, its limits, and everything that is remembered.
pub struct Evaluator<'v> {
    pub(crate) arena: &'v Bump,
    pub(crate) world: &'v dyn World,
    pub(crate) host: Arch,
    limits: Limits,
    pub(crate) symbols: Symbols<'v>,
    pub(crate) sources: RefCell<Sources>,
    pub(crate) lines: crate::lines::Lines,
    pub(crate) modules: RefCell<FxHashMap<ModuleKey, Result<&'v Module<'v>>>>,
    pub(crate) reads: RefCell<Vec<(RelPath, Digest)>>,
    pub(crate) std_files: RefCell<Vec<bool>>,
    pub(crate) graph: RefCell<Graph>,
    pub(crate) packages: PackageTable<'v>,
    pub(crate) emission: crate::emit::Emission<'v>,
    pub(crate) globals: FxHashMap<Symbol, Value<'v>>,
    pub(crate) std_globals: FxHashMap<Symbol, Value<'v>>,
    failures: RefCell<Vec<Failure>>,
    pub(crate) spare: Spare<'v>,
    depth: Cell<u32>,
    steps: Cell<u64>,
    /// How many bytes are held outside of the arena.
    pub(crate) outside: Cell<usize>,
}

/// The variables of code that runs: its own, and those of the functions around it that it uses.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'f, 'v> {
    pub(crate) locals: &'f [Cell<Value<'v>>],
    pub(crate) captures: &'f [Cell<Value<'v>>],
}

impl<'v> Evaluator<'v> {
    /// An evaluation that has seen nothing yet.
    pub(crate) fn new(arena: &'v Bump, world: &'v dyn World, host: Arch, limits: Limits) -> Self {
        let symbols = Symbols::new(arena);
        let packages = PackageTable::new(arena, &symbols);
        let (globals, std_globals) = crate::builtins::globals(arena, &symbols);
        Self {
            arena,
            world,
            host,
            limits,
            symbols,
            sources: RefCell::default(),
            lines: crate::lines::Lines::default(),
            modules: RefCell::default(),
            reads: RefCell::default(),
            std_files: RefCell::default(),
            graph: RefCell::default(),
            packages,
            emission: crate::emit::Emission::default(),
            globals,
            std_globals,
            failures: RefCell::default(),
            spare: Spare::default(),
            depth: Cell::new(0),
            steps: Cell::new(0),
            outside: Cell::new(0),
        }
    }

    /// The value, evaluated in its outermost layer.
    ///
    /// # Errors
    /// What evaluating it fails with.
    #[inline]
    pub fn force(&self, value: Value<'v>) -> Result<Value<'v>> {
        match value {
            Value::Thunk(thunk) => self.force_thunk(thunk),
            value => Ok(value),
        }
    }

    #[inline]
    pub(crate) fn force_thunk(&self, thunk: &'v Thunk<'v>) -> Result<Value<'v>> {
        match thunk.state.get() {
            State::Done(value) => Ok(value),
            state => self.run_thunk(thunk, state),
        }
    }

    /// The value, if it is evaluated already.
    #[inline]
    pub(crate) fn peek(&self, value: Value<'v>) -> Option<Value<'v>> {
        match value {
            Value::Thunk(thunk) => match thunk.state.get() {
                State::Done(value) => Some(value),
                _ => None,
            },
            value => Some(value),
        }
    }

    #[inline(never)]
    fn run_thunk(&self, thunk: &'v Thunk<'v>, state: State<'v>) -> Result<Value<'v>> {
        let address = std::ptr::from_ref(thunk).addr();
        thunk.state.set(State::Running);
        let result = match state {
            State::Suspended(code, captures) => {
                let result = self.run_code(code, captures, address);
                self.spare.put(captures);
                result
            }
            State::Member(code, frame) => self.run_code(code, frame, address),
            State::Apply(apply) => self.apply(apply.function, apply.arguments, apply.span),
            State::Contract(value, checking) => {
                self.force(value).and_then(|value| self.check(value, checking.contract, checking.at))
            }
            State::Import(import) => self.enter(import.span, || self.import(import)),
            State::Running => {
                Err(Failure::new(codes::CYCLE, "infinite recursion: a value needs itself").cyclic(address))
            }
            State::Done(value) => Ok(value),
            State::Failed(number) => Err(self.failure(number)),
        };
        thunk.state.set(match &result {
            Ok(value) => State::Done(*value),
            Err(failure) => State::Failed(self.remember(failure)),
        });
        result
    }

    fn run_code(&self, code: &'v Code<'v>, captures: &[Cell<Value<'v>>], address: usize) -> Result<Value<'v>> {
        self.enter(code.body.span, || self.run(code, captures))
            .map_err(|failure| self.leave_code(failure, address, code))
    }

    #[cold]
    fn leave_code(&self, failure: Failure, address: usize, code: &Code<'v>) -> Failure {
        let name = code.name.map(|name| self.symbols.name(name));
        let failure = failure.out_of(address, name, code.body.span);
        match name {
            Some(name) => failure.through(code.body.span, || format!("in the value of `{name}`")),
            None => failure,
        }
    }

    #[cold]
    fn remember(&self, failure: &Failure) -> u32 {
        let mut failures = self.failures.borrow_mut();
        failures.push(failure.clone());
        u32::try_from(failures.len() - 1).unwrap_or(u32::MAX)
    }

    #[cold]
    fn failure(&self, number: u32) -> Failure {
        self.failures
            .borrow()
            .get(number as usize)
            .cloned()
            .unwrap_or_else(|| Failure::new(codes::CYCLE, "evaluation failed before"))
    }

    /// Runs code in a new frame.
    #[inline]
    pub(crate) fn run(&self, code: &'v Code<'v>, captures: &[Cell<Value<'v>>]) -> Result<Value<'v>> {
        with_locals(code.slots, |locals| self.eval(&code.body, &Frame { locals, captures }))
    }

    /// One level deeper: counts, checks the limits, and grows the native stack.
    #[inline]
    pub(crate) fn enter<R>(&self, span: Span, run: impl FnOnce() -> Result<R>) -> Result<R> {
        let depth = self.depth.get();
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if depth >= self.limits.depth || steps & TICK == 0 {
            self.tick(span, depth, steps)?;
        }
        self.depth.set(depth + 1);
        let result = stacker::maybe_grow(RED_ZONE, STACK, run);
        self.depth.set(depth);
        result
    }

    /// Counts steps that are no calls.
    pub(crate) fn count_steps(&self, more: usize, span: Span) -> Result<()> {
        let before = self.steps.get();
        let steps = before.saturating_add(more as u64);
        self.steps.set(steps);
        if steps & !TICK == before & !TICK { Ok(()) } else { self.tick(span, self.depth.get(), steps) }
    }

    #[cold]
    #[inline(never)]
    fn tick(&self, span: Span, depth: u32, steps: u64) -> Result<()> {
        if depth >= self.limits.depth {
            return Err(Failure::new(
                codes::TOO_DEEP,
                format!("evaluation is nested more than {} levels deep", self.limits.depth),
            )
            .at(span, "the innermost call")
            .note("a recursion that does not end, or that goes once around for every element of a long list")
            .help("fold over the list with `list.fold`, which does not nest"));
        }
        if steps >= self.limits.steps {
            return Err(Failure::new(
                codes::TOO_LONG,
                format!("evaluation took more than {} steps", self.limits.steps),
            )
            .at(span, "it was here when it was given up"));
        }
        self.reserve(0, span)
    }

    /// Makes sure that `bytes` more may be taken, before something large is made.
    ///
    /// # Errors
    /// When that is more memory than the limit allows.
    pub fn reserve(&self, bytes: usize, span: Span) -> Result<()> {
        let taken = self.arena.allocated_bytes().saturating_add(self.outside.get());
        if taken.saturating_add(bytes) <= self.limits.memory { Ok(()) } else { Err(self.too_large(span)) }
    }

    #[cold]
    pub(crate) fn too_large(&self, span: Span) -> Failure {
        let memory = self.limits.memory >> 20;
        Failure::new(codes::TOO_LARGE, format!("evaluation needs more than {memory} MB of memory"))
            .at(span, "it was here when it was given up")
    }

    /// Makes room on the native stack for evaluating something deeply nested, and counts it as a level.
    pub(crate) fn deeper<R>(&self, run: impl FnOnce() -> Result<R>) -> Result<R> {
        self.enter(NOWHERE, run)
    }

    /// Grows the native stack where it must, without counting a level.
    #[inline(never)]
    pub(crate) fn grow(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        stacker::maybe_grow(RED_ZONE, STACK, || self.eval(node, frame))
    }

    /// A list of these elements.
    pub fn list(&self, items: &[Value<'v>]) -> Value<'v> {
        let items: &'v [Value<'v>] = self.arena.alloc_slice_copy(items);
        Value::List(self.arena.alloc(items))
    }

    /// A list of elements that lie in the arena already, and are shared.
    pub(crate) fn part(&self, items: &'v [Value<'v>]) -> Value<'v> {
        Value::List(self.arena.alloc(items))
    }

    /// A string of a text that lies in the arena already, and is shared.
    pub(crate) fn piece(&self, text: &'v str) -> Value<'v> {
        Value::String(self.arena.alloc(text))
    }

    /// A string that is written into the arena at once, for which so many bytes are reserved.
    pub(crate) fn written(&self, bytes: usize, write: impl FnOnce(&mut ArenaString<'v>)) -> Value<'v> {
        let mut text = ArenaString::with_capacity_in(bytes, self.arena);
        write(&mut text);
        self.piece(text.into_bump_str())
    }

    /// A string of this text.
    pub fn string(&self, text: &str) -> Value<'v> {
        let text: &'v str = self.arena.alloc_str(text);
        Value::String(self.arena.alloc(text))
    }

    /// A record as a value.
    pub fn record(&self, record: Record<'v>) -> Value<'v> {
        Value::Record(self.arena.alloc(record))
    }

    /// A record of these fields.
    pub fn record_of(&self, fields: &[(&str, Value<'v>)]) -> Value<'v> {
        let fields = fields.iter().map(|(name, value)| (self.symbols.intern(name), *value)).collect();
        self.record(Record::new(self.arena, fields))
    }

    /// The fields of a record with their names, sorted by name: the order that is seen from outside.
    pub fn sorted(&self, record: &Record<'v>) -> Vec<(&'v str, Value<'v>)> {
        let mut fields: Vec<_> =
            record.fields().into_iter().map(|(name, value)| (self.symbols.name(name), value)).collect();
        fields.sort_unstable_by_key(|field| field.0);
        fields
    }

    /// The symbol of a name.
    pub fn symbol(&self, name: &str) -> Symbol {
        self.symbols.intern(name)
    }

    pub(crate) fn closure(&self, closure: Closure<'v>) -> Value<'v> {
        Value::Closure(self.arena.alloc(closure))
    }

    /// Whether a place is in the standard library.
    pub(crate) fn is_std(&self, span: Span) -> bool {
        let files = self.std_files.borrow();
        files.get(span.file.0 as usize).copied().unwrap_or(false)
    }

    /// The diagnostics of a failure, ready to be shown.
    pub fn diagnostics(&self, failure: Failure) -> Vec<xb_core::Diagnostic> {
        failure.into_diagnostics(|span| self.is_std(span))
    }
}

/// A place for what has none.
pub(crate) const NOWHERE: Span = Span::new(xb_core::FileId(u32::MAX), 0, 0);

/// A frame of empty slots: on the native stack when it is small.
#[inline]
pub(crate) fn with_locals<'v, R>(slots: u32, run: impl FnOnce(&[Cell<Value<'v>>]) -> R) -> R {
    match slots {
        0 => run(&[]),
        1..=4 => run(&[const { Cell::new(Value::Null) }; 4]),
        5..=12 => run(&[const { Cell::new(Value::Null) }; 12]),
        _ => run(&vec![Cell::new(Value::Null); slots as usize]),
    }
}
