//! The report as one page of HTML.

use askama::Template;

use crate::{Blocker, Package, Report, State, Totals};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    sentences: Vec<String>,
}

impl Report {
    /// The report as one page of HTML that needs nothing else, neither from the network nor beside it.
    ///
    /// # Errors
    /// When the template fails, which it does not.
    pub fn html(&self) -> Result<String, askama::Error> {
        Page { report: self, sentences: self.native.sentences() }.render()
    }
}

/// A text in parts, each with whether it stands between backquotes: code, for a reader.
fn parts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.split('`').enumerate().map(|(index, part)| (index % 2 == 1, part)).filter(|(_, part)| !part.is_empty())
}

impl Totals {
    /// How much of it is ready, in hundredths.
    fn share(&self) -> usize {
        (self.ready * 100).checked_div(self.packages).unwrap_or(0)
    }
}

impl Package {
    /// The class of its row.
    fn class(&self) -> &'static str {
        match self.state {
            State::Ready => "good",
            State::Waits => "waits",
            State::CheckFailed | State::Failed | State::Broken => "bad",
        }
    }
}

impl Blocker {
    fn waiting_text(&self) -> String {
        self.waiting.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}
