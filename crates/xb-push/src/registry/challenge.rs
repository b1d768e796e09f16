//! How a registry wants to be told who one is.

use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// How a registry wants to be told who one is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By a name and a password with each request.
    Basic,
    /// By a token that another server gives.
    Bearer {
        /// The url of that server.
        realm: Url,
        /// For whom the token is.
        service: Option<String>,
    },
}

impl Challenge {
    /// What an answer asks for; a token, where there is a choice.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let all: Vec<Self> = texts.flat_map(parsed).collect();
        let at = all.iter().position(|challenge| matches!(challenge, Self::Bearer { .. })).unwrap_or(0);
        all.into_iter().nth(at)
    }
}

fn parsed(text: &str) -> Vec<Challenge> {
    let challenges = http_auth::parse_challenges(text).unwrap_or_default();
    let read = |challenge: http_auth::ChallengeRef<'_>| {
        let param = |wanted: &str| {
            let (_, value) = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(value.to_unescaped())
        };
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        let is_bearer = challenge.scheme.eq_ignore_ascii_case("bearer");
        let realm = param("realm").filter(|_| is_bearer)?.parse().ok()?;
        Some(Challenge::Bearer { realm, service: param("service") })
    };
    challenges.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&str], right: Option<Challenge>) {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(WWW_AUTHENTICATE, text.parse().expect("a header"));
        }
        assert_eq!(Challenge::of(&headers), right, "{texts:?}");
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let bearer = |service: Option<&str>| {
            let realm = Url::parse("https://auth.example.org/token").expect("a url");
            Some(Challenge::Bearer { realm, service: service.map(str::to_owned) })
        };
        check(
            &[r#"Bearer realm="https://auth.example.org/token",service="r",scope="a:b:pull,push""#],
            bearer(Some("r")),
        );
        check(&[r#"Basic realm="a", bearer Realm="https://auth.example.org/token""#], bearer(None));
        check(&["Basic realm=\"x\"", "Digest realm=\"y\""], Some(Challenge::Basic));
        check(&[], None);
        check(&["Bearer realm=\"no url\""], None);
        check(&["Bearer"], None);
        check(&["\"\"=,,,"], None);
    }
}
