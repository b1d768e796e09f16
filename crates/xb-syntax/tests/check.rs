//! What is found without evaluating.

use xb_core::FileId;
use xb_syntax::{Globals, check, parse};

/// Checks that exactly this is said, each about exactly this part of the text.
fn says(text: &str, expected: &[(&str, &str)]) {
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    let globals = Globals::new(["list", "string", "amd64", "arm64", "deb"]);
    let said = check(&parsed.file, &globals);
    let found: Vec<_> = said
        .iter()
        .map(|d| (d.code.0, &text[d.labels[0].span.start as usize..d.labels[0].span.end as usize]))
        .collect();
    assert_eq!(found, expected, "{text}\n{said:#?}");
}

#[test]
fn names() {
    says("let a = b", &[("E0201", "b")]);
    says("let a = b\nlet b = list.map", &[]);
    says("x => y => x + y + z", &[("E0201", "z")]);
    says("[x for x in xs for y in x if y]", &[("E0201", "xs")]);
    says("match 1 { [h, ...t] => [h, t], { a, b = c } => [a, c], n if n > 1 => n }", &[]);
    says("match 1 { { a, b = c } => b }", &[("E0201", "b")]);
    says("({ a, b = a }, c = b) => a + c", &[]);
    says("\"${a}\"", &[("E0201", "a")]);
    says("{ a = 1, b = a }", &[("E0201", "a")]);
    says("{ a }", &[("E0201", "a")]);
    says("let a = 1 let b = a in b", &[]);
    says(
        "package p(arch) { version = \"1\" source = ./p, build = version }".replace(" source", "\nsource").as_str(),
        &[],
    );
}

#[test]
fn the_nearest_name_is_offered() {
    let parsed = parse(FileId(0), "let version = 1\nlet b = verison");
    let said = check(&parsed.file, &Globals::default());
    assert_eq!(said[0].helps, ["did you mean `version`?"]);
}

#[test]
fn definitions() {
    says("{ a = 1, b = 2, a = 3 }", &[("E0202", "a")]);
    says("let a = 1\nlet a = 2", &[("E0202", "a")]);
    says("(a, a) => a", &[("E0202", "a")]);
    says("let a = a", &[("E0207", "a")]);
    says("let version = \"1\"\npackage p(arch) { version = version }", &[("E0207", "version")]);
    says("package p(arch) { verison = \"1\" }", &[("E0204", "verison")]);
    says("release r { package = [] }", &[("E0205", "package")]);
    says("let a: Integer = 1", &[("E0206", "Integer")]);
}

#[test]
fn calls() {
    let with = |call: &str| format!("let f = (a, b = 1) => a + b\nlet x = {call}");
    says(&with("f(1)"), &[]);
    says(&with("f(1, 2)"), &[]);
    says(&with("f(b = 1, a = 2)"), &[]);
    says(&with("1 |> f"), &[]);
    says(&with("1 |> f(2)"), &[]);
    says(&with("f(1, 2, 3)"), &[("E0203", "f(1, 2, 3)")]);
    says(&with("f()"), &[("E0203", "f()")]);
    says(&with("f(1, a = 2)"), &[("E0203", "a")]);
    says(&with("f(1, c = 2)"), &[("E0203", "c")]);
    says(&with("1 |> f(2, 3)"), &[("E0203", "1 |> f(2, 3)")]);
    says("package p(arch) { version = \"1\" }\nlet x = p()", &[("E0203", "p()")]);
}

#[test]
fn unused_and_hidden_names() {
    says("let a = 1 let b = 2 in a", &[("W0201", "b")]);
    says("let a = 1\nlet _b = 2\na", &[]);
    says("let a = 1", &[]);
    says("use std { fetch, c }\nlet b = c", &[("W0202", "fetch")]);
    says("let a = 1\nlet f = a => a", &[("W0203", "a")]);
    says("let list = 1", &[("W0203", "list")]);
    says("package p(version) { version = \"1\" }", &[("W0203", "version")]);
    says("package p(arch) {\n let x = 1\n version = (x => x)(x)\n}", &[("W0203", "x")]);
}

#[test]
fn slots() {
    says("package p(arch) { needs = [\"cmake\", \"libssl-dev\"] }", &[("W0204", "\"cmake\"")]);
    says("package p(arch) { tools = [\"cmake\", \"libssl-dev\"] }", &[("W0205", "\"libssl-dev\"")]);
}
