//! Operators and the forms that take all that follows: precedence climbing over the flat rule `expr`.

use std::iter::Peekable;
use std::sync::Arc;

use pest::iterators::Pairs;
use xb_core::{Diagnostic, Span};

use super::{Builder, Node};
use crate::ast::{BinaryOp, Binding, Expr, ExprKind, Function, UnaryOp};
use crate::codes;
use crate::grammar::Rule;

type Parts<'t> = Peekable<Pairs<'t, Rule>>;

/// How tightly an operator binds, from the loosest, and whether a chain of it groups to the right.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Binds {
    level: u8,
    right: bool,
}

/// The level of the comparisons, which do not chain.
const COMPARISON: u8 = 5;

/// The operator that is written so.
fn operator(text: &str) -> Option<(BinaryOp, Binds)> {
    let (op, level, right) = match text {
        "|>" => (BinaryOp::Pipe, 1, false),
        "??" => (BinaryOp::Default, 2, true),
        "||" => (BinaryOp::Or, 3, false),
        "&&" => (BinaryOp::And, 4, false),
        "==" => (BinaryOp::Equal, COMPARISON, false),
        "!=" => (BinaryOp::NotEqual, COMPARISON, false),
        "<" => (BinaryOp::Less, COMPARISON, false),
        "<=" => (BinaryOp::LessEqual, COMPARISON, false),
        ">" => (BinaryOp::Greater, COMPARISON, false),
        ">=" => (BinaryOp::GreaterEqual, COMPARISON, false),
        "//" => (BinaryOp::Merge, 6, true),
        "++" => (BinaryOp::Concat, 7, false),
        "+" => (BinaryOp::Add, 8, false),
        "-" => (BinaryOp::Subtract, 8, false),
        "*" => (BinaryOp::Multiply, 9, false),
        "/" => (BinaryOp::Divide, 9, false),
        "%" => (BinaryOp::Remainder, 9, false),
        _ => return None,
    };
    Some((op, Binds { level, right }))
}

impl<'t> Builder<'t> {
    /// Builds the rules `expr` and `plain`.
    pub(crate) fn expr(&mut self, node: Node<'t>) -> Expr {
        let span = self.span(&node);
        let parts = node.into_inner();
        let levels = parts.len();
        self.deeper(levels, span, |this| this.climb(&mut parts.peekable(), 0, span))
    }

    fn climb(&mut self, parts: &mut Parts<'t>, loosest: u8, whole: Span) -> Expr {
        let mut left = self.lead(parts, whole);
        let mut compared = false;
        while let Some((op, binds)) = parts.peek().and_then(|part| operator(part.as_str())) {
            if binds.level < loosest {
                break;
            }
            let sign = parts.next().map_or(whole, |part| self.span(&part));
            if std::mem::replace(&mut compared, binds.level == COMPARISON) && compared {
                self.chained(sign);
            }
            let right = self.climb(parts, binds.level + u8::from(!binds.right), whole);
            let span = left.span.to(right.span);
            let kind = ExprKind::Binary(op, Box::new(left), Box::new(right));
            left = Expr { kind, span };
        }
        left
    }

    fn chained(&mut self, sign: Span) {
        self.say(
            Diagnostic::error(codes::CHAINED_COMPARISON, "comparisons do not chain")
                .label(sign, "a second comparison of the same operands")
                .note("`a < b < c` would compare a truth value with `c`")
                .help("write `a < b && b < c`, or put parentheses around one comparison"),
        );
    }

    /// One operand with what stands before it; an opening form takes all the parts that are left.
    fn lead(&mut self, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let Some(part) = parts.next() else {
            return Self::invalid(whole);
        };
        match part.as_rule() {
            Rule::prefix => self.prefix(&part, parts, whole),
            Rule::if_lead => self.if_lead(part, parts, whole),
            Rule::let_lead => self.let_lead(part, parts, whole),
            Rule::error_lead => self.error_lead(&part, parts, whole),
            Rule::assert_lead => self.assert_lead(part, parts, whole),
            _ if parts.peek().is_some_and(|next| next.as_rule() == Rule::arrow) => self.function(part, parts, whole),
            _ => self.operand(part),
        }
    }

    fn prefix(&mut self, sign: &Node<'t>, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let start = self.span(sign);
        if sign.as_str() == "!" {
            let value = self.lead(parts, whole);
            let span = start.to(value.span);
            let kind = ExprKind::Unary(UnaryOp::Not, Box::new(value));
            return Expr { kind, span };
        }
        if parts.peek().is_some_and(|next| next.as_str() == super::literal::SMALLEST) {
            let span = parts.next().map_or(start, |part| start.to(self.span(&part)));
            let kind = ExprKind::Int(i64::MIN);
            return Expr { kind, span };
        }
        let value = self.lead(parts, whole);
        let span = start.to(value.span);
        let kind = ExprKind::Unary(UnaryOp::Negate, Box::new(value));
        Expr { kind, span }
    }

    fn if_lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let start = self.span(&lead);
        let mut inner = lead.into_inner();
        let condition = self.next_expr(&mut inner, start);
        let then = self.next_expr(&mut inner, start);
        let otherwise = self.climb(parts, 0, whole);
        let span = start.to(otherwise.span);
        let kind = ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise));
        Expr { kind, span }
    }

    fn let_lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let start = self.span(&lead);
        let bindings: Vec<Binding> = lead.into_inner().filter_map(|binding| self.binding(binding)).collect();
        let body = self.climb(parts, 0, whole);
        let span = start.to(body.span);
        let kind = ExprKind::Let(bindings, Box::new(body));
        Expr { kind, span }
    }

    fn error_lead(&mut self, lead: &Node<'t>, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let message = self.climb(parts, 0, whole);
        let span = self.span(lead).to(message.span);
        let kind = ExprKind::Error(Box::new(message));
        Expr { kind, span }
    }

    fn assert_lead(&mut self, lead: Node<'t>, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let start = self.span(&lead);
        let mut inner = lead.into_inner();
        let condition = self.next_expr(&mut inner, start);
        let message = inner.next().map(|node| Box::new(self.expr(node)));
        let body = self.climb(parts, 0, whole);
        let span = start.to(body.span);
        let kind = ExprKind::Assert(Box::new(condition), message, Box::new(body));
        Expr { kind, span }
    }

    /// `operand => body`; the operand is read as parameters.
    fn function(&mut self, operand: Node<'t>, parts: &mut Parts<'t>, whole: Span) -> Expr {
        let start = self.span(&operand);
        let params = self.params(operand);
        let result =
            parts.next().and_then(|arrow| arrow.into_inner().next()).map(|annotation| self.annotation_type(annotation));
        let body = self.climb(parts, 0, whole);
        let span = start.to(body.span);
        let function = Function { params, result, body };
        let kind = ExprKind::Function(Arc::new(function));
        Expr { kind, span }
    }

    /// The next of `nodes` as an expression.
    pub(super) fn next_expr(&mut self, nodes: &mut Pairs<'t, Rule>, place: Span) -> Expr {
        match nodes.next() {
            Some(node) => self.expr(node),
            None => Self::invalid(place),
        }
    }
}
