//! Type annotations.

use std::iter::Peekable;
use std::sync::Arc;

use pest::iterators::Pairs;
use xb_core::Span;

use super::{Builder, Node};
use crate::ast::{Name, Type, TypeKind};
use crate::grammar::Rule;

impl<'t> Builder<'t> {
    pub(super) fn any_type(span: Span) -> Type {
        Type { kind: TypeKind::Name("Any".into()), span }
    }

    /// Builds the rule `type`: unions, joined by `->`, which groups to the right.
    pub(super) fn annotation_type(&mut self, node: Node<'t>) -> Type {
        let span = self.span(&node);
        let mut parts = node.into_inner().peekable();
        if self.depth + parts.len() > super::MAX_DEPTH {
            self.say(crate::diagnose::too_deep(span));
            return Self::any_type(span);
        }
        let mut sides = vec![self.union(&mut parts, span)];
        while parts.next().is_some() {
            sides.push(self.union(&mut parts, span));
        }
        let (mut result, _) = sides.pop().unwrap_or_else(|| (Self::any_type(span), None));
        while let Some((side, params)) = sides.pop() {
            let whole = side.span.to(result.span);
            let params = params.unwrap_or_else(|| vec![side]);
            result = Type { kind: TypeKind::Function(params, Box::new(result)), span: whole };
        }
        result
    }

    /// One side of `->`: a union, and what it is as parameters when it is a group.
    fn union(&mut self, parts: &mut Peekable<Pairs<'t, Rule>>, place: Span) -> (Type, Option<Vec<Type>>) {
        let mut types = Vec::new();
        let mut params = None;
        while let Some(part) = parts.next_if(|part| part.as_str() != "->") {
            match part.as_rule() {
                Rule::type_op => {}
                Rule::optional => {
                    params = None;
                    let whole = self.span(&part);
                    if let Some(inner) = types.pop() {
                        types.push(Self::optional_type(inner, whole));
                    }
                }
                _ => {
                    let (one, group) = self.one_type(part);
                    types.push(one);
                    params = group;
                }
            }
        }
        let params = params.filter(|_| types.len() == 1);
        match (types.pop(), types.is_empty()) {
            (None, _) => (Self::any_type(place), None),
            (Some(only), true) => (only, params),
            (Some(last), false) => {
                let span = types.first().map_or(last.span, |first| first.span.to(last.span));
                types.push(last);
                let kind = TypeKind::Union(types);
                (Type { kind, span }, None)
            }
        }
    }

    fn optional_type(inner: Type, mark: Span) -> Type {
        Type { span: inner.span.to(mark), kind: TypeKind::Optional(Box::new(inner)) }
    }

    /// One type; for a group also its members, which may turn out to be parameters.
    fn one_type(&mut self, node: Node<'t>) -> (Type, Option<Vec<Type>>) {
        let span = self.span(&node);
        if node.as_rule() == Rule::type_group {
            let members: Vec<Type> = node.into_inner().map(|t| self.annotation_type(t)).collect();
            let alone = match members.as_slice() {
                [only] => only.clone(),
                _ => Self::any_type(span),
            };
            return (alone, Some(members));
        }
        let kind = match node.as_rule() {
            Rule::type_list => TypeKind::List(Box::new(self.inner_type(node, span))),
            Rule::type_map => TypeKind::Map(Box::new(self.inner_type(node, span))),
            Rule::type_record => self.type_record(node),
            Rule::type_null => TypeKind::Name("Null".into()),
            Rule::text_line => TypeKind::Literal(self.only_text(node)),
            _ => TypeKind::Name(Arc::from(node.as_str())),
        };
        (Type { kind, span }, None)
    }

    fn inner_type(&mut self, node: Node<'t>, span: Span) -> Type {
        match node.into_inner().next() {
            Some(inner) => self.annotation_type(inner),
            None => Self::any_type(span),
        }
    }

    fn type_record(&mut self, node: Node<'t>) -> TypeKind {
        let mut fields = Vec::new();
        let mut open = false;
        for part in node.into_inner() {
            if part.as_rule() == Rule::rest {
                open = true;
            } else {
                fields.extend(self.type_field(part));
            }
        }
        TypeKind::Record(fields, open)
    }

    fn type_field(&mut self, node: Node<'t>) -> Option<(Name, bool, Type)> {
        let mut inner = node.into_inner().peekable();
        let name = inner.next().map(|name| self.name(&name))?;
        let optional = inner.next_if(|part| part.as_rule() == Rule::optional_field).is_some();
        let field = self.annotation_type(inner.next()?);
        Some((name, optional, field))
    }
}
