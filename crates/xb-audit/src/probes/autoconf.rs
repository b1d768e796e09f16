//! `config.log`, in which every `configure` of Autoconf writes down what it knew in the end.

use super::answer::{Answer, Answers};
use super::header;

/// What is no probe: what was given, and libtool's questions about the tools.
const GIVEN: &[&str] = &["ac_cv_env_", "ac_cv_build", "ac_cv_host", "ac_cv_target", "ac_cv_prog_ac_ct_", "lt_cv_"];

/// A conditional that says how a package is built, and nothing of what it has.
const CROSS: &str = "CROSS_COMPIL";

/// Cache variables whose answer becomes the define `HAVE_NAME`.
const HAVE: &[&str] = &["ac_cv_func_", "ac_cv_header_", "ac_cv_type_", "ac_cv_member_", "ac_cv_have_"];

/// A part of the log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// How it was run, and what it tried.
    Story,
    /// `ac_cv_func_mmap=yes`
    Cache,
    /// `WITH_TLS_TRUE=''`
    Output,
    /// `#define HAVE_MMAP 1`
    Defines,
}

pub(super) fn read(text: &str) -> Answers {
    let (mut answers, mut part) = (Answers::default(), Part::Story);
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            part = match title.trim_end_matches(['#', ' ']) {
                "Cache variables." => Part::Cache,
                "Output variables." => Part::Output,
                "confdefs.h." => Part::Defines,
                // The lines above and below a title.
                title if title.starts_with('-') => part,
                _ => Part::Story,
            };
        } else if part == Part::Defines {
            header::line(line, &mut answers);
        } else if part != Part::Story
            && let Some((name, value)) = line.split_once('=')
        {
            variable(part, name, value, &mut answers);
        }
    }
    answers
}

fn variable(part: Part, name: &str, value: &str, answers: &mut Answers) {
    let value = unquoted(value);
    if part == Part::Output {
        // A conditional of Automake: the sign of a comment turns the lines of a Makefile off.
        let is_feature = |name: &&str| !name.starts_with("am__") && !name.contains(CROSS);
        if let Some(name) = name.strip_suffix("_TRUE").filter(is_feature) {
            answers.note(name, if value == "#" { Answer::Off } else { Answer::On });
        }
    } else if name.contains("_cv_") && !GIVEN.iter().any(|given| name.starts_with(given)) {
        answers.note(&asked(name), Answer::of(value));
    }
}

/// What a cache variable asks for, by the name of the define to which it leads, where that is known.
fn asked(name: &str) -> String {
    match HAVE.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        Some(what) => format!("HAVE_{}", what.to_ascii_uppercase()),
        None => name.to_owned(),
    }
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::answer::Answer::{Off, On};

    const LOG: &str = "\
configure:3: checking for mmap
ac_cv_func_fork=no
## ---------------- ##
## Cache variables. ##
## ---------------- ##

ac_cv_env_CC_value=gcc
ac_cv_func_mmap=yes
ac_cv_func_getentropy='no'
ac_cv_host=aarch64-unknown-linux-gnu
ac_cv_lib_m_sin=yes
ac_cv_search_dlopen='none required'
gl_cv_func_working_mktime='guessing no'
lt_cv_path_NM=nm

## ----------------- ##
## Output variables. ##
## ----------------- ##

CC='gcc'
WITH_TLS_FALSE='#'
WITH_TLS_TRUE=''
WITH_GUI_TRUE='#'
CROSS_COMPILING_TRUE=''
am__isrc_TRUE=''

## ----------- ##
## confdefs.h. ##
## ----------- ##

/* confdefs.h */
#define HAVE_MMAP 1
#define SIZEOF_LONG 8

configure: exit 0
";

    #[test]
    fn a_log_has_its_answers_in_three_parts() {
        let answers = read(LOG);
        let said: Vec<_> = answers.names(&answers).into_iter().map(ToOwned::to_owned).collect();
        let expected = [
            "HAVE_GETENTROPY",
            "HAVE_MMAP",
            "SIZEOF_LONG",
            "WITH_GUI",
            "WITH_TLS",
            "ac_cv_lib_m_sin",
            "ac_cv_search_dlopen",
            "gl_cv_func_working_mktime",
        ];
        assert_eq!(said, expected);
        let is = |name: &str| answers.get(name).unwrap().answer.clone();
        assert_eq!([is("HAVE_GETENTROPY"), is("gl_cv_func_working_mktime"), is("WITH_GUI")], [Off, Off, Off]);
        assert_eq!([is("HAVE_MMAP"), is("WITH_TLS"), is("ac_cv_lib_m_sin")], [On, On, On]);
        assert!(answers.get("HAVE_MMAP").unwrap().compiled_in);
    }
}
