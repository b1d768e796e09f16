//! A section of `xb.toml`, and the kinds of values that settings have.

use std::collections::BTreeMap;

use toml::{Table, Value};
use xb_core::parse_size;

use super::wrong::Wrong;

/// A section: one that is not there has no settings.
pub(super) struct Section<'a> {
    name: String,
    table: Option<&'a Table>,
}

impl<'a> Section<'a> {
    /// The section of this name, which has no settings but these.
    pub(super) fn of(file: &'a Table, name: &str, keys: &[&str]) -> Result<Self, Wrong> {
        let section = Self::of_sections(file, name)?;
        section.check(keys)?;
        Ok(section)
    }

    /// The section of this name, which has sections only: see [`Self::named`].
    pub(super) fn of_sections(file: &'a Table, name: &str) -> Result<Self, Wrong> {
        Ok(Self { name: name.to_owned(), table: table(name, file.get(name))? })
    }

    /// The sections in this one that somebody gave names, `[cache.NAME]`, each with its name.
    pub(super) fn named(&self, keys: &[&str]) -> Result<Vec<(&'a str, Self)>, Wrong> {
        let sections = self.table.into_iter().flatten().map(|(name, value)| {
            let shown = format!("{}.{name}", self.name);
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
                return Err(Wrong::new(format!("`{name}` in [{}] is no name", self.name))
                    .help("a name consists of letters, digits, `-` and `_`"));
            }
            let section = Self { table: table(&shown, Some(value))?, name: shown };
            section.check(keys)?;
            Ok((name.as_str(), section))
        });
        sections.collect()
    }

    /// The section in this one that has this name.
    pub(super) fn inner(&self, name: &str) -> Result<Self, Wrong> {
        let shown = format!("{}.{name}", self.name);
        let value = self.table.and_then(|table| table.get(name));
        Ok(Self { table: table(&shown, value)?, name: shown })
    }

    /// That it has no settings but these.
    pub(super) fn check(&self, keys: &[&str]) -> Result<(), Wrong> {
        let unknown = self.table.and_then(|table| table.keys().find(|key| !keys.contains(&key.as_str())));
        unknown.map_or(Ok(()), |key| {
            let message = format!("there is no setting `{key}` in `[{}]`", self.name);
            Err(Wrong::unknown(message, key, keys.iter().copied()))
        })
    }

    /// That a setting of this section is wrong: the message goes on behind the names of both.
    pub(super) fn wrong(&self, key: &str, what: impl std::fmt::Display) -> Wrong {
        Wrong::new(format!("`{key}` in [{}] {what}", self.name))
    }

    /// What a setting must have.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>, example: &str) -> Result<T, Wrong> {
        value.ok_or_else(|| {
            Wrong::new(format!("[{}] has no `{key}`, which it needs", self.name)).help(format!("write {example}"))
        })
    }

    fn get<T>(&self, key: &str, expected: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>, Wrong> {
        let Some(value) = self.table.and_then(|table| table.get(key)) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| self.wrong(key, format_args!("should be {expected}, not `{value}`")))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Wrong> {
        self.get(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, Wrong> {
        let texts = |value: &Value| {
            let texts = value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>()
        };
        self.get(key, "a list of strings", texts)
    }

    pub(super) fn pairs(&self, key: &str) -> Result<BTreeMap<String, String>, Wrong> {
        let pairs = |value: &Value| {
            let pairs = value.as_table()?.iter().map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
            pairs.collect::<Option<_>>()
        };
        Ok(self.get(key, "a table of strings", pairs)?.unwrap_or_default())
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, Wrong> {
        Ok(self.get(key, "true or false", Value::as_bool)?.unwrap_or_default())
    }

    pub(super) fn number<N: TryFrom<i64>>(&self, key: &str) -> Result<Option<N>, Wrong> {
        let positive = |value: &Value| {
            let number = value.as_integer().filter(|number| *number > 0)?;
            N::try_from(number).ok()
        };
        self.get(key, "a positive number", positive)
    }

    pub(super) fn size(&self, key: &str) -> Result<Option<u64>, Wrong> {
        let size = |value: &Value| match value {
            Value::String(text) => parse_size(text),
            Value::Integer(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        self.get(key, "a size such as \"4G\"", size)
    }
}

fn table<'a>(name: &str, value: Option<&'a Value>) -> Result<Option<&'a Table>, Wrong> {
    let wrong = || Wrong::new(format!("`{name}` should be a section: `[{name}]`"));
    value.map(|value| value.as_table().ok_or_else(wrong)).transpose()
}
