//! What nobody writes on purpose: an error or a value comes back, within the limits, and always the same.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use xb_eval::{Limits, MemoryWorld};

mod support;
use support::eval_in;

/// Small limits, so that a test of them is quick.
const LIMITS: Limits = Limits { depth: 2_000, steps: 2_000_000, memory: 64 << 20 };

type Outcome = Result<String, (String, String)>;

fn run(text: &str) -> Outcome {
    eval_in(&MemoryWorld::default(), text, LIMITS)
}

/// The code of the error, or `value`.
fn code(outcome: &Outcome) -> &str {
    match outcome {
        Ok(_) => "value",
        Err((code, _)) => code,
    }
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test that looks at the time it took")]
fn gives(text: &str, expected: &[&str]) {
    let began = Instant::now();
    let outcome = run(text);
    let shown: String = text.chars().take(80).collect();
    assert!(expected.contains(&code(&outcome)), "{shown}: {} instead of {expected:?}", code(&outcome));
    assert!(began.elapsed() < Duration::from_secs(60), "{shown}: took {:?}", began.elapsed());
}

#[test]
fn recursion_without_end() {
    gives("let f = n => f(n + 1) in f(0)", &["E0402", "E0403"]);
    gives("let f = n => 1 + f(n + 1) in f(0)", &["E0402"]);
    gives("let f = n => [f(n)] in f(0)", &["E0402"]);
    gives("let f = n => { next = f(n + 1) } in f(0)", &["E0402"]);
    gives("let f = n => g(n) let g = n => f(n) in f(0)", &["E0402", "E0403"]);
    gives("let y = f => f(f) in y(y)", &["E0402", "E0403"]);
    gives("list.map([1], x => x) |> (xs => let f = n => list.fold([n], 0, (a, x) => f(x)) in f(1))", &["E0402"]);
    gives("let f = n => \"${f(n)}\" in f(0)", &["E0402"]);
    gives("let f = n => match f(n) { _ => 1 } in match f(0) { 2 => 1, _ => 0 }", &["E0402"]);
    gives("let p = x => list.sort_by([1, 2], y => p(y)) in p(1)", &["E0402"]);
}

#[test]
fn values_that_contain_themselves() {
    gives("let r = { r = r } in r", &["E0402"]);
    gives("let xs = [xs] in xs", &["E0402"]);
    gives("let xs = [xs] in list.flatten(xs)", &["E0402"]);
    gives("let xs = [xs] in xs == xs", &["E0402", "value"]);
    gives("let a = { x = a } let b = { x = b } in a == b", &["E0402"]);
    gives("let r = { r = r } in json.print(r)", &["E0402"]);
    gives("let r = { r = r } in toml.print(r)", &["E0402"]);
    gives("let r = { r = r } in value.deep(r)", &["E0402"]);
    gives("let r = { r = r } let s = { r = s } in record.merge_deep(r, s)", &["E0402"]);
    gives("let xs = [...xs, 1] in xs", &["E0401"]);
    gives("let r = { ...r, a = 1 } in r", &["E0401"]);
    gives("package p(arch, q) { version = \"1\" }\nlet r = { r = r }\np(arm64, r).version", &["E0402"]);
}

#[test]
fn lists_and_strings_that_grow() {
    gives("list.range(0, 9223372036854775807)", &["E0404"]);
    gives("list.range(-9223372036854775807, 9223372036854775807, 1)", &["E0404"]);
    gives("list.repeat(0, 9223372036854775807)", &["E0404"]);
    let all = "let r = list.range(0, 3000) in list.length";
    gives(&format!("{all}([0 for a in r for b in r])"), &["E0403", "E0404"]);
    gives(&format!("{all}(list.flat_map(r, x => r))"), &["E0404"]);
    gives(&format!("{all}(list.concat([r for a in r]))"), &["E0404"]);
    let spreads = "...r, ".repeat(2_000);
    gives(&format!("{all}([{spreads}])"), &["E0404"]);
    gives("let r = list.range(0, 1000000) in [0 for a in r for b in r if false]", &["E0403"]);
    gives("list.generate(9223372036854775807, x => x)", &["E0404"]);
    gives("string.repeat(\"ab\", 9223372036854775807)", &["E0404"]);
    gives("string.pad_left(\"\", 9223372036854775807)", &["E0404"]);
    gives("string.pad_right(\"\", 9223372036854775807, \"ab\")", &["E0404"]);
    gives("list.fold(list.range(0, 99), \"x\", (s, _) => s + s) |> string.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), \"x\", (s, _) => \"${s}${s}\") |> string.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), \"xx\", (s, _) => string.replace(s, \"x\", s)) |> string.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), \"x\", (s, _) => string.join([s, s])) |> string.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), [1], (xs, _) => xs ++ xs) |> list.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), [1], (xs, _) => [...xs, ...xs]) |> list.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), [1], (xs, _) => list.concat([xs, xs])) |> list.length", &["E0404"]);
    gives("list.fold(list.range(0, 99), [1], (xs, _) => list.flat_map(xs, x => [x, x])) |> list.length", &["E0404"]);
    gives(
        "list.fold(list.range(0, 99), [1], (xs, _) => [x for x in xs for y in [1, 2]]) |> list.length",
        &["E0403", "E0404"],
    );
}

#[test]
fn what_prints_exponentially() {
    // Each record holds the one before it twice: small in memory, endless in print.
    let doubled = "list.fold(list.range(0, 99), 1, (r, _) => { a = r, b = r })";
    gives(doubled, &["E0402", "E0403", "E0404"]);
    gives(&format!("json.print({doubled})"), &["E0402", "E0403", "E0404"]);
    gives(&format!("value.deep({doubled}) |> value.type_of"), &["E0403", "value"]);
    gives(&format!("list.length([{doubled}])"), &["value"]);
}

#[test]
fn deep_nesting() {
    let deep = 100_000;
    for (open, close) in [
        ("[", "]"),
        ("(", ")"),
        ("{ a = ", " }"),
        ("f(", ")"),
        ("!", ""),
        ("-", ""),
        ("x => ", ""),
        ("if true then ", " else 1"),
    ] {
        let text = format!("{}1{}", open.repeat(deep), close.repeat(deep));
        let outcome = run(&text);
        assert_ne!(code(&outcome), "value", "{open}");
    }
    gives(&format!("{}1", "1 + ".repeat(deep)), &["E0112", "value"]);
    gives(&format!("json.parse(\"{}\")", "[".repeat(deep)), &["E0416"]);
    gives(&format!("toml.parse(\"a = {}\")", "[".repeat(deep)), &["E0416"]);
    gives(&format!("string.matches(\"a\", \"{}\")", "(".repeat(deep)), &["E0416"]);
    gives("string.matches(\"a\", \"((((a{99}){99}){99}){99}){99}\")", &["E0416"]);
}

#[test]
fn long_lines_and_large_files() {
    let million = 1_000_000;
    gives(&format!("string.length(\"{}\")", "x".repeat(million)), &["value"]);
    gives(&"x".repeat(million), &["E0301", "E0113"]);
    gives(&format!("{} 1", "#".repeat(million)), &["E0101", "value"]);
    gives(&"1 ".repeat(million), &["E0107"]);
    let list = format!("list.length([{}])", "1, ".repeat(100_000));
    gives(&list, &["value"]);
    let mut lets = String::new();
    for at in 1..5_000 {
        let _ = writeln!(lets, "let a{at} = a{} + 1", at - 1);
    }
    gives(&format!("let a0 = 0\n{lets}a900"), &["value"]);
    gives(&format!("let a0 = 0\n{lets}a4999"), &["E0402", "value"]);
}

#[test]
fn files_in_a_circle() {
    let world = MemoryWorld::default()
        .with("a.xb", "use \"./b.xb\" { b }\nlet a = b\n")
        .with("b.xb", "use \"./a.xb\" { a }\nlet b = a\n")
        .with("whole.xb", "use \"./whole.xb\" as whole\nwhole");
    let found = |text| eval_in(&world, text, LIMITS);
    assert_eq!(code(&found("use \"./a.xb\" { a }\na")), "E0401");
    assert_eq!(code(&found("use \"./whole.xb\" as whole\nwhole")), "E0401");
    let chain = (0..3_000).fold(MemoryWorld::default().with("f3000.xb", "let x = 1"), |world, at| {
        world.with(&format!("f{at}.xb"), &format!("use \"./f{}.xb\" {{ x as y }}\nlet x = y + 1", at + 1))
    });
    let outcome = eval_in(&chain, "use \"./f0.xb\" { x }\nx", LIMITS);
    assert_eq!(code(&outcome), "E0402");
    assert_eq!(eval_in(&chain, "use \"./f2900.xb\" { x }\nx", LIMITS), Ok("101".to_owned()));
}

/// Expressions that read well and mean anything.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| format!("({number})")),
        (-100..100i64).prop_map(|number| format!("({number})")),
        any::<f32>().prop_filter("finite", |x| x.is_finite()).prop_map(|x| format!("({x:?})")),
        "[a-z $é]{0,6}".prop_map(|text| format!("\"{}\"", text.replace('$', "\\$"))),
        prop::sample::select(vec!["true", "false", "null", "a", "b", "c", "f", "[]", "{}", "arm64", "./x", "sh\"x\""])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 48, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (pair.clone(), prop::sample::select(OPERATORS.to_vec())).prop_map(|((x, y), op)| format!("({x} {op} {y})")),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            pair.clone().prop_map(|(x, y)| format!("{{ a = {x}, b.c = {y} }}")),
            pair.clone().prop_map(|(x, y)| format!("(let a = {x} let b = {y} in [a, b])")),
            pair.clone().prop_map(|(x, y)| format!("(let f = a => {x} in f({y}))")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(x, y, z)| format!("(if {x} then {y} else {z})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(x, y, z)| format!(
                "(match {x} {{ [a, ...b] => {y}, {{ a, ... }} => {z}, 1 | 2 => a, _ => b }})"
            )),
            pair.clone().prop_map(|(x, y)| format!("[{x} for a in {y}]")),
            inner.clone().prop_map(|x| format!("({x})?.a")),
            inner.clone().prop_map(|x| format!("\"${{{x}}}\"")),
            (prop::sample::select(calls()), prop::collection::vec(inner, 0..4))
                .prop_map(|(path, args)| format!("{path}({})", args.join(", "))),
        ]
    })
}

const OPERATORS: [&str; 17] =
    ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "??", "//", "++", "|> list.map"];

fn calls() -> Vec<&'static str> {
    xb_eval::NAMESPACES.iter().flat_map(|space| space.table).map(|builtin| builtin.path).chain(["f", "deb"]).collect()
}

fn program() -> impl Strategy<Value = String> {
    (expression(), expression(), expression(), expression()).prop_map(|(a, b, c, value)| {
        format!("let a = {a}\nlet b = {b}\nlet c = {c}\nlet f = (a, b = c) => [a, b]\n{value}\n")
    })
}

const FEW: Limits = Limits { depth: 200, steps: 20_000, memory: 16 << 20 };

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_give_the_same_twice(text in program()) {
        let world = MemoryWorld::default();
        let once = eval_in(&world, &text, FEW);
        prop_assert_eq!(eval_in(&world, &text, FEW), once);
    }

    #[test]
    fn what_is_printed_reads_back(text in expression()) {
        let world = MemoryWorld::default();
        let text = format!("let a = 1\nlet b = \"b\"\nlet c = [1]\nlet f = x => x\n{text}");
        if let Ok(printed) = eval_in(&world, &text, FEW) && !printed.contains('<') {
            prop_assert_eq!(eval_in(&world, &printed, FEW), Ok(printed.clone()));
        }
    }

    #[test]
    fn any_text_is_a_value_or_an_error(text in "\\PC{0,60}") {
        let _ = eval_in(&MemoryWorld::default(), &text, FEW);
    }

    #[test]
    fn any_arguments_of_any_function(
        path in prop::sample::select(calls()),
        args in prop::collection::vec(expression(), 0..4),
    ) {
        let text = format!("let a = 1\nlet b = [a]\nlet c = {{ a, b }}\nlet f = (a, b = c) => a\n{path}({})", args.join(", "));
        let _ = eval_in(&MemoryWorld::default(), &text, FEW);
    }
}
