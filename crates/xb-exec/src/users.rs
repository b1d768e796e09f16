//! Users beside the first: which of the machine's ids a sandbox may have for them.
//!
//! The first user of a sandbox is who runs xb. More there can be where the machine has ids to give away: what the
//! administrator has set aside for somebody in `/etc/subuid` and `/etc/subgid`, or any when root asks.

use std::fs;

/// The most users that a sandbox can have: with them, all of Debian's numbers are somebody.
pub const MOST: u32 = 1 << 16;

/// Ids that nobody uses, where root has none set aside: beyond those that systemd gives to containers.
const UNUSED: Range = Range { first: 0x7000_0000, count: MOST };

/// Ids of the machine that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// Users or groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl Kind {
    /// The file that says what is set aside for whom.
    pub const fn file(self) -> &'static str {
        match self {
            Self::User => "/etc/subuid",
            Self::Group => "/etc/subgid",
        }
    }

    /// The program that maps what is set aside.
    pub const fn mapper(self) -> &'static str {
        match self {
            Self::User => "newuidmap",
            Self::Group => "newgidmap",
        }
    }

    /// The file of a process's namespace that holds the map.
    pub const fn map(self) -> &'static str {
        match self {
            Self::User => "uid_map",
            Self::Group => "gid_map",
        }
    }
}

/// The largest range that is set aside for a user.
pub fn set_aside(kind: Kind, user: u32) -> Option<Range> {
    let names = fs::read_to_string("/etc/passwd").unwrap_or_default();
    largest(&fs::read_to_string(kind.file()).ok()?, &[&user.to_string(), name_of(&names, user).unwrap_or_default()])
}

/// What root takes where nothing is set aside for root: within a container, what there is.
pub fn of_root(kind: Kind) -> Range {
    let known = fs::read_to_string(format!("/proc/self/{}", kind.map())).unwrap_or_default();
    if is_known(&known, UNUSED) { UNUSED } else { Range { first: 1, count: MOST } }
}

/// Where a range begins that is set aside for nobody, neither of users nor of groups.
pub fn free() -> u32 {
    let read = |kind: Kind| fs::read_to_string(kind.file()).unwrap_or_default();
    beyond(&(read(Kind::User) + "\n" + &read(Kind::Group)))
}

/// Debian begins there.
const LOWEST: u32 = 100_000;

fn beyond(text: &str) -> u32 {
    let ends = text.lines().filter_map(range).map(|(_, range)| range.first.saturating_add(range.count));
    ends.max().unwrap_or(0).max(LOWEST)
}

/// The owner and the range of a line.
fn range(line: &str) -> Option<(&str, Range)> {
    let [owner, first, count] = line.split(':').collect::<Vec<_>>().try_into().ok()?;
    Some((owner, Range { first: first.parse().ok()?, count: count.trim().parse().ok()? }))
}

fn largest(text: &str, owners: &[&str]) -> Option<Range> {
    let ranges = text.lines().filter_map(range).filter(|(owner, _)| !owner.is_empty() && owners.contains(owner));
    ranges.map(|(_, range)| range).max_by_key(|range| range.count)
}

fn name_of(passwd: &str, user: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then_some(name)
    })
}

/// Whether a namespace has all ids of a range: each line of its map is the first inside, the first outside, how many.
fn is_known(map: &str, range: Range) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        let (first, count) = (u64::from(range.first), u64::from(range.count));
        matches!(numbers[..], [inside, _, all] if inside <= first && first + count <= inside + all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_range_of_a_user_is_taken_whoever_wrote_the_file() {
        let text = "a:100:10\nb:200:65536\n1000:70000:20\n:5:5\na:x:7\na:1\na:300:15:\nb:1:99999999999\n";
        assert_eq!(largest(text, &["1000", "a"]), Some(Range { first: 70000, count: 20 }));
        assert_eq!(largest(text, &["7", "b"]), Some(Range { first: 200, count: 65536 }));
        assert_eq!(largest(text, &["7", ""]), None);
    }

    #[test]
    fn what_is_free_lies_beyond_all_that_is_set_aside() {
        assert_eq!(beyond("a:100000:65536\nb:300000:10\nc:200000:65536\nbroken"), 300_010);
        assert_eq!((beyond(""), beyond("a:1:2")), (LOWEST, LOWEST));
    }

    #[test]
    fn users_have_names() {
        let passwd = "root:x:0:0::/:/bin/sh\nbroken\na:x:1000:1000::/:/bin/sh\n";
        assert_eq!(name_of(passwd, 1000), Some("a"));
        assert_eq!(name_of(passwd, 1001), None);
    }

    #[test]
    fn a_container_has_fewer_ids_than_the_machine() {
        assert!(is_known("         0          0 4294967295\n", UNUSED));
        assert!(!is_known("0 1000 1\n1 100000 65536\n", UNUSED));
        assert!(!is_known("", UNUSED));
    }
}
