//! What a rockspec says of the source that it is for: "Rockspec format" in LuaRocks' documentation.

use crate::lua::{self, Table, Value};

use super::RockError;

/// For which platforms a rockspec may say something else, the more special ones last, as LuaRocks goes by them.
const PLATFORMS: [&str; 2] = ["unix", "linux"];

/// Endings that are no part of the name of the folder in an archive.
const ENDINGS: [&str; 6] = ["zip", "git", "tgz", "tar", "gz", "bz2"];

/// Where a source lies in its rock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceOf {
    /// The file that LuaRocks downloads; none for a repository, which is a folder in the rock.
    pub file: Option<String>,
    /// The folder that is built: as the rockspec says it, else by the names of the file or the address.
    pub folder: String,
    /// Whether the rockspec says the folder itself.
    pub says_folder: bool,
}

impl SourceOf {
    /// # Errors
    /// When the text is none that can be read as data, or does not say the source's address.
    pub fn read(text: &str) -> Result<Self, RockError> {
        let mut spec = lua::read(text).map_err(|error| RockError::Rockspec(error.to_string()))?;
        let said = match spec.fields.remove("source") {
            Some(Value::Table(table)) => for_this_platform(table),
            _ => return Err(RockError::Unsaid("source")),
        };
        let url = text_of(&said, "url", "source.url")?.ok_or(RockError::Unsaid("source.url"))?;
        let file = text_of(&said, "file", "source.file")?.or_else(|| is_of_a_file(&url).then(|| last_part(&url)));
        let own = match text_of(&said, "dir", "source.dir")? {
            Some(dir) => Some(dir),
            None => [("module", "source.module"), ("cvs_module", "source.cvs_module")]
                .iter()
                .find_map(|(key, name)| text_of(&said, key, name).transpose())
                .transpose()?,
        };
        let says_folder = own.is_some();
        let folder = own.unwrap_or_else(|| folder_of(file.as_ref().unwrap_or(&url)));
        Ok(Self { file, folder, says_folder })
    }

    /// Whether the file is one that LuaRocks builds as it is.
    pub fn is_unpacked(&self) -> bool {
        self.file.as_ref().is_some_and(|file| is_code(file))
    }
}

fn for_this_platform(mut source: Table) -> Table {
    let Some(Value::Table(mut platforms)) = source.fields.remove("platforms") else {
        return source;
    };
    for platform in PLATFORMS {
        if let Some(Value::Table(own)) = platforms.fields.remove(platform) {
            source.fields.extend(own.fields);
        }
    }
    source
}

fn text_of(table: &Table, key: &str, name: &'static str) -> Result<Option<String>, RockError> {
    match table.fields.get(key) {
        None | Some(Value::Nil) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(RockError::Unsaid(name)),
    }
}

/// Whether LuaRocks downloads one file from there, and not a repository.
fn is_of_a_file(url: &str) -> bool {
    url.split_once("://").is_none_or(|(scheme, _)| ["http", "https", "ftp", "file"].contains(&scheme))
}

fn last_part(url: &str) -> String {
    url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}

fn is_code(file: &str) -> bool {
    file.ends_with(".lua") || file.ends_with(".c")
}

/// What the folder is called where a rockspec does not say it.
fn folder_of(file: &str) -> String {
    if is_code(file) {
        return ".".to_owned();
    }
    let name = last_part(file);
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if ENDINGS.contains(&ending) => stem,
        _ => &name,
    };
    stem.replace(".tar", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> (Option<String>, String, bool) {
        let source = SourceOf::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        (source.file, source.folder, source.says_folder)
    }

    fn found(file: Option<&str>, folder: &str, says: bool) -> (Option<String>, String, bool) {
        (file.map(str::to_owned), folder.to_owned(), says)
    }

    #[test]
    fn the_folder_is_where_luarocks_looks_for_it() {
        for (text, expected) in [
            ("url = 'https://a.example/x-1.0.tar.gz'", found(Some("x-1.0.tar.gz"), "x-1.0", false)),
            ("url = 'file:///tmp/x-1.0.zip'", found(Some("x-1.0.zip"), "x-1.0", false)),
            ("url = 'https://a.example/v1.tgz', dir = 'x-1'", found(Some("v1.tgz"), "x-1", true)),
            ("url = 'https://a.example/v1', file = 'x.tar.bz2'", found(Some("x.tar.bz2"), "x", false)),
            ("url = 'https://a.example/x.lua'", found(Some("x.lua"), ".", false)),
            ("url = 'git+https://a.example/x.git', tag = 'v1'", found(None, "x", false)),
            ("url = 'git://a.example/x', module = 'y'", found(None, "y", true)),
            ("url = 'a-1.zip', platforms = { unix = { dir = 'u' }, linux = { dir = 'l' } }", {
                found(Some("a-1.zip"), "l", true)
            }),
        ] {
            assert_eq!(source(&format!("source = {{ {text} }}")), expected, "{text}");
        }
    }

    #[test]
    fn what_does_not_say_its_source_is_refused() {
        for (text, why) in [
            ("package = 'a'", "`source`"),
            ("source = {}", "`source.url`"),
            ("source = { url = f() }", "`source.url`"),
            ("source = { url = 'a', dir = b }", "`source.dir`"),
            ("source = { url = 'a' } if b then source = {} end", "`source`"),
            ("f()", "line 1"),
        ] {
            let error = SourceOf::read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
