//! Times at which only a build can have been.
//!
//! The sandbox says by `SOURCE_DATE_EPOCH` that it is 1970, and compilers put that for `__DATE__` and `__TIME__`. What
//! asks the clock all the same writes another year, and no clock is needed to see that.

/// What a year of this century begins with, behind the day or the time of day.
pub(crate) const CENTURY: &[u8] = b" 20";

/// Before this year nothing was built by xb.
const FIRST_YEAR: &[u8] = b"2024";

/// So far from the date the time of day is looked for: compilers put the two texts side by side.
const NEAR: usize = 32;

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// The date with a time of day whose year stands behind the space at `at`: as `__DATE__` beside `__TIME__`, or as
/// `date` and `ctime` write both.
pub(crate) fn time(bytes: &[u8], at: usize) -> Option<String> {
    let (before, year) = (bytes.get(at.saturating_sub(NEAR)..at)?, bytes.get(at + 1..at + 5)?);
    let after = bytes.get(at + 5..).unwrap_or_default();
    let is_year = year.iter().all(u8::is_ascii_digit) && year >= FIRST_YEAR;
    if !is_year || after.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let year = String::from_utf8_lossy(year);
    if let Some(day) = day(before) {
        let near = after.get(..NEAR.min(after.len())).unwrap_or_default();
        let is_near = [before, near].iter().any(|bytes| bytes.windows(8).any(is_clock));
        return is_near.then(|| format!("{day} {year}"));
    }
    let (rest, clock) = clock(before)?;
    day(rest.strip_suffix(b" ")?).map(|day| format!("{day} {clock} {year}"))
}

/// The month and the day at the end of a text: `Nov 26`, `Nov  6`.
fn day(text: &[u8]) -> Option<String> {
    let day = text.get(text.len().checked_sub(6)?..)?;
    let is_month = MONTHS.iter().any(|month| day.starts_with(month));
    let is_day = matches!(day, [_, _, _, b' ', b' ' | b'0'..=b'3', b'0'..=b'9']);
    (is_month && is_day).then(|| String::from_utf8_lossy(day).into_owned())
}

/// The time of day at the end of a text, and what is before it; a zone may stand behind: `10:15:00 UTC`.
fn clock(text: &[u8]) -> Option<(&[u8], String)> {
    let zone = text.iter().rev().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
    let without = text.get(..text.len() - zone)?;
    let without = if zone > 0 { without.strip_suffix(b" ")? } else { without };
    let (rest, clock) = without.split_at_checked(without.len().checked_sub(8)?)?;
    is_clock(clock).then(|| (rest, String::from_utf8_lossy(clock).into_owned()))
}

fn is_clock(text: &[u8]) -> bool {
    let is_digit = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let is_colon = |at: usize| text.get(at) == Some(&b':');
    text.len() == 8 && [0, 1, 3, 4, 6, 7].into_iter().all(is_digit) && [2, 5].into_iter().all(is_colon)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let found = memchr::memmem::find_iter(text.as_bytes(), CENTURY).find_map(|at| time(text.as_bytes(), at));
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_date_counts_with_a_time_of_day() {
        check("built Nov 26 2026 10:15:00", Some("Nov 26 2026"));
        check("\x0010:15:00\0\0\0\0\0Nov  6 2026\0", Some("Nov  6 2026"));
        check("Thu Nov 26 10:15:00 2026\n", Some("Nov 26 10:15:00 2026"));
        check("Thu Nov 26 10:15:00 CEST 2026\n", Some("Nov 26 10:15:00 2026"));
        for other in [
            "Nov 26 2026",
            "Nov 26 2026, by somebody who wrote a lot, and at 10:15:00 at that",
            "Nov 26 2019 10:15:00",
            "Nov 26 20261 10:15:00",
            "Nov 26 20x6 10:15:00",
            "November 2026 10:15:00",
            "10:15:00 2026",
            "2026-11-26 10:15:00",
            " 20",
            "Copyright 2026",
        ] {
            check(other, None);
        }
    }
}
