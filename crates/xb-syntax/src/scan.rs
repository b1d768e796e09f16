//! A pass over the bytes of a text before (or instead of) the parser: comments, brackets, strings.
//!
//! It knows just enough of the lexical grammar to tell code from strings and comments. From it come the
//! comments for the formatter and for docs, the depth that bounds the parser's recursion, and, when
//! parsing failed, what is open at a place and where the items begin. It is linear and never fails.

use std::ops::Range;

/// How deep brackets and keywords that nest may go.
pub(crate) const MAX_NESTING: usize = 256;

/// What was opened and not yet closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opener {
    /// `(`.
    Group,
    /// `[`.
    List,
    /// `{`.
    Record,
    /// `${` in a string; whether the string is a block.
    Interpolation(bool),
    /// `"`.
    Line,
    /// `"""`.
    Block,
    /// `sh"`.
    ScriptLine,
    /// `sh"""`.
    ScriptBlock,
}

impl Opener {
    /// The opening text.
    pub(crate) const fn opening(self) -> &'static str {
        match self {
            Self::Group => "(",
            Self::List => "[",
            Self::Record => "{",
            Self::Interpolation(_) => "${",
            Self::Line => "\"",
            Self::Block => "\"\"\"",
            Self::ScriptLine => "sh\"",
            Self::ScriptBlock => "sh\"\"\"",
        }
    }

    /// The text that closes it.
    pub(crate) const fn closing(self) -> &'static str {
        match self {
            Self::Group => ")",
            Self::List => "]",
            Self::Record | Self::Interpolation(_) => "}",
            Self::Line | Self::ScriptLine => "\"",
            Self::Block | Self::ScriptBlock => "\"\"\"",
        }
    }

    /// Whether it opens text and not code.
    pub(crate) const fn is_text(self) -> bool {
        matches!(self, Self::Line | Self::Block | Self::ScriptLine | Self::ScriptBlock)
    }
}

/// Something open, and where it was opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    /// What.
    pub(crate) opener: Opener,
    /// Its first byte.
    pub(crate) at: usize,
    /// Keywords inside it, not inside a deeper bracket, that still wait for their `else` or `in`.
    waiting: usize,
}

/// What a scan found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The comments, `#` included, newline not.
    pub(crate) comments: Vec<Range<usize>>,
    /// Where a line starts with `use`, `let`, `package` or `release`.
    pub(crate) items: Vec<usize>,
    /// What is open at the end, the outermost first.
    pub(crate) open: Vec<Open>,
    /// Strings that a newline or the end of the text cut off.
    pub(crate) cut: Vec<Open>,
    /// A closing bracket without its opening one, with the innermost that was open there.
    pub(crate) stray: Vec<(usize, Option<Open>)>,
    /// Where a `(` follows an operand after blanks.
    pub(crate) spaced_calls: Vec<usize>,
    /// Where lines start inside strings.
    pub(crate) text_lines: Vec<usize>,
    /// The first `{` outside of all brackets.
    pub(crate) first_brace: Option<usize>,
    /// The byte where the nesting exceeded [`MAX_NESTING`]; the scan stops there.
    pub(crate) too_deep: Option<usize>,
}

/// Scans a text.
pub(crate) fn scan(text: &str) -> Scan {
    let mut scanner =
        Scanner { bytes: text.as_bytes(), at: 0, after_operand: false, depth: 0, waiting: 0, found: Scan::default() };
    scanner.run();
    scanner.found
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    /// Whether the last token ends an operand, so that what follows cannot begin one.
    after_operand: bool,
    depth: usize,
    /// As [`Open::waiting`], outside all brackets.
    waiting: usize,
    found: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.token(byte);
            if self.depth > MAX_NESTING {
                self.found.too_deep = Some(self.at.saturating_sub(1));
                return;
            }
        }
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
            b'#' => self.comment(),
            b'"' => self.string(Opener::Line, Opener::Block, self.at),
            b'(' => self.open_group(),
            b'[' => self.open(Opener::List),
            b'{' => self.open_record(),
            b')' | b']' | b'}' => self.close(byte),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => self.word(),
            _ => {
                self.after_operand = false;
                self.at += 1;
            }
        }
    }

    fn comment(&mut self) {
        let end = find(&self.bytes[self.at..], b'\n').map_or(self.bytes.len(), |n| self.at + n);
        self.found.comments.push(self.at..end);
        self.at = end;
    }

    fn word(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        if word == b"sh" && self.bytes.get(self.at) == Some(&b'"') {
            return self.string(Opener::ScriptLine, Opener::ScriptBlock, start);
        }
        if start == 0 || self.bytes[start - 1] == b'\n' {
            self.item(word, start);
        }
        let member = start > 0 && self.bytes[start - 1] == b'.';
        self.keyword(if member { b"" } else { word });
    }

    fn item(&mut self, word: &[u8], start: usize) {
        if matches!(word, b"use" | b"let" | b"package" | b"release") {
            self.found.items.push(start);
        }
    }

    /// Counts the keywords that nest without brackets; the others only matter as no operands.
    fn keyword(&mut self, word: &[u8]) {
        match word {
            b"if" | b"assert" | b"let" => {
                if !self.after_operand {
                    *self.waiting() += 1;
                    self.depth += 1;
                }
            }
            b"else" | b"in" => {
                if *self.waiting() > 0 {
                    *self.waiting() -= 1;
                    self.depth -= 1;
                }
            }
            b"use" | b"as" | b"package" | b"release" | b"then" | b"match" | b"for" | b"error" => {}
            _ => {
                self.after_operand = true;
                return;
            }
        }
        self.after_operand = false;
    }

    fn waiting(&mut self) -> &mut usize {
        match self.found.open.last_mut() {
            Some(open) => &mut open.waiting,
            None => &mut self.waiting,
        }
    }

    fn open_group(&mut self) {
        let blank = self.at > 0 && matches!(self.bytes[self.at - 1], b' ' | b'\t');
        if blank && self.after_operand && !self.line_starts() {
            self.found.spaced_calls.push(self.at);
        }
        self.open(Opener::Group);
    }

    /// Whether only blanks are before this byte on its line.
    fn line_starts(&self) -> bool {
        let before = self.bytes[..self.at].iter().rev();
        let mut before = before.skip_while(|byte| matches!(byte, b' ' | b'\t'));
        before.next().is_none_or(|byte| *byte == b'\n')
    }

    fn open_record(&mut self) {
        if self.found.open.is_empty() && self.found.first_brace.is_none() {
            self.found.first_brace = Some(self.at);
        }
        self.open(Opener::Record);
    }

    fn open(&mut self, opener: Opener) {
        self.push(opener, self.at);
        self.at += opener.opening().len();
        self.after_operand = false;
    }

    fn push(&mut self, opener: Opener, at: usize) {
        self.found.open.push(Open { opener, at, waiting: 0 });
        self.depth += 1;
    }

    fn pop(&mut self) -> Option<Open> {
        let open = self.found.open.pop()?;
        self.depth -= 1 + open.waiting;
        Some(open)
    }

    fn close(&mut self, byte: u8) {
        let closes = |open: &Open| open.opener.closing().as_bytes() == [byte];
        self.after_operand = true;
        let innermost = self.found.open.last().copied();
        if !innermost.as_ref().is_some_and(closes) {
            self.found.stray.push((self.at, innermost));
            if !self.found.open.iter().any(closes) {
                self.at += 1;
                return;
            }
            while self.found.open.last().is_some_and(|open| !closes(open)) {
                self.pop();
            }
        }
        self.at += 1;
        if let Some(Open { opener: Opener::Interpolation(block), .. }) = self.pop() {
            self.text(if block { Opener::Block } else { Opener::Line });
        }
    }

    /// A string that starts at `start`, with the scanner at its first quote.
    fn string(&mut self, line: Opener, block: Opener, start: usize) {
        let opener = if self.bytes[self.at..].starts_with(b"\"\"\"") {
            self.at += 3;
            block
        } else {
            self.at += 1;
            line
        };
        self.push(opener, start);
        self.text(opener);
    }

    /// Reads on in a string, up to its end or to an interpolation; the string is on the stack.
    fn text(&mut self, opener: Opener) {
        let raw = matches!(opener, Opener::ScriptLine | Opener::ScriptBlock);
        let block = matches!(opener, Opener::Block | Opener::ScriptBlock);
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' if !block => return self.end_text(1),
                b'"' if self.bytes[self.at..].starts_with(b"\"\"\"") => return self.end_text(3),
                b'\n' if !block => return self.cut_text(),
                b'\\' if !raw => self.at += 2,
                b'$' if !raw && self.bytes.get(self.at + 1) == Some(&b'{') => {
                    return self.open(Opener::Interpolation(block));
                }
                b'\n' => {
                    self.at += 1;
                    self.found.text_lines.push(self.at);
                }
                _ => self.at += 1,
            }
        }
        self.cut_text();
    }

    fn end_text(&mut self, quotes: usize) {
        self.at += quotes;
        self.pop();
        self.after_operand = true;
    }

    fn cut_text(&mut self) {
        self.at = self.at.min(self.bytes.len());
        if self.at < self.bytes.len() {
            let open = self.pop();
            self.found.cut.extend(open);
        } else {
            self.found.cut.extend(self.found.open.last().copied());
        }
        self.after_operand = true;
    }
}

/// The first `needle` in `bytes`.
fn find(bytes: &[u8], needle: u8) -> Option<usize> {
    bytes.iter().position(|byte| *byte == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_told_from_strings() {
        let found = scan("a = \"# no\" # yes\nb = sh\"\"\"\n# no\n\"\"\" #");
        assert_eq!(found.comments, [11..16, 36..37]);
        assert!(found.open.is_empty() && found.cut.is_empty());
    }

    #[test]
    fn items_start_lines_and_not_lines_of_strings() {
        assert_eq!(scan("let a = 1\n let b\npackage p").items, [0, 17]);
        assert_eq!(scan("x = \"\"\"\nlet a\n\"\"\"\nuse").items, [18]);
    }

    #[test]
    fn what_is_open_is_told() {
        let openers = |text| -> Vec<_> { scan(text).open.iter().map(|o| o.opener).collect() };
        assert_eq!(openers("{ a = [f(1), 2"), [Opener::Record, Opener::List]);
        assert_eq!(openers("\"a ${b"), [Opener::Line, Opener::Interpolation(false)]);
        assert_eq!(scan("(]").stray.len(), 1);
        assert_eq!(scan("\"abc\n1").cut.len(), 1);
    }

    #[test]
    fn nesting_is_counted_for_brackets_and_keywords_but_not_for_chains() {
        assert!(scan(&"[".repeat(MAX_NESTING + 1)).too_deep.is_some());
        assert!(scan(&"[".repeat(MAX_NESTING)).too_deep.is_none());
        assert!(scan(&"if ".repeat(MAX_NESTING + 1)).too_deep.is_some());
        assert!(scan(&"let a = ".repeat(MAX_NESTING + 1)).too_deep.is_some());
        assert!(scan(&"if a then b else ".repeat(1000)).too_deep.is_none());
        assert!(scan(&"let a = 1\n".repeat(1000)).too_deep.is_none());
        assert!(scan(&"\"${\"${a}\"}\"".repeat(1000)).too_deep.is_none());
    }
}
