//! Groups: an expression in parentheses, or parameters.

use xb_core::{Diagnostic, Span};

use super::{Builder, Node, fitted};
use crate::ast::{Expr, ExprKind, Name, Param, ParamKind, Type};
use crate::codes;
use crate::grammar::Rule;

impl<'t> Builder<'t> {
    /// Builds the rule `group` as an expression in parentheses.
    pub(super) fn group(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let mut items = node.into_inner();
        let (Some(item), None) = (items.next(), items.next()) else {
            return self.wrong_group(span);
        };
        let mut inner = item.into_inner();
        let value = self.next_expr(&mut inner, span);
        match inner.next() {
            None => Expr { span, ..value },
            Some(part) if part.as_rule() == Rule::annotation => {
                let annotation = Some(self.annotation(part));
                Expr { span, ..Self::annotated(value, annotation) }
            }
            Some(_) => self.wrong_group(span),
        }
    }

    fn wrong_group(&mut self, span: Span) -> Expr {
        self.say(
            Diagnostic::error(codes::PARAMETERS, "parentheses hold one expression")
                .label(span, "this is not one expression")
                .help("parameters are followed by `=>`: `(a, b = 1) => a + b`; a list is `[a, b]`"),
        );
        Self::invalid(span)
    }

    /// `value: Type`, when there is a type.
    pub(super) fn annotated(value: Expr, annotation: Option<Type>) -> Expr {
        let Some(annotation) = annotation else {
            return value;
        };
        Expr { span: value.span.to(annotation.span), kind: ExprKind::Annotated(Box::new(value), Box::new(annotation)) }
    }

    /// Builds the rule `annotation`.
    pub(super) fn annotation(&mut self, node: Node<'t>) -> Type {
        let span = self.span(&node);
        match node.into_inner().next() {
            Some(inner) => self.annotation_type(inner),
            None => Self::any_type(span),
        }
    }

    /// Reads the operand before `=>` as parameters.
    pub(super) fn params(&mut self, operand: Node<'t>) -> Vec<Param> {
        let span = self.span(&operand);
        let mut inner = operand.into_inner();
        match (inner.next(), inner.next()) {
            (Some(name), None) if name.as_rule() == Rule::name => {
                vec![Param { kind: ParamKind::Name(self.name(&name)), annotation: None, default: None, span }]
            }
            (Some(group), None) if group.as_rule() == Rule::group => self.group_params(group),
            _ => {
                self.not_params(span);
                Vec::new()
            }
        }
    }

    fn not_params(&mut self, span: Span) {
        self.say(
            Diagnostic::error(codes::PARAMETERS, "these are no parameters of a function")
                .label(span, "stands before `=>`")
                .note("before `=>` stands a name, or parameters in parentheses")
                .help("`x => x + 1`, `(a, b = 2) => a + b`, `({ a, ... }) => a`; between arms of a `match`, a comma may be missing"),
        );
    }

    /// Reads the rule `group` as parameters.
    pub(super) fn group_params(&mut self, group: Node<'t>) -> Vec<Param> {
        fitted(group.into_inner().filter_map(|item| self.param(item)).collect::<Vec<_>>())
    }

    fn param(&mut self, item: Node<'t>) -> Option<Param> {
        let span = self.span(&item);
        let mut inner = item.into_inner();
        let kind = self.param_kind(inner.next()?)?;
        let mut annotation = None;
        let mut default = None;
        for part in inner {
            if part.as_rule() == Rule::annotation {
                annotation = Some(self.annotation(part));
            } else {
                default = Some(self.next_expr(&mut part.into_inner(), span));
            }
        }
        Some(Param { kind, annotation, default, span })
    }

    fn param_kind(&mut self, expr: Node<'t>) -> Option<ParamKind> {
        let span = self.span(&expr);
        match single(expr) {
            Some(name) if name.as_rule() == Rule::name => Some(ParamKind::Name(self.name(&name))),
            Some(record) if record.as_rule() == Rule::record => self.record_param(record),
            _ => {
                self.not_params(span);
                None
            }
        }
    }

    fn record_param(&mut self, record: Node<'t>) -> Option<ParamKind> {
        let mut fields = Vec::new();
        let mut open = false;
        for item in record.into_inner() {
            let span = self.span(&item);
            if item.as_rule() == Rule::rest {
                open = true;
                continue;
            }
            let Some(field) = self.field_param(item) else {
                self.not_params(span);
                return None;
            };
            fields.push(field);
        }
        Some(ParamKind::Record { fields, open })
    }

    fn field_param(&mut self, item: Node<'t>) -> Option<(Name, Option<Expr>)> {
        let rule = item.as_rule();
        let mut inner = item.into_inner();
        let first = inner.next()?;
        if rule == Rule::short {
            return Some((self.name(&first), None));
        }
        let mut keys = first.into_inner();
        let key = keys.next().filter(|key| key.as_rule() == Rule::key_name)?;
        let value = inner.next().filter(|part| part.as_rule() == Rule::expr)?;
        if rule != Rule::record_field || keys.next().is_some() {
            return None;
        }
        Some((self.name(&key), Some(self.expr(value))))
    }
}

/// What an `expr` consists of, if it is one operand of one part.
fn single(expr: Node<'_>) -> Option<Node<'_>> {
    let mut parts = expr.into_inner();
    let operand = parts.next().filter(|part| part.as_rule() == Rule::operand)?;
    let mut inner = operand.into_inner();
    let only = inner.next()?;
    (parts.next().is_none() && inner.next().is_none()).then_some(only)
}
