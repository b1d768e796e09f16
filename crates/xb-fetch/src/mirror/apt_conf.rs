//! The form of apt's configuration, for the one thing in it that matters here: the proxy.
//!
//! `apt.conf(5)`: names joined by `::`, each with a value or a group in braces; `//`, `#` and `/* */` are comments.

use std::path::{Path, PathBuf};

/// Settings in the order in which they were given: names in lower case, joined by `::`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AptConf(Vec<(String, String)>);

impl AptConf {
    /// The last value that was given to a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let found = self.0.iter().rev().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The proxy that apt fetches by http through, if there is one.
pub(super) fn proxy(folder: &Path) -> Option<String> {
    let mut conf = AptConf::default();
    for path in files(folder) {
        if let Ok(text) = std::fs::read_to_string(path) {
            conf.0.append(&mut parse_apt_conf(&text).0);
        }
    }
    let proxy = conf.get("Acquire::http::Proxy")?;
    let direct = proxy.is_empty() || proxy.eq_ignore_ascii_case("direct") || proxy == "false";
    (!direct).then(|| proxy.to_owned())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let parts = std::fs::read_dir(folder.join("apt.conf.d"));
    let mut files: Vec<PathBuf> = parts
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_none_or(|kind| kind == "conf"))
        .collect();
    files.sort();
    files.push(folder.join("apt.conf"));
    files
}

/// Reads a file of apt's configuration, as far as it can be understood.
pub fn parse_apt_conf(text: &str) -> AptConf {
    let mut conf = AptConf::default();
    let mut groups: Vec<String> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    for token in tokens(text) {
        match token {
            Token::Word(word) => words.push(word),
            Token::Open => groups.push(std::mem::take(&mut words).into_iter().next().unwrap_or_default()),
            Token::Close => {
                groups.pop();
                words.clear();
            }
            Token::End => {
                let mut pair = std::mem::take(&mut words).into_iter();
                if let (Some(name), Some(value)) = (pair.next(), pair.next()) {
                    let name = [groups.as_slice(), &[name]].concat().join("::");
                    conf.0.push((name.to_ascii_lowercase(), value));
                }
            }
        }
    }
    conf
}

#[derive(Debug, PartialEq)]
enum Token {
    Word(String),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '{' => (Some(Token::Open), &rest[1..]),
            '}' => (Some(Token::Close), &rest[1..]),
            ';' => (Some(Token::End), &rest[1..]),
            '#' => (None, after(rest, "\n")),
            '"' => quoted(rest),
            _ if rest.starts_with("//") => (None, after(rest, "\n")),
            _ if rest.starts_with("/*") => (None, after(rest, "*/")),
            _ => bare(rest),
        };
        tokens.extend(token);
        rest = after.trim_start();
    }
    tokens
}

fn after<'t>(text: &'t str, end: &str) -> &'t str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

fn quoted(text: &str) -> (Option<Token>, &str) {
    let body = &text[1..];
    let end = body.find('"').unwrap_or(body.len());
    let after = body.get(end + 1..).unwrap_or_default();
    (Some(Token::Word(body[..end].to_owned())), after)
}

fn bare(text: &str) -> (Option<Token>, &str) {
    let stop = |c: char| c.is_whitespace() || "{};\"".contains(c);
    let end = text.find(stop).unwrap_or(text.len());
    (Some(Token::Word(text[..end].to_owned())), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_proxy_are_read() {
        for text in [
            "Acquire::http::Proxy \"http://proxy.example:3142\";",
            "// why\nAcquire { /* x; */ http { Timeout \"9\"; Proxy \"http://proxy.example:3142\"; }; };",
            "# c\nacquire::HTTP { proxy http://proxy.example:3142; }",
        ] {
            let conf = parse_apt_conf(text);
            assert_eq!(conf.get("Acquire::http::Proxy"), Some("http://proxy.example:3142"), "{text}");
        }
    }

    #[test]
    fn the_last_value_counts_and_direct_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let parts = folder.path().join("apt.conf.d");
        std::fs::create_dir(&parts).unwrap();
        std::fs::write(parts.join("10proxy"), "Acquire::http::Proxy \"http://one.example\";").unwrap();
        assert_eq!(proxy(folder.path()).as_deref(), Some("http://one.example"));
        std::fs::write(folder.path().join("apt.conf"), "Acquire::http::Proxy \"DIRECT\";").unwrap();
        assert_eq!(proxy(folder.path()), None);
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in ["", "\"", "/*", "{{{", "}}};;", "a \"b", "//", "é{\"ü\"};"] {
            let _ = parse_apt_conf(text);
        }
    }
}
