//! Dates of indexes: `Sat, 12 Sep 2026 07:55:41 UTC`.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 3600;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A second of universal time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// The second that this is in.
    pub fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH);
        Self(since.map_or(0, |since| since.as_secs()))
    }

    /// How many whole days this is after another.
    pub fn days_after(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0) / DAY
    }

    /// Reads the date of an index; none when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once(", ")?;
        let mut parts = rest.split_ascii_whitespace();
        let day: u64 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
        let name = parts.next()?;
        let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
        let year: u64 = parts.next()?.parse().ok().filter(|year| (1970..10_000).contains(year))?;
        let seconds = clock(parts.next()?)?;
        let zone = matches!(parts.next()?, "UTC" | "GMT" | "+0000");
        zone.then(|| Self(days(year, month, day) * DAY + seconds))
    }

    /// A day later.
    #[must_use]
    pub fn next_day(self) -> Self {
        Self(self.0 + DAY)
    }

    /// `20260912T075541Z`.
    pub fn compact(self) -> String {
        let (year, month, day) = date(self.0 / DAY);
        let (hour, minute, second) = (self.0 / 3600 % 24, self.0 / 60 % 60, self.0 % 60);
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }
}

fn clock(text: &str) -> Option<u64> {
    let mut seconds = 0;
    let mut count = 0;
    for (part, limit) in text.split(':').zip([24, 60, 61]) {
        let value: u64 = part.parse().ok().filter(|value| *value < limit)?;
        seconds = seconds * 60 + value;
        count += 1;
    }
    (count == 3).then_some(seconds)
}

fn leap(year: u64) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

fn month_length(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to a date.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = (1..month).map(|month| month_length(year, month)).sum();
    years + months + day - 1
}

/// The date that is so many days after 1970 began.
fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    while days >= month_length(year, month) {
        days -= month_length(year, month);
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_indexes_are_read() {
        let moment = Moment::parse("Sat, 12 Sep 2026 07:55:41 UTC").unwrap();
        assert_eq!(moment, Moment(1_789_199_741));
        assert_eq!(moment.compact(), "20260912T075541Z");
        assert_eq!(Moment::parse("Thu, 29 Feb 2024 23:00:00 UTC").unwrap().next_day().compact(), "20240301T230000Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "Sat", "Sat, 12 Sep 2026", "Sat, 12 Sep 2026 07:55 UTC", "Sat, 0 Sep 2026 07:55:00 UTC"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(Moment::parse("Sat, 12 Sep 99999999999 07:55:00 UTC"), None);
    }
}
