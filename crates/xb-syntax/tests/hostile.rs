//! Whatever the text is, the parser, the formatter and the checks give an answer.

use proptest::prelude::*;
use xb_core::FileId;
use xb_syntax::{Globals, check, format, parse, parse_expression, without_spans};

/// Everything that can be done with a text, and the invariants of it.
fn exercise(text: &str) {
    let parsed = parse(FileId(0), text);
    for label in parsed.diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        assert!(start <= end && text.get(start..end.min(text.len())).is_some(), "{text:?}: {label:?}");
    }
    let _ = check(&parsed.file, &Globals::new(["list", "amd64"]));
    let _ = parse_expression(FileId(0), text);
    let Ok(once) = format(text) else {
        assert!(!parsed.diagnostics.is_empty());
        return;
    };
    let again = parse(FileId(0), &once);
    assert_eq!(without_spans(again.file), without_spans(parsed.file), "{text:?}\n{once}");
    assert_eq!(format(&once).as_deref(), Ok(&*once), "{text:?}");
}

const TOKENS: &[&str] = &[
    "a", "b", "arch", "x", "let ", "in ", "if ", "then ", "else ", "match ", "for ", "assert ", "error ", "use ",
    "as ", "std", "package ", "release ", "with", "null", "true", "sh\"", "sh\"\"\"", "\"", "\"\"\"", "${", "}", "{",
    "(", ")", "[", "]", ",", ".", "?.", "...", "=", "==", "=>", "->", "//", "++", "+", "-", "*", "/", "|>", "??", "||",
    "|", "&&", "!", "<", ">=", ":", ";", "#", "\n", "\n  ", " ", "./p", "../q", "1", "1.5", "1_0", "\\n", "\\", "'",
    "é", "_", "Int", "?", "\r\n", "\t", "inherit ", "rec ", "import ",
];

const PROGRAMS: &[&str] = &[
    "use std { fetch, c as clang } # names\nuse \"./z.xb\" as z\n\n# doc\npackage p(arch, f: String = \"x\") {\n  let h = [1, 2]\n  version = \"1.${f}\"\n  needs = [z.p(arch), ...h]\n  build = c.make { flags = [\"-O2\"] }\n}\nrelease r { packages = [p], arches = [amd64] }\n",
    "let f = ({ a, b = 1, ... }, c: Int | Null = null): [Int] => match a {\n  [h, ...t] if h > 1 => h + f(t)\n  { x, y = 2 } => x // y,\n  -1 | \"s\" => null\n  _ => error \"no\"\n}\nlet t = \"\"\"\n  one ${f(1)}\n    two\n  \"\"\"\nassert t != null, \"m\" in f { a = [1], b.c.d = 2, \"k ${t}\" = 3, ...z } |> g(1) ?? h",
    "[x * y for x in xs if x > 1 for y in [1, 2]] ++ { (k) = v for { k, v } in xs }.a?.b.\"c\"\n  .with { a = !b && -c <= 1.5e3 }",
    "if a # one\nthen let b = 1 let c = b in (b: Int) # two\nelse x => y => sh\"\"\"\n  make ${z}\n\"\"\"",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in ".{0,200}") {
        exercise(&text);
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        exercise(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens(tokens in proptest::collection::vec(proptest::sample::select(TOKENS), 0..60)) {
        exercise(&tokens.concat());
    }

    #[test]
    fn programs_with_something_cut_or_put_in(
        program in proptest::sample::select(PROGRAMS),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0..6_usize, proptest::sample::select(TOKENS)), 0..4),
    ) {
        let mut text = program.to_owned();
        for (place, cut, token) in edits {
            let at = place.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, token);
            }
        }
        exercise(&text);
    }
}

#[test]
fn the_programs_are_right_before_they_are_edited() {
    for program in PROGRAMS {
        assert_eq!(parse(FileId(0), program).diagnostics, [], "{program}");
        exercise(program);
    }
}
