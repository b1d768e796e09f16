//! The guard of a machine and nothing else, for the tests of this crate.

fn main() {
    xb_vm::maybe_run_as_guard();
}
