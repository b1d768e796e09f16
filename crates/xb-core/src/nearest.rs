//! Did you mean...?

use std::cmp::Reverse;

/// The candidate nearest to `name`, when it is near enough to be what was meant.
///
/// Near is at most one edit (insertion, deletion, substitution, transposition) for every three characters. Of those
/// that are as near, it is the one that has the longest beginning in common with `name`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = name.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), Reverse(common(name, candidate)), candidate))
        .filter(|(distance, ..)| *distance <= limit)
        .min()
        .map(|(.., candidate)| candidate)
}

/// How many characters two names begin with alike.
fn common(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// The optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let names = ["version", "source", "needs", "tools"];
        assert_eq!(nearest("verison", names), Some("version"));
        assert_eq!(nearest("need", names), Some("needs"));
        assert_eq!(nearest("homepage", names), None);
        assert_eq!(nearest("libexpta-dev", ["libelpa-dev", "libexpat-dev"]), Some("libexpat-dev"));
    }

    #[test]
    fn of_names_as_near_the_one_that_begins_alike_is_meant() {
        assert_eq!(nearest("libexpta-dev", ["libelpa-dev", "libexpat1-dev"]), Some("libexpat1-dev"));
        assert_eq!(nearest("needz", ["needs", "meedz", "needy"]), Some("needs"));
    }
}
