//! What the formatter makes of texts.

use std::path::Path;

use xb_core::FileId;
use xb_syntax::{format, parse, without_spans};

fn formatted(text: &str) -> String {
    match format(text) {
        Ok(out) => out,
        Err(diagnostics) => panic!("{text}\n{diagnostics:#?}"),
    }
}

/// Checks that a text is formatted so, and the invariants.
fn check(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected, "of:\n{text}");
    sound(text);
}

fn sound(text: &str) {
    let once = formatted(text);
    let tree = |text: &str| without_spans(parse(FileId(0), text).file);
    assert_eq!(tree(&once), tree(text), "{text}\n---\n{once}");
    assert_eq!(formatted(&once), once, "not a fixpoint:\n{text}");
    for comment in text.lines().filter_map(|line| line.split_once('#')) {
        assert!(once.contains(comment.1.trim()), "lost #{}:\n{once}", comment.1);
    }
}

#[test]
fn spaces_are_put_where_they_belong() {
    check("let a=1+2*  3", "let a = 1 + 2 * 3\n");
    check("[1,2 ,3]", "[1, 2, 3]\n");
    check("{a=1,b=2\n c=3}", "{ a = 1, b = 2, c = 3 }\n");
    check("f( a ,b=1 )", "f(a, b = 1)\n");
    check("x=>y=>x", "x => y => x\n");
    check("(a:Int,b=2):Int=>a", "(a: Int, b = 2): Int => a\n");
    check("if a then b else c", "if a then b else c\n");
    check("match x{1=>a,_=>b}", "match x { 1 => a, _ => b }\n");
    check("use std{a,b as c}", "use std { a, b as c }\n");
    check("package p(arch){version=\"1\"}", "package p(arch) { version = \"1\" }\n");
    check("{}", "{}\n");
    check("", "");
    check("[x for x in xs if x>1]", "[x for x in xs if x > 1]\n");
    check("p.with{a=1}.b", "p.with { a = 1 }.b\n");
    check("./a  .b.c", "./a .b.c\n");
    check("1 .b", "1.b\n");
}

#[test]
fn the_lines_that_were_chosen_stay() {
    check("[\n1,2]", "[\n  1, 2,\n]\n");
    check("[\n1,2,\n3]", "[\n  1, 2,\n  3,\n]\n");
    check("f(\na,b,\nc)", "f(\n  a, b,\n  c,\n)\n");
    check("{\na=1\n\n\n\nb=2}", "{\n  a = 1\n\n  b = 2\n}\n");
    check("let f = x =>\nx + 1", "let f = x =>\n  x + 1\n");
    check("a\n++ b ++\nc", "a\n  ++ b\n  ++ c\n");
    check("if a\nthen b\nelse c", "if a\nthen b\nelse c\n");
    check("let a = 1\n\n\n\nlet b = 2\nin a", "let a = 1\n\nlet b = 2\nin a\n");
    check("match x {\n1=>a,\n-1=>b}", "match x {\n  1 => a,\n  -1 => b\n}\n");
    check("a\n.b\n.c(1)", "a\n  .b\n  .c(1)\n");
}

#[test]
fn comments_stay_where_they_are() {
    check("# first\nlet a = 1 # one\n# last\n", "# first\nlet a = 1  # one\n# last\n");
    check("[ # open\n1, # one\n2 # two\n# end\n]", "[\n  # open\n  1,  # one\n  2,  # two\n  # end\n]\n");
    check("{\n# only\n}", "{\n  # only\n}\n");
    check("package p(arch) { # a\nv = 1\n\n# b\nw = 2 }", "package p(arch) {\n  # a\n  v = 1\n\n  # b\n  w = 2\n}\n");
    for text in [
        "a + # x\n b",
        "f(a, # x\n b)",
        "f(a # x\n)",
        "(a # x\n)",
        "if a # x\n then b # y\n else # z\n c",
        "let a = # x\n 1 # y\n in # z\n a",
        "x => # x\n 1",
        "x # x\n => 1",
        "(x) # x\n: Int => 1",
        "error # x\n \"a\"",
        "{ a # x\n = 1 }",
        "match a { 1 # x\n => 2 }",
        "match a # x\n { # y\n 1 => 2 # z\n }",
        "[x # a\n for x in # b\n xs # c\n]",
        "use std # x\n { a # y\n }",
        "\"a ${ # x\n b } c\" # y",
        "{ a # x\n = # y\n 1 }",
        "a # x\n.b # y\n.c",
        "assert a # x\n, # y\n \"m\" in b",
        "!# x\n a",
    ] {
        sound(text);
    }
}

#[test]
fn long_lines_are_broken() {
    let item = "\"an item of some length\"";
    let list = format!("let a = [{}]", [item; 6].join(", "));
    let broken = format!("let a = [\n{}]\n", format!("  {item},\n").repeat(6));
    check(&list, &broken);
    sound(&format!("let a = {}", [item; 9].join(" + ")));
    sound(&format!("let a = f({})", [item; 9].join(", ")));
    sound(&format!("let a = if {} then {} else {}", item, [item; 3].join(" + "), [item; 4].join(" + ")));
}

#[test]
fn branches_are_broken_before_their_conditions() {
    let name = "a_name_of_forty_characters_for_the_test_";
    let branches = format!("if {name} == 1 then {name} else {name}");
    check(&branches, &format!("if {name} == 1\nthen {name}\nelse {name}\n"));
    check(&format!("[\n{branches}]"), &format!("[\n  if {name} == 1\n  then {name}\n  else {name},\n]\n"));
    check("if a then b else {\nc = 1 }", "if a then b else {\n  c = 1\n}\n");
}

#[test]
fn items_of_one_line_stay_there_as_far_as_they_fit() {
    let item = "\"an item of some length\"";
    let list = format!("[\n{}]", [item; 6].join(","));
    check(&list, &format!("[\n  {item}, {item}, {item},\n  {item}, {item}, {item},\n]\n"));
}

#[test]
fn the_bracket_of_an_only_item_is_beside_that_of_its_list() {
    let item = "\"an item of some length\"";
    let list = format!("f([g {{ a = {item}, b = {item}, c = {item}, d = {item} }}])");
    check(&list, &format!("f([g {{\n  a = {item}\n  b = {item}\n  c = {item}\n  d = {item}\n}}])\n"));
    sound("[# x\n{a = 1}]");
    sound("[{a = 1} # x\n]");
}

#[test]
fn the_house_is_formatted_and_keeps_its_meaning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["stdlib", "examples"] {
        xb_files(&root.join(folder), &mut files);
    }
    for text in files {
        check(&text, &text);
    }
}

fn xb_files(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            xb_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "xb") {
            found.extend(std::fs::read_to_string(&path));
        }
    }
}
