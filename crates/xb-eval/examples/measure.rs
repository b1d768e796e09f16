//! Measures the evaluator on programs that other evaluators can run as well: `cargo run --release --example measure`.

use std::time::Instant;

use xb_core::{Arch, RelPath};
use xb_eval::{Arena, EmitOptions, Limits, MemoryWorld, Product, Session, TargetRequest, emit};
use xb_graph::Method;

const PROGRAMS: [(&str, &str); 4] = [
    ("fib 30", "let fib = n => if n < 2 then n else fib(n - 1) + fib(n - 2) in fib(30)"),
    (
        "sum of a filtered list of 300,000",
        "list.range(0, 300000) |> list.filter(x => x % 3 == 0) |> list.fold(0, (a, b) => a + b)",
    ),
    (
        "200,000 updates of a record of 1,000 fields",
        "let start = { \"k${i}\" = i for i in list.range(0, 1000) }
         let keys = [\"k${i}\" for i in list.range(0, 1000)]
         in [list.fold(list.range(0, 200), start, (r, n) => list.fold(keys, r, (r, k) => record.set(r, k, n)))]
           |> list.map(r => r.k999)",
    ),
    ("joining 500,000 strings", "[\"x${i}\" for i in list.range(0, 500000)] |> string.join(\",\") |> string.length"),
];

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "this program is for a person, and measures time")]
fn main() {
    for (title, text) in PROGRAMS {
        let begin = Instant::now();
        let arena = Arena::new();
        let world = MemoryWorld::default();
        let session = Session::new(&arena, &world, Limits::default());
        let shown = session.eval_text("<program>", text).map(|value| value.map(|value| session.print(value)));
        println!("{title}: {:?} = {shown:?}", begin.elapsed());
    }
    let packages = packages(10_000);
    let world = MemoryWorld::default().with("p.xb", &packages);
    let begin = Instant::now();
    let request = TargetRequest {
        file: RelPath::normalise("p.xb").unwrap_or_default(),
        name: None,
        product: Product::Result,
        arches: vec![Arch::Arm64],
        may_define_none: false,
    };
    let options = EmitOptions {
        host: Arch::Amd64,
        methods: vec![Method::Cross],
        audit: false,
        describe: false,
        limits: Limits::default(),
    };
    match emit(&world, &[request], &options) {
        Ok(emitted) => println!("10,000 packages: {:?} for {} nodes", begin.elapsed(), emitted.graph.len()),
        Err(failure) => println!("10,000 packages: {:#?}", failure.diagnostics.first()),
    }
    let begin = Instant::now();
    let mut sources = xb_core::Sources::default();
    let file = sources.add("p.xb", packages.as_str());
    let parsed = xb_syntax::parse(file, &packages);
    println!("of which parsing: {:?} for {} items", begin.elapsed(), parsed.file.items.len());
}

fn packages(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let needs: Vec<String> = (1..=number.min(5))
            .map(|step| format!("p{}(arch)", number - 1 - (number * 7 + step * 13) % number.min(50)))
            .collect();
        text.push_str(&format!(
            "package p{number}(arch) {{\n  version = \"1.{number}\"\n  build = {{ script = sh\"make install\" }}\n  needs = [{}]\n}}\n",
            needs.join(", ")
        ));
    }
    text
}
