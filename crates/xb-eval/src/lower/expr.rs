//! Expressions whose value is needed now.

use xb_core::{Diagnostic, Span};
use xb_syntax::ast::{self, BinaryOp, Expr, ExprKind, Key, StringPart, UnaryOp};

use super::Lowering;
use crate::codes;
use crate::ir::{Arg, Assert, Call, Clause, Kind, Let, LetBinding, ListFor, ListPart, Node, Piece, RecordFor};
use crate::value::{PathValue, Value};

/// After how many levels of nesting the native stack is looked at.
const NESTING: u32 = 16;
/// What must be left of the native stack for that many levels.
const RED_ZONE: usize = 512 << 10;
const STACK: usize = 4 << 20;

impl<'v> Lowering<'_, 'v> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Node<'v> {
        self.nesting += 1;
        let node = if self.nesting.is_multiple_of(NESTING) {
            let inner = stacker::maybe_grow(RED_ZONE, STACK, || self.node(expr));
            Node { span: expr.span, kind: Kind::Grow(self.alloc(inner)) }
        } else {
            self.node(expr)
        };
        self.nesting -= 1;
        node
    }

    fn node(&mut self, expr: &Expr) -> Node<'v> {
        Node { span: expr.span, kind: self.kind(expr) }
    }

    fn boxed(&mut self, expr: &Expr) -> &'v Node<'v> {
        let node = self.expr(expr);
        self.alloc(node)
    }

    fn pair(&mut self, first: &Expr, second: &Expr) -> &'v (Node<'v>, Node<'v>) {
        let pair = (self.expr(first), self.expr(second));
        self.alloc(pair)
    }

    fn kind(&mut self, expr: &Expr) -> Kind<'v> {
        match &expr.kind {
            ExprKind::Null | ExprKind::Invalid => Kind::Const(Value::Null),
            ExprKind::Bool(value) => Kind::Const(Value::Bool(*value)),
            ExprKind::Int(value) => Kind::Const(Value::Int(*value)),
            ExprKind::Float(value) => Kind::Const(Value::Float(*value)),
            ExprKind::String(parts) => self.string(parts),
            ExprKind::Script(text) => {
                let text: &'v str = self.eval.arena.alloc_str(text);
                Kind::Const(Value::Script(self.alloc(text)))
            }
            ExprKind::Path(path) => self.path_literal(path, expr.span),
            ExprKind::Name(name) => self.resolve(name, expr.span),
            ExprKind::List(items) => self.list(items),
            ExprKind::Record(items) => self.record(items),
            ExprKind::Function(function) => Kind::Function(self.function(function, None, expr.span)),
            ExprKind::Call(callee, args) => self.call(callee, None, args),
            ExprKind::Field(base, key) => self.field(base, key),
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right),
            ExprKind::If(condition, yes, no) => {
                let parts = [self.expr(condition), self.expr(yes), self.expr(no)];
                Kind::If(self.alloc(parts))
            }
            ExprKind::Let(bindings, body) => self.let_group(bindings, body),
            ExprKind::Unary(op, inner) => self.unary(*op, inner),
            _ => self.rare(expr),
        }
    }

    fn rare(&mut self, expr: &Expr) -> Kind<'v> {
        match &expr.kind {
            ExprKind::ListFor(value, clauses) => self.list_for(value, clauses),
            ExprKind::RecordFor(key, value, clauses) => self.record_for(key, value, clauses),
            ExprKind::MaybeField(base, key) => self.maybe_field(base, key),
            ExprKind::With(base, fields) => Kind::With(self.pair(base, fields)),
            ExprKind::Match(subject, arms) => self.match_arms(subject, arms),
            ExprKind::Assert(condition, message, body) => {
                let assert = Assert {
                    condition: self.expr(condition),
                    message: message.as_ref().map(|message| self.expr(message)),
                    body: self.expr(body),
                };
                Kind::Assert(self.alloc(assert))
            }
            ExprKind::Error(message) => Kind::Error(self.boxed(message)),
            ExprKind::Annotated(inner, ty) => {
                let parts = (self.expr(inner), self.contract(ty));
                Kind::Annotated(self.alloc(parts))
            }
            _ => Kind::Const(Value::Null),
        }
    }

    fn string(&mut self, parts: &[StringPart]) -> Kind<'v> {
        match parts {
            [] => Kind::Const(self.eval.string("")),
            [StringPart::Text(text)] => Kind::Const(self.eval.string(text)),
            _ => {
                let pieces = parts
                    .iter()
                    .map(|part| match part {
                        StringPart::Text(text) => Piece::Text(self.eval.arena.alloc_str(text)),
                        StringPart::Expr(expr) => Piece::Expr(self.expr(expr)),
                    })
                    .collect();
                Kind::Interpolate(self.slice(pieces))
            }
        }
    }

    fn path_literal(&mut self, path: &str, span: Span) -> Kind<'v> {
        let Some(path) = self.path(path, span) else {
            return Kind::Const(Value::Null);
        };
        Kind::Const(Value::Path(self.alloc(PathValue {
            base: self.key.base,
            path: self.eval.arena.alloc_str(path.as_str()),
            only: &[],
            except: &[],
        })))
    }

    fn list(&mut self, items: &[ast::ListItem]) -> Kind<'v> {
        let spread = |item: &ast::ListItem| matches!(item, ast::ListItem::Spread(_));
        if items.iter().any(spread) {
            let parts = items
                .iter()
                .map(|item| match item {
                    ast::ListItem::Value(value) => ListPart::Value(self.delayed(value)),
                    ast::ListItem::Spread(list) => ListPart::Spread(self.expr(list)),
                })
                .collect();
            return Kind::ListParts(self.slice(parts));
        }
        let delayed = items
            .iter()
            .map(|item| match item {
                ast::ListItem::Value(value) | ast::ListItem::Spread(value) => self.delayed(value),
            })
            .collect();
        Kind::List(self.slice(delayed))
    }

    /// A call; `first` is what a pipe puts before the other arguments.
    fn call(&mut self, callee: &Expr, first: Option<&Expr>, args: &[ast::Argument]) -> Kind<'v> {
        let callee = self.expr(callee);
        let mut lowered = Vec::with_capacity(args.len() + 1);
        if let Some(value) = first {
            lowered.push(Arg { name: None, value: self.delayed(value), span: value.span });
        }
        for arg in args {
            let name = arg.name.as_ref().map(|name| self.symbol(&name.text));
            let span = arg.name.as_ref().map_or(arg.value.span, |name| name.span.to(arg.value.span));
            lowered.push(Arg { name, value: self.delayed(&arg.value), span });
        }
        let positional = lowered.iter().all(|arg| arg.name.is_none());
        let args = self.slice(lowered);
        Kind::Call(self.alloc(Call { callee, args, positional }))
    }

    fn field(&mut self, base: &Expr, key: &Key) -> Kind<'v> {
        let base = self.expr(base);
        match self.fixed_key(key) {
            Some(name) => {
                if let Kind::Const(Value::Record(namespace)) = base.kind
                    && let Some(value) = namespace.get(name)
                {
                    return Kind::Const(value);
                }
                Kind::Field(self.alloc(base), name)
            }
            None => {
                let pair = (base, self.computed_key(key));
                Kind::FieldOf(self.alloc(pair))
            }
        }
    }

    fn maybe_field(&mut self, base: &Expr, key: &Key) -> Kind<'v> {
        let base = self.expr(base);
        match self.fixed_key(key) {
            Some(name) => Kind::MaybeField(self.alloc(base), name),
            None => {
                let pair = (base, self.computed_key(key));
                Kind::MaybeFieldOf(self.alloc(pair))
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Kind<'v> {
        if op != BinaryOp::Pipe {
            return Kind::Binary(op, self.pair(left, right));
        }
        match &right.kind {
            ExprKind::Call(callee, args) => self.call(callee, Some(left), args),
            _ => self.call(right, Some(left), &[]),
        }
    }

    fn unary(&mut self, op: UnaryOp, inner: &Expr) -> Kind<'v> {
        match (op, &inner.kind) {
            (UnaryOp::Negate, ExprKind::Int(value)) if *value != i64::MIN => Kind::Const(Value::Int(-value)),
            (UnaryOp::Negate, ExprKind::Float(value)) => Kind::Const(Value::Float(-value)),
            (UnaryOp::Negate, _) => Kind::Negate(self.boxed(inner)),
            (UnaryOp::Not, _) => Kind::Not(self.boxed(inner)),
        }
    }

    fn let_group(&mut self, bindings: &[ast::Binding], body: &Expr) -> Kind<'v> {
        let mark = self.mark();
        let names: Vec<_> = bindings.iter().map(|binding| self.symbol(&binding.name.text)).collect();
        let slots: Vec<u32> = bindings.iter().map(|_| self.slot()).collect();
        let mut seen = rustc_hash::FxHashSet::default();
        for ((name, slot), binding) in names.iter().zip(&slots).zip(bindings) {
            if !seen.insert(*name) {
                self.report_twice(codes::BOUND_TWICE, "the name", &binding.name.text, binding.name.span);
            }
            self.show(*name, *slot);
        }
        self.begin_group(slots.first().copied().unwrap_or(0), slots.len());
        let mut values = Vec::with_capacity(bindings.len());
        for (at, binding) in bindings.iter().enumerate() {
            self.now_resolving(slots[at]);
            values.push(self.bound(binding, &names[at..]));
        }
        let early = self.end_group();
        let members = slots
            .iter()
            .zip(values)
            .zip(early)
            .map(|((slot, value), recursive)| LetBinding { slot: *slot, value, recursive })
            .collect();
        let bindings = self.slice(members);
        let body = self.expr(body);
        self.hide(mark);
        Kind::Let(self.alloc(Let { bindings, body }))
    }

    fn list_for(&mut self, value: &Expr, clauses: &[ast::Clause]) -> Kind<'v> {
        let mark = self.mark();
        let clauses = self.clauses(clauses);
        let value = self.delayed(value);
        self.hide(mark);
        Kind::ListFor(self.alloc(ListFor { value, clauses }))
    }

    fn record_for(&mut self, key: &Expr, value: &Expr, clauses: &[ast::Clause]) -> Kind<'v> {
        let mark = self.mark();
        let clauses = self.clauses(clauses);
        let (key, value) = (self.expr(key), self.delayed(value));
        self.hide(mark);
        Kind::RecordFor(self.alloc(RecordFor { key, value, clauses }))
    }

    fn clauses(&mut self, clauses: &[ast::Clause]) -> &'v [Clause<'v>] {
        let clauses = clauses
            .iter()
            .map(|clause| match clause {
                ast::Clause::For(pattern, list) => {
                    let list = self.expr(list);
                    Clause::For(self.pattern(pattern), list)
                }
                ast::Clause::If(condition) => Clause::If(self.expr(condition)),
            })
            .collect();
        self.slice(clauses)
    }

    pub(super) fn unknown_type(&mut self, name: &str, span: Span) {
        let known = crate::contract::Simple::ALL.map(|(name, _)| name);
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_TYPE, format!("there is no type `{name}`"))
            .label(span, "used here")
            .note(format!("the types are Any, {}", known.join(", ")));
        if let Some(near) = xb_core::nearest(name, known) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
    }
}
