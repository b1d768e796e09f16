//! `meson-info`, in which Meson says what it was told and what it found.

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Answers};

#[derive(Deserialize)]
struct Dependency {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct BuildOption {
    name: String,
    section: String,
    value: Value,
}

/// The dependencies that were found (`intro-dependencies.json`). What a project made itself has the type `internal`.
pub(super) fn dependencies(text: &str) -> Answers {
    let mut answers = Answers::default();
    for one in serde_json::from_str::<Vec<Dependency>>(text).unwrap_or_default() {
        if one.kind != "internal" {
            answers.note(&format!("dependency {}", one.name), Answer::On);
        }
    }
    answers
}

/// The options of the project itself (`intro-buildoptions.json`).
pub(super) fn options(text: &str) -> Answers {
    let mut answers = Answers::default();
    for one in serde_json::from_str::<Vec<BuildOption>>(text).unwrap_or_default() {
        if one.section == "user" {
            let answer = match &one.value {
                Value::String(text) => Answer::of(text),
                other => Answer::of(&other.to_string()),
            };
            answers.note(&format!("option {}", one.name), answer);
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::answer::Answer::{Is, Off, On};

    #[test]
    fn what_was_found_is_there_and_what_was_not_is_not() {
        let answers = dependencies(r#"[{"name": "zlib", "type": "pkgconfig"}, {"name": "dep1", "type": "internal"}]"#);
        assert_eq!(answers.names(&answers).into_iter().collect::<Vec<_>>(), ["dependency zlib"]);
        for odd in ["", "{}", "[1]", "[{\"name\": 1}]"] {
            assert_eq!((dependencies(odd), options(odd)), Default::default());
        }
    }

    #[test]
    fn options_of_the_project_count() {
        let answers = options(
            r#"[{"name": "asm", "section": "user", "value": true},
                {"name": "gui", "section": "user", "value": "disabled"},
                {"name": "docs", "section": "user", "value": "auto"},
                {"name": "prefix", "section": "directory", "value": "/"}]"#,
        );
        let is = |name: &str| answers.get(name).map(|probe| probe.answer.clone());
        assert_eq!([is("option asm"), is("option gui")], [Some(On), Some(Off)]);
        assert_eq!([is("option docs"), is("option prefix")], [Some(Is("auto".into())), None]);
    }
}
