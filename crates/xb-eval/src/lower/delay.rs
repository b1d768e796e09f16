//! Expressions whose value may be needed later: which of them need a thunk.

use xb_syntax::ast::{BinaryOp, Binding, Expr, ExprKind, Key, ListItem, StringPart};

use super::Lowering;
use super::scope::Scope;
use crate::ir::{Code, Delayed, Kind, Node, Suspend};
use crate::symbol::Symbol;

/// How deep an expression may be to be tried at once.
const CHEAP: u32 = 3;

impl<'v> Lowering<'_, 'v> {
    /// An argument, an element, a field.
    pub(super) fn delayed(&mut self, expr: &Expr) -> Delayed<'v> {
        if is_ready(expr) {
            let node = self.expr(expr);
            if is_made_at_once(&node) {
                return Delayed::Ready(self.alloc(node));
            }
        }
        let cheap = is_cheap(expr, CHEAP).then(|| self.expr(expr));
        self.suspend(None, cheap, |this| this.expr(expr))
    }

    /// The value of a binding whose group may use it before it is made; `later` are the names that it must not
    /// look at yet.
    pub(super) fn bound(&mut self, binding: &Binding, later: &[Symbol]) -> Delayed<'v> {
        let name = self.symbol(&binding.name.text);
        if binding.annotation.is_none() {
            if let ExprKind::Function(function) = &binding.value.kind {
                let lambda = self.function(function, Some(name), binding.value.span);
                let node = Node { span: binding.value.span, kind: Kind::Function(lambda) };
                return Delayed::Ready(self.alloc(node));
            }
            if is_constant(&binding.value) {
                let node = self.expr(&binding.value);
                return Delayed::Ready(self.alloc(node));
            }
        }
        let tried =
            binding.annotation.is_none() && is_cheap(&binding.value, CHEAP) && !self.mentions(&binding.value, later);
        let cheap = tried.then(|| self.expr(&binding.value));
        self.suspend(Some(name), cheap, |this| this.annotated(binding))
    }

    /// A default: it sees all parameters, so it is allocated before it is filled.
    pub(super) fn default(&mut self, expr: &Expr) -> Delayed<'v> {
        if is_constant(expr) {
            let node = self.expr(expr);
            return Delayed::Ready(self.alloc(node));
        }
        self.suspend(None, None, |this| this.expr(expr))
    }

    /// The value of a binding behind its annotation.
    pub(super) fn annotated(&mut self, binding: &Binding) -> Node<'v> {
        let value = self.expr(&binding.value);
        match &binding.annotation {
            None => value,
            Some(ty) => {
                let contract = self.contract(ty);
                Node { span: value.span, kind: Kind::Annotated(self.alloc((value, contract))) }
            }
        }
    }

    pub(super) fn suspend(
        &mut self,
        name: Option<Symbol>,
        cheap: Option<Node<'v>>,
        body: impl FnOnce(&mut Self) -> Node<'v>,
    ) -> Delayed<'v> {
        let (body, Scope { slots, captures, .. }) = self.in_scope(body);
        let captures = self.slice(captures);
        let cheap = cheap.map(|node| self.alloc(node));
        Delayed::Suspend(self.alloc(Suspend { code: Code { body, slots, name }, captures, cheap }))
    }

    fn mentions(&self, expr: &Expr, names: &[Symbol]) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => self.eval.symbols.lookup(name).is_some_and(|name| names.contains(&name)),
            ExprKind::Binary(_, left, right) => self.mentions(left, names) || self.mentions(right, names),
            ExprKind::Field(base, _) => self.mentions(base, names),
            _ => false,
        }
    }
}

/// Whether making the value cannot fail and costs no more than a thunk, as far as the syntax tells.
fn is_ready(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Function(_) | ExprKind::Record(_) => true,
        ExprKind::List(items) => !items.iter().any(|item| matches!(item, ListItem::Spread(_))),
        _ => is_constant(expr),
    }
}

/// The same, once resolved: records with computed names or spreads have to wait, and so has what lies so deep
/// that it is behind a look at the stack.
fn is_made_at_once(node: &Node<'_>) -> bool {
    matches!(
        node.kind,
        Kind::Const(_)
            | Kind::Local(_)
            | Kind::Captured(_)
            | Kind::Global(_)
            | Kind::Function(_)
            | Kind::List(_)
            | Kind::Record(_)
    )
}

pub(super) fn is_constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Script(_)
        | ExprKind::Path(_) => true,
        ExprKind::String(parts) => matches!(parts.as_slice(), [] | [StringPart::Text(_)]),
        _ => false,
    }
}

fn is_cheap(expr: &Expr, depth: u32) -> bool {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Int(_) => true,
        ExprKind::Field(base, key) => depth > 0 && matches!(**key, Key::Name(_)) && is_cheap(base, depth - 1),
        ExprKind::Binary(op, left, right) => {
            depth > 0
                && !matches!(
                    op,
                    BinaryOp::Pipe
                        | BinaryOp::Default
                        | BinaryOp::Or
                        | BinaryOp::And
                        | BinaryOp::Merge
                        | BinaryOp::Concat
                )
                && is_cheap(left, depth - 1)
                && is_cheap(right, depth - 1)
        }
        _ => false,
    }
}
