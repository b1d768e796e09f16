//! A small algebra of documents: text that says where it may be broken into lines.
//!
//! A group is laid out on one line when it fits, and otherwise every line of its own (not of inner groups)
//! is broken. A document with a hard line in it never fits.

/// How many columns a line may have.
const WIDTH: usize = 100;

/// A document.
#[derive(Clone, Debug)]
pub(super) enum Doc<'t> {
    /// Nothing.
    Empty,
    /// Text without a newline.
    Text(&'t str),
    /// Text as it stands in the source, newlines included.
    Verbatim(&'t str),
    /// Nothing on one line, a newline when broken; and whether it is a space on one line.
    Line(bool),
    /// A space, but a newline in a broken group where what follows it would not fit.
    Fill,
    /// A newline in any case.
    Hard,
    /// An empty line.
    Blank,
    /// One after the other.
    Concat(Vec<Self>),
    /// Indented by one step more where it is broken.
    Nest(Box<Self>),
    /// On one line if it fits; whether it must be broken.
    Group(Box<Self>, bool),
    /// A comma and a space on one line, a newline when broken.
    Separator,
    /// Nothing; the groups around it are broken.
    Break,
    /// Text that is there only when the group around it is broken.
    IfBroken(&'t str),
}

impl<'t> Doc<'t> {
    /// A group, which is broken when something in it must be.
    pub(super) fn group(self) -> Self {
        let broken = self.has_hard();
        Self::Group(Box::new(self), broken)
    }

    pub(super) fn nest(self) -> Self {
        Self::Nest(Box::new(self))
    }

    /// Whether a newline is in it however it is laid out.
    pub(super) fn has_hard(&self) -> bool {
        match self {
            Self::Hard | Self::Blank | Self::Break => true,
            Self::Concat(docs) => docs.iter().any(Self::has_hard),
            Self::Nest(doc) => doc.has_hard(),
            Self::Group(_, broken) => *broken,
            Self::Empty | Self::Text(_) | Self::Verbatim(_) => false,
            Self::Line(_) | Self::Fill | Self::Separator | Self::IfBroken(_) => false,
        }
    }
}

impl<'t, const N: usize> From<[Doc<'t>; N]> for Doc<'t> {
    fn from(docs: [Doc<'t>; N]) -> Self {
        Doc::Concat(docs.into())
    }
}

/// Lays a document out.
pub(super) fn print(doc: &Doc<'_>) -> String {
    let mut printer = Printer { out: String::new(), column: 0, todo: vec![Todo { indent: 0, broken: true, doc }] };
    while let Some(todo) = printer.todo.pop() {
        printer.step(todo);
    }
    printer.out
}

#[derive(Clone, Copy)]
struct Todo<'d, 't> {
    indent: usize,
    broken: bool,
    doc: &'d Doc<'t>,
}

struct Printer<'d, 't> {
    out: String,
    column: usize,
    todo: Vec<Todo<'d, 't>>,
}

impl<'d, 't> Printer<'d, 't> {
    fn step(&mut self, todo: Todo<'d, 't>) {
        match todo.doc {
            Doc::Empty | Doc::Break => {}
            Doc::Text(text) | Doc::Verbatim(text) => self.text(text),
            Doc::Fill if todo.broken && !self.fits(Todo { doc: &Doc::Text(" "), ..todo }) => self.newline(todo.indent),
            Doc::Fill => self.text(" "),
            Doc::Line(true) if !todo.broken => self.text(" "),
            Doc::Line(false) if !todo.broken => {}
            Doc::Separator if !todo.broken => self.text(", "),
            Doc::Line(_) | Doc::Separator | Doc::Hard => self.newline(todo.indent),
            Doc::Blank => {
                self.newline(0);
                self.newline(todo.indent);
            }
            Doc::IfBroken(text) => self.text(if todo.broken { text } else { "" }),
            Doc::Concat(docs) => self.todo.extend(docs.iter().rev().map(|doc| Todo { doc, ..todo })),
            Doc::Nest(doc) => self.todo.push(Todo { indent: todo.indent + 2, doc, ..todo }),
            Doc::Group(doc, broken) => {
                let flat = Todo { broken: false, doc, ..todo };
                let broken = *broken || !self.fits(flat);
                self.todo.push(Todo { broken, ..flat });
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn newline(&mut self, indent: usize) {
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// Whether `first` and what follows it up to the next possible newline fit on this line.
    fn fits(&self, first: Todo<'d, 't>) -> bool {
        let Some(mut left) = WIDTH.checked_sub(self.column) else {
            return false;
        };
        let mut todo = vec![first];
        let mut rest = self.todo.iter().rev();
        while let Some(Todo { indent, broken, doc }) = todo.pop().or_else(|| rest.next().copied()) {
            let text = match doc {
                Doc::Empty | Doc::Break => "",
                Doc::Text(text) => text,
                Doc::Verbatim(text) => match text.split_once('\n') {
                    Some((first, _)) => return first.chars().count() <= left,
                    None => text,
                },
                Doc::Line(_) | Doc::Fill | Doc::Separator if broken => return true,
                Doc::Separator => ", ",
                Doc::Fill => " ",
                Doc::Line(space) => [" ", ""][usize::from(!space)],
                Doc::Hard | Doc::Blank => return true,
                Doc::IfBroken(text) => [*text, ""][usize::from(!broken)],
                Doc::Concat(docs) => {
                    todo.extend(docs.iter().rev().map(|doc| Todo { indent, broken, doc }));
                    continue;
                }
                Doc::Nest(doc) => {
                    todo.push(Todo { indent, broken, doc });
                    continue;
                }
                Doc::Group(doc, hard) => {
                    todo.push(Todo { indent, broken: *hard, doc });
                    continue;
                }
            };
            match left.checked_sub(text.chars().count()) {
                Some(less) => left = less,
                None => return false,
            }
        }
        true
    }
}
