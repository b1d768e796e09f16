//! The one time that everything in an export has.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// A second between 1970 and 2106, which the caller chooses: an export asks no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(u32);

impl Default for Moment {
    /// 1 January 2000, the time that files of Debian packages have which xb packs.
    fn default() -> Self {
        Self(946_684_800)
    }
}

impl Moment {
    /// So many seconds after the beginning of 1970.
    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The beginning of a day in UTC, written as `2026-11-26`; none where that is no day, or out of range.
    pub fn parse_date(text: &str) -> Option<Self> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN).and_utc();
        u32::try_from(day.timestamp()).ok().map(Self)
    }

    /// The seconds since the beginning of 1970.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// As a `Release` file has it: `Sat, 01 Jan 2000 00:00:00 UTC`.
    pub(crate) fn debian(self) -> String {
        self.utc().format("%a, %d %b %Y %H:%M:%S UTC").to_string()
    }

    /// As RFC 3339 has it: `2000-01-01T00:00:00Z`.
    pub(crate) fn rfc3339(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::from(self.0), 0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_others_read_them() {
        assert_eq!(Moment::default().debian(), "Sat, 01 Jan 2000 00:00:00 UTC");
        assert_eq!(Moment::default().rfc3339(), "2000-01-01T00:00:00Z");
        assert_eq!(Moment::from_secs(u32::MAX).debian(), "Sun, 07 Feb 2106 06:28:15 UTC");
        assert_eq!(Moment::from_secs(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Moment::parse_date("2000-01-01"), Some(Moment::default()));
        assert_eq!(["2026-13-01", "1969-12-31", "2200-01-01", "today"].map(Moment::parse_date), [None; 4]);
    }
}
