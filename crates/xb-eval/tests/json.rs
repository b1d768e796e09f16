//! JSON as it is written: what serde_json writes for the same data, on one line and on several.

use proptest::prelude::*;
use xb_eval::{Arena, Limits, MemoryWorld, Session};

/// A value on several lines and on one.
fn written(text: &str) -> (String, String) {
    let (world, arena) = (MemoryWorld::default(), Arena::new());
    let session = Session::new(&arena, &world, Limits::default());
    let eval = |text: &str| session.eval_text("<test>", text).expect("a value").expect("an expression");
    let pretty = session.to_json(eval(text)).expect("plain data");
    // JSON escapes what this language escapes the same way, and `$` stands alone.
    let shown = session.print(eval(&format!("json.print({text})"))).expect("a string");
    let one_line = serde_json::from_str(&shown).expect("a string of JSON");
    (pretty, one_line)
}

#[track_caller]
fn agrees(text: &str) {
    let (pretty, one_line) = written(text);
    let data: serde_json::Value = serde_json::from_str(&pretty).expect("JSON");
    assert_eq!(pretty, serde_json::to_string_pretty(&data).unwrap_or_default(), "{text}");
    assert_eq!(one_line, serde_json::to_string(&data).unwrap_or_default(), "{text}");
}

#[test]
fn data_of_every_kind() {
    agrees("[]");
    agrees("{}");
    agrees("[[], {}, [[]], { a = {} }]");
    agrees("[null, true, false, 0, -1, 9223372036854775807, 0.5, 1.0, 1e300, -2.5e-9, 1e16]");
    agrees("{ b = 1, a = [1, { z = null, y = \"x\" }], \"a b\" = arm64 }");
    agrees("[\"\", \"a\\\"b\\\\c\\n\\t\\r\", \"é\", ./a/b, sh\"make\"]");
}

fn data() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        "[a-z é/]{0,8}".prop_map(|text| format!("\"{text}\"")),
        prop::sample::select(vec!["true", "null", "[]", "{}", "0.25"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            (inner.clone(), inner).prop_map(|(x, y)| format!("{{ b = {x}, \"a c\" = {y} }}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn data_of_any_form(text in data()) {
        agrees(&text);
    }
}
