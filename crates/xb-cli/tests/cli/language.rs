//! Commands about the language.

use crate::world::World;

#[test]
fn expressions_are_evaluated() {
    let world = World::new();
    let eval = |expression: &str| world.xb(&["eval", "-e", expression]).good();
    assert_eq!(eval("1 + 2 * 3"), "7\n");
    assert_eq!(eval("{ b = [1, 2], a = \"x\" }"), "{ a = \"x\", b = [1, 2] }\n");
    assert_eq!(world.xb(&["eval", "--json", "-e", "{ a = [1] }"]).good(), "{\n  \"a\": [\n    1\n  ]\n}\n");
}

#[test]
fn files_are_evaluated_and_their_names_are_in_scope() {
    let world = World::new();
    world.write("lib/numbers.xb", "let two = 2\nlet three = two + 1\n");
    assert_eq!(world.xb(&["eval", "lib/numbers.xb"]).good(), "{ three = 3, two = 2 }\n");
    assert_eq!(world.xb(&["eval", "lib/numbers.xb", "-e", "two * three"]).good(), "6\n");
}

#[test]
fn an_error_shows_the_place_and_a_way_out() {
    let world = World::new();
    world.write("a.xb", "let version = 1\nlet next = verison + 1\nnext\n");
    let err = world.xb(&["eval", "a.xb"]).bad(1);
    assert!(err.contains("a.xb:2:12") && err.contains("version"), "{err}");
}

#[test]
fn nothing_outside_of_the_project_can_be_read() {
    let world = World::new();
    let err = world.xb(&["eval", "-e", "path.read(./../secret)"]).bad(1);
    assert!(err.contains("E0"), "{err}");
    std::os::unix::fs::symlink("/etc/hostname", world.project().join("link")).expect("a link");
    let err = world.xb(&["eval", "-e", "path.read(./link)"]).bad(1);
    assert!(err.contains("out of the project"), "{err}");
}

#[test]
fn files_are_formatted() {
    let world = World::new();
    world.write("a.xb", "let   x=1\nx\n");
    let _ = world.xb(&["fmt", "--check"]).bad(1);
    assert_eq!(world.read("a.xb"), "let   x=1\nx\n");
    assert_eq!(world.xb(&["fmt"]).good(), "a.xb\n");
    let formatted = world.read("a.xb");
    assert!(formatted.starts_with("let x = 1\n"), "{formatted}");
    let _ = world.xb(&["fmt", "--check"]).good();
    world.write("b.xb", "let = 1\n");
    let err = world.xb(&["fmt"]).bad(1);
    assert!(err.contains("[ b.xb:1:5 ]") && err.ends_with("0 of 2 files changed, 1 could not be read\n"), "{err}");
    assert_eq!(world.read("b.xb"), "let = 1\n");
}

#[test]
fn mistakes_are_found_without_evaluating() {
    let world = World::new();
    world.write("a.xb", "let f = x => y\nf\n");
    let err = world.xb(&["check"]).bad(1);
    assert!(err.contains("`y`"), "{err}");
    let json = world.xb(&["check", "--json"]);
    assert_eq!(json.code, 1);
    let found: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(found["found"][0]["severity"], "error");
    assert_eq!(found["found"][0]["places"][0]["line"], 1);
    world.write("a.xb", "use \"./b.xb\" { f }\nf(1)\n");
    let err = world.xb(&["check"]).bad(1);
    assert!(err.contains("there is no file `./b.xb`"), "{err}");
    world.write("b.xb", "let f = x => x\n");
    let _ = world.xb(&["check"]).good();
}

#[test]
fn codes_are_explained() {
    let world = World::new();
    let codes = world.xb(&["explain"]).good();
    assert!(codes.lines().count() > 20, "{codes}");
    let first = codes.split_whitespace().next().expect("a code");
    let text = world.xb(&["explain", &first.to_lowercase()]).good();
    assert!(text.starts_with(first), "{text}");
    let err = world.xb(&["explain", "E9999"]).bad(1);
    assert!(err.contains("xb explain"), "{err}");
    assert!(world.xb(&["explain", "foo"]).bad(1).contains("no code or kind of finding `foo`"));
    assert!(world.xb(&["explain", "401"]).good().starts_with("E0401: "));
    for code in ["W0201", "E0401"] {
        let text = world.xb(&["explain", code]).good();
        assert!(text.contains("\n    let a = ") && !text.contains("```"), "{text}");
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    let world = World::new();
    let wrong = ["eval", "-e", "x"];
    assert!(!world.xb(&wrong).bad(1).contains('\u{1b}'));
    let coloured = world.xb(&["--color", "always", "eval", "-e", "x"]).bad(1);
    assert!(coloured.contains('\u{1b}'), "{coloured:?}");
}

#[test]
fn the_standard_input_is_evaluated() {
    let world = World::new();
    world.write("input", "let x = 3\n");
    let mut command = world.command(&["eval", "-", "-e", "x * 2"]);
    let output = command.stdin(std::fs::File::open(world.project().join("input")).expect("the input")).output();
    assert_eq!(String::from_utf8_lossy(&output.expect("xb runs").stdout), "6\n");
}

#[test]
fn nothing_to_look_at_is_no_success() {
    let world = World::new();
    for command in ["check", "fmt"] {
        assert!(world.xb(&[command]).bad(1).contains("no `.xb` file in `PROJECT`"), "{command}");
    }
}
