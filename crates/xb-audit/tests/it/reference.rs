//! The table of findings in the reference, and what is said about each.

use std::collections::BTreeSet;

use xb_audit::FindingKind;

#[test]
fn the_table_of_the_reference_has_every_kind() {
    let page = include_str!("../../../../lang/spec/12-audit.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> =
        FindingKind::ALL.iter().map(|kind| format!("| `{kind}` | {} | {} |", kind.level(), kind.title())).collect();
    assert_eq!(rows, expected);
}

#[test]
fn every_kind_has_a_name_of_its_own_and_a_story() {
    let codes: BTreeSet<&str> = FindingKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes.len(), FindingKind::ALL.len());
    for kind in FindingKind::ALL {
        let is_kebab = kind.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(is_kebab && !kind.title().is_empty() && kind.text().ends_with('.'), "{kind}");
        assert_eq!(&kind.code().parse::<FindingKind>().unwrap(), kind);
        assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
    }
    let unknown = "libary-order".parse::<FindingKind>().unwrap_err().to_string();
    assert!(unknown.ends_with("did you mean `library-order`?"), "{unknown}");
}
