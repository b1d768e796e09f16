//! What nobody writes on purpose: an error or a value comes back, within the limits, and always the same.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use xb_eval::{Arena, Limits, MemoryWorld, Session, Value};

mod support;
use support::eval_in;

/// The limits that hold where nothing is said, with less memory, so that a test of it is quick.
const LIMITS: Limits = Limits { depth: 20_000, steps: u64::MAX, memory: 64 << 20 };

/// Limits for what takes neither depth nor memory and yet does not end.
const STEPS: Limits = Limits { steps: 2_000_000, ..LIMITS };

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
fn gives(text: &str, expected: &[&str]) {
    gives_within(LIMITS, text, expected);
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test that looks at the time it took")]
fn gives_within(limits: Limits, text: &str, expected: &[&str]) {
    let began = Instant::now();
    let outcome = eval_in(&MemoryWorld::default(), text, limits);
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
    gives("let r = { r = r } in toml.print(r)", &["E0416"]);
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
    gives_within(STEPS, "let r = list.range(0, 1000000) in [0 for a in r for b in r if false]", &["E0403"]);
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
    gives(doubled, &["E0404"]);
    gives(&doubled.replace("{ a = r, b = r }", "[r, r]"), &["E0404"]);
    gives(&format!("json.print({doubled})"), &["E0404"]);
    gives(&format!("json.print({doubled}, pretty = true)"), &["E0404"]);
    gives(&format!("toml.print({})", doubled.replace("99", "70")), &["E0404"]);
    gives(&format!("package p(arch, x) {{ version = \"1\" }}\np(arm64, {doubled}).version"), &["E0404"]);
    gives(&format!("value.deep({doubled}) |> value.type_of"), &["value"]);
    gives(&format!("list.length([{doubled}])"), &["value"]);
}

#[test]
fn long_names_are_written_again_with_each_table() {
    let deep =
        "list.fold(list.range(0, 70), { x = 1 }, (r, _) => { (string.repeat(\"n\", 100000)) = r, y = { z = 1 } })";
    gives(&format!("toml.print({deep}) |> string.length"), &["E0404"]);
}

#[test]
fn what_is_written_beyond_the_limit_has_a_place() {
    let doubled = "list.fold(list.range(0, 40), 1, (r, _) => { a = r, b = r })";
    for text in [doubled.to_owned(), format!("json.print({doubled})"), format!("toml.print({doubled})")] {
        let (world, arena) = (MemoryWorld::default(), Arena::new());
        let session = Session::new(&arena, &world, LIMITS);
        let value = session.eval_text("<test>", &text);
        let written = value.and_then(|value| session.print(value.expect("an expression")));
        let failed = written.expect_err("it is endless");
        let place = failed[0].labels[0].span;
        assert_eq!((failed[0].code.to_string().as_str(), place.start, place.end as usize), ("E0404", 0, text.len()));
    }
    let (world, arena) = (MemoryWorld::default(), Arena::new());
    let session = Session::new(&arena, &world, LIMITS);
    let value = session.eval_text("<test>", doubled).expect("a value").expect("an expression");
    assert_eq!(session.to_json(value).expect_err("it is endless")[0].code.to_string(), "E0404");
    // What was given up is not held any longer.
    assert!(session.print(Value::Int(1)).is_ok());
}

#[test]
fn texts_that_are_put_together_are_reserved_first() {
    let large = "let s = string.repeat(\"x\", 20000000)";
    let pieces = "${s}".repeat(100);
    gives(&format!("{large} in string.length(\"{pieces}\")"), &["E0404"]);
    // As soon as it is certain, and not when all is put together.
    gives(&format!("{large} in \"${{s}}${{s}}${{s}}${{s}}${{error \"too late\"}}\""), &["E0404"]);
    let within = "let f = n => if n == 0 then \"\" else \"${s}${f(n - 1)}\"";
    gives(&format!("{large} {within} in string.length(f(100))"), &["E0404"]);
    gives(&format!("{large} in string.length(string.join(list.repeat(s, 100)))"), &["E0404"]);
}

#[test]
fn parts_of_texts_and_lists_are_shared() {
    let each = |call: &str| {
        let lets = "let s = string.repeat(\"x\", 1000000) let xs = list.range(0, 1000000)";
        gives(&format!("{lets} in list.fold(list.range(0, 300), 0, (n, _) => value.seq({call}, n + 1))"), &["value"]);
    };
    each("string.trim(s)");
    each("string.drop(s, 1)");
    each("string.take(s, 999999)");
    each("string.remove_prefix(s, \"x\")");
    each("list.tail(xs)");
    each("list.take(xs, 999999)");
    each("list.drop(xs, 1)");
    each("list.slice(xs, 1, 999999)");
}

#[test]
fn large_copies_do_not_gather() {
    let each = |call: &str| {
        let lets = "let s = string.repeat(\"x\", 1000000) let xs = list.range(0, 100000)
            let r = { \"k${i}\" = i for i in list.range(0, 20000) }";
        gives(&format!("{lets} in list.fold(list.range(0, 300), 0, (n, _) => value.seq({call}, n + 1))"), &["E0404"]);
    };
    each("string.upper(s)");
    each("string.lower(s)");
    each("string.shell_quote(s)");
    each("string.replace(s, \"y\", \"z\")");
    each("list.reverse(xs)");
    each("list.sort(xs)");
    each("list.zip(xs, xs)");
    each("list.enumerate(xs)");
    each("r // r");
}

#[test]
fn many_parts_of_one_text_are_reserved() {
    let many = "let s = string.repeat(\"a \", 10000000)";
    for call in ["string.words(s)", "string.chars(s)", "string.split(s, \" \")", "version.parts(s)"] {
        gives(&format!("{many} in list.length({call})"), &["E0404"]);
    }
    let parsed = "\"[\" + string.replace(s, \"a \", \"1,\") + \"1]\"";
    gives(&format!("{many} in json.parse({parsed}) |> list.length"), &["E0404"]);
    gives(&format!("{many} in toml.parse(\"a = ${{{parsed}}}\")"), &["E0404"]);
}

/// Runs in a thread with a small stack, so that what grows it too late is found.
fn with_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).expect("a thread");
    thread.join().expect("no panic");
}

#[test]
fn deep_values_are_written() {
    with_small_stack(|| {
        let limits = Limits { depth: 1_000_000, memory: 1 << 30, ..LIMITS };
        let deep = |levels| format!("list.fold(list.range(0, {levels}), 1, (r, _) => [r])");
        gives_within(limits, &deep(200_000), &["value"]);
        gives_within(limits, &format!("json.print({}) |> string.length", deep(200_000)), &["value"]);
        gives_within(limits, &format!("json.print({}, pretty = true)", deep(200_000)), &["E0404"]);
        gives(&format!("json.print({}) |> string.length", deep(19_000)), &["value"]);
        gives(&format!("json.print({}) |> string.length", deep(21_000)), &["E0402"]);
        gives(&format!("toml.print({{ a = {} }}) |> string.length", deep(70)), &["value"]);
        gives(&format!("toml.print({{ a = {} }})", deep(19_000)), &["E0416"]);
        gives("list.fold(list.range(0, 79), 1, (r, _) => { a = r }) |> toml.print |> toml.parse", &["value"]);
    });
}

#[test]
fn deep_texts_are_parsed() {
    with_small_stack(|| {
        let nested = |open: &str, close: &str, levels| format!("{}{}", open.repeat(levels), close.repeat(levels));
        gives(&format!("json.parse(\"{}\") |> value.type_of", nested("[", "]", 127)), &["value"]);
        gives(&format!("json.parse(\"{}\")", nested("[", "]", 129)), &["E0416"]);
        gives(&format!("toml.parse(\"a = {}\") |> value.type_of", nested("[", "]", 79)), &["value"]);
        gives(&format!("toml.parse(\"a = {}\")", nested("[", "]", 81)), &["E0416"]);
        gives(&format!("toml.parse(\"{}a = 1\")", "a.".repeat(10_000)), &["E0416"]);
        // Names of many parts within brackets within names of many parts.
        let name = |parts| format!("{}a", "a.".repeat(parts));
        let inner = format!("{{ {} = ", name(78)).repeat(78);
        let text = format!("[{}]\\n{} = {inner}1{}", name(78), name(78), " }".repeat(78));
        gives(&format!("toml.parse(\"{text}\") |> value.type_of"), &["value"]);
    });
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
    let limits = Limits { depth: 2_000, ..LIMITS };
    let world = MemoryWorld::default()
        .with("a.xb", "use \"./b.xb\" { b }\nlet a = b\n")
        .with("b.xb", "use \"./a.xb\" { a }\nlet b = a\n")
        .with("whole.xb", "use \"./whole.xb\" as whole\nwhole");
    let found = |text| eval_in(&world, text, limits);
    assert_eq!(code(&found("use \"./a.xb\" { a }\na")), "E0401");
    assert_eq!(code(&found("use \"./whole.xb\" as whole\nwhole")), "E0401");
    let chain = (0..3_000).fold(MemoryWorld::default().with("f3000.xb", "let x = 1"), |world, at| {
        world.with(&format!("f{at}.xb"), &format!("use \"./f{}.xb\" {{ x as y }}\nlet x = y + 1", at + 1))
    });
    let outcome = eval_in(&chain, "use \"./f0.xb\" { x }\nx", limits);
    assert_eq!(code(&outcome), "E0402");
    assert_eq!(eval_in(&chain, "use \"./f2900.xb\" { x }\nx", limits), Ok("101".to_owned()));
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
