//! Regular expressions, of the kind that takes time linear in the text.

use regex_lite::{Regex, RegexBuilder};

use super::Invocation;
use crate::failure::Result;
use crate::value::Value;

/// How large a pattern may become, in bytes: what bounds the factor of the linear time.
const SIZE: usize = 1 << 18;

/// A pattern that matches whole texts only.
///
/// It is read by itself first, so that a stray parenthesis cannot close the group around it.
pub(super) fn whole(call: &Invocation<'_, '_>, pattern: &str) -> Result<Regex> {
    let read = |text: &str| RegexBuilder::new(text).size_limit(SIZE).build();
    read(pattern)
        .and_then(|_| read(&format!("^(?:{pattern})$")))
        .map_err(|error| call.refuse(format!("the pattern {pattern:?}: {error}")))
}

/// What the groups of a pattern match.
pub(super) fn groups<'v>(call: &Invocation<'_, 'v>, text: &'v str, pattern: &str) -> Result<Value<'v>> {
    let pattern = whole(call, pattern)?;
    let Some(captures) = pattern.captures(text) else {
        return Ok(Value::Null);
    };
    let groups = captures.iter().skip(1);
    let groups = groups.map(|group| group.map_or(Value::Null, |group| call.eval.piece(group.as_str())));
    Ok(call.eval.list(&groups.collect::<Vec<_>>()))
}
