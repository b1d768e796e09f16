//! The program `xb`.

fn main() -> std::process::ExitCode {
    xb_cli::main()
}
