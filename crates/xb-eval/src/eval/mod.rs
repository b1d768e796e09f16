//! The walk over the resolved form: one file per family of expressions.

mod access;
mod comprehension;
mod literal;
mod matching;
mod operator;

use std::cell::Cell;

use xb_syntax::ast::BinaryOp;

use crate::codes;
use crate::evaluator::{Evaluator, Frame};
use crate::failure::{Failure, Result};
use crate::ir::{Assert, Delayed, Kind, Lambda, Let, Node, Source, Suspend};
use crate::value::{Closure, State, Thunk, Value};

pub(crate) use operator::Ordering;

impl<'v> Evaluator<'v> {
    /// The value of an expression, evaluated in its outermost layer.
    pub(crate) fn eval(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        match node.kind {
            Kind::Const(value) => Ok(value),
            Kind::Local(slot) => self.force_cell(&frame.locals[slot as usize]),
            Kind::Captured(slot) => self.force_cell(&frame.captures[slot as usize]),
            Kind::Global(cell) => self.force_cell(cell),
            Kind::Call(call) => self.eval_call(call, node.span, frame),
            Kind::Binary(op, sides) => self.eval_binary(op, sides, node.span, frame),
            Kind::If(parts) => {
                let taken = if self.condition(&parts[0], frame)? { &parts[1] } else { &parts[2] };
                self.eval(taken, frame)
            }
            Kind::Let(group) => {
                self.bind_group(group, frame);
                self.eval(&group.body, frame)
            }
            Kind::Field(base, name) => self.eval_field(base, name, node.span, frame),
            Kind::Function(lambda) => Ok(self.make_closure(lambda, frame)),
            Kind::List(items) => Ok(self.make_list(items, frame)),
            Kind::Record(fields) => Ok(self.make_record(fields, frame)),
            Kind::Match(subject) => self.eval_match(subject, node.span, frame),
            Kind::Interpolate(pieces) => self.interpolate(pieces, frame),
            _ => self.eval_rare(node, frame),
        }
    }

    #[inline(never)]
    fn eval_rare(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        match node.kind {
            Kind::ListParts(parts) => self.list_parts(parts, frame),
            Kind::ListFor(parts) => self.list_for(parts, frame),
            Kind::RecordParts(parts) => self.record_parts(parts, frame),
            Kind::RecordFor(parts) => self.record_for(parts, frame),
            Kind::FieldOf(sides) => self.field_of(sides, node.span, frame),
            Kind::MaybeField(base, name) => self.maybe_field(base, name, frame),
            Kind::MaybeFieldOf(sides) => self.maybe_field_of(sides, frame),
            Kind::With(sides) => self.eval_with(sides, node.span, frame),
            Kind::Not(inner) => Ok(Value::Bool(!self.condition(inner, frame)?)),
            Kind::Negate(inner) => self.negate(inner, frame),
            Kind::Assert(assert) => self.eval_assert(assert, frame),
            Kind::Error(message) => Err(self.raise(message, node, frame)?),
            Kind::Annotated(parts) => {
                let value = self.eval(&parts.0, frame)?;
                self.check(value, parts.1, parts.0.span)
            }
            Kind::Grow(inner) => self.grow(inner, frame),
            _ => self.eval(node, frame),
        }
    }

    #[inline]
    fn force_cell(&self, cell: &Cell<Value<'v>>) -> Result<Value<'v>> {
        match cell.get() {
            Value::Thunk(thunk) => {
                let value = self.force_thunk(thunk)?;
                cell.set(value);
                Ok(value)
            }
            value => Ok(value),
        }
    }

    /// A bool that decides something.
    #[inline]
    pub(crate) fn condition(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<bool> {
        match self.eval(node, frame)? {
            Value::Bool(value) => Ok(value),
            other => Err(Failure::new(codes::KIND, format!("expected a bool, found {}", other.kind()))
                .at(node.span, format!("this is {}", self.glimpse(other)))
                .note("only `true` and `false` decide; nothing is converted")),
        }
    }

    /// The value for later: a thunk only where one is needed.
    #[inline]
    pub(crate) fn delay(&self, delayed: &Delayed<'v>, frame: &Frame<'_, 'v>) -> Value<'v> {
        match delayed {
            Delayed::Ready(node) => self.ready(node, frame),
            Delayed::Suspend(suspend) => self.suspend(suspend, frame),
        }
    }

    fn ready(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Value<'v> {
        let value = match node.kind {
            Kind::Const(value) => value,
            Kind::Local(slot) => frame.locals[slot as usize].get(),
            Kind::Captured(slot) => frame.captures[slot as usize].get(),
            Kind::Global(cell) => cell.get(),
            Kind::Function(lambda) => self.make_closure(lambda, frame),
            Kind::List(items) => self.make_list(items, frame),
            Kind::Record(fields) => self.make_record(fields, frame),
            _ => Value::Null,
        };
        self.peek(value).unwrap_or(value)
    }

    fn suspend(&self, suspend: &'v Suspend<'v>, frame: &Frame<'_, 'v>) -> Value<'v> {
        if let Some(node) = suspend.cheap
            && let Some(value) = self.cheaply(node, frame)
        {
            return value;
        }
        let captures = self.captured(suspend.captures, frame);
        Value::Thunk(self.arena.alloc(Thunk { state: Cell::new(State::Suspended(&suspend.code, captures)) }))
    }

    /// The value now, without making a thunk for it.
    pub(crate) fn eval_delayed(&self, delayed: &Delayed<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        match delayed {
            Delayed::Ready(node) => self.eval(node, frame),
            Delayed::Suspend(suspend) => match suspend.cheap {
                Some(node) => self.eval(node, frame),
                None => self.eval_suspended(suspend, frame),
            },
        }
    }

    fn eval_suspended(&self, suspend: &'v Suspend<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let captures: smallvec::SmallVec<[Cell<Value<'v>>; 6]> =
            suspend.captures.iter().map(|source| Cell::new(read(*source, frame))).collect();
        self.run(&suspend.code, &captures)
    }

    pub(crate) fn captured(&self, sources: &[Source], frame: &Frame<'_, 'v>) -> &'v [Cell<Value<'v>>] {
        if sources.is_empty() {
            return &[];
        }
        let Some(spare) = self.spare.take(sources.len()) else {
            let cells = sources.iter().map(|source| Cell::new(read(*source, frame)));
            return self.arena.alloc_slice_fill_iter(cells);
        };
        spare.iter().zip(sources).for_each(|(cell, source)| cell.set(read(*source, frame)));
        spare
    }

    pub(crate) fn make_closure(&self, lambda: &'v Lambda<'v>, frame: &Frame<'_, 'v>) -> Value<'v> {
        self.closure(Closure { lambda, captures: self.captured(lambda.captures, frame) })
    }

    /// Binds a group whose members may use each other: what is used before its turn is allocated first.
    fn bind_group(&self, group: &'v Let<'v>, frame: &Frame<'_, 'v>) {
        for binding in group.bindings.iter().filter(|binding| binding.recursive) {
            frame.locals[binding.slot as usize].set(self.allocate(&binding.value));
        }
        for binding in group.bindings {
            let slot = &frame.locals[binding.slot as usize];
            if binding.recursive {
                self.fill(&binding.value, slot.get(), frame);
            } else {
                slot.set(self.delay(&binding.value, frame));
            }
        }
    }

    /// A function or a thunk whose captures are filled in later.
    pub(crate) fn allocate(&self, delayed: &Delayed<'v>) -> Value<'v> {
        match delayed {
            Delayed::Ready(Node { kind: Kind::Function(lambda), .. }) => {
                self.closure(Closure { lambda, captures: self.blank(lambda.captures.len()) })
            }
            Delayed::Ready(Node { kind: Kind::Const(value), .. }) => *value,
            Delayed::Ready(_) => Value::Null,
            Delayed::Suspend(suspend) => Value::Thunk(self.arena.alloc(Thunk {
                state: Cell::new(State::Suspended(&suspend.code, self.blank(suspend.captures.len()))),
            })),
        }
    }

    fn blank(&self, count: usize) -> &'v [Cell<Value<'v>>] {
        self.arena.alloc_slice_fill_with(count, |_| Cell::new(Value::Null))
    }

    /// Fills in what [`allocate`](Self::allocate) left open.
    pub(crate) fn fill(&self, delayed: &Delayed<'v>, value: Value<'v>, frame: &Frame<'_, 'v>) {
        let (sources, cells) = match (delayed, value) {
            (Delayed::Ready(Node { kind: Kind::Function(lambda), .. }), Value::Closure(closure)) => {
                (lambda.captures, closure.captures)
            }
            (Delayed::Suspend(suspend), Value::Thunk(thunk)) => match thunk.state.get() {
                State::Suspended(_, cells) => (suspend.captures, cells),
                _ => return,
            },
            _ => return,
        };
        for (source, cell) in sources.iter().zip(cells) {
            cell.set(read(*source, frame));
        }
    }

    fn eval_assert(&self, assert: &'v Assert<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        if self.condition(&assert.condition, frame)? {
            return self.eval(&assert.body, frame);
        }
        let message = match &assert.message {
            Some(message) => self.text(message, frame)?.to_owned(),
            None => "an assertion does not hold".to_owned(),
        };
        let failure = Failure::new(codes::ASSERT, message);
        Err(self.explain_condition(failure, &assert.condition, frame))
    }

    /// Adds what both sides of a comparison were.
    fn explain_condition(&self, failure: Failure, condition: &Node<'v>, frame: &Frame<'_, 'v>) -> Failure {
        let failure = failure.at(condition.span, "this is false");
        let Kind::Binary(op, sides) = condition.kind else {
            return failure;
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Default) {
            return failure;
        }
        match (self.eval(&sides.0, frame), self.eval(&sides.1, frame)) {
            (Ok(left), Ok(right)) => failure.note(format!(
                "the left side is {}, the right side is {}",
                self.glimpse(left),
                self.glimpse(right)
            )),
            _ => failure,
        }
    }

    fn raise(&self, message: &Node<'v>, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<Failure> {
        let text = self.text(message, frame)?;
        Ok(Failure::new(codes::RAISED, text).at(node.span, "raised here"))
    }

    fn text(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<&'v str> {
        match self.eval(node, frame)? {
            Value::String(text) => Ok(text),
            other => Err(Failure::new(codes::KIND, format!("a message is a string, found {}", other.kind()))
                .at(node.span, format!("this is {}", self.glimpse(other)))),
        }
    }
}

#[inline]
fn read<'v>(source: Source, frame: &Frame<'_, 'v>) -> Value<'v> {
    match source {
        Source::Local(slot) => frame.locals[slot as usize].get(),
        Source::Captured(slot) => frame.captures[slot as usize].get(),
    }
}
