//! What an answer says about another try.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// Whether an answer may be another one another time: 408, 429, and 5xx but for 501, which a server says of what it
/// cannot do at all.
pub fn is_passing(status: StatusCode) -> bool {
    let asks_for_time = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    asks_for_time || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED)
}

/// How long a server asks to be left alone, where it says so in seconds (RFC 9110, section 10.2.3).
pub fn asked_pause(answer: &Response) -> Option<Duration> {
    pause_of(answer.headers())
}

fn pause_of(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_what_servers_say_of_a_moment() {
        let passing = [408, 429, 500, 502, 503, 504];
        let lasting = [200, 206, 301, 400, 401, 403, 404, 410, 416, 501];
        let is = |status| is_passing(StatusCode::from_u16(status).expect("a status"));
        assert!(passing.into_iter().all(is));
        assert!(!lasting.into_iter().any(is));
    }

    #[test]
    fn a_pause_is_read_in_seconds_and_from_nothing_else() {
        let of = |text: &str| pause_of(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().expect("a header"))]));
        assert_eq!(of(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(of("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(of("-1"), None);
        assert_eq!(pause_of(&HeaderMap::new()), None);
    }
}
