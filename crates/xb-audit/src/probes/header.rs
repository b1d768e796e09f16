//! Headers that a configuration has generated.

use super::answer::{Answer, Answers};

pub(super) fn read(text: &str) -> Answers {
    let mut answers = Answers::default();
    text.lines().for_each(|text| line(text, &mut answers));
    answers
}

/// Notes what one line says: `#define NAME`, `#define NAME 0`, `#undef NAME`, `/* #undef NAME */`.
pub(super) fn line(line: &str, answers: &mut Answers) {
    let line = line.trim();
    let (line, is_comment) = line.strip_prefix("/*").map_or((line, false), |line| (line.trim_start(), true));
    let Some(directive) = line.strip_prefix('#').map(str::trim_start) else {
        return;
    };
    if let Some((name, _)) = words(directive, "undef") {
        answers.note_define(name, Answer::Off);
    } else if let Some((name, value)) = words(directive, "define").filter(|_| !is_comment)
        && !value.starts_with('(')
    {
        let value = value.split_once("/*").map_or(value, |(value, _)| value);
        answers.note_define(name, Answer::of_define(value));
    }
}

/// The name behind a directive, and what follows.
fn words<'t>(text: &'t str, directive: &str) -> Option<(&'t str, &'t str)> {
    let rest = text.strip_prefix(directive)?;
    let name = rest.trim_start();
    let end = name.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    (name.len() < rest.len() && end > 0).then(|| name.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::answer::Answer::{Is, Off, On};

    #[test]
    fn a_line_says_what_is_on_or_off() {
        let check = |line: &str, name: &str, answer: Answer| {
            let answers = read(line);
            assert_eq!(answers.names(&answers).into_iter().collect::<Vec<_>>(), [name], "{line}");
            assert_eq!(answers.get(name).unwrap().answer, answer, "{line}");
        };
        check("#define A", "A", On);
        check("# define A 1", "A", On);
        check("  #define A_1 1 /* always */", "A_1", On);
        check("#define A 0", "A", Off);
        check("#define\tA\t\"x\"", "A", Is("\"x\"".into()));
        check("#undef A", "A", Off);
        check("/* #undef A */", "A", Off);
        check("#define A -1", "A", Is("-1".into()));
        for line in ["", "#", "#define", "#define ", "#defined A", "/* #define A 1 */", "#define A(x) x", "#ifdef A"] {
            assert_eq!(read(line), Answers::default(), "{line}");
        }
    }
}
