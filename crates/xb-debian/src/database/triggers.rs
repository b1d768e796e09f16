//! Triggers: which packages dpkg tells of changes that others make.

use std::collections::{BTreeMap, BTreeSet};

use xb_core::RelPath;

use super::package::is_name;

/// The file of the triggers that are paths.
const PATHS: &str = "File";
/// The file of what happened and was not yet told. Where it is missing, dpkg tells everything to everybody.
const UNTOLD: &str = "Unincorp";

/// The interests of packages, gathered from the members `triggers` of their control archives.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    /// The lines of each file in the folder of the triggers.
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Triggers {
    /// Takes the interests that a package declares. What it activates is told by its own member, and lines that dpkg
    /// would not take are passed over.
    pub fn add(&mut self, record_name: &str, declared: &str) {
        for line in declared.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let after = match words.next() {
                Some("interest" | "interest-await") => "",
                Some("interest-noawait") => "/noawait",
                _ => continue,
            };
            let (Some(trigger), None) = (words.next(), words.next()) else {
                continue;
            };
            let (file, line) = match trigger.strip_prefix('/') {
                Some(path) if RelPath::new(path).is_ok() => (PATHS, format!("{trigger} {record_name}{after}\n")),
                None if is_name(trigger) => (trigger, format!("{record_name}{after}\n")),
                _ => continue,
            };
            self.files.entry(file.to_owned()).or_default().insert(line);
        }
    }

    /// The files in the folder of the triggers: name and text.
    pub fn files(&self) -> impl Iterator<Item = (&str, String)> {
        let interests = self.files.iter();
        let interests = interests.map(|(name, lines)| (name.as_str(), lines.iter().map(String::as_str).collect()));
        interests.chain([(UNTOLD, String::new())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interests_in_paths_are_in_one_file_and_each_event_has_its_own() {
        let mut triggers = Triggers::default();
        triggers.add("libc-bin", "# why\ninterest ldconfig # what\nactivate other\ninterest-noawait ../x\ninterest\n");
        triggers.add("libx:amd64", "interest-noawait /usr/lib/x\ninterest-noawait ldconfig\ninterest /a/../b\n");
        let files: Vec<_> = triggers.files().collect();
        let expected = [
            ("File", "/usr/lib/x libx:amd64/noawait\n"),
            ("ldconfig", "libc-bin\nlibx:amd64/noawait\n"),
            ("Unincorp", ""),
        ];
        assert_eq!(files, expected.map(|(name, text)| (name, text.to_owned())));
    }
}
