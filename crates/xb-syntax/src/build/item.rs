//! Files and items.

use xb_core::{Diagnostic, Span};

use super::{Builder, Node, fitted};
use crate::ast::{Binding, Expr, ExprKind, File, Item, Name, Package, Param, Release, Use, UseSource};
use crate::codes;
use crate::grammar::Rule;

/// What a body of a package or release holds.
pub(crate) enum BodyItem {
    /// `let name = value`.
    Let(Binding),
    /// `name = value`.
    Field(Binding),
}

impl<'t> Builder<'t> {
    /// Builds the rule `file`.
    pub(crate) fn file(&mut self, node: Node<'t>) -> File {
        let mut file = File::default();
        let mut last: Option<(Span, bool)> = None;
        for part in node.into_inner() {
            let span = self.span(&part);
            let rule = part.as_rule();
            let is_let = rule == Rule::let_item;
            let joined = is_let || matches!(rule, Rule::let_body | Rule::EOI);
            if let Some((last, _)) = last.replace((span, is_let)).filter(|_| !joined) {
                self.separated("items", last, span);
            }
            match rule {
                Rule::EOI => {}
                Rule::expr => file.value = Some(self.expr(part)),
                Rule::let_body => file.value = Some(self.let_body(part, &mut file.items)),
                _ => file.items.push(self.item(part)),
            }
        }
        file
    }

    /// `in body` after the lets at the end of the items: they were no items but its bindings.
    fn let_body(&mut self, node: Node<'t>, items: &mut Vec<Item>) -> Expr {
        let span = self.span(&node);
        let body = self.next_expr(&mut node.into_inner(), span);
        let first = items.iter().rposition(|item| !matches!(item, Item::Let(_))).map_or(0, |at| at + 1);
        let bindings: Vec<Binding> = items
            .drain(first..)
            .filter_map(|item| match item {
                Item::Let(binding) => Some(binding),
                _ => None,
            })
            .collect();
        let Some(start) = bindings.first().map(|binding| binding.name.span) else {
            return self.wrong(codes::UNEXPECTED, span, "`in` without a `let`", "no `let` before this `in`");
        };
        let span = start.to(body.span);
        let kind = ExprKind::Let(bindings, Box::new(body));
        Expr { kind, span }
    }

    fn item(&mut self, node: Node<'t>) -> Item {
        let span = self.span(&node);
        let item = match node.as_rule() {
            Rule::use_item => self.use_item(node).map(Item::Use),
            Rule::let_item => self.let_item(node).map(Item::Let),
            Rule::package_item => self.package(node).map(Item::Package),
            _ => self.release(node).map(Item::Release),
        };
        item.unwrap_or(Item::Error(span))
    }

    fn use_item(&mut self, node: Node<'t>) -> Option<Use> {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let source = self.use_source(inner.next()?)?;
        let mut names = None;
        let mut whole = None;
        for part in inner {
            if part.as_rule() == Rule::name {
                whole = Some(self.name(&part));
            } else {
                names = Some(self.use_names(part));
            }
        }
        if names.is_none() && whole.is_none() {
            self.say(
                Diagnostic::error(codes::USE, "this `use` brings in nothing")
                    .label(span, "no names follow")
                    .help("write `use std { fetch, c }` for some names, or `use std as s` for all under one"),
            );
        }
        Some(Use { source, names: names.unwrap_or_default(), whole, span })
    }

    fn use_source(&mut self, node: Node<'t>) -> Option<UseSource> {
        let span = self.span(&node);
        if node.as_rule() == Rule::text_line {
            let path = self.only_text(node);
            return Some(UseSource::File { path, span });
        }
        let mut names = node.into_inner().map(|name| self.name(&name));
        if names.next().is_some_and(|first| &*first.text == "std") {
            return Some(UseSource::Std(names.collect()));
        }
        drop(names);
        self.say(
            Diagnostic::error(codes::USE, "`use` reads from `std` or from a file")
                .label(span, "neither `std` nor a path in quotes")
                .help("for the standard library write `use std { name }`, for a file `use \"./file.xb\" { name }`"),
        );
        None
    }

    fn use_names(&mut self, node: Node<'t>) -> Vec<(Name, Name)> {
        let mut names: Vec<(Name, Name)> = Vec::new();
        let mut last: Option<Span> = None;
        for part in node.into_inner() {
            let span = self.span(&part);
            if let Some(last) = last.replace(span) {
                self.separated("names", last, span);
            }
            let mut inner = part.into_inner();
            let Some(name) = inner.next().map(|name| self.name(&name)) else {
                continue;
            };
            let here = inner.next().map_or_else(|| name.clone(), |here| self.name(&here));
            names.push((name, here));
        }
        names
    }

    fn let_item(&mut self, node: Node<'t>) -> Option<Binding> {
        let doc = self.doc(node.as_span().start());
        let binding = self.binding(node.into_inner().next()?)?;
        Some(Binding { doc, ..binding })
    }

    /// Builds the rules `binding` and `field`, without a doc.
    pub(super) fn binding(&mut self, node: Node<'t>) -> Option<Binding> {
        let span = self.span(&node);
        let mut inner = node.into_inner().peekable();
        let name = inner.next().map(|name| self.name(&name))?;
        let annotation = inner.next_if(|part| part.as_rule() == Rule::annotation).map(|part| self.annotation(part));
        let value = match inner.next() {
            Some(value) => self.expr(value),
            None => Self::invalid(span),
        };
        Some(Binding { name, annotation, value, doc: None })
    }

    /// Builds the rules `package_item` and `package_head`.
    pub(crate) fn package(&mut self, node: Node<'t>) -> Option<Package> {
        let span = self.span(&node);
        let doc = self.doc(node.as_span().start());
        let mut inner = node.into_inner().peekable();
        let name = inner.next().map(|name| self.name(&name))?;
        let params = match inner.next_if(|part| part.as_rule() == Rule::group) {
            Some(group) => self.package_params(group, &name),
            None => self.no_architecture(&name),
        };
        let (lets, fields) = self.body(inner);
        Some(Package { name, params, lets, fields, doc, span })
    }

    fn package_params(&mut self, group: Node<'t>, name: &Name) -> Vec<Param> {
        let params = self.group_params(group);
        if params.is_empty() {
            return self.no_architecture(name);
        }
        params
    }

    fn no_architecture(&mut self, name: &Name) -> Vec<Param> {
        self.say(
            Diagnostic::error(codes::PACKAGE_FORM, format!("package `{}` has no parameter", name.text))
                .label(name.span, "of which architecture?")
                .note("a package is a function of the architecture of its result")
                .help(format!("write `package {}(arch) {{ ... }}`", name.text)),
        );
        Vec::new()
    }

    /// Builds the rules `release_item` and `release_head`.
    pub(crate) fn release(&mut self, node: Node<'t>) -> Option<Release> {
        let span = self.span(&node);
        let mut inner = node.into_inner();
        let name = inner.next().map(|name| self.name(&name))?;
        let (lets, fields) = self.body(inner);
        if let Some(first) = lets.first() {
            self.say(
                Diagnostic::error(codes::PACKAGE_FORM, "a release has no `let`s")
                    .label(first.name.span, "this one")
                    .help("put the `let` before the release"),
            );
        }
        Some(Release { name, fields, span })
    }

    fn body(&mut self, nodes: impl Iterator<Item = Node<'t>>) -> (Vec<Binding>, Vec<Binding>) {
        let mut lets = Vec::new();
        let mut fields = Vec::new();
        let mut last: Option<Span> = None;
        for node in nodes.filter(|node| node.as_rule() != Rule::EOI) {
            let span = self.span(&node);
            if let Some(last) = last.replace(span) {
                self.separated("fields", last, span);
            }
            match self.body_item(node) {
                Some(BodyItem::Let(binding)) => lets.push(binding),
                Some(BodyItem::Field(binding)) => fields.push(binding),
                None => {}
            }
        }
        (fitted(lets), fitted(fields))
    }

    /// Builds the rule `body_item`.
    pub(crate) fn body_item(&mut self, node: Node<'t>) -> Option<BodyItem> {
        if node.as_rule() == Rule::let_item {
            return self.let_item(node).map(BodyItem::Let);
        }
        let doc = self.doc(node.as_span().start());
        let binding = self.binding(node)?;
        Some(BodyItem::Field(Binding { doc, ..binding }))
    }
}
