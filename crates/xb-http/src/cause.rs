//! What an error says.

use std::error::Error;

/// What caused an error, from the outermost cause to the innermost, each said once, without the url, which may hold
/// a secret.
pub fn causes(error: &reqwest::Error) -> String {
    let said = chain(error);
    match (error.is_timeout(), said.is_empty()) {
        (true, true) => "it takes too long".to_owned(),
        (true, false) => format!("it takes too long ({said})"),
        (false, true) => "the request failed".to_owned(),
        (false, false) => said,
    }
}

/// What an error is caused by, from the outermost cause to the innermost, each said once.
pub fn chain(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str, #[source] Option<Box<Said>>);

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let inner = Said("refused", None);
        let repeated = Said("tcp: refused", Some(Box::new(inner)));
        let outer = Said("the url, a secret", Some(Box::new(Said("cannot connect", Some(Box::new(repeated))))));
        assert_eq!(chain(&outer), "cannot connect: tcp: refused");
    }
}
