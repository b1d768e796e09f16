//! Sorting by an order that can fail.

use std::cmp::Ordering;

use super::Invocation;
use crate::failure::Result;
use crate::value::Value;

/// A key that is evaluated, and the element that it stands for.
type Keyed<'v> = (Value<'v>, Value<'v>);

/// The elements in the order of their keys; equal ones stay as they were.
pub(super) fn sorted<'v>(call: &Invocation<'_, 'v>, keyed: Vec<Keyed<'v>>) -> Result<Value<'v>> {
    let sorted = merge_sort(call, keyed)?;
    let items: Vec<_> = sorted.into_iter().map(|(_, item)| item).collect();
    Ok(call.eval.list(&items))
}

/// The standard library's sort may panic when an order fails half-way, so the merges are our own.
fn merge_sort<'v>(call: &Invocation<'_, 'v>, mut keyed: Vec<Keyed<'v>>) -> Result<Vec<Keyed<'v>>> {
    if keyed.len() < 2 {
        return Ok(keyed);
    }
    let right = keyed.split_off(keyed.len() / 2);
    let (left, right) = (merge_sort(call, keyed)?, merge_sort(call, right)?);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let first = if call.eval.order(a.0, b.0, call.span)?.is_le() { left.next() } else { right.next() };
        merged.extend(first);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

/// The first element that is `wanted` against all others.
pub(super) fn extreme<'v>(call: &Invocation<'_, 'v>, wanted: Ordering) -> Result<Value<'v>> {
    let mut best = None;
    for x in call.list(0)? {
        let x = call.eval.force(*x)?;
        match best {
            Some(so_far) if call.eval.order(x, so_far, call.span)? != wanted => {}
            _ => best = Some(x),
        }
    }
    best.ok_or_else(|| call.refuse("the list is empty"))
}
