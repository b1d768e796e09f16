//! What the parser makes of texts.

use xb_core::FileId;
use xb_syntax::ast::{BinaryOp, ExprKind, Item};
use xb_syntax::{parse, parse_expression};

fn expr(text: &str) -> ExprKind {
    let (expr, diagnostics) = parse_expression(FileId(0), text);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:#?}");
    expr.expect("an expression without errors").kind
}

#[test]
fn the_first_example_of_the_design_is_read() {
    let text = r#"
# curl.xb
use std { fetch, c }
use "./zlib.xb"    { zlib }
use "./openssl.xb" { openssl }

# A tool for URLs.
package curl(arch) {
  version = "8.14.1"
  license = "curl"
  source  = fetch.tarball("debian:pool/main/c/curl/curl_${version}.orig.tar.gz")

  needs   = [zlib(arch), openssl(arch)]     # linked in: of the result's architecture
  tools   = ["perl", "pkgconf"]             # run while building: of the builder's platform

  build   = c.autotools { configure = ["--with-openssl", "--without-libpsl"] }
  check   = sh"make -C tests/unit check"
}

package edge_agent(arch) {
  source = ./agent
  needs  = ["libpcap-dev"]
  build  = go.build { packages = ["./cmd/agent"], cgo = true }
  ship   = deb { section = "net", user = "edge" }
}

let small_curl = arch => curl(arch).with { build = c.autotools { configure = ["--disable-ftp"] } }

release edge {
  packages = [curl, edge_agent]
  arches   = [amd64, arm64]
  formats  = [deb, oci]
}
"#;
    let parsed = parse(FileId(0), text);
    assert!(parsed.diagnostics.is_empty(), "{:#?}", parsed.diagnostics);
    assert_eq!(parsed.file.items.len(), 7);
    let Item::Package(curl) = &parsed.file.items[3] else { panic!("{:?}", parsed.file.items[3]) };
    assert_eq!(curl.doc.as_deref(), Some("A tool for URLs."));
    assert_eq!(curl.fields.len(), 7);
}

#[test]
fn forms() {
    for text in [
        "null",
        "1_000",
        "1.5e3",
        "\"a ${b} c\"",
        "sh\"x $y\"",
        "./a/b",
        "../c",
        "./.",
        "[1, ...a, 2,]",
        "{ a = 1, b.c = 2, \"x y\" = 3, ...r, d }",
        "{ a = 1\n b: Int = 2 }",
        "f(a, b = 2)",
        "f { a = 1 }",
        "r.a.b",
        "r.\"dyn-${x}\"",
        "r?.a",
        "x ?? default",
        "p.with { a = 1 }",
        "p.with(r)",
        "let a = 1 let b = a in a + b",
        "if c then a else if d then b else e",
        "match x { 1 => a, [h, ...t] => t, { name, ... } => name, _ => 0 }",
        "match x {\n 1 | 2 => a,\n -3 if y > 2 => b\n \"x\" => c }",
        "x => e",
        "(a, b = 2) => e",
        "({ a, b = 1, ... }) => e",
        "(a: Int, b: [String] = []): Int => e",
        "() => 1",
        "x => y => x",
        "(x: Int | Null)",
        "(f: (A, B) -> C?)",
        "(r: { a: Int, b?: \"x\" | \"y\", ... })",
        "(m: { *: Int })",
        "assert c, \"m\" in e",
        "assert c in e",
        "error \"m\"",
        "a ?? error \"m\"",
        "[e for x in xs if p for y in ys]",
        "{ (k) = v for k in ks }",
        "{ \"${k}\" = v for k in ks if p }",
        "a |> f |> g(1)",
        "!a && -b < c",
        "a\n  .b\n  .c(1)",
        "xs |> list.map(x => x + 1)",
        "{ for = 1, in = 2 }.for",
        "\"\"\"\n  a\n    ${b}\n  \"\"\"",
        "sh\"\"\"\n  make ${x}\n  \"\"\"",
        "sh\"\"",
        "\"\"",
        "\"\"\"\"\"\"",
        "f(as = 1)",
        "-9223372036854775808",
        "{}",
        "[]",
        "{ a, b }",
        "a // b // c",
        "(a)",
        "f()()",
        "(x => x)(1)",
        "{ a = x }.a",
    ] {
        expr(text);
    }
}

#[test]
fn operators_group_by_their_table() {
    let ExprKind::Binary(BinaryOp::Add, _, right) = expr("1 + 2 * 3") else { panic!() };
    assert!(matches!(right.kind, ExprKind::Binary(BinaryOp::Multiply, ..)));
    let ExprKind::Binary(BinaryOp::Merge, _, right) = expr("a // b // c") else { panic!() };
    assert!(matches!(right.kind, ExprKind::Binary(BinaryOp::Merge, ..)));
    let ExprKind::Binary(BinaryOp::Default, _, right) = expr("a ?? b || c") else { panic!() };
    assert!(matches!(right.kind, ExprKind::Binary(BinaryOp::Or, ..)));
}

#[test]
fn a_large_file_is_the_same_in_parts() {
    let package = |n: usize| format!("package p{n}(arch) {{\n  # {}\n  version = \"1.{n}\"\n}}\n", "x".repeat(500));
    let packages: String = (0..500).map(package).collect();
    let text = format!("{packages}let a = 1\nlet b = a\nin b");
    let parsed = parse(FileId(0), &text);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.file.items.len(), 500);
    assert!(
        matches!(parsed.file.value.map(|value| value.kind), Some(ExprKind::Let(bindings, _)) if bindings.len() == 2)
    );
    let Some(Item::Package(last)) = parsed.file.items.last() else { panic!() };
    let span = last.fields[0].name.span;
    assert_eq!(&text[span.start as usize..span.end as usize], "version");

    let broken = format!("{packages}1 + 1\n{packages}let a = b c\n{packages}");
    let codes: Vec<_> = parse(FileId(0), &broken).diagnostics.iter().map(|d| d.code.0).collect();
    assert_eq!(codes, ["E0125", "E0107"]);
}
