//! The sandbox's child and nothing else, for the tests of this crate.

fn main() {
    xb_exec::sandbox_main();
}
