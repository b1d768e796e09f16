//! Record literals: nested names are merged with their neighbours, fixed names are sorted once and for all.

use rustc_hash::FxHashMap;
use xb_core::Span;
use xb_syntax::ast::{Expr, ExprKind, Key, RecordItem, StringPart, Type};

use super::Lowering;
use crate::codes;
use crate::ir::{Delayed, Kind, Node, RecordPart};
use crate::symbol::Symbol;

/// How many names `a.b.c = value` may have.
const NAMES: usize = 256;

/// A record literal while its nested names are merged.
#[derive(Default)]
struct Draft<'a> {
    entries: Vec<Entry<'a>>,
    index: FxHashMap<Symbol, usize>,
}

enum Entry<'a> {
    Fixed(Symbol, Span, Content<'a>),
    Computed(&'a Key, Content<'a>),
    Spread(&'a Expr),
}

enum Content<'a> {
    Value(&'a Expr, Option<&'a Type>),
    Short(&'a str, Span),
    Group(Draft<'a>),
}

impl<'v> Lowering<'_, 'v> {
    pub(super) fn record(&mut self, items: &[RecordItem]) -> Kind<'v> {
        let mut draft = Draft::default();
        for item in items {
            match item {
                RecordItem::Field { key, annotation, value } => {
                    let content = Content::Value(value, annotation.as_ref());
                    self.draft(&mut draft, std::slice::from_ref(key), content);
                }
                RecordItem::Nested { keys, .. } if keys.len() > NAMES => {
                    let span = keys.first().map_or(crate::evaluator::NOWHERE, key_span);
                    self.report_too_deep("a field is nested", NAMES, span);
                }
                RecordItem::Nested { keys, value } => {
                    self.draft(&mut draft, keys, Content::Value(value, None));
                }
                RecordItem::Short(name) => {
                    let symbol = self.symbol(&name.text);
                    self.draft_fixed(&mut draft, symbol, name.span, Content::Short(&name.text, name.span));
                }
                RecordItem::Spread(expr) => draft.entries.push(Entry::Spread(expr)),
            }
        }
        self.draft_kind(draft)
    }

    fn draft<'a>(&mut self, draft: &mut Draft<'a>, keys: &'a [Key], content: Content<'a>) {
        let Some((first, rest)) = keys.split_first() else {
            return;
        };
        let Some(name) = self.fixed_key(first) else {
            let content = self.nest(rest, content);
            draft.entries.push(Entry::Computed(first, content));
            return;
        };
        if !rest.is_empty()
            && let Some(at) = draft.index.get(&name)
            && let Entry::Fixed(_, _, Content::Group(inner)) = &mut draft.entries[*at]
        {
            return self.draft(inner, rest, content);
        }
        let content = self.nest(rest, content);
        self.draft_fixed(draft, name, key_span(first), content);
    }

    /// The content as seen from further out.
    fn nest<'a>(&mut self, keys: &'a [Key], content: Content<'a>) -> Content<'a> {
        if keys.is_empty() {
            return content;
        }
        let mut group = Draft::default();
        self.draft(&mut group, keys, content);
        Content::Group(group)
    }

    fn draft_fixed<'a>(&mut self, draft: &mut Draft<'a>, name: Symbol, span: Span, content: Content<'a>) {
        if draft.index.contains_key(&name) {
            let text = self.eval.symbols.name(name);
            return self.report_twice(codes::DUPLICATE, "the field", text, span);
        }
        draft.index.insert(name, draft.entries.len());
        draft.entries.push(Entry::Fixed(name, span, content));
    }

    fn draft_kind(&mut self, draft: Draft<'_>) -> Kind<'v> {
        let fixed = draft.entries.iter().all(|entry| matches!(entry, Entry::Fixed(..)));
        if fixed {
            let mut fields: Vec<(Symbol, Delayed<'v>)> = Vec::with_capacity(draft.entries.len());
            for entry in draft.entries {
                if let Entry::Fixed(name, span, content) = entry {
                    fields.push((name, self.content(content, span)));
                }
            }
            fields.sort_unstable_by_key(|field| field.0);
            return Kind::Record(self.slice(fields));
        }
        let parts = draft
            .entries
            .into_iter()
            .map(|entry| match entry {
                Entry::Fixed(name, span, content) => RecordPart::Field(name, span, self.content(content, span)),
                Entry::Computed(key, content) => {
                    let name = self.computed_key(key);
                    RecordPart::Computed(name, self.content(content, name.span))
                }
                Entry::Spread(expr) => RecordPart::Spread(self.expr(expr)),
            })
            .collect();
        Kind::RecordParts(self.slice(parts))
    }

    fn content(&mut self, content: Content<'_>, span: Span) -> Delayed<'v> {
        match content {
            Content::Value(value, None) => self.delayed(value),
            Content::Value(value, Some(ty)) => self.suspend(None, None, |this| {
                let parts = (this.expr(value), this.contract(ty));
                Node { span: value.span, kind: Kind::Annotated(this.alloc(parts)) }
            }),
            Content::Short(name, span) => {
                let kind = self.resolve(name, span);
                Delayed::Ready(self.alloc(Node { span, kind }))
            }
            Content::Group(draft) if draft.entries.iter().all(|entry| matches!(entry, Entry::Fixed(..))) => {
                let kind = self.draft_kind(draft);
                Delayed::Ready(self.alloc(Node { span, kind }))
            }
            Content::Group(draft) => self.suspend(None, None, |this| Node { span, kind: this.draft_kind(draft) }),
        }
    }

    /// The name that a key gives without evaluation.
    pub(super) fn fixed_key(&self, key: &Key) -> Option<Symbol> {
        match key {
            Key::Name(name) => Some(self.symbol(&name.text)),
            Key::Expr(Expr { kind: ExprKind::String(parts), .. }) => match parts.as_slice() {
                [] => Some(self.symbol("")),
                [StringPart::Text(text)] => Some(self.symbol(text)),
                _ => None,
            },
            Key::Expr(_) => None,
        }
    }

    pub(super) fn computed_key(&mut self, key: &Key) -> Node<'v> {
        match key {
            Key::Expr(expr) => self.expr(expr),
            Key::Name(name) => Node { span: name.span, kind: Kind::Const(self.eval.string(&name.text)) },
        }
    }
}

fn key_span(key: &Key) -> Span {
    match key {
        Key::Name(name) => name.span,
        Key::Expr(expr) => expr.span,
    }
}
