//! Sizes, durations and lists as people write and read them.

use std::fmt::Display;
use std::time::Duration;

/// Reads `500M`, `20G`, `1.5T` or `100B`; powers of 1024. A bare number may mean anything, so only zero is one.
pub fn parse_size(text: &str) -> Option<u64> {
    let whole = text.trim();
    let text = whole.trim_end_matches("iB").trim_end_matches('B');
    let (number, power) = match text.chars().last()?.to_ascii_uppercase() {
        'K' => (&text[..text.len() - 1], 1),
        'M' => (&text[..text.len() - 1], 2),
        'G' => (&text[..text.len() - 1], 3),
        'T' => (&text[..text.len() - 1], 4),
        _ if text.len() < whole.len() || text == "0" => (text, 0),
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    // Sizes of disks are far below 2^53, where this is exact.
    Some((number * 1024_f64.powi(power)) as u64)
}

/// `1.2 GB`, in powers of 1000 as file managers show them.
pub fn show_size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 99.5 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// Reads `90s`, `10m`, `12h`, `30d` or `8w`; of a bare number nobody knows what it counts.
pub fn parse_time(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, seconds) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1),
        'm' => (&text[..text.len() - 1], 60),
        'h' => (&text[..text.len() - 1], 3600),
        'd' => (&text[..text.len() - 1], 86_400),
        'w' => (&text[..text.len() - 1], 604_800),
        _ if text.chars().all(|digit| digit == '0') => (text, 0),
        _ => return None,
    };
    let number: u64 = number.trim().parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// `0.03 s`, `4.2 s`, `3 min 20 s`, `2 h 5 min`.
pub fn show_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{:.2} s", time.as_secs_f64()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// `1 package`, `3 packages`, `2 entries`, `4 sandboxes`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) => format!("{number} {stem}ies"),
        None if noun.ends_with('x') => format!("{number} {noun}es"),
        None => format!("{number} {noun}s"),
    }
}

/// The first of many names, and how many more there are.
pub fn first(names: impl IntoIterator<Item = impl Display>, most: usize) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    match names.len().saturating_sub(most) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..most].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns() {
        let nouns = [(0, "file"), (1, "entry"), (2, "entry"), (3, "kept sandbox")];
        let counted = nouns.map(|(number, noun)| count(number, noun));
        assert_eq!(counted, ["0 files", "1 entry", "2 entries", "3 kept sandboxes"]);
    }

    #[test]
    fn sizes() {
        let read = ["0", "10k", "2G", "1.5M", "3GiB", "4 T", "5B"].map(parse_size);
        let right = [0, 10 << 10, 2 << 30, 3 << 19, 3 << 30, 4 << 40, 5].map(Some);
        assert_eq!(read, right);
        assert_eq!(["", "G", "-1", "x", "1X", "é", "5"].map(parse_size), [None; 7]);
        assert_eq!(
            [0, 999, 1_000, 1_234_567, 123_456_789].map(show_size),
            ["0 B", "999 B", "1.0 kB", "1.2 MB", "123 MB"]
        );
    }

    #[test]
    fn times() {
        let read = ["30d", "12h", "8w", "0", "10s"].map(|text| parse_time(text).map(|time| time.as_secs()));
        assert_eq!(read, [2_592_000, 43_200, 4_838_400, 0, 10].map(Some));
        assert_eq!(["", "d", "5", "1y", "-1d", "99999999999999999d", "é"].map(parse_time), [None; 7]);
        let shown = [30, 4_200, 200_000, 7_500_000].map(|ms| show_time(Duration::from_millis(ms)));
        assert_eq!(shown, ["0.03 s", "4.2 s", "3 min 20 s", "2 h 5 min"]);
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(first(["a", "b"], 2), "a, b");
        assert_eq!(first(["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
