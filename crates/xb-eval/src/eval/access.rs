//! Fields of records, packages, runs, releases and architectures.

use xb_core::Span;

use crate::codes;
use crate::evaluator::{Evaluator, Frame};
use crate::failure::{Failure, Result};
use crate::ir::Node;
use crate::symbol::Symbol;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    #[inline]
    pub(super) fn eval_field(
        &self,
        base: &Node<'v>,
        name: Symbol,
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        let owner = self.eval(base, frame)?;
        if let Value::Record(record) = owner
            && let Some(value) = record.get(name)
        {
            return self.force(value);
        }
        self.field(owner, name, span, base.span)
    }

    pub(super) fn field_of(
        &self,
        sides: &'v (Node<'v>, Node<'v>),
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        let owner = self.eval(&sides.0, frame)?;
        let name = self.key(&sides.1, frame)?;
        self.field(owner, name, span, sides.0.span)
    }

    pub(super) fn maybe_field(&self, base: &Node<'v>, name: Symbol, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let owner = self.eval(base, frame)?;
        self.maybe(owner, name, base.span)
    }

    pub(super) fn maybe_field_of(&self, sides: &'v (Node<'v>, Node<'v>), frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        let owner = self.eval(&sides.0, frame)?;
        let name = self.key(&sides.1, frame)?;
        self.maybe(owner, name, sides.0.span)
    }

    fn maybe(&self, owner: Value<'v>, name: Symbol, span: Span) -> Result<Value<'v>> {
        match owner {
            Value::Null => Ok(Value::Null),
            _ => match self.find_field(owner, name, span)? {
                Some(value) => self.force(value),
                None => Ok(Value::Null),
            },
        }
    }

    /// A field that must be there.
    pub(crate) fn field(&self, owner: Value<'v>, name: Symbol, span: Span, owner_span: Span) -> Result<Value<'v>> {
        match self.find_field(owner, name, owner_span)? {
            Some(value) => self.force(value),
            None => Err(self.no_field(owner, name, span, owner_span)),
        }
    }

    /// A field, if there is one.
    pub(crate) fn find_field(&self, owner: Value<'v>, name: Symbol, span: Span) -> Result<Option<Value<'v>>> {
        match owner {
            Value::Record(record) => Ok(record.get(name)),
            Value::Instance(instance) => self.instance_field(instance, name),
            Value::Release(release) => Ok(release.fields.get(name)),
            Value::Run(run) => Ok(self.run_output(run, self.symbols.name(name))),
            Value::Arch(arch) => Ok(self.arch_field(arch, self.symbols.name(name))),
            other => Err(Failure::new(codes::KIND, format!("{} has no fields", other.kind()))
                .at(span, format!("this is {}", self.glimpse(other)))
                .note(format!("`.{}` was asked of it", self.symbols.name(name)))),
        }
    }

    fn arch_field(&self, arch: xb_core::Arch, name: &str) -> Option<Value<'v>> {
        match name {
            "name" => Some(self.string(arch.debian())),
            "machine" => Some(self.string(arch.machine())),
            "triplet" => Some(self.string(arch.triplet())),
            _ => None,
        }
    }

    #[cold]
    fn no_field(&self, owner: Value<'v>, name: Symbol, span: Span, owner_span: Span) -> Failure {
        let name = self.symbols.name(name);
        let known: Vec<&str> = match owner {
            Value::Record(record) => self.sorted(record).into_iter().map(|field| field.0).collect(),
            Value::Release(release) => self.sorted(&release.fields).into_iter().map(|field| field.0).collect(),
            Value::Instance(instance) => return self.no_package_field(instance, name, span),
            Value::Run(run) => run.outputs.to_vec(),
            Value::Arch(_) => vec!["name", "machine", "triplet"],
            _ => Vec::new(),
        };
        let failure = Failure::new(codes::NO_FIELD, format!("there is no field `{name}`"))
            .at(span, "asked for here")
            .at(owner_span, format!("this is {}", self.glimpse(owner)))
            .meant(name, known.iter().copied());
        match known.is_empty() {
            true => failure.note("it has no fields at all"),
            false if known.len() <= 12 => failure.note(format!("it has `{}`", known.join("`, `"))),
            false => failure,
        }
    }
}
