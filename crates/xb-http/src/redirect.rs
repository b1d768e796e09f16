//! Where a client lets itself be led.

use reqwest::Url;
use reqwest::redirect::{Action, Attempt, Policy};

/// No server has to lead further than this.
const MOST: usize = 10;

/// To any host, but what was asked for over TLS does not come without it.
pub fn anywhere_as_safe() -> Policy {
    Policy::custom(led)
}

/// To other places of the host that was asked, where nobody else is to read what is asked: `a request for a token`.
pub fn nowhere_else(what: &'static str) -> Policy {
    Policy::custom(move |attempt| match is_elsewhere(attempt.previous(), attempt.url()) {
        true => attempt.error(format!("{what} is redirected to another host")),
        false => led(attempt),
    })
}

fn led(attempt: Attempt<'_>) -> Action {
    match wrong(attempt.previous(), attempt.url()) {
        Some(why) => attempt.error(why),
        None => attempt.follow(),
    }
}

fn is_elsewhere(from: &[Url], to: &Url) -> bool {
    from.iter().any(|url| url.origin() != to.origin())
}

fn wrong(from: &[Url], to: &Url) -> Option<&'static str> {
    let is_safe = |url: &Url| url.scheme() == "https";
    if from.iter().any(is_safe) && !is_safe(to) {
        return Some("it redirects from https to http");
    }
    (from.len() > MOST).then_some("it redirects more than ten times")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a url")
    }

    #[test]
    fn tls_is_not_left() {
        let (plain, safe) = (url("http://a.example.org/"), url("https://a.example.org/"));
        let (plain, safe) = (std::slice::from_ref(&plain), std::slice::from_ref(&safe));
        assert_eq!(wrong(safe, &url("http://b.example.org/")), Some("it redirects from https to http"));
        assert_eq!(wrong(safe, &url("https://b.example.org/")), None);
        assert_eq!(wrong(plain, &url("https://b.example.org/")), None);
        assert_eq!(wrong(plain, &url("http://b.example.org/")), None);
        let long = vec![url("https://a.example.org/"); MOST + 1];
        assert_eq!(wrong(&long, &url("https://a.example.org/")), Some("it redirects more than ten times"));
    }

    #[test]
    fn another_port_is_another_host() {
        let from = [url("https://a.example.org/x")];
        assert!(!is_elsewhere(&from, &url("https://a.example.org/y")));
        assert!(is_elsewhere(&from, &url("https://a.example.org:8443/x")));
        assert!(is_elsewhere(&from, &url("http://a.example.org/x")));
        assert!(is_elsewhere(&from, &url("https://b.example.org/x")));
    }
}
