//! Comments and the lines between things.

use super::Formatter;
use super::doc::Doc;

impl<'t> Formatter<'t> {
    /// Whether a newline stands between two places.
    pub(super) fn newline(&self, from: usize, to: usize) -> bool {
        self.text.get(from..to).is_some_and(|between| between.contains('\n'))
    }

    /// Whether an empty line stands between two places.
    fn blank(&self, from: usize, to: usize) -> bool {
        let between = self.text.get(from..to).unwrap_or_default();
        let lines: Vec<&str> = between.split('\n').collect();
        lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty())
    }

    /// Whether a comment that has no place yet starts before `to`.
    pub(super) fn comments_before(&self, to: usize) -> bool {
        self.comments.get(self.next).is_some_and(|comment| comment.start < to)
    }

    /// The next comment, if it starts before `to`.
    fn comment(&mut self, to: usize) -> Option<(usize, usize)> {
        let comment = self.comments.get(self.next).filter(|comment| comment.start < to)?;
        self.next += 1;
        Some((comment.start, comment.end))
    }

    fn comment_text(&self, start: usize, end: usize) -> Doc<'t> {
        Doc::Text(self.text.get(start..end).unwrap_or_default().trim_end())
    }

    /// The comments before a token in the middle of something, each on a line of its own.
    pub(super) fn before(&mut self, token: usize) -> Doc<'t> {
        let mut docs = Vec::new();
        while let Some((start, end)) = self.comment(token) {
            docs.push(self.comment_text(start, end));
            docs.push(Doc::Hard);
        }
        Doc::Concat(docs)
    }

    /// The comments before a closing bracket in the middle of something.
    pub(super) fn before_closing(&mut self, closing: usize) -> Doc<'t> {
        let mut docs = Vec::new();
        while let Some((start, end)) = self.comment(closing) {
            docs.extend([Doc::Text(" "), self.comment_text(start, end), Doc::Hard]);
        }
        Doc::Concat(docs)
    }

    /// The comment on the line where something ends, after at most a comma.
    pub(super) fn trailing(&mut self, from: usize) -> Option<Doc<'t>> {
        let next = self.comments.get(self.next)?;
        let between = self.text.get(from..next.start)?;
        if !between.chars().all(|c| matches!(c, ' ' | '\t' | ',')) {
            return None;
        }
        let (start, end) = self.comment(usize::MAX)?;
        Some(Doc::from([Doc::Text("  "), self.comment_text(start, end)]))
    }

    /// The comments on lines of their own between two things, each followed by a newline, and the empty
    /// lines among them; then whether an empty line is before the first of all.
    pub(super) fn leading(&mut self, from: usize, to: usize) -> (Doc<'t>, bool) {
        let mut docs = Vec::new();
        let mut first = None;
        let mut last = from;
        while let Some((start, end)) = self.comment(to) {
            let blank = self.blank(last, start);
            match first {
                None => first = Some(blank),
                Some(_) => docs.push(if blank { Doc::Blank } else { Doc::Hard }),
            }
            docs.push(self.comment_text(start, end));
            last = end;
        }
        let blank = self.blank(last, to);
        if docs.is_empty() {
            return (Doc::Empty, blank);
        }
        docs.push(if blank { Doc::Blank } else { Doc::Hard });
        (Doc::Concat(docs), first.unwrap_or(false))
    }

    /// As [`Self::leading`], at the end of a body: no newline follows the last comment.
    pub(super) fn dangling(&mut self, from: usize, to: usize) -> Option<(Doc<'t>, bool)> {
        let (doc, blank) = self.leading(from, to);
        match doc {
            Doc::Concat(mut docs) => {
                docs.pop();
                Some((Doc::Concat(docs), blank))
            }
            _ => None,
        }
    }

    /// A newline if the text has one here, else a space that may become one.
    pub(super) fn gap(&self, from: usize, to: usize) -> Doc<'t> {
        self.line(from, to).group()
    }

    /// As [`Self::gap`], but the space becomes a newline together with the others of the group around it.
    pub(super) fn line(&self, from: usize, to: usize) -> Doc<'t> {
        if self.newline(from, to) { Doc::Hard } else { Doc::Line(true) }
    }

    /// What follows `=`, `=>` or a keyword: on the next line, indented, if the text has it so, or if a comment stands
    /// before it or before the token.
    pub(super) fn body(&mut self, from: usize, to: usize, make: impl FnOnce(&mut Self) -> Doc<'t>) -> Doc<'t> {
        if self.newline(from, to) || self.comments_before(to) {
            let comments = self.before(to);
            return Doc::from([Doc::Hard, comments, make(self)]).nest();
        }
        Doc::from([Doc::Text(" "), make(self)])
    }
}
