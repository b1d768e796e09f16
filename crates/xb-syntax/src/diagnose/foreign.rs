//! What people write who come from other languages.

use xb_core::{Diagnostic, Span};

use super::Place;
use crate::codes;
use crate::grammar::Rule;
use crate::scan::Opener;

pub(super) fn otherwise(span: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(codes::FOREIGN, format!("{what} is written otherwise in xb"))
        .label(span, "this form is not xb's")
        .help(help)
}

/// What stands in place of `inherit`.
pub(super) const INHERIT: &str = "a field that is called like its value is written by its name: `{ a, b }`";

/// What stands in place of `import`.
pub(super) const IMPORT: &str = "put `use \"./file.xb\" { name }` at the start of the file";

/// `rec { ... }`, which reads as a call.
pub(crate) fn rec(span: Span) -> Diagnostic {
    let help = "bind names that use each other with `let a = 1 let b = a in { a, b }`";
    otherwise(span, "`rec { ... }`", help)
}

/// `inherit a b;`.
pub(super) fn inherit(place: &Place<'_>) -> Option<Diagnostic> {
    let line = place.line_prefix();
    let at = line.rfind("inherit")?;
    let before = line[..at].trim_end();
    let alone = before.is_empty() || before.ends_with(['{', ';', ',']);
    let start = place.at - line.len() + at;
    let span = place.span(start, "inherit".len());
    (alone && line[at..].starts_with("inherit ")).then(|| otherwise(span, "`inherit`", INHERIT))
}

/// `with x; body`.
pub(super) fn with(place: &Place<'_>) -> Option<Diagnostic> {
    (place.token() == "with" && place.rest().contains(';')).then(|| {
        let help = "bind the names that you use: `let name = record.name in ...`, or write `record.name`";
        otherwise(place.here(), "`with record;`", help)
    })
}

/// `''text''`.
pub(super) fn block_quotes(place: &Place<'_>) -> Option<Diagnostic> {
    place.rest().starts_with("''").then(|| {
        let help = "text of several lines stands in `\"\"\"`, a script in `sh\"\"\"`";
        otherwise(place.span(place.at, 2), "a string in `''`", help)
    })
}

/// `import ./file.nix`.
pub(super) fn import(place: &Place<'_>) -> Option<Diagnostic> {
    let path = place.rest().starts_with(['.', '"', '<']);
    let prefix = place.line_prefix().trim_end();
    (path && prefix.ends_with("import")).then(|| {
        let start = place.at - place.line_prefix().len() + prefix.len() - "import".len();
        otherwise(place.span(start, "import".len()), "`import`", IMPORT)
    })
}

/// `x: body`, `x -> body`, `\x`.
pub(super) fn lambda(place: &Place<'_>) -> Option<Diagnostic> {
    let help = "a function is written `x => body`, or `(a, b) => body`";
    if place.rest().starts_with("->") || place.rest().starts_with('\\') {
        return Some(otherwise(place.here(), "a function", help));
    }
    let in_record = match place.innermost() {
        Some(open) => open.opener == Opener::Record,
        None => place.in_body,
    };
    let prefix = place.line_prefix();
    let colon = prefix.rfind(':')?;
    let before = prefix[..colon].trim_end();
    let one_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let param = before.rsplit([' ', '(', '=', '[']).next().is_some_and(one_word);
    let typed = place.wants(Rule::type_op) || place.wants(Rule::r#type);
    let binding = before.trim_start().starts_with("let ") && !before.contains('=');
    let span = place.span(place.at - prefix.len() + colon, 1);
    (typed && param && !in_record && !binding).then(|| otherwise(span, "a function", help))
}

/// `// comment` and `/* comment */`.
pub(super) fn comment(place: &Place<'_>) -> Option<Diagnostic> {
    let line = place.line_prefix();
    let start = place.at - line.len();
    let rest = place.rest();
    let merge = line.rfind("//").map(|at| start + at);
    let juxtaposed = place.after_operand() && !line.trim_end().ends_with(['"', ')', ']', '}']);
    let at = if rest.starts_with("/*") || rest.starts_with("//") {
        Some(place.at)
    } else if rest.starts_with('*') && place.prefix().ends_with('/') {
        place.at.checked_sub(1)
    } else {
        merge.filter(|at| juxtaposed || place.text[at + 2..place.at].trim().is_empty())
    }?;
    Some(slashes(place.span(at, 2)))
}

/// A `//` or `/*` that is meant to start a comment.
pub(super) fn slashes(span: Span) -> Diagnostic {
    Diagnostic::error(codes::FOREIGN_COMMENT, "a comment starts with `#`")
        .label(span, "this starts no comment")
        .note("`//` merges two records")
        .help("write `# ...`")
}
