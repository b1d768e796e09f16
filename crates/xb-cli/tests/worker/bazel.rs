//! A client that others have made has actions run by a server: Bazel, whose outputs are files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::others::{program, project};
use crate::served::Serving;

/// What a project of Bazel consists of, beside busybox: its rule makes a file, a program and a folder.
const PROJECT: [(&str, &str); 4] = [
    ("WORKSPACE", ""),
    ("tools/BUILD", "exports_files([\"busybox\"])\n"),
    (
        "BUILD",
        "load(\":say.bzl\", \"say\")\nsay(name = \"good\", script = \"echo hello\")\nsay(name = \"bad\", script = \"echo this \
         goes wrong >&2; exit 7\")\n",
    ),
    (
        "say.bzl",
        r#"
def _say(ctx):
    made = [ctx.actions.declare_file(ctx.label.name + end) for end in [".txt", ".bin"]]
    made.append(ctx.actions.declare_directory(ctx.label.name + ".d"))
    script = "busybox() { tools/busybox \"$@\"; }; busybox cat /proc/sys/kernel/random/uuid >$1; " + ctx.attr.script + \
             "; busybox cp tools/busybox $2; busybox mkdir -p $3/in; echo x >$3/in/x"
    ctx.actions.run(
        executable = ctx.executable._shell,
        arguments = ["sh", "-euc", script, "sh"] + [output.path for output in made],
        outputs = made,
    )
    return [DefaultInfo(files = depset(made))]

say = rule(
    implementation = _say,
    attrs = {
        "script": attr.string(),
        "_shell": attr.label(default = "//tools:busybox", executable = True, cfg = "exec", allow_single_file = True),
    },
)
"#,
    ),
];

/// Has Bazel build a target with what a server runs, and nothing here; `who` has their own outputs.
fn bazel(program: &Path, project: &Path, who: &str, server: &str, target: &str) -> Output {
    Command::new(program)
        .args(["--batch", "--nohome_rc", "--host_jvm_args=-Xmx256m"])
        .arg(format!("--output_user_root={}", project.join(who).display()))
        .args(["build", "--spawn_strategy=remote", "--noshow_progress", "--symlink_prefix=out-"])
        .arg(format!("--remote_executor=grpc://{server}"))
        .arg(target)
        .current_dir(project)
        .env_clear()
        .env("HOME", project)
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("bazel starts")
}

#[test]
fn files_that_bazel_wants_are_made() {
    let Some(program) = program("XB_TEST_BAZEL") else { return };
    let serving = Serving::start(&["--execute"]);
    let folder = project(&PROJECT);
    let project = folder.path();
    fs::copy("/bin/busybox", project.join("tools/busybox")).expect("a copy");
    let build = |who: &str, target: &str| {
        let output = bazel(Path::new(&program), project, who, &serving.address, target);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    // What one has had run is there for the next, who has outputs of their own.
    let once = ["one", "other"].map(|who| {
        let (is_built, said) = build(who, "//:good");
        assert!(is_built, "{said}");
        let how = if who == "one" { "1 remote." } else { "1 remote cache hit" };
        assert!(said.contains(how), "{said}");
        let made = project.join("out-bin");
        assert_eq!(fs::read_to_string(made.join("good.d/in/x")).expect("it was made"), "x\n");
        let program = fs::metadata(made.join("good.bin")).expect("it was made");
        assert!(program.permissions().mode() & 0o111 != 0 && program.len() > 100_000);
        fs::read_to_string(made.join("good.txt")).expect("it was made")
    });
    assert_eq!(once[0], once[1]);
    let (is_built, said) = build("one", "//:bad");
    assert!(!is_built && said.contains("this goes wrong") && said.contains("Exit 7"), "{said}");
}
