//! Versions in Debian's order: `[epoch:]upstream[-revision]`, compared as dpkg compares them.
//!
//! A version is two kinds of runs in turn: not digits, then digits. Digits compare as numbers (an absent number is
//! zero); in the rest `~` comes before everything, even before the end, then the end, then letters, then any other
//! sign.

use std::cmp::Ordering;

/// Compares two versions as `dpkg --compare-versions` does.
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let (epoch_a, upstream_a, revision_a) = split(a);
    let (epoch_b, upstream_b, revision_b) = split(b);
    compare_numbers(epoch_a.as_bytes(), epoch_b.as_bytes())
        .then_with(|| compare_runs(upstream_a.as_bytes(), upstream_b.as_bytes()))
        .then_with(|| compare_runs(revision_a.as_bytes(), revision_b.as_bytes()))
}

/// Epoch, upstream version and revision; what is absent is empty, which counts as zero.
fn split(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("", version));
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

fn compare_runs(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (signs_a, digits_a) = take(&mut a);
        let (signs_b, digits_b) = take(&mut b);
        let order = compare_signs(signs_a, signs_b).then_with(|| compare_numbers(digits_a, digits_b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Takes the next run of other signs and the run of digits behind it.
fn take<'a>(text: &mut &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let digits = text.iter().position(u8::is_ascii_digit);
    let (signs, rest) = text.split_at(digits.unwrap_or(text.len()));
    let end = rest.iter().position(|byte| !byte.is_ascii_digit());
    let (digits, rest) = rest.split_at(end.unwrap_or(rest.len()));
    *text = rest;
    (signs, digits)
}

fn compare_signs(a: &[u8], b: &[u8]) -> Ordering {
    (0..a.len().max(b.len()))
        .map(|at| weight(a.get(at)).cmp(&weight(b.get(at))))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn weight(sign: Option<&u8>) -> i32 {
    match sign {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    }
}

/// Numbers of any length, without turning them into integers.
fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (without_zeros(a), without_zeros(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pairs: &[(&str, Ordering, &str)]) {
        for (a, order, b) in pairs {
            assert_eq!(compare_versions(a, b), *order, "{a} against {b}");
            assert_eq!(compare_versions(b, a), order.reverse(), "{b} against {a}");
        }
    }

    #[test]
    fn versions_compare_as_dpkg_compares_them() {
        use Ordering::{Equal, Greater, Less};
        check(&[
            ("1.0", Equal, "1.0"),
            ("1.0", Less, "1.0-1"),
            ("1.0", Equal, "1.0-0"),
            ("1.0", Equal, "0:1.0"),
            ("1:0.9", Greater, "2.0"),
            ("1.0~rc1", Less, "1.0"),
            ("1.0~~", Less, "1.0~"),
            ("1.0~", Less, "1.0+b1"),
            ("1.10", Greater, "1.9"),
            ("1.010", Equal, "1.10"),
            ("1.0a", Less, "1.0+"),
            ("1.0a", Greater, "1.0"),
            ("0.9+ds0-3", Less, "0.9+ds-4"),
            ("1.1.1+dfsg-1", Equal, "1.1.1+dfsg0-1"),
            ("2.41-12+deb13u1", Greater, "2.41-12"),
            ("99999999999999999999999999", Less, "100000000000000000000000000"),
            ("1-2-3", Less, "1-3-1"),
            ("", Equal, "0"),
        ]);
    }
}
