//! The program `xb`.

/// Graphs are many small pieces: this allocator makes and frees them faster than the C library's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    xb_cli::main()
}
