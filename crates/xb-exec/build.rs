//! Compiles the interpreter for programs of other architectures with the C compiler that xb needs anyway, twice.

use std::env;
use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "helper/interpreter.c";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    compile("interpreter", &[]);
    compile("sealed", &["-DSEALED"]);
}

fn compile(name: &str, more: &[&str]) {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let compiler = cc::Build::new().opt_level(2).get_compiler();
    let status = Command::new(compiler.path())
        .args(["-std=c11", "-O2", "-static", "-nostdlib", "-nostartfiles", "-ffreestanding"])
        .args(["-fno-stack-protector", "-fno-pie", "-no-pie", "-fno-builtin", "-Wall", "-Wextra"])
        .args(["-fno-asynchronous-unwind-tables", "-Wl,--build-id=none", "-s", "-o"])
        .arg(folder.join(name))
        .args(more)
        .arg(SOURCE)
        .status();
    assert!(
        status.as_ref().is_ok_and(std::process::ExitStatus::success),
        "cannot compile {SOURCE} with `{}`: {status:?}",
        compiler.path().display()
    );
}
