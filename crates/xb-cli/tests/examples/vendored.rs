//! Go modules and Rust crates that lie in the source, for the other architecture by cross and by emulation.

use std::path::Path;

use crate::debs::project;
use crate::machine::{is_possible, xb};

/// A description, and the files of its source.
struct Vendored {
    build: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const GO: Vendored = Vendored {
    build: "go.build {}",
    files: &[
        ("go.mod", "module example.org/greets\n\ngo 1.21\n\nrequire example.org/words v1.0.0\n"),
        ("main.go", "package main\n\nimport \"example.org/words\"\n\nfunc main() { println(words.Greeting()) }\n"),
        (
            "main_test.go",
            "package main\n\nimport (\n\t\"example.org/words\"\n\t\"testing\"\n)\n\n\
             func TestGreeting(t *testing.T) {\n\tif words.Greeting() != \"hello from C\" {\n\t\tt.Fatal()\n\t}\n}\n",
        ),
        ("vendor/modules.txt", "# example.org/words v1.0.0\n## explicit; go 1.21\nexample.org/words\n"),
        (
            "vendor/example.org/words/words.go",
            "package words\n\n// static const char *greeting(void) { return \"hello from C\"; }\nimport \"C\"\n\n\
             func Greeting() string { return C.GoString(C.greeting()) }\n",
        ),
    ],
};

/// The build script of the crate says what it was told to build for, and for whom it runs itself.
const RUST: Vendored = Vendored {
    build: "rust.build {}",
    files: &[
        (
            "Cargo.toml",
            "[package]\nname = \"greets\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nwords = \"1\"\n",
        ),
        (
            "Cargo.lock",
            "version = 3\n\n[[package]]\nname = \"greets\"\nversion = \"1.0.0\"\ndependencies = [\"words\"]\n\n\
             [[package]]\nname = \"words\"\nversion = \"1.0.0\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
             checksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n",
        ),
        (
            "src/main.rs",
            "fn main() {\n    eprintln!(\"{}\", words::greeting());\n}\n\n\
             #[test]\nfn it_is_built_for_what_runs_it() {\n\
             \u{20}   assert!(words::greeting().starts_with(std::env::consts::ARCH));\n}\n",
        ),
        ("vendor/words/Cargo.toml", "[package]\nname = \"words\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"),
        (
            "vendor/words/build.rs",
            "fn main() {\n    println!(\"cargo:rustc-env=FOR={}\", std::env::var(\"CARGO_CFG_TARGET_ARCH\").unwrap());\n}\n",
        ),
        (
            "vendor/words/src/lib.rs",
            "pub fn greeting() -> String {\n    concat!(env!(\"FOR\"), \" says hello\").into()\n}\n",
        ),
        (
            "vendor/words/.cargo-checksum.json",
            "{\"files\":{},\"package\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
        ),
    ],
};

impl Vendored {
    fn check(&self) {
        if !is_possible() {
            return;
        }
        let text = format!(
            "use std {{ go, rust }}\npackage greets(arch) {{\n  version = \"1\"\n  source = ./src\n  build = {}\n  \
             check = true\n}}\n",
            self.build
        );
        let project = project(&text, &[]);
        self.files.iter().for_each(|(name, text)| write(&project.path().join("src").join(name), text));
        let target = format!("{}:greets", project.path().join("p.xb").display());
        for arguments in [
            &["build", &target, "--arch", "amd64"][..],
            &["build", &target, "--arch", "arm64", "--method", "cross"],
            &["verify", &target, "--arch", "arm64", "--methods", "cross,emulate"],
        ] {
            let output = xb(arguments);
            let told = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
            assert!(output.status.success(), "{arguments:?}:\n{}", told.concat());
        }
    }
}

fn write(file: &Path, text: &str) {
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(file, text).expect("a file");
}

#[test]
fn go_takes_the_modules_of_the_source() {
    GO.check();
}

#[test]
fn rust_takes_the_crates_of_the_source() {
    RUST.check();
}
