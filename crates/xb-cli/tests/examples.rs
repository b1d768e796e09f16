//! The examples: real upstream software, built and checked for both architectures, and compared between methods.
//!
//! Takes the base from the machine's own Debian mirror. `XB_TEST_EXAMPLES` says which: names with commas between
//! them, or `all`; without it, a few that are quick. `XB_TEST_STORE` names a store to keep between runs.

#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What is built when nobody says what.
const QUICK: &str = "hello,zlib,lua,lpeg,markupsafe";

/// The store that all examples of one run share.
fn store() -> &'static Path {
    static STORE: OnceLock<PathBuf> = OnceLock::new();
    STORE.get_or_init(|| match std::env::var_os("XB_TEST_STORE") {
        Some(path) => path.into(),
        None => {
            let folder = tempfile::tempdir_in("/var/tmp").expect("a folder for the store").keep();
            remove_at_the_end(&folder);
            folder
        }
    })
}

/// Removes a folder when this process has ended, however it ends: nothing drops what is static, and a store is large.
fn remove_at_the_end(folder: &Path) {
    let waiting = Command::new("sh")
        .args(["-c", "trap '' INT TERM HUP; read _; rm -rf \"$0\""])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    std::mem::forget(waiting);
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn is_wanted(name: &str) -> bool {
    let wanted = std::env::var("XB_TEST_EXAMPLES").unwrap_or_else(|_| QUICK.to_owned());
    wanted == "all" || wanted.split(',').any(|one| one == name)
}

/// Whether the machine can do it at all; in CI it must.
fn is_possible() -> bool {
    static POSSIBLE: OnceLock<bool> = OnceLock::new();
    *POSSIBLE.get_or_init(|| {
        let output = xb(&["build", "hello", "--arch", "arm64"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let missing = !output.status.success() && ["mirror", "namespace"].iter().any(|word| errors.contains(word));
        if missing && std::env::var_os("XB_TEST_NO_SKIP").is_none() {
            eprintln!("skipped: the base cannot be had or run here:\n{errors}");
            return false;
        }
        true
    })
}

fn xb(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xb"))
        .args(arguments)
        .current_dir(examples())
        .env("XB_STORE", store())
        .output()
        .expect("xb starts")
}

/// Builds and checks an example, and gives the record of the result from `--json`.
fn build(name: &str, arch: &str, method: &str) -> Value {
    let output = xb(&["build", name, "--arch", arch, "--method", method, "--locked", "--json"]);
    assert!(output.status.success(), "{name} for {arch} by {method}:\n{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    report["results"][0].clone()
}

/// Both architectures, every method: built, checked, and for arm64 equal.
fn check(name: &str) {
    if !is_wanted(name) || !is_possible() {
        return;
    }
    for (arch, method) in [("amd64", "auto"), ("arm64", "cross"), ("arm64", "emulate")] {
        let result = build(name, arch, method);
        assert_eq!(result["check"], "passed", "{name} for {arch} by {method}: {result}");
        assert!(Path::new(result["path"].as_str().unwrap_or_default()).is_dir(), "{result}");
    }
    let output = xb(&["verify", name, "--arch", "arm64", "--methods", "cross,emulate", "--locked"]);
    assert!(output.status.success(), "{name} differs:\n{}", String::from_utf8_lossy(&output.stdout));
    let description = examples().join(name).join(name).with_extension("xb");
    if std::fs::read_to_string(description).expect("the description").contains("ship = ") {
        check_packages(name);
    }
}

/// Debian packages for both architectures: installed over an older version, run, removed and purged by apt, and good by
/// lintian.
fn check_packages(name: &str) {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().to_str().expect("a readable name");
    let output = xb(&["ship", name, "--arch", "amd64,arm64", "--locked", "--json", "--out", folder]);
    assert!(output.status.success(), "{name} as packages:\n{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    let results = report["results"].as_array().expect("results");
    assert!(results.len() == 2 && results.iter().all(|result| result["check"] == "passed"), "{report}");
    let files: Vec<_> = report["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for arch in ["amd64", "arm64"] {
        assert!(files.iter().any(|file| file.ends_with(&format!("_{arch}.deb"))), "{report}");
    }
    let lintian = Command::new("lintian").args(["--allow-root", "--fail-on", "error"]).args(&files).output();
    match lintian {
        Ok(output) => assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) if std::env::var_os("XB_TEST_NO_SKIP").is_some() => panic!("lintian: {error}"),
        Err(_) => eprintln!("skipped: lintian is not installed"),
    }
}

macro_rules! examples {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name));
        }
    )*};
}

examples! {
    hello
    zlib
    libpng
    lua
    zstd
    jq
    sqlite
    fmt
    redis
    ripgrep
    markupsafe
    pyyaml
    msgpack
    levenshtein
    pathspec
    lpeg
    lua_cjson
    luajit
    gron
    textql
    dav1d
    re2
    openssl
    curl
    nginx
    xxhash
    pyrsistent
    luafilesystem
}

/// A build system that knows no `CPPFLAGS` finds headers and libraries of what is needed, whichever way it is built.
#[test]
fn headers_of_what_is_needed_are_found_by_every_method() {
    if !is_possible() {
        return;
    }
    let project = tempfile::tempdir().expect("a project");
    std::fs::write(project.path().join("xb.toml"), "").expect("a file");
    std::fs::copy(examples().join("xb.lock"), project.path().join("xb.lock")).expect("the lock");
    let text = r#"
package greeting(arch) {
  build = sh"""
    mkdir -p $out/usr/local/include
    echo '#define GREETING 1' >$out/usr/local/include/greeting.h
  """
}
package greeter(arch) {
  needs = [greeting]
  build = sh"""
    printf '#include <greeting.h>\nint greeting = GREETING;\n' >g.c
    $CC -c g.c
    cp g.o $out
  """
}
"#;
    std::fs::write(project.path().join("g.xb"), text).expect("a file");
    let file = format!("{}:greeter", project.path().join("g.xb").display());
    for (arch, method) in [("amd64", "auto"), ("arm64", "cross"), ("arm64", "emulate")] {
        let output = xb(&["build", &file, "--arch", arch, "--method", method, "--locked"]);
        assert!(output.status.success(), "{arch} by {method}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A project of its own, with the lock of the examples.
fn project(description: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let project = tempfile::tempdir().expect("a project");
    let write = |name: &str, text: &str| std::fs::write(project.path().join(name), text).expect("a file");
    write("xb.toml", "");
    write("p.xb", description);
    files.iter().for_each(|(name, text)| write(name, text));
    std::fs::copy(examples().join("xb.lock"), project.path().join("xb.lock")).expect("the lock");
    project
}

/// Makes the Debian packages of `NAME` of a project, for arm64, and gives the folder that they are in.
fn ship(project: &tempfile::TempDir, name: &str, more: &[&str]) -> Result<PathBuf, String> {
    let (target, out) = (format!("{}:{name}", project.path().join("p.xb").display()), project.path().join("out"));
    let folder = out.to_str().expect("a readable name");
    let output = xb(&[&["ship", &target, "--arch", "arm64", "--out", folder], more].concat());
    output.status.success().then_some(out).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What `dpkg-deb` says; none where it is not installed.
fn dpkg_deb(arguments: &[&str], file: &Path) -> Option<String> {
    let output = Command::new("dpkg-deb").args(&arguments[..1]).arg(file).args(&arguments[1..]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

const SERVICE: &str = "
let ours = { maintainer = \"A <a@example.org>\" }
package answer(arch) {
  version = \"1\"
  summary = \"Library that knows the answer\"
  build = sh\"\"\"
    mkdir -p $out/usr/local/lib $out/usr/local/include
    echo 'int answer(void) { return 42; }' >answer.c
    echo 'int answer(void);' >$out/usr/local/include/answer.h
    $CC $CFLAGS -shared -fPIC -Wl,-soname,libanswer.so.1 answer.c -o $out/usr/local/lib/libanswer.so.1
    ln -s libanswer.so.1 $out/usr/local/lib/libanswer.so
  \"\"\"
  ship = deb { ...ours, dev = true }
}
package agent(arch) {
  version = \"1.4\"
  summary = \"Agent that tells the answer\"
  needs = [answer]
  env = { CFLAGS = \"-O2 -g\" }
  build = sh\"\"\"
    mkdir -p $out/usr/local/bin $out/etc
    printf '#include <answer.h>\\nint main(void) { return answer() - 42; }\\n' >agent.c
    $CC $CFLAGS $CPPFLAGS agent.c $LDFLAGS -lanswer -o $out/usr/local/bin/agent
    echo verbose=no >$out/etc/agent.conf
  \"\"\"
  ship = deb {
    ...ours
    user = \"agent\"
    units = [./agent.service]
    postinst = sh\"mkdir -p /var/lib/agent\"
    postrm = sh\"if [ $1 = purge ]; then rm -rf /var/lib/agent; fi\"
    test = sh\"agent && id agent && test -d /var/lib/agent && grep verbose /etc/agent.conf\"
  }
}
let alone = arch => agent(arch).with { needs = [answer(arch).with { ship = null }] }
let untidy = arch => answer(arch).with { ship = deb { ...ours, postinst = sh\"echo >/etc/left-behind\" } }
let broken = arch => answer(arch).with { ship = deb { ...ours, test = sh\"false\" } }
let spoilt = arch => answer(arch).with { ship = deb { ...ours, postinst = sh\"echo >>/usr/local/lib/libanswer.so.1\" } }
let loud = arch => answer(arch).with { build = sh\"mkdir -p $out/DEBIAN; echo >$out/DEBIAN/preinst\", ship = deb(ours) }
package random(arch) { build = sh\"cat /proc/sys/kernel/random/uuid >$out/uuid\" }
release lucky { packages = [random], arches = [amd64], formats = [oci { name = \"xb-test/lucky\" }] }
";

#[test]
fn a_debian_package_has_what_its_description_says() {
    if !is_possible() {
        return;
    }
    let unit =
        "[Unit]\nDescription=Agent\n[Service]\nExecStart=/usr/local/bin/agent\n[Install]\nWantedBy=multi-user.target\n";
    let project = project(SERVICE, &[("agent.service", unit)]);
    let out = ship(&project, "agent", &[]).expect("packages");
    let deb = out.join("agent_1.4-1_arm64.deb");
    let first = std::fs::read(&deb).expect("the package");
    assert!(out.join("agent-dbgsym_1.4-1_arm64.deb").is_file(), "the build made debug symbols");
    if let Some(control) = dpkg_deb(&["--field"], &deb) {
        let depends = control.lines().find(|line| line.starts_with("Depends: ")).unwrap_or_default();
        assert!(["adduser", "answer (>= 1)", "libc6 (>= "].iter().all(|need| depends.contains(need)), "{control}");
        assert_eq!(dpkg_deb(&["--info", "conffiles"], &deb).as_deref(), Some("/etc/agent.conf\n"));
        let postinst = dpkg_deb(&["--info", "postinst"], &deb).unwrap_or_default();
        assert!(["adduser", "mkdir -p /var/lib/agent", "agent.service"].iter().all(|part| postinst.contains(part)));
        let contents = dpkg_deb(&["--contents"], &deb).unwrap_or_default();
        assert!(contents.contains("./usr/lib/systemd/system/agent.service"), "{contents}");
        assert!(!contents.contains("root/root         0 1970"), "{contents}");
    }
    let again = ship(&project, "agent", &["--rebuild", "--no-check"]).expect("the same packages");
    assert_eq!(std::fs::read(again.join("agent_1.4-1_arm64.deb")).expect("the package"), first);
}

#[test]
fn a_debian_package_that_is_not_whole_is_refused() {
    if !is_possible() {
        return;
    }
    let project = project(SERVICE, &[("agent.service", "[Unit]\nDescription=Agent\n")]);
    let refused = |name: &str| ship(&project, name, &[]).expect_err("a refusal");
    let errors = refused("alone");
    assert!(errors.contains("libanswer.so.1") && errors.contains("have no `ship`"), "{errors}");
    let errors = refused("untidy");
    assert!(errors.contains("> /etc/left-behind"), "{errors}");
    let errors = refused("spoilt");
    assert!(errors.contains("not as it has them") && errors.contains("libanswer.so.1"), "{errors}");
    let errors = refused("loud");
    assert!(errors.contains("the result has a folder `DEBIAN`"), "{errors}");
    let errors = refused("broken");
    assert!(errors.contains("answer.deb (arm64, check)"), "{errors}");
}

/// Whether a program is there; in CI it must be.
fn has(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    assert!(is_there || std::env::var_os("XB_TEST_NO_SKIP").is_none(), "{program} is not installed");
    is_there
}

/// apt with a system of its own, which knows one repository.
fn apt_of(folder: &Path, repository: &Path) -> impl Fn(&[&str]) -> (bool, String) + use<> {
    for sub in ["lists/partial", "cache/archives/partial", "etc/sources.list.d", "etc/apt.conf.d", "dpkg"] {
        std::fs::create_dir_all(folder.join(sub)).expect("a folder");
    }
    std::fs::write(folder.join("dpkg/status"), "").expect("a file");
    let sources = std::fs::read_to_string(repository.join("small.sources")).expect("the sources");
    let sources = format!("{sources}URIs: file:{}\n", repository.display());
    std::fs::write(folder.join("etc/sources.list.d/small.sources"), sources).expect("a file");
    let folder = folder.to_owned();
    move |arguments| {
        let place = |name: &str, path: &str| format!("{name}={}", folder.join(path).display());
        let options = [
            place("Dir::State::lists", "lists"),
            place("Dir::State::status", "dpkg/status"),
            place("Dir::Cache", "cache"),
            place("Dir::Etc", "etc"),
            place("Dir::Log", "log"),
            "APT::Architecture=arm64".to_owned(),
            "APT::Architectures::=arm64".to_owned(),
            "APT::Sandbox::User=".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ];
        let options = options.iter().flat_map(|option| ["-o", option]);
        let output = Command::new("apt-get").args(options).args(arguments).output().expect("apt-get starts");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), said)
    }
}

#[test]
fn a_release_that_comes_out_otherwise_is_found() {
    if !is_possible() {
        return;
    }
    let project = project(SERVICE, &[("agent.service", "[Unit]\nDescription=Agent\n")]);
    let place = |name: &str| project.path().join(name).to_str().expect("a readable name").to_owned();
    let release =
        |more: &[&str]| xb(&[&["release", &place("p.xb"), "--out", &place("out"), "--locked"], more].concat());
    let output = release(&[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = release(&["--check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && said.contains("changed image/index.json"), "{said}");
    std::fs::write(project.path().join("out/notes"), "mine").expect("a file");
    let output = release(&[]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds `notes`"), "{output:?}");
}

/// Loads the image of `edge:small` into a real engine, and runs it.
fn run_by_docker(layout: &Path) {
    let script = r#"
        tar -C "$0" -c . | docker load
        docker run --rm --network none xb-examples/small:1.0-amd64
        docker run --rm --network none --entrypoint /usr/local/bin/lua xb-examples/small:1.0-amd64 -e 'print(6 * 7)'
        docker rmi xb-examples/small:1.0-amd64 xb-examples/small:1.0-arm64 >&2
    "#;
    let output = Command::new("sh").args(["-euc", script]).arg(layout).output().expect("sh starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.ends_with("Hello from amd64!\n42\n"), "{said}");
}

#[test]
fn a_release_is_the_same_twice_and_apt_and_skopeo_read_it() {
    if !is_possible() {
        return;
    }
    let project = tempfile::tempdir().expect("a folder");
    let place = |name: &str| project.path().join(name).to_str().expect("a readable name").to_owned();
    let key = place("key");
    let made = xb(&["key", "new", &key, "--user", "Small <small@example.org>"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let release = |out: &str, more: &[&str]| {
        xb(&[&["release", "edge:small", "--key", &key, "--out", &place(out), "--locked"], more].concat())
    };
    for out in ["one", "two"] {
        let output = release(out, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let differences = Command::new("diff").args(["-r", &place("one"), &place("two")]).output().expect("diff");
    assert!(differences.status.success(), "{}", String::from_utf8_lossy(&differences.stdout));
    let output = release("one", &["--check", "--no-check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(project.path().join("two/manifest.json")).expect("the manifest");
    std::fs::write(project.path().join("two/manifest.json"), text.replacen("\"size\": ", "\"size\": 1", 1))
        .expect("a file");
    let output = release("two", &["--check", "--no-check"]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("changed "));
    if has("skopeo") {
        let image = format!("oci:{}:1.0", place("one/image"));
        let inspected = Command::new("skopeo").args(["inspect", "--override-arch", "arm64", &image]).output();
        let inspected = inspected.expect("skopeo starts");
        let said = String::from_utf8_lossy(&inspected.stdout).into_owned();
        assert!(inspected.status.success() && said.contains("\"Architecture\": \"arm64\""), "{said}");
    }
    if std::env::var_os("XB_TEST_DOCKER").is_some() {
        run_by_docker(&project.path().join("one/image"));
    }
    if has("apt-get") {
        let system = tempfile::tempdir().expect("a folder");
        let apt = apt_of(system.path(), &project.path().join("one/apt"));
        let (updated, said) = apt(&["update"]);
        assert!(updated && !said.contains("W:"), "{said}");
        let (found, said) = apt(&["--print-uris", "--no-install-recommends", "download", "lua"]);
        assert!(found && said.contains("lua_5.4.7-1_arm64.deb"), "{said}");
    }
}

#[test]
fn the_guide_shows_its_packages_as_they_are() {
    let guide = include_str!("../../../docs/port-your-first-package.md");
    for name in ["xxhash", "pyrsistent", "luafilesystem"] {
        let text = std::fs::read_to_string(examples().join(name).join(name).with_extension("xb")).expect("the example");
        assert!(guide.contains(&format!("```xb\n{text}```\n")), "{name} is another one in the guide");
        assert!(text.lines().filter(|line| !line.is_empty()).count() < 10, "{name} takes more than it should");
    }
}

#[test]
fn every_example_is_tested() {
    let source = include_str!("examples.rs");
    for folder in std::fs::read_dir(examples()).expect("the examples").flatten() {
        let name = folder.file_name().to_string_lossy().into_owned();
        let is_example = folder.path().is_dir() && !["common", "edge"].contains(&name.as_str());
        assert!(!is_example || source.contains(&format!("    {name}\n")), "{name} is not in the list");
    }
}
