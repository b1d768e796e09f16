//! Debian's control format: paragraphs of `Field: value`, continued by lines that begin with a blank.
//!
//! Everything is borrowed from the text; nothing is allocated. Indexes are tens of megabytes, and most of their
//! fields are of no interest.

/// The paragraphs of a text, in order.
pub(crate) fn paragraphs(text: &str) -> impl Iterator<Item = Paragraph<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('\n');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find("\n\n").unwrap_or(rest.len());
        let (paragraph, after) = rest.split_at(end);
        rest = after;
        Some(Paragraph(paragraph))
    })
}

/// One paragraph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paragraph<'a>(pub(crate) &'a str);

impl<'a> Paragraph<'a> {
    /// Its fields in order: name and value. A value keeps its continuation lines, and loses the blanks around it.
    /// Lines that are not of the format are passed over.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.written_fields().map(|(name, field)| (name, field[name.len() + 1..].trim_ascii()))
    }

    /// Its fields in order: the name, and the whole field as it is written, without the newline at its end.
    pub(crate) fn written_fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (field, after) = rest.split_at(field_end(rest));
                rest = after.strip_prefix('\n').unwrap_or(after);
                if let Some((name, _)) = field.split_once(':') {
                    return Some((name, field));
                }
            }
            None
        })
    }

    /// The value of a field, by its name in any case.
    pub(crate) fn field(self, name: &str) -> Option<&'a str> {
        self.fields().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Where the field that `text` begins with ends: at the newline that no blank follows.
fn field_end(text: &str) -> usize {
    text.match_indices('\n')
        .map(|(at, _)| at)
        .find(|at| !matches!(text.as_bytes().get(at + 1), Some(b' ' | b'\t')))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_fields_and_continuations() {
        let text = "\n\nA: 1\nB:\n x\n y\nnonsense\n\n\nC : no\nc:2";
        let all: Vec<Vec<_>> = paragraphs(text).map(|p| p.fields().collect()).collect();
        assert_eq!(all, [vec![("A", "1"), ("B", "x\n y")], vec![("C ", "no"), ("c", "2")]]);
        let last = paragraphs(text).last().and_then(|p| p.field("C"));
        assert_eq!(last, Some("2"));
    }
}
