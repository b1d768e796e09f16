//! The report as text.

use xb_build::Check;
use xb_core::{count, first};

use crate::{Bits, Blocker, Findings, Package, Report, Totals};

/// No more packages than this are named as waiting for one thing.
const MOST_WAITING: usize = 12;
/// No more lines than this of a log are shown.
const MOST_LINES: usize = 8;

impl Report {
    /// The report as text, in lines of any width.
    pub fn text(&self) -> String {
        let mut text = format!("Port of {}\n", self.title);
        for totals in &self.totals {
            text += &format!("  {}\n", totals.sentence());
        }
        text += "\n";
        text += &table(&self.packages);
        let remarks = self.packages.iter().map(|package| (package, package.remarks()));
        for (package, remarks) in remarks.filter(|(_, remarks)| !remarks.is_empty()) {
            text += &format!("\n{}\n", package.target);
            remarks.iter().for_each(|remark| text += &format!("  {}\n", remark.replace('\n', "\n    ")));
        }
        if !self.blockers.is_empty() {
            text += "\nWhat failed, and what waits for it\n";
            for (index, blocker) in self.blockers.iter().enumerate() {
                text += &format!("\n{}", blocker.text(index + 1));
            }
        }
        text += "\nWhat a native machine would save\n";
        for sentence in self.native.sentences() {
            text += &format!("  {sentence}\n");
        }
        text
    }
}

impl Totals {
    /// `arm64: 70 of 73 packages ready (65 cross, 5 emulate); checks: 60 passed, 1 failed, 9 have none; ...`.
    pub fn sentence(&self) -> String {
        let methods: Vec<_> = self.by_method.iter().map(|(method, number)| format!("{number} {method}")).collect();
        let methods = if methods.is_empty() { String::new() } else { format!(" ({})", methods.join(", ")) };
        let mut text = format!(
            "{}: {} of {} ready{methods}; checks: {} passed, {} failed, {} without",
            self.arch,
            self.ready,
            count(self.packages, "package"),
            self.passed,
            self.failed_checks,
            self.without_check
        );
        if self.compared > 0 {
            text += &format!("; same bits by every method: {} of {}", self.equal, self.compared);
        }
        text
    }
}

impl Package {
    /// `passed`, by `emulate`, in its time.
    pub(crate) fn check_text(&self) -> String {
        match (self.check, &self.checked) {
            (Check::Passed, Some(step)) => format!("passed, {}", step.time()),
            (Check::Passed, None) => "passed".to_owned(),
            (Check::Failed, _) => "failed".to_owned(),
            (Check::Skipped, _) => "-".to_owned(),
            (Check::None, _) => "none".to_owned(),
        }
    }

    pub(crate) fn method_text(&self) -> String {
        self.build.as_ref().map_or_else(|| "-".to_owned(), |step| step.method.to_string())
    }

    pub(crate) fn build_text(&self) -> String {
        self.build.as_ref().map_or_else(|| "-".to_owned(), |step| step.time())
    }

    pub(crate) fn bits_text(&self) -> &'static str {
        match &self.bits {
            Some(Bits::Equal { .. }) => "equal",
            Some(Bits::Differ { .. }) => "differ",
            Some(Bits::Unknown { .. }) => "unknown",
            None => "-",
        }
    }

    /// What there is to say beyond the row, a sentence each.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let tried = self.tried.iter().map(|tried| format!("tried by {}: {}", tried.method, tried.why));
        let bits = match &self.bits {
            Some(Bits::Differ { differences, .. }) => differences.clone(),
            Some(Bits::Unknown { method, why }) => vec![format!("not compared: by {method}, {why}")],
            _ => Vec::new(),
        };
        let findings = self.findings.iter().flat_map(|found| found.errors.iter().chain(&found.warnings)).cloned();
        tried.chain(bits).chain(findings).collect()
    }

    pub(crate) fn findings_text(&self) -> String {
        let Some(Findings { errors, warnings }) = &self.findings else {
            return "-".to_owned();
        };
        let parts = [(errors, "error"), (warnings, "warning")].map(|(found, noun)| match found.len() {
            0 => None,
            number => Some(count(number, noun)),
        });
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "clean".to_owned() } else { parts.join(", ") }
    }
}

impl Blocker {
    fn text(&self, number: usize) -> String {
        let mut text = format!("{number}. {}\n   {}\n", self.title, self.meaning);
        let mut part = |name: &str, said: &str| text += &format!("   {name}: {}\n", said.replace('\n', "\n     "));
        if !self.why.is_empty() {
            part("why", &self.why);
        }
        for tried in &self.tried {
            part("tried", &format!("{}: {}", tried.method, tried.why));
        }
        if !self.waiting.is_empty() {
            part("waiting", &format!("{}: {}", self.waiting.len(), first(&self.waiting, MOST_WAITING)));
        }
        for mend in &self.mends {
            part("mend", mend);
        }
        if let Some(log) = &self.log {
            for line in &log.lines[log.lines.len().saturating_sub(MOST_LINES)..] {
                part("|", line);
            }
            part("log", &log.command);
        }
        text
    }
}

fn table(packages: &[Package]) -> String {
    let head = ["package", "version", "arch", "state", "method", "build", "check", "bits", "audit"].map(str::to_owned);
    let rows = packages.iter().map(|package| {
        [
            package.target.package.clone(),
            package.version.clone().unwrap_or_default(),
            package.target.arch.to_string(),
            package.state.name().to_owned(),
            package.method_text(),
            package.build_text(),
            package.check_text(),
            package.bits_text().to_owned(),
            package.findings_text(),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..rows[0].len()).map(width).collect();
    let line = |row: &[String; 9]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
