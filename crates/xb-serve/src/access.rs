//! Who may do what.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Tokens;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rights {
    /// Nothing.
    Nothing,
    /// To take.
    Read,
    /// To take and to give.
    Write,
    /// To take, to give, and to have actions run.
    Execute,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// What they may do.
    pub rights: Rights,
    /// Whose token they show; none where they need none.
    pub name: Option<Arc<str>>,
}

/// Who may do what.
#[derive(Debug)]
pub struct Access {
    /// What who shows no token may do.
    pub anonymous: Rights,
    /// Who shows a token.
    pub tokens: Option<Tokens>,
}

impl Access {
    /// Whether everybody who can reach the address may do what this machine's users may.
    pub fn is_open_to_others(&self, listen: SocketAddr) -> bool {
        self.anonymous > Rights::Nothing && !listen.ip().is_loopback()
    }

    /// Who has sent these headers; none where a token is shown that nobody has.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Some(Caller { rights: self.anonymous, name: None });
        };
        let token = token_of(value.to_str().ok()?)?;
        let Caller { rights, name } = self.tokens.as_ref()?.caller(&token)?;
        Some(Caller { rights: rights.max(self.anonymous), name })
    }
}

/// The token in a value of `authorization`: of `Bearer`, or the password of `Basic`, whose user says nothing.
fn token_of(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(rest.trim().to_owned()),
        "basic" => {
            let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            Some(text.split_once(':')?.1.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_in_two_ways() {
        assert_eq!(token_of("Bearer xyz").as_deref(), Some("xyz"));
        assert_eq!(token_of("bearer  xyz ").as_deref(), Some("xyz"));
        let basic = |text: &str| token_of(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(basic("me:x:yz").as_deref(), Some("x:yz"));
        assert_eq!([basic("xyz"), token_of("xyz"), token_of("Digest xyz"), token_of("Basic !")], [const { None }; 4]);
    }
}
