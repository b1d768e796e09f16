//! Why an evaluation gave no value: a diagnostic that collects its trace on the way out.

use xb_core::{Code, Diagnostic, Label, Span};

/// How many frames of a trace are kept.
const FRAMES: usize = 24;

/// A result of evaluation.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why an evaluation gave no value.
///
/// One word, so that results stay small.
#[derive(Clone, Debug)]
pub struct Failure(Box<Report>);

#[derive(Clone, Debug)]
struct Report {
    diagnostic: Diagnostic,
    also: Vec<Diagnostic>,
    skipped: usize,
    cycle: Option<Cycle>,
}

/// The way from a value back to itself, while it is being collected.
#[derive(Clone, Debug)]
struct Cycle {
    /// The address of the thunk that needs itself.
    thunk: usize,
    names: Vec<(String, Span)>,
}

impl Failure {
    /// A failure with a message.
    #[cold]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self::from(Diagnostic::error(code, message))
    }

    /// Adds a place and what is there; the first one is the main place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.0.diagnostic.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.0.diagnostic.notes.push(text.into());
        self
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.0.diagnostic.helps.push(text.into());
        self
    }

    /// Adds "did you mean ...?", when there is a name near `name`.
    #[must_use]
    pub fn meant<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match xb_core::nearest(name, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }

    /// Adds how evaluation came here; called on the way out, so innermost first.
    #[must_use]
    #[cold]
    pub fn through(mut self, span: Span, text: impl FnOnce() -> String) -> Self {
        if self.0.diagnostic.trace.len() >= FRAMES {
            self.0.skipped += 1;
            return self;
        }
        let text = text();
        self.0.diagnostic.trace.push(Label { span, text });
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.diagnostic.code
    }

    /// Starts to collect the path of names of an infinite recursion.
    pub(crate) fn cyclic(mut self, thunk: usize) -> Self {
        self.0.cycle = Some(Cycle { thunk, names: Vec::new() });
        self
    }

    /// Adds a name to the path, or closes it when this thunk is where it began.
    #[must_use]
    #[cold]
    pub(crate) fn out_of(mut self, thunk: usize, name: Option<&str>, span: Span) -> Self {
        let Some(cycle) = &mut self.0.cycle else {
            return self;
        };
        if let Some(name) = name {
            cycle.names.push((name.to_owned(), span));
        }
        if cycle.thunk == thunk {
            self.close_cycle();
        }
        self
    }

    fn close_cycle(&mut self) {
        let Some(mut cycle) = self.0.cycle.take() else {
            return;
        };
        cycle.names.reverse();
        let Some((first, _)) = cycle.names.first().cloned() else {
            return;
        };
        let names: Vec<&str> = cycle.names.iter().map(|(name, _)| name.as_str()).collect();
        let path = shortened(&names).join("` needs `");
        self.0.diagnostic.message = format!("infinite recursion: `{path}` needs `{first}`");
        for (name, span) in cycle.names.iter().take(8) {
            self.0.diagnostic.labels.push(Label { span: *span, text: format!("`{name}` is defined by this") });
        }
    }

    /// Further diagnostics that belong to the same cause.
    #[must_use]
    pub(crate) fn with_others(mut self, others: impl IntoIterator<Item = Diagnostic>) -> Self {
        self.0.also.extend(others);
        self
    }

    /// The diagnostics, with the user's own frames first and the standard library's folded into one line: what fails
    /// inside of it is shown where the user's text leads into it.
    pub(crate) fn into_diagnostics(self, is_std: impl Fn(Span) -> bool) -> Vec<Diagnostic> {
        let Report { mut diagnostic, also, skipped, .. } = *self.0;
        let (mut std, mut user): (Vec<_>, Vec<_>) =
            std::mem::take(&mut diagnostic.trace).into_iter().partition(|frame| is_std(frame.span));
        if let Some(main) = diagnostic.labels.first_mut().filter(|main| is_std(main.span))
            && !user.is_empty()
        {
            std.insert(0, std::mem::replace(main, user.remove(0)));
        }
        diagnostic.trace = user;
        if let Some(outermost) = std.last() {
            let text = match std.len() {
                1 => outermost.text.clone(),
                count => format!("{} (and {} more inside std)", outermost.text, count - 1),
            };
            diagnostic.trace.push(Label { span: outermost.span, text });
        }
        if skipped > 0 {
            diagnostic.notes.push(format!("{skipped} outer calls are not shown"));
        }
        std::iter::once(diagnostic).chain(also).collect()
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(Box::new(Report { diagnostic, also: Vec::new(), skipped: 0, cycle: None }))
    }
}

fn shortened<'a>(names: &[&'a str]) -> Vec<&'a str> {
    if names.len() <= 12 {
        return names.to_vec();
    }
    let mut short = names[..6].to_vec();
    short.push("...");
    short.extend(&names[names.len() - 5..]);
    short
}
