//! Measures the parser: a file of 10,000 packages, and hostile texts that must stay linear.
//!
//! The figures are of the best of ten runs: the time on the clock, and the processor time of the calling thread,
//! which is all of it for texts that are too small to be read in parts.
//!
//! `cargo run --release -p xb-syntax --example parse_speed`

#![allow(clippy::print_stdout)]

use std::fmt::Write as _;
use std::time::Instant;

use xb_core::FileId;

fn main() {
    let text = packages(10_000);
    let name = format!("10,000 packages, {:.2} MB", text.len() as f64 / 1e6);
    measure(&name, &text);
    measure("a line of a million characters", &format!("\"{}\"", "x".repeat(1_000_000)));
    measure("a million-character name", &"x".repeat(1_000_000));
    measure("300,000 list items on a line", &format!("[{}]", "1, ".repeat(300_000)));
    measure("an open string of a million characters", &format!("\"{}", "x".repeat(1_000_000)));
    measure("nesting up to the limit", &format!("{}1{}", "[".repeat(256), "]".repeat(256)));
    measure("groups up to the limit", &format!("{}1{}", "(".repeat(256), ")".repeat(256)));
    measure("records up to the limit", &format!("{}1{}", "{ a = ".repeat(256), "}".repeat(256)));
    measure("a million brackets", &"[".repeat(1_000_000));
    measure("100,000 operands", &format!("a{}", " + a".repeat(100_000)));
}

fn measure(name: &str, text: &str) {
    let mut best = (f64::MAX, f64::MAX);
    let mut errors = 0;
    for _ in 0..10 {
        let (clock, start) = (Instant::now(), thread_nanoseconds());
        let parsed = xb_syntax::parse(FileId(0), text);
        let run = thread_nanoseconds() - start;
        best = (best.0.min(clock.elapsed().as_secs_f64() * 1e3), best.1.min(run as f64 / 1e6));
        errors = parsed.diagnostics.len();
    }
    println!("{name}: {:.1} ms ({:.1} ms of this thread), {errors} errors", best.0, best.1);
}

/// The time this thread has run; 0 where the system does not tell.
fn thread_nanoseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|run| run.parse().ok()).unwrap_or(0)
}

fn packages(count: usize) -> String {
    let mut text = String::from("use std { c, fetch }\n\n");
    for index in 0..count {
        let needs: Vec<String> =
            (1..=5).filter_map(|step| index.checked_sub(step * step)).map(|need| format!("p{need}(arch)")).collect();
        let _ = write!(
            text,
            "package p{index}(arch) {{\n  version = \"1.{index}\"\n  needs = [{}]\n  build = c.make {{ script = sh\"make -j$jobs\" }}\n}}\n\n",
            needs.join(", ")
        );
    }
    text
}
