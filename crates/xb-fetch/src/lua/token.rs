//! From text to words: "Lexical Conventions" in the Lua 5.4 Reference Manual.

use super::LuaError;

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a keyword.
    Name(String),
    /// A string.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// An operator, a bracket or another sign.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// The signs, longer ones first.
const SIGNS: [&str; 33] = [
    "...", "..", "==", "~=", "<=", ">=", "//", "<<", ">>", "::", "+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<",
    ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
];

/// Takes words from a text.
#[derive(Clone)]
pub(super) struct Lexer<'t> {
    rest: &'t [u8],
    line: u32,
}

impl<'t> Lexer<'t> {
    /// A first line that begins with `#` is none of Lua's.
    pub fn new(text: &'t str) -> Self {
        let rest = if text.starts_with('#') { &text[text.find('\n').unwrap_or(text.len())..] } else { text };
        Self { rest: rest.as_bytes(), line: 1 }
    }

    /// The line of what comes next.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The next word.
    pub fn next(&mut self) -> Result<Token, LuaError> {
        self.blanks()?;
        let Some(first) = self.rest.first().copied() else {
            return Ok(Token::End);
        };
        if first.is_ascii_alphabetic() || first == b'_' {
            return Ok(Token::Name(self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'_')));
        }
        if first.is_ascii_digit() || (first == b'.' && self.rest.get(1).is_some_and(u8::is_ascii_digit)) {
            return Ok(Token::Number(self.run(|byte| byte.is_ascii_alphanumeric() || byte == b'.')));
        }
        if first == b'"' || first == b'\'' {
            self.rest = &self.rest[1..];
            return self.quoted(first);
        }
        if let Some(level) = self.long_bracket() {
            return Ok(Token::Text(self.long(level)?));
        }
        let Some(sign) = SIGNS.into_iter().find(|sign| self.rest.starts_with(sign.as_bytes())) else {
            return Err(self.wrong(format!("has `{}`, which is nothing of Lua's", char::from(first).escape_default())));
        };
        self.rest = &self.rest[sign.len()..];
        Ok(Token::Sign(sign))
    }

    fn wrong(&self, reason: impl Into<String>) -> LuaError {
        LuaError::new(self.line, reason)
    }

    /// Passes over blanks and comments.
    fn blanks(&mut self) -> Result<(), LuaError> {
        loop {
            while let Some(byte) = self.rest.first().filter(|byte| byte.is_ascii_whitespace() || **byte == 0x0b) {
                self.line += u32::from(*byte == b'\n');
                self.rest = &self.rest[1..];
            }
            let Some(comment) = self.rest.strip_prefix(b"--") else {
                return Ok(());
            };
            self.rest = comment;
            if let Some(level) = self.long_bracket() {
                self.long(level)?;
            } else {
                self.run(|byte| byte != b'\n');
            }
        }
    }

    fn run(&mut self, goes_on: impl Fn(u8) -> bool) -> String {
        let end = self.rest.iter().position(|byte| !goes_on(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        String::from_utf8_lossy(taken).into_owned()
    }

    /// How many `=` there are in the long bracket that begins here, if one does.
    fn long_bracket(&self) -> Option<usize> {
        let inner = self.rest.strip_prefix(b"[")?;
        let level = inner.iter().take_while(|byte| **byte == b'=').count();
        (inner.get(level) == Some(&b'[')).then_some(level)
    }

    /// What is in a long bracket, without a line's end at its beginning.
    fn long(&mut self, level: usize) -> Result<String, LuaError> {
        let close = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
        let inner = &self.rest[level + 2..];
        let Some(end) = inner.windows(close.len()).position(|window| window == close) else {
            return Err(self.wrong("begins what has no end"));
        };
        let (text, rest) = (&inner[..end], &inner[end + close.len()..]);
        self.rest = rest;
        self.line += u32::try_from(text.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX);
        let text = text.strip_prefix(b"\r\n").or_else(|| text.strip_prefix(b"\n")).unwrap_or(text);
        Ok(String::from_utf8_lossy(text).into_owned())
    }

    fn quoted(&mut self, quote: u8) -> Result<Token, LuaError> {
        let mut bytes = Vec::new();
        loop {
            let Some((byte, rest)) = self.rest.split_first().filter(|(byte, _)| **byte != b'\n') else {
                return Err(self.wrong("has a string without an end"));
            };
            self.rest = rest;
            match *byte {
                byte if byte == quote => return Ok(Token::Text(String::from_utf8_lossy(&bytes).into_owned())),
                b'\\' => self.escape(&mut bytes)?,
                byte => bytes.push(byte),
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), LuaError> {
        let Some((byte, rest)) = self.rest.split_first() else {
            return Err(self.wrong("has a string without an end"));
        };
        let plain = |byte| Some((byte, rest));
        let digits = |from: &'_ [u8], most: usize, radix: u32| {
            let count = from.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
            let value = u32::from_str_radix(str::from_utf8(&from[..count]).ok()?, radix).ok()?;
            Some((value, count))
        };
        let short = |from: &'t [u8], most, radix| {
            let (value, count) = digits(from, most, radix)?;
            Some((u8::try_from(value).ok()?, &from[count..]))
        };
        let escaped = match *byte {
            b'a' => plain(0x07),
            b'b' => plain(0x08),
            b'f' => plain(0x0c),
            b'n' => plain(b'\n'),
            b'r' => plain(b'\r'),
            b't' => plain(b'\t'),
            b'v' => plain(0x0b),
            b'\\' | b'"' | b'\'' => plain(*byte),
            b'\n' => {
                self.line += 1;
                plain(b'\n')
            }
            b'z' => {
                self.rest = rest;
                while let Some((byte, rest)) = self.rest.split_first().filter(|(byte, _)| byte.is_ascii_whitespace()) {
                    self.line += u32::from(*byte == b'\n');
                    self.rest = rest;
                }
                return Ok(());
            }
            b'x' => short(rest, 2, 16),
            b'0'..=b'9' => short(self.rest, 3, 10),
            b'u' => {
                let inner = rest.strip_prefix(b"{").unwrap_or_default();
                let found = digits(inner, 8, 16)
                    .and_then(|(value, count)| Some((char::from_u32(value)?, inner[count..].strip_prefix(b"}")?)));
                let Some((sign, rest)) = found else {
                    return Err(self.wrong("has a string with an impossible `\\u{...}`"));
                };
                bytes.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
                self.rest = rest;
                return Ok(());
            }
            _ => None,
        };
        let Some((byte, rest)) = escaped else {
            return Err(
                self.wrong(format!("has a string with an impossible `\\{}`", char::from(*byte).escape_default()))
            );
        };
        bytes.push(byte);
        self.rest = rest;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token>, LuaError> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        loop {
            match lexer.next()? {
                Token::End => return Ok(tokens),
                token => tokens.push(token),
            }
        }
    }

    fn text(source: &str) -> String {
        match tokens(source).as_deref() {
            Ok([Token::Text(text)]) => text.clone(),
            other => panic!("{source}: {other:?}"),
        }
    }

    #[test]
    fn strings_are_those_of_lua() {
        assert_eq!(text(r#""a\n\t\\\"'""#), "a\n\t\\\"'");
        assert_eq!(text(r"'\x41\66\067\z   d\u{E9}'"), "ABCd\u{e9}");
        assert_eq!(text("'a\\\nb'"), "a\nb");
        assert_eq!(text("[[\na]b]]"), "a]b");
        assert_eq!(text("[==[a]]b]=]c]==]"), "a]]b]=]c");
        assert_eq!(text("--[[ a\n]] 'b' -- c"), "b");
    }

    #[test]
    fn words_are_those_of_lua() {
        let of = tokens("#!/usr/bin/lua\na.b=..1.5 ...[=").unwrap();
        let signs: Vec<&str> =
            of.iter().filter_map(|token| if let Token::Sign(sign) = token { Some(*sign) } else { None }).collect();
        assert_eq!(signs, [".", "=", "..", "...", "[", "="]);
        assert!(of.contains(&Token::Number("1.5".to_owned())), "{of:?}");
    }

    #[test]
    fn what_is_no_lua_is_told_with_its_line() {
        for (source, line) in [
            ("\n'a", 2),
            ("'a\nb'", 1),
            ("a\n\n[[b", 3),
            ("a = --[[b\n", 1),
            ("'\\q'", 1),
            ("'\\999'", 1),
            ("'\\u{110000}'", 1),
            ("'\\u{'", 1),
            ("'\\", 1),
            ("\na = $", 2),
            ("é", 1),
        ] {
            assert_eq!(tokens(source).map_err(|error| error.line), Err(line), "{source}");
        }
    }
}
