//! Any text, evaluated within small limits, gives a value or errors.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xb_eval::{Arena, Limits, MemoryWorld, Session};

fuzz_target!(|text: &str| {
    let arena = Arena::new();
    let world = MemoryWorld::default();
    let limits = Limits { depth: 1_000, steps: 100_000, memory: 64 << 20 };
    let session = Session::new(&arena, &world, limits);
    if let Ok(Some(value)) = session.eval_text("fuzz", text) {
        let _ = session.print(value);
        let _ = session.to_json(value);
    }
});
