//! The address of a Go module, and where a proxy and Go's module cache have its parts.
//!
//! "GOPROXY protocol", "Module cache" and "Module paths and versions" in the Go Modules Reference.

use super::RegistryError;

/// What a line of `go.sum` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    /// Its path: `github.com/BurntSushi/toml`.
    pub path: String,
    /// Its version: `v1.5.0`.
    pub version: String,
    /// Whether only its `go.mod` is meant.
    pub only_mod: bool,
}

impl Module {
    /// Reads `go:MODULE@VERSION` or `go:MODULE@VERSION/go.mod`.
    pub(crate) fn parse(url: &str) -> Result<Self, RegistryError> {
        let wrong = || RegistryError::Module(url.to_owned());
        let (path, version) = url.strip_prefix("go:").and_then(|text| text.split_once('@')).ok_or_else(wrong)?;
        let (version, only_mod) = match version.strip_suffix("/go.mod") {
            Some(version) => (version, true),
            None => (version, false),
        };
        match is_path(path) && is_version(version) {
            true => Ok(Self { path: path.to_owned(), version: version.to_owned(), only_mod }),
            false => Err(wrong()),
        }
    }

    /// What all names in its zip begin with.
    pub(crate) fn lead(&self) -> String {
        format!("{}@{}/", self.path, self.version)
    }

    /// The folder of its files in the module cache.
    pub(crate) fn folder(&self) -> String {
        format!("{}@{}", escaped(&self.path), escaped(&self.version))
    }

    /// One of its parts, `zip` or `mod`, beneath the root of a proxy or the download cache.
    pub(crate) fn part(&self, extension: &str) -> String {
        format!("{}/@v/{}.{extension}", escaped(&self.path), escaped(&self.version))
    }
}

/// None leads out of a folder, and none is the `cache` of the module cache, since its first part has a dot.
fn is_path(path: &str) -> bool {
    let is_part = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            && !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
    };
    path.split('/').all(is_part) && path.split('/').next().is_some_and(|first| first.contains('.'))
}

fn is_version(version: &str) -> bool {
    let begins = version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit()));
    begins && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte))
}

/// A capital letter becomes `!` and the small one, for file systems that do not tell them apart.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(sign.to_ascii_lowercase());
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_where_the_protocol_says() {
        let module = Module::parse("go:github.com/BurntSushi/toml@v1.0.0-RC1+incompatible").unwrap();
        assert_eq!(module.part("zip"), "github.com/!burnt!sushi/toml/@v/v1.0.0-!r!c1+incompatible.zip");
        assert_eq!(module.folder(), "github.com/!burnt!sushi/toml@v1.0.0-!r!c1+incompatible");
        assert_eq!(module.lead(), "github.com/BurntSushi/toml@v1.0.0-RC1+incompatible/");
        let only_mod = Module::parse("go:example.org/~a/b@v0.0.0-20210226163009-20ebb0f2a09e/go.mod").unwrap();
        assert!(only_mod.only_mod && !module.only_mod);
        assert_eq!(only_mod.part("mod"), "example.org/~a/b/@v/v0.0.0-20210226163009-20ebb0f2a09e.mod");
    }

    #[test]
    fn what_names_no_module_is_refused() {
        for path in [
            "a.b",
            "a.b@",
            "a.b@1.0.0",
            "a.b@latest",
            "a.b@v1/x",
            "a.b@v1/../x",
            "a.b@v1?x",
            "a.b@v1@v2",
            "cache/download@v1.0.0",
            "a.b/../c@v1.0.0",
            "../a@v1.0.0",
            "a.b//c@v1.0.0",
            "/a.b@v1.0.0",
            "a.b/@v1.0.0",
            "a.b/c!d@v1.0.0",
            "a.b/c%2e@v1.0.0",
            "a.b/c.@v1.0.0",
            "a.b/é@v1.0.0",
            "@v1.0.0",
            "",
        ] {
            assert!(Module::parse(&format!("go:{path}")).is_err(), "{path}");
        }
    }
}
