//! What an image and its tag can be called.

use std::borrow::Cow;

/// Whether this can be a tag.
pub(super) fn is_tag(tag: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=128).contains(&tag.len()) && !tag.starts_with(['.', '-']) && tag.bytes().all(is_sign)
}

/// Whether this can be an image's name: parts between slashes, after a registry that may have a port.
pub(super) fn is_name(name: &str) -> bool {
    without_port(name).split('/').all(is_part)
}

fn is_part(part: &str) -> bool {
    let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [part.bytes().next(), part.bytes().last()];
    ends.into_iter().all(|end| end.is_some_and(is_end))
        && part.bytes().all(|byte| is_end(byte) || b"-._".contains(&byte))
}

/// An image's name without the port of its registry.
fn without_port(name: &str) -> Cow<'_, str> {
    let split = name.split_once('/').and_then(|(registry, rest)| Some((registry.split_once(':')?, rest)));
    match split {
        Some(((host, port), rest)) if port.parse::<u16>().is_ok() => Cow::Owned(format!("{host}/{rest}")),
        _ => Cow::Borrowed(name),
    }
}
