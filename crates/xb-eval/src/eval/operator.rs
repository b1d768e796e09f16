//! Operators: arithmetic, comparison, logic, and the cheap expressions that need no thunk.

use std::cmp;

use xb_core::Span;
use xb_syntax::ast::BinaryOp;

use crate::codes;
use crate::evaluator::{Evaluator, Frame};
use crate::failure::{Failure, Result};
use crate::ir::{Kind, Node};
use crate::value::Value;

pub(crate) use std::cmp::Ordering;

impl<'v> Evaluator<'v> {
    #[inline]
    pub(super) fn eval_binary(
        &self,
        op: BinaryOp,
        sides: &'v (Node<'v>, Node<'v>),
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        if is_lazy(op) {
            return self.eval_lazy(op, sides, frame);
        }
        let left = self.eval(&sides.0, frame)?;
        let right = self.eval(&sides.1, frame)?;
        if let Some(value) = small(op, left, right) {
            return Ok(value);
        }
        self.operate(op, left, right, sides, span)
    }

    fn eval_lazy(&self, op: BinaryOp, sides: &'v (Node<'v>, Node<'v>), frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        match op {
            BinaryOp::And if !self.condition(&sides.0, frame)? => Ok(Value::Bool(false)),
            BinaryOp::Or if self.condition(&sides.0, frame)? => Ok(Value::Bool(true)),
            BinaryOp::And | BinaryOp::Or => self.condition(&sides.1, frame).map(Value::Bool),
            _ => match self.eval(&sides.0, frame)? {
                Value::Null => self.eval(&sides.1, frame),
                value => Ok(value),
            },
        }
    }

    #[inline(never)]
    fn operate(
        &self,
        op: BinaryOp,
        left: Value<'v>,
        right: Value<'v>,
        sides: &(Node<'v>, Node<'v>),
        span: Span,
    ) -> Result<Value<'v>> {
        match op {
            BinaryOp::Equal => self.equal(left, right, span).map(Value::Bool),
            BinaryOp::NotEqual => self.equal(left, right, span).map(|equal| Value::Bool(!equal)),
            BinaryOp::Less => Ok(Value::Bool(self.order(left, right, span)?.is_lt())),
            BinaryOp::LessEqual => Ok(Value::Bool(self.order(left, right, span)?.is_le())),
            BinaryOp::Greater => Ok(Value::Bool(self.order(left, right, span)?.is_gt())),
            BinaryOp::GreaterEqual => Ok(Value::Bool(self.order(left, right, span)?.is_ge())),
            BinaryOp::Merge => self.merge(left, right, sides),
            BinaryOp::Concat => self.concat(left, right, sides, span),
            BinaryOp::Add => match (left, right) {
                (Value::String(a), Value::String(b)) => self.join_two(a, b, span),
                _ => self.arithmetic(op, left, right, sides, span),
            },
            _ => self.arithmetic(op, left, right, sides, span),
        }
    }

    fn join_two(&self, a: &str, b: &str, span: Span) -> Result<Value<'v>> {
        self.reserve(a.len() + b.len(), span)?;
        Ok(self.written(a.len() + b.len(), |text| {
            text.push_str(a);
            text.push_str(b);
        }))
    }

    fn merge(&self, left: Value<'v>, right: Value<'v>, sides: &(Node<'v>, Node<'v>)) -> Result<Value<'v>> {
        match (left, right) {
            (Value::Record(a), Value::Record(b)) => {
                self.reserve(a.bytes_to_merge(b), sides.1.span)?;
                Ok(self.record(a.merge(self.arena, b)))
            }
            (Value::Record(_), other) => Err(self.wrong_side("//", "a record", other, &sides.1)),
            (other, _) => Err(self.wrong_side("//", "a record", other, &sides.0)),
        }
    }

    fn concat(&self, left: Value<'v>, right: Value<'v>, sides: &(Node<'v>, Node<'v>), span: Span) -> Result<Value<'v>> {
        match (left, right) {
            (Value::List(a), Value::List(b)) => {
                let length = a.len() + b.len();
                self.reserve(length * size_of::<Value<'v>>(), span)?;
                let mut items = bumpalo::collections::Vec::with_capacity_in(length, self.arena);
                items.extend_from_slice_copy(a);
                items.extend_from_slice_copy(b);
                Ok(self.part(items.into_bump_slice()))
            }
            (Value::List(_), other) => Err(self.wrong_side("++", "a list", other, &sides.1)),
            (other, _) => Err(self.wrong_side("++", "a list", other, &sides.0)),
        }
    }

    fn arithmetic(
        &self,
        op: BinaryOp,
        left: Value<'v>,
        right: Value<'v>,
        sides: &(Node<'v>, Node<'v>),
        span: Span,
    ) -> Result<Value<'v>> {
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => Err(integer_failure(op, a, b, span)),
            (Value::Int(a), Value::Float(b)) => self.float_result(op, a as f64, b, span),
            (Value::Float(a), Value::Int(b)) => self.float_result(op, a, b as f64, span),
            (Value::Float(a), Value::Float(b)) => self.float_result(op, a, b, span),
            (Value::Int(_) | Value::Float(_), other) => Err(self.wrong_side(symbol(op), "a number", other, &sides.1)),
            (Value::String(_), other) if op == BinaryOp::Add => {
                let failure = self.wrong_side("+", "a string", other, &sides.1);
                Err(failure.help("put it into the string: `\"...${value}\"`"))
            }
            (other, _) => {
                let failure = self.wrong_side(symbol(op), "a number", other, &sides.0);
                Err(match other {
                    Value::List(_) if op == BinaryOp::Add => failure.help("lists are joined with `++`"),
                    Value::Record(_) if op == BinaryOp::Add => failure.help("records are merged with `//`"),
                    _ => failure,
                })
            }
        }
    }

    fn float_result(&self, op: BinaryOp, a: f64, b: f64, span: Span) -> Result<Value<'v>> {
        let value = match op {
            BinaryOp::Add => a + b,
            BinaryOp::Subtract => a - b,
            BinaryOp::Multiply => a * b,
            BinaryOp::Divide => a / b,
            _ => a % b,
        };
        if value.is_finite() {
            return Ok(Value::Float(value));
        }
        let zero = b == 0.0 && matches!(op, BinaryOp::Divide | BinaryOp::Remainder);
        Err(if zero {
            Failure::new(codes::ZERO, "division by zero")
        } else {
            Failure::new(codes::OVERFLOW, "the result is too large for a float")
        }
        .at(span, format!("{a} {} {b}", symbol(op))))
    }

    fn wrong_side(&self, op: &str, expected: &str, found: Value<'v>, side: &Node<'v>) -> Failure {
        Failure::new(codes::KIND, format!("`{op}` needs {expected} here, found {}", found.kind()))
            .at(side.span, format!("this is {}", self.glimpse(found)))
    }

    pub(super) fn negate(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Result<Value<'v>> {
        match self.eval(node, frame)? {
            Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(|| {
                Failure::new(codes::OVERFLOW, "the result does not fit into 64 bits").at(node.span, "negated")
            }),
            Value::Float(value) => Ok(Value::Float(-value)),
            other => Err(self.wrong_side("-", "a number", other, node)),
        }
    }

    /// The value of an expression that costs less than a thunk; none where it is not evaluated or would fail.
    pub(super) fn cheaply(&self, node: &Node<'v>, frame: &Frame<'_, 'v>) -> Option<Value<'v>> {
        match node.kind {
            Kind::Const(value) => Some(value),
            Kind::Local(slot) => self.peek(frame.locals[slot as usize].get()),
            Kind::Captured(slot) => self.peek(frame.captures[slot as usize].get()),
            Kind::Global(cell) => self.peek(cell.get()),
            Kind::Binary(op, sides) => small(op, self.cheaply(&sides.0, frame)?, self.cheaply(&sides.1, frame)?),
            Kind::Field(base, name) => match self.cheaply(base, frame)? {
                Value::Record(record) => record.get(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// Which of two values comes first.
    pub(crate) fn order(&self, left: Value<'v>, right: Value<'v>, span: Span) -> Result<Ordering> {
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => Ok(a.cmp(&b)),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => Ok(order_floats(left, right)),
            (Value::String(a), Value::String(b)) => Ok(a.cmp(b)),
            (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(&b)),
            (Value::List(a), Value::List(b)) => self.deeper(|| self.order_lists(a, b, span)),
            _ => Err(Failure::new(codes::COMPARE, format!("{} and {} have no order", left.kind(), right.kind()))
                .at(span, format!("{} and {}", self.glimpse(left), self.glimpse(right)))
                .note("numbers, strings, bools and lists of them can be ordered, each among themselves")),
        }
    }

    fn order_lists(&self, a: &[Value<'v>], b: &[Value<'v>], span: Span) -> Result<Ordering> {
        for (a, b) in a.iter().zip(b) {
            let order = self.order(self.force(*a)?, self.force(*b)?, span)?;
            if order.is_ne() {
                return Ok(order);
            }
        }
        Ok(a.len().cmp(&b.len()))
    }
}

fn is_lazy(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Default)
}

/// What can be said of two ints without failing.
#[inline]
fn small<'v>(op: BinaryOp, left: Value<'v>, right: Value<'v>) -> Option<Value<'v>> {
    let (Value::Int(a), Value::Int(b)) = (left, right) else {
        return None;
    };
    Some(match op {
        BinaryOp::Add => Value::Int(a.checked_add(b)?),
        BinaryOp::Subtract => Value::Int(a.checked_sub(b)?),
        BinaryOp::Multiply => Value::Int(a.checked_mul(b)?),
        BinaryOp::Divide => Value::Int(a.checked_div(b)?),
        BinaryOp::Remainder => Value::Int(a.checked_rem(b)?),
        BinaryOp::Equal => Value::Bool(a == b),
        BinaryOp::NotEqual => Value::Bool(a != b),
        BinaryOp::Less => Value::Bool(a < b),
        BinaryOp::LessEqual => Value::Bool(a <= b),
        BinaryOp::Greater => Value::Bool(a > b),
        BinaryOp::GreaterEqual => Value::Bool(a >= b),
        _ => return None,
    })
}

#[cold]
fn integer_failure(op: BinaryOp, a: i64, b: i64, span: Span) -> Failure {
    let place = format!("{a} {} {b}", symbol(op));
    if b == 0 && matches!(op, BinaryOp::Divide | BinaryOp::Remainder) {
        return Failure::new(codes::ZERO, "division by zero").at(span, place);
    }
    Failure::new(codes::OVERFLOW, "the result does not fit into 64 bits").at(span, place)
}

/// Compares numbers exactly: an int is not rounded to a float first.
fn order_floats(left: Value<'_>, right: Value<'_>) -> Ordering {
    match (left, right) {
        (Value::Int(a), Value::Float(b)) => order_mixed(a, b),
        (Value::Float(a), Value::Int(b)) => order_mixed(b, a).reverse(),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(&b).unwrap_or(cmp::Ordering::Equal),
        _ => cmp::Ordering::Equal,
    }
}

/// An int and a finite float.
pub(crate) fn order_mixed(a: i64, b: f64) -> Ordering {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if b >= LIMIT {
        return Ordering::Less;
    }
    if b < -LIMIT {
        return Ordering::Greater;
    }
    let whole = b.trunc();
    a.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&b).unwrap_or(Ordering::Equal))
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Pipe => "|>",
        BinaryOp::Default => "??",
        BinaryOp::Or => "||",
        BinaryOp::And => "&&",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Merge => "//",
        BinaryOp::Concat => "++",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_and_floats_compare_exactly() {
        assert_eq!(order_mixed(1, 1.5), Ordering::Less);
        assert_eq!(order_mixed(-1, -1.5), Ordering::Greater);
        assert_eq!(order_mixed(i64::MAX, 9_223_372_036_854_775_808.0), Ordering::Less);
        assert_eq!(order_mixed(1 << 53 | 1, 9_007_199_254_740_992.0), Ordering::Greater);
    }
}
