//! Small programs and what they give.

use xb_eval::{Arena, Limits, MemoryWorld, Session};

fn eval(text: &str) -> String {
    let arena = Arena::new();
    let world = MemoryWorld::default();
    let session = Session::new(&arena, &world, Limits::default());
    let shown = session.eval_text("<test>", text).and_then(|value| session.print(value.expect("an expression")));
    match shown {
        Ok(text) => text,
        Err(errors) => {
            errors.iter().map(|error| format!("{} {}", error.code, error.message)).collect::<Vec<_>>().join("; ")
        }
    }
}

#[test]
fn arithmetic_and_strings() {
    assert_eq!(eval("1 + 2 * 3"), "7");
    assert_eq!(eval("7 / 2"), "3");
    assert_eq!(eval("1 + 0.5"), "1.5");
    assert_eq!(eval("\"a${1 + 1}b\""), "\"a2b\"");
    assert_eq!(eval("9223372036854775807 + 1"), "E0406 the result does not fit into 64 bits");
    assert_eq!(eval("1 / 0"), "E0407 division by zero");
}

#[test]
fn bindings_see_each_other_in_any_order() {
    assert_eq!(eval("let a = b + 1 let b = 2 in [a, b]"), "[3, 2]");
    assert_eq!(eval("let f = n => if n < 2 then n else f(n - 1) + f(n - 2) in f(15)"), "610");
    assert_eq!(
        eval(
            "let even = n => if n == 0 then true else odd(n - 1) let odd = n => if n == 0 then false else even(n - 1) in even(10)"
        ),
        "true"
    );
    assert_eq!(eval("let a = { x = b.y } let b = { y = 3, z = a } in b.z.x"), "3");
}

#[test]
fn an_infinite_recursion_is_a_path_of_names() {
    assert_eq!(
        eval("let a = b + 1 let b = c + 1 let c = a + 1 in a"),
        "E0401 infinite recursion: `a` needs `b` needs `c` needs `a`"
    );
    assert!(eval("let f = x => f(x) + 1 in f(1)").starts_with("E0402"));
}

#[test]
fn functions_take_arguments_by_position_and_name() {
    assert_eq!(
        eval("let f = (a, b = a + 1, c = b + 1) => [a, b, c] in [f(1), f(1, c = 5), f(b = 0, a = 9)]"),
        "[[1, 2, 3], [1, 2, 5], [9, 0, 1]]"
    );
    assert_eq!(eval("let f = ({ a, b = a * 2, ... }) => a + b in f { a = 2, z = 1 }"), "6");
    assert!(eval("let f = (a, b) => a in f(1)").starts_with("E0410 the argument `b` of `f` is missing"));
    assert!(eval("let f = ({ a }) => a in f { a = 1, b = 2 }").starts_with("E0410"));
    assert_eq!(eval("[1, 2, 3] |> list.map(x => x * x) |> list.fold(0, (a, b) => a + b)"), "14");
}

#[test]
fn records_merge_nest_and_compute_their_names() {
    assert_eq!(eval("{ a.b = 1, a.c = 2, \"x y\" = 3 }"), "{ a = { b = 1, c = 2 }, \"x y\" = 3 }");
    assert_eq!(eval("{ a = 1 } // { b = 2, a = 3 }"), "{ a = 3, b = 2 }");
    assert_eq!(eval("let k = \"q\" in { \"${k}1\" = 1, (k) = 2, ...{ q1 = 5, z = 1 } }"), "{ q = 2, q1 = 5, z = 1 }");
    assert_eq!(eval("{ (k) = string.length(k) for k in [\"a\", \"bb\"] }"), "{ a = 1, bb = 2 }");
    assert_eq!(eval("{ a = 1 }.b ?? 2").split(' ').next(), Some("E0408"));
    assert_eq!(eval("{ a = 1 }?.b ?? 2"), "2");
    assert_eq!(eval("[x + y for x in [1, 2] if x > 1 for y in [10, 20]]"), "[12, 22]");
}

#[test]
fn what_is_not_needed_is_not_evaluated() {
    assert_eq!(eval("let boom = error \"boom\" in [1, boom] |> list.length"), "2");
    assert_eq!(eval("let f = (a, b) => a in f(1, error \"b\")"), "1");
    assert_eq!(eval("{ a = 1, b = error \"b\" }.a"), "1");
    assert_eq!(eval("error \"boom\""), "E0413 boom");
    assert_eq!(eval("assert 1 == 2, \"no\" in 3"), "E0414 no");
}

#[test]
fn matches_take_values_apart() {
    assert_eq!(eval("match [1, 2, 3] { [] => 0, [h, ...t] => [h, t] }"), "[1, [2, 3]]");
    assert_eq!(
        eval("match { a = 1, b = 2 } { { a } => 1, { a, ... } if a > 1 => 2, { a = 1 | 2, b, ... } => b }"),
        "2"
    );
    assert!(eval("match 3 { 1 => 1 }").starts_with("E0412"));
}

#[test]
fn annotations_blame() {
    assert_eq!(eval("let x: Int = 3 in x"), "3");
    assert!(eval("let x: Int = \"a\" in x").starts_with("E0501 expected Int, found \"a\""));
    assert!(eval("let f = (x: [Int]) => x in list.last(f([1, \"a\"]))").starts_with("E0501"));
    assert!(eval("let f: (Int) -> String = x => x in f(1)").starts_with("E0501"));
    assert_eq!(eval("let x: { a: Int, b?: String, ... } = { a = 1, c = 2 } in x.a"), "1");
}

#[test]
fn packages_are_open() {
    let zlib = r#"
package zlib(arch, flavour = "full") {
  version = "1.3"
  source = ./src
  summary = "zlib ${version} ${flavour} for ${arch}"
  build = sh"make"
}
"#;
    assert_eq!(eval(&format!("{zlib} zlib(arm64).summary")), "\"zlib 1.3 full for arm64\"");
    assert_eq!(
        eval(&format!("{zlib} zlib(\"amd64\", flavour = \"min\").with {{ version = \"2\" }}.summary")),
        "\"zlib 2 min for amd64\""
    );
    assert_eq!(eval(&format!("{zlib} zlib(arm64) == zlib(\"arm64\")")), "true");
    assert!(eval(&format!("{zlib} zlib(arm64).verson")).starts_with("E0601"));
    assert!(eval("package p(arch) { version = 3 }\np(arm64).version").starts_with("E0503"));
    assert!(eval("package p(arch) { verison = \"3\" }\np").starts_with("E0601"));
}
