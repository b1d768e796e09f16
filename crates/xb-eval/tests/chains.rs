//! Chains of a hundred thousand links: each gives a value or an error, and none overflows the stack.

mod support;

/// How many links a chain has.
const LONG: usize = 100_000;

/// The value, or the parser's refusal.
fn value_or_refusal(text: &str, value: &str) {
    let found = support::eval(text);
    assert!(found == value || found.starts_with("E01"), "{}", found.chars().take(80).collect::<String>());
}

#[test]
fn long_chains_of_operators() {
    value_or_refusal(&format!("1{}", " + 1".repeat(LONG)), "100001");
}

#[test]
fn long_chains_of_field_accesses() {
    value_or_refusal(&format!("let x = {{ a = 1 }} in x{}", "?.a".repeat(LONG)), "E0405");
}

#[test]
fn long_chains_of_nested_names() {
    value_or_refusal(&format!("{{ {}a = 1 }}", "a.".repeat(LONG)), "E0402");
}

#[test]
fn long_chains_of_conditions() {
    value_or_refusal(&format!("{}1", "if false then 0 else ".repeat(LONG)), "1");
}

#[test]
fn long_chains_of_functions() {
    value_or_refusal(&format!("{}1", "x => ".repeat(LONG)), "<function>");
}

#[test]
fn long_chains_of_brackets() {
    value_or_refusal(&format!("{}1{}", "[".repeat(LONG), "]".repeat(LONG)), "E0402");
}

#[test]
fn long_chains_of_bindings() {
    value_or_refusal(&format!("{}1", "let a = 1 in ".repeat(LONG)), "1");
}

#[test]
fn long_chains_of_pipes() {
    value_or_refusal(&format!("1{}", " |> (x => x)".repeat(LONG)), "E0402");
}

#[test]
fn long_chains_of_alternatives() {
    value_or_refusal(&format!("match 1 {{ {}1 => 2 }}", "0 | ".repeat(LONG)), "2");
}

#[test]
fn long_chains_of_types() {
    value_or_refusal(&format!("let x: {}Int = 1 in x", "Int | ".repeat(LONG)), "1");
}

#[test]
fn names_are_found_through_many_functions() {
    value_or_refusal(&format!("let y = 1 in {}y", "x => ".repeat(LONG)), "<function>");
}

#[test]
fn optional_types_nest() {
    value_or_refusal(&format!("let x: Int{} = 1 in x", "?".repeat(LONG)), "E0402");
}
