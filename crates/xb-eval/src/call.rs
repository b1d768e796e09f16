//! Calls: arguments to parameters, and what can be called.

use std::cell::Cell;

use smallvec::SmallVec;
use xb_core::Span;

use crate::builtins::{Builtin, Invocation, When};
use crate::codes;
use crate::evaluator::{Evaluator, Frame, NOWHERE, with_locals};
use crate::failure::{Failure, Result};
use crate::ir::{Call, Lambda, Param, RecordParam};
use crate::symbol::Symbol;
use crate::value::{Application, CheckedFunction, Closure, State, Thunk, Value};

/// An argument of a call.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'v> {
    pub(crate) name: Option<Symbol>,
    pub(crate) value: Value<'v>,
    pub(crate) span: Span,
}

/// Arguments in the order of the parameters; none where one is missing.
pub(crate) type Bound<'v> = SmallVec<[Option<Value<'v>>; 6]>;

/// A parameter as far as the binding of arguments is concerned.
pub(crate) struct Slot {
    pub(crate) name: Option<Symbol>,
    pub(crate) optional: bool,
}

impl<'v> Evaluator<'v> {
    #[inline]
    pub(crate) fn eval_call(&self, call: &'v Call<'v>, span: Span, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let callee = self.eval(&call.callee, frame)?;
        match callee {
            Value::Closure(closure)
                if closure.lambda.simple && call.positional && closure.lambda.params.len() == call.args.len() =>
            {
                self.call_simple(closure, call, span, frame)
            }
            Value::Builtin(builtin) => self.call_builtin(builtin, call, span, frame),
            _ => self.call_general(callee, call, span, frame),
        }
    }

    #[inline]
    fn call_simple(
        &self,
        closure: &'v Closure<'v>,
        call: &'v Call<'v>,
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        let code = &closure.lambda.code;
        let result = with_locals(code.slots, |locals| {
            for (slot, arg) in locals.iter().zip(call.args) {
                slot.set(self.delay(&arg.value, frame));
            }
            let inner = Frame { locals, captures: closure.captures };
            self.enter(span, || self.eval(&code.body, &inner))
        });
        match result {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.through_call(failure, closure.lambda, span)),
        }
    }

    #[cold]
    fn through_call(&self, failure: Failure, lambda: &Lambda<'v>, span: Span) -> Failure {
        if span == NOWHERE {
            return failure;
        }
        failure.through(span, || match lambda.code.name {
            Some(name) => format!("in this call of `{}`", self.symbols.name(name)),
            None => "in this call".to_owned(),
        })
    }

    #[inline(never)]
    fn call_general(
        &self,
        callee: Value<'v>,
        call: &'v Call<'v>,
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        let args: SmallVec<[Argument<'v>; 6]> = call
            .args
            .iter()
            .map(|arg| Argument { name: arg.name, value: self.delay(&arg.value, frame), span: arg.span })
            .collect();
        self.call_value(callee, &args, span).map_err(|failure| self.blame_callee(failure, callee, call))
    }

    fn blame_callee(&self, failure: Failure, callee: Value<'v>, call: &Call<'v>) -> Failure {
        if failure.code() == codes::NOT_CALLABLE && !is_callable(callee) {
            return failure.at(call.callee.span, format!("this is {}", self.glimpse(callee)));
        }
        failure
    }

    /// Calls anything that can be called.
    pub(crate) fn call_value(&self, callee: Value<'v>, args: &[Argument<'v>], span: Span) -> Result<Value<'v>> {
        match callee {
            Value::Closure(closure) => self.call_closure(closure, args, span),
            Value::Builtin(builtin) => {
                let bound = self.bind(&builtin.slots(&self.symbols), args, span, builtin.path)?;
                let mut values: SmallVec<[Value<'v>; 6]> = SmallVec::new();
                for (parameter, value) in builtin.params.iter().zip(bound) {
                    values.push(match value {
                        Some(value) if parameter.when == When::Later => value,
                        Some(value) => self.force(value)?,
                        None => parameter.default(),
                    });
                }
                self.invoke(builtin, &values, span)
            }
            Value::Checked(checked) => self.call_checked(checked, args, span),
            Value::Package(package) => self.instantiate(package, args, span).map(Value::Instance),
            other => {
                Err(Failure::new(codes::NOT_CALLABLE, format!("{} cannot be called", other.kind()))
                    .at(span, "called here"))
            }
        }
    }

    /// Calls a function with positional arguments, from a builtin.
    ///
    /// # Errors
    /// What the call fails with.
    pub fn apply(&self, function: Value<'v>, args: &[Value<'v>], span: Span) -> Result<Value<'v>> {
        let function = self.force(function)?;
        if let Value::Closure(closure) = function
            && closure.lambda.simple
            && closure.lambda.params.len() == args.len()
        {
            return with_locals(closure.lambda.code.slots, |locals| {
                for (slot, arg) in locals.iter().zip(args) {
                    slot.set(*arg);
                }
                let frame = Frame { locals, captures: closure.captures };
                self.enter(span, || self.eval(&closure.lambda.code.body, &frame))
            })
            .map_err(|failure| self.through_call(failure, closure.lambda, span));
        }
        let args: SmallVec<[Argument<'v>; 4]> =
            args.iter().map(|value| Argument { name: None, value: *value, span }).collect();
        self.call_value(function, &args, span)
    }

    /// The same, when its value is needed.
    pub fn apply_later(&self, function: Value<'v>, args: &[Value<'v>], span: Span) -> Value<'v> {
        let application =
            self.arena.alloc(Application { function, arguments: self.arena.alloc_slice_copy(args), span });
        Value::Thunk(self.arena.alloc(Thunk { state: Cell::new(State::Apply(application)) }))
    }

    fn call_builtin(
        &self,
        builtin: &'static Builtin,
        call: &'v Call<'v>,
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        if !call.positional || call.args.len() != builtin.params.len() {
            return self.call_general(Value::Builtin(builtin), call, span, frame);
        }
        let mut values: SmallVec<[Value<'v>; 6]> = SmallVec::new();
        for (parameter, arg) in builtin.params.iter().zip(call.args) {
            values.push(match parameter.when {
                When::Later => self.delay(&arg.value, frame),
                When::Now => self.eval_delayed(&arg.value, frame)?,
                When::Fields => self.eval_fields(&arg.value, frame)?,
            });
        }
        self.invoke(builtin, &values, span)
    }

    fn invoke(&self, builtin: &'static Builtin, args: &[Value<'v>], span: Span) -> Result<Value<'v>> {
        let invocation = Invocation { eval: self, builtin, args, span };
        let value = self.enter(span, || (builtin.run)(&invocation))?;
        // Some make a copy of what they are given: after each, so that copies of large ones do not gather.
        self.reserve(0, span)?;
        self.force(value)
    }

    fn call_checked(&self, checked: &'v CheckedFunction<'v>, args: &[Argument<'v>], span: Span) -> Result<Value<'v>> {
        if let Some(wrong) = args.iter().find(|arg| arg.name.is_some()) {
            return Err(Failure::new(
                codes::ARGUMENTS,
                "a function whose type is annotated takes its arguments by position",
            )
            .at(wrong.span, "this one is named")
            .note("the type of a function says nothing about names"));
        }
        if args.len() != checked.parameters.len() {
            let slots: Vec<Slot> = checked.parameters.iter().map(|_| Slot { name: None, optional: false }).collect();
            return match args.get(slots.len()) {
                Some(extra) => Err(self.too_many(&slots, args, extra.span, "the function")),
                None => Err(self.missing(&slots[args.len()], args.len(), span, "the function")),
            };
        }
        let mut args: SmallVec<[Argument<'v>; 6]> = SmallVec::from_slice(args);
        for (arg, contract) in args.iter_mut().zip(checked.parameters) {
            arg.value = self.check(self.force(arg.value)?, *contract, arg.span)?;
        }
        let value = self.call_value(checked.function, &args, span)?;
        self.check(value, checked.result, span)
    }

    fn call_closure(&self, closure: &'v Closure<'v>, args: &[Argument<'v>], span: Span) -> Result<Value<'v>> {
        let lambda = closure.lambda;
        let slots: SmallVec<[Slot; 6]> =
            lambda.params.iter().map(|param| Slot { name: param.name, optional: param.default.is_some() }).collect();
        let name = lambda.code.name.map_or("the function", |name| self.symbols.name(name));
        let bound = self.bind(&slots, args, span, name).map_err(|failure| failure.at(lambda.span, "defined here"))?;
        with_locals(lambda.code.slots, |locals| {
            let frame = Frame { locals, captures: closure.captures };
            self.enter(span, || {
                self.set_parameters(lambda.params, &bound, &frame, args, span)?;
                let value = self.eval(&lambda.code.body, &frame)?;
                match lambda.result {
                    Some(contract) => self.check(value, contract, lambda.code.body.span),
                    None => Ok(value),
                }
            })
        })
        .map_err(|failure| self.through_call(failure, lambda, span))
    }

    /// Puts arguments into their slots; defaults see all parameters, so they are allocated before they are filled.
    fn set_parameters(
        &self,
        params: &'v [Param<'v>],
        bound: &Bound<'v>,
        frame: &Frame<'_, 'v>,
        args: &[Argument<'v>],
        span: Span,
    ) -> Result<()> {
        for (at, (param, value)) in params.iter().zip(bound).enumerate() {
            let value = match (value, &param.default) {
                (Some(value), _) => *value,
                (None, Some(default)) => self.allocate(default),
                (None, None) => Value::Null,
            };
            frame.locals[at].set(value);
        }
        for (at, (param, value)) in params.iter().zip(bound).enumerate() {
            if let (None, Some(default)) = (value, &param.default) {
                self.fill(default, frame.locals[at].get(), frame);
            }
        }
        for (at, param) in params.iter().enumerate() {
            let place = args.get(at).map_or(span, |arg| arg.span);
            self.check_parameter(param, &frame.locals[at], frame, place)?;
        }
        Ok(())
    }

    fn check_parameter(
        &self,
        param: &'v Param<'v>,
        cell: &Cell<Value<'v>>,
        frame: &Frame<'_, 'v>,
        place: Span,
    ) -> Result<()> {
        if let Some(contract) = param.contract {
            cell.set(self.check(self.force(cell.get())?, contract, place)?);
        }
        let Some(pattern) = &param.pattern else {
            return Ok(());
        };
        let record = match self.force(cell.get())? {
            Value::Record(record) => record,
            other => {
                return Err(Failure::new(codes::ARGUMENTS, format!("expected a record, found {}", other.kind()))
                    .at(place, format!("this is {}", self.glimpse(other)))
                    .at(param.span, "the parameter takes a record apart"));
            }
        };
        for (name, slot, default) in pattern.fields {
            let value = match (record.get(*name), default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.allocate(default),
                (None, None) => {
                    let name = self.symbols.name(*name);
                    return Err(Failure::new(codes::ARGUMENTS, format!("the field `{name}` is missing"))
                        .at(place, "in this record")
                        .at(param.span, "needed by this parameter"));
                }
            };
            frame.locals[*slot as usize].set(value);
        }
        for (name, slot, default) in pattern.fields {
            if let (None, Some(default)) = (record.get(*name), default) {
                self.fill(default, frame.locals[*slot as usize].get(), frame);
            }
        }
        let is_extra = |name: &Symbol| !pattern.fields.iter().any(|field| field.0 == *name);
        let extra: Vec<Symbol> = match pattern.open {
            true => Vec::new(),
            false => record.fields().iter().map(|field| field.0).filter(is_extra).collect(),
        };
        if extra.is_empty() { Ok(()) } else { Err(self.no_fields(pattern, &extra, param.span, place)) }
    }

    #[cold]
    fn no_fields(&self, pattern: &RecordParam<'v>, extra: &[Symbol], param: Span, place: Span) -> Failure {
        let names: Vec<&str> = extra.iter().map(|name| self.symbols.name(*name)).collect();
        let known: Vec<&str> = pattern.fields.iter().map(|field| self.symbols.name(field.0)).collect();
        let message = format!("there is no parameter `{}`", names.join("`, and no `"));
        let failure = Failure::new(codes::ARGUMENTS, message)
            .at(place, "given in this record")
            .at(param, "this parameter takes no other fields")
            .note(format!("it takes `{}`", known.join("`, `")));
        names.iter().fold(failure, |failure, name| failure.meant(name, known.iter().copied()))
    }

    /// Arguments in the order of the parameters.
    pub(crate) fn bind(&self, slots: &[Slot], args: &[Argument<'v>], span: Span, callee: &str) -> Result<Bound<'v>> {
        let mut bound: Bound<'v> = SmallVec::from_elem(None, slots.len());
        let mut next = 0;
        for arg in args {
            let at = match arg.name {
                None => {
                    next += 1;
                    next - 1
                }
                Some(name) => match slots.iter().position(|slot| slot.name == Some(name)) {
                    Some(at) => at,
                    None => return Err(self.no_parameter(slots, name, arg.span, callee)),
                },
            };
            match bound.get_mut(at) {
                None => return Err(self.too_many(slots, args, arg.span, callee)),
                Some(Some(_)) => {
                    return Err(Failure::new(codes::ARGUMENTS, format!("an argument of `{callee}` is given twice"))
                        .at(arg.span, "the second time"));
                }
                Some(place) => *place = Some(arg.value),
            }
        }
        let missing = slots.iter().zip(&bound).position(|(slot, value)| value.is_none() && !slot.optional);
        match missing {
            None => Ok(bound),
            Some(at) => Err(self.missing(&slots[at], at, span, callee)),
        }
    }

    #[cold]
    fn missing(&self, slot: &Slot, at: usize, span: Span, callee: &str) -> Failure {
        let which = match slot.name {
            Some(name) => format!("the argument `{}`", self.symbols.name(name)),
            None => format!("argument {}", at + 1),
        };
        Failure::new(codes::ARGUMENTS, format!("{which} of `{callee}` is missing")).at(span, "in this call")
    }

    #[cold]
    fn too_many(&self, slots: &[Slot], args: &[Argument<'v>], span: Span, callee: &str) -> Failure {
        let takes = match slots.len() {
            0 => "no arguments".to_owned(),
            1 => "1 argument".to_owned(),
            count => format!("{count} arguments"),
        };
        Failure::new(codes::ARGUMENTS, format!("`{callee}` takes {takes}, {} are given", args.len()))
            .at(span, "this one is too many")
    }

    #[cold]
    fn no_parameter(&self, slots: &[Slot], name: Symbol, span: Span, callee: &str) -> Failure {
        let name = self.symbols.name(name);
        let known: Vec<&str> = slots.iter().filter_map(|slot| slot.name).map(|name| self.symbols.name(name)).collect();
        Failure::new(codes::ARGUMENTS, format!("`{callee}` has no parameter `{name}`"))
            .at(span, "given here")
            .note(format!("its parameters are `{}`", known.join("`, `")))
            .meant(name, known.iter().copied())
    }
}

fn is_callable(value: Value<'_>) -> bool {
    matches!(value, Value::Closure(_) | Value::Builtin(_) | Value::Checked(_) | Value::Package(_))
}
