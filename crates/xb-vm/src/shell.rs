//! Words that a shell takes as they are.

/// Quotes a word for a shell of POSIX.
pub fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_word_means_anything() {
        assert_eq!(quote("a $b `c` \"d\"\n"), "'a $b `c` \"d\"\n'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
