//! `[trust]`: whose results are believed, and how many of them must say the same.

use std::collections::BTreeMap;
use std::str::FromStr;

use globset::Glob;
use toml::Table;
use xb_core::Arch;
use xb_graph::Method;
use xb_sign::StatementPublicKey;

use super::section::Section;
use super::wrong::Wrong;

/// The section, in which `keys` holds the sections of the keys.
pub(super) const SECTION: &str = "trust";

/// Whose results are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustConfig {
    /// `agree`: how many keys must vouch for the same result; at least one.
    pub agree: u32,
    /// `[trust.keys.NAME]`: the keys, in the order of their names; no key is there twice.
    pub keys: Vec<TrustedKey>,
}

impl Default for TrustConfig {
    fn default() -> Self {
        Self { agree: 1, keys: Vec::new() }
    }
}

/// A key that is believed, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// What it is called.
    pub name: String,
    /// `key`: by which its signatures are known.
    pub key: StatementPublicKey,
    /// `packages`: patterns of the names of packages, of which one must fit; `*` stands for all.
    pub packages: Vec<String>,
    /// `arches`: for which architectures.
    pub arches: Vec<Arch>,
    /// `methods`: built by which methods.
    pub methods: Vec<Method>,
}

/// Reads the section.
pub(super) fn read(file: &Table) -> Result<TrustConfig, Wrong> {
    let section = Section::of(file, SECTION, &["agree", "keys"])?;
    let named = section.inner("keys")?.named(&["key", "packages", "arches", "methods"])?;
    let keys = named.iter().map(|(name, section)| key(name, section)).collect::<Result<Vec<_>, _>>()?;
    let mut names = BTreeMap::new();
    for TrustedKey { name, key, .. } in &keys {
        if let Some(first) = names.insert(key, name) {
            let message = format!("[trust.keys.{first}] and [trust.keys.{name}] are the same key");
            return Err(Wrong::new(message).help("one section says all that it is believed for"));
        }
    }
    let agree = section.number("agree")?;
    if let Some(agree) = agree.filter(|agree| usize::try_from(*agree).is_ok_and(|agree| agree > keys.len())) {
        let message = match keys.len() {
            0 => format!("is {agree}, and no key is trusted: nothing would be believed"),
            1 => format!("is {agree}, and one key is trusted: nothing would be believed"),
            many => format!("is {agree}, and {many} keys are trusted: nothing would be believed"),
        };
        return Err(section
            .wrong("agree", message)
            .help("write a `[trust.keys.NAME]` for each key, or a lower number"));
    }
    Ok(TrustConfig { agree: agree.unwrap_or(1), keys })
}

fn key(name: &str, section: &Section<'_>) -> Result<TrustedKey, Wrong> {
    let line =
        section.required("key", section.text("key")?, "`key = \"ed25519:...\"`: `xb key show --line` prints it")?;
    let key = line.parse().map_err(|error| section.wrong("key", format_args!("is wrong: {error}")))?;
    let pattern = |text: &str| match Glob::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(section.wrong("packages", format_args!("has no pattern `{text}`: {}", error.kind()))),
    };
    Ok(TrustedKey {
        name: name.to_owned(),
        key,
        packages: list(section, "packages", pattern)?.unwrap_or_else(|| vec!["*".to_owned()]),
        arches: known(section, "arches", "architecture", &Arch::ALL, Arch::debian)?,
        methods: known(section, "methods", "method", &Method::ALL, Method::name)?,
    })
}

/// A list of names of which all are known; all of these when it is left out.
fn known<T: FromStr + Copy>(
    section: &Section<'_>,
    key: &str,
    kind: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Vec<T>, Wrong> {
    let read = |text: &str| {
        let message = section.wrong(key, format_args!("has `{text}`, which is no {kind}")).message;
        text.parse().map_err(|_| Wrong::unknown(message, text, all.iter().map(|one| name(*one))))
    };
    Ok(list(section, key, read)?.unwrap_or_else(|| all.to_vec()))
}

/// A list, which is left out where all is meant, so that an empty one is nobody's wish.
fn list<T>(section: &Section<'_>, key: &str, read: impl Fn(&str) -> Result<T, Wrong>) -> Result<Option<Vec<T>>, Wrong> {
    let Some(texts) = section.texts(key)? else {
        return Ok(None);
    };
    if texts.is_empty() {
        return Err(section
            .wrong(key, "is empty: the key would be believed for nothing")
            .help("without it, all is meant"));
    }
    texts.iter().map(|text| read(text)).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use xb_sign::StatementKey;

    use super::super::tests::check;
    use super::*;

    fn public(seed: u8) -> StatementPublicKey {
        StatementKey::from_seed(&[seed; 32]).public()
    }

    /// A section of a key, with more settings.
    fn section(name: &str, seed: u8, more: &str) -> String {
        format!("[trust.keys.{name}]\nkey = \"{}\"\n{more}\n", public(seed))
    }

    #[test]
    fn a_key_is_believed_for_all_that_is_not_said_otherwise() {
        let ci = "packages = [\"lib*\", \"zlib\"]\narches = [\"arm64\"]\nmethods = [\"cross\", \"native\"]";
        let text = format!("[trust]\nagree = 2\n{}{}", section("ci", 1, ci), section("anna", 2, ""));
        let trust = check(&text).unwrap().trust;
        assert_eq!(trust.agree, 2);
        let anna = TrustedKey {
            name: "anna".to_owned(),
            key: public(2),
            packages: vec!["*".to_owned()],
            arches: Arch::ALL.to_vec(),
            methods: Method::ALL.to_vec(),
        };
        let ci = TrustedKey {
            name: "ci".to_owned(),
            key: public(1),
            packages: vec!["lib*".to_owned(), "zlib".to_owned()],
            arches: vec![Arch::Arm64],
            methods: vec![Method::Cross, Method::Native],
        };
        assert_eq!(trust.keys, [anna, ci]);
        for text in ["", "[trust]", "[trust.keys]"] {
            assert_eq!(check(text).unwrap().trust, TrustConfig { agree: 1, keys: Vec::new() }, "{text}");
        }
    }

    #[test]
    fn more_keys_than_there_are_cannot_agree() {
        let refused = |text: &str| check(text).unwrap_err();
        assert!(refused("[trust]\nagree = 1").contains("`agree` in [trust] is 1, and no key is trusted"));
        let two = section("a", 1, "") + &section("b", 2, "");
        assert!(refused(&format!("[trust]\nagree = 3\n{two}")).contains("is 3, and 2 keys are trusted"));
        assert!(check(&format!("[trust]\nagree = 2\n{two}")).is_ok());
        let same = section("a", 1, "") + &section("b", 1, "");
        assert!(
            refused(&format!("[trust]\nagree = 2\n{same}")).contains("[trust.keys.a] and [trust.keys.b] are the same")
        );
        assert!(refused("[trust]\nagree = 0").contains("a positive number"));
    }

    #[test]
    fn what_is_wrong_with_a_key_is_told_with_its_place() {
        let refused = |more: &str| check(&section("ci", 1, more)).unwrap_err();
        assert_eq!(
            refused("arches = [\"amd64\", \"arm46\"]"),
            "`arches` in [trust.keys.ci] has `arm46`, which is no architecture (did you mean `arm64`?)"
        );
        assert_eq!(
            refused("methods = [\"corss\"]"),
            "`methods` in [trust.keys.ci] has `corss`, which is no method (did you mean `cross`?)"
        );
        assert!(refused("methods = [\"auto\"]").contains("known are: native, cross, emulate, pure-emulate"));
        assert_eq!(
            refused("package = []"),
            "there is no setting `package` in `[trust.keys.ci]` (did you mean `packages`?)"
        );
        assert!(refused("packages = []").contains("would be believed for nothing"));
        assert!(refused("packages = [\"[\"]").contains("has no pattern `[`"));
        assert!(refused("arches = \"arm64\"").contains("a list of strings"));
        let error = check("[trust.keys.ci]\narches = [\"arm64\"]").unwrap_err();
        assert!(error.contains("[trust.keys.ci] has no `key`") && error.contains("xb key show --line"), "{error}");
        let error = check("[trust.keys.ci]\nkey = \"ed25519:AAAA\"").unwrap_err();
        assert!(error.contains("`key` in [trust.keys.ci] is wrong: the key cannot be used: "), "{error}");
        let error = check("[trust]\nagre = 1").unwrap_err();
        assert_eq!(error, "there is no setting `agre` in `[trust]` (did you mean `agree`?)");
    }
}
