//! Debian packages of results: what is in them, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::machine::{examples, is_possible, xb};

/// Debian packages for both architectures: installed over an older version, run, removed and purged by apt, and good by
/// lintian.
pub fn check(name: &str) {
    let out = tempfile::tempdir().expect("a folder");
    let folder = out.path().to_str().expect("a readable name");
    let output = xb(&["ship", name, "--arch", "amd64,arm64", "--locked", "--json", "--out", folder]);
    assert!(output.status.success(), "{name} as packages:\n{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
    let results = report["results"].as_array().expect("results");
    assert!(results.len() == 2 && results.iter().all(|result| result["check"] == "passed"), "{report}");
    let files: Vec<_> = report["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let has = |arch: &str| files.iter().any(|file| file.ends_with(&format!("_{arch}.deb")));
    let is_pure = name == "pathspec";
    assert_eq!([has("amd64"), has("arm64"), has("all")], [!is_pure, !is_pure, is_pure], "{report}");
    let lintian = Command::new("lintian").args(["--allow-root", "--fail-on", "error"]).args(&files).output();
    match lintian {
        Ok(output) => assert!(output.status.success(), "{name}:\n{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) if std::env::var_os("XB_TEST_NO_SKIP").is_some() => panic!("lintian: {error}"),
        Err(_) => eprintln!("skipped: lintian is not installed"),
    }
}

/// A project of its own, with the lock of the examples.
pub fn project(description: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
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

/// The file `copyright` of a package.
fn copyright(deb: &Path) -> String {
    let script = r#"dpkg-deb --fsys-tarfile "$0" | tar -xO --wildcards './usr/share/doc/*/copyright'"#;
    let output = Command::new("sh").args(["-euc", script]).arg(deb).output().expect("sh starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub const SERVICE: &str = "
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
package heading(arch) {
  version = \"1\"
  summary = \"Header that knows the answer\"
  source = ./heading
  build = sh\"mkdir -p $out/usr/local/include; echo '#define ANSWER 42' >$out/usr/local/include/heading.h\"
  ship = deb { ...ours, dev = true }
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
    let licence = std::fs::read_to_string("/usr/share/common-licenses/Apache-2.0").expect("Debian has it");
    let exception = "As an exception, headers are free.";
    std::fs::create_dir(project.path().join("heading")).expect("a folder");
    for (name, text) in
        [("LICENSE.txt", format!("Our words.\n{licence}\n   {exception}\n").as_str()), ("NOTICE", "By A.\n")]
    {
        std::fs::write(project.path().join("heading").join(name), text).expect("a file");
    }
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
    let out = ship(&project, "heading", &["--no-check"]).expect("packages of what only a compiler reads");
    if let Some(contents) = dpkg_deb(&["--contents"], &out.join("heading-dev_1-1_all.deb")) {
        assert!(contents.contains("./usr/local/include/heading.h"), "{contents}");
        let contents = dpkg_deb(&["--contents"], &out.join("heading_1-1_all.deb")).unwrap_or_default();
        assert!(contents.contains("./usr/share/doc/heading/") && !contents.contains("include"), "{contents}");
        let copyright = copyright(&out.join("heading_1-1_all.deb"));
        assert!(copyright.contains("has the Apache License, of which the text is in"), "{copyright}");
        assert!(copyright.contains(&format!("says:\n\nOur words.\n{exception}\n")), "{copyright}");
        assert!(copyright.ends_with("The file NOTICE of the source says:\n\nBy A.\n"), "{copyright}");
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

const TEXTS: &str = "
let ours = { maintainer = \"A <a@example.org>\" }
package words(arch) {
  version = \"1\"
  summary = \"List of words\"
  build = sh\"mkdir -p $out/usr/local/share/words; echo word >$out/usr/local/share/words/list\"
  ship = deb(ours)
}
let tell = sh\"mkdir -p $out/usr/local/share/words; echo $arch >$out/usr/local/share/words/list\"
let skewed = arch => words(arch).with { build = tell }
let each = arch => words(arch).with { build = tell, ship = deb { ...ours, architecture = \"any\" } }
package program(arch) {
  version = \"1\"
  summary = \"Program that is said to be a text\"
  build = sh\"echo 'int main(void){return 0;}' >p.c; mkdir -p $out/usr/local/bin; $CC p.c -o $out/usr/local/bin/p\"
  ship = deb { ...ours, architecture = \"all\" }
}
release texts { packages = [words], formats = [deb] }
";

#[test]
fn what_is_the_same_for_every_architecture_is_one_package() {
    if !is_possible() {
        return;
    }
    let project = project(TEXTS, &[]);
    let place = |name: &str| project.path().join(name).to_str().expect("a readable name").to_owned();
    let shipped = |name: &str| {
        let target = format!("{}:{name}", place("p.xb"));
        let output = xb(&["ship", &target, "--arch", "amd64,arm64", "--out", &place(name), "--json"]);
        let names = std::fs::read_dir(place(name)).into_iter().flatten().flatten();
        let mut names: Vec<_> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        let said: Value = serde_json::from_slice(&output.stdout).expect("JSON on standard output");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok((names, said)) } else { Err(errors) }
    };
    let (names, said) = shipped("words").expect("one package");
    assert_eq!(names, ["words_1-1_all.deb"]);
    assert_eq!(
        (&said["results"][0]["same_as"][0], &said["results"][1]["same_as"][0]),
        (&"arm64".into(), &"amd64".into())
    );
    let (names, said) = shipped("each").expect("two packages");
    assert_eq!(names, ["words_1-1_amd64.deb", "words_1-1_arm64.deb"]);
    assert!(said["results"][0].get("same_as").is_none(), "{said}");
    let errors = shipped("skewed").expect_err("they differ");
    assert!(errors.contains("`words_1-1_all.deb` is for all architectures"), "{errors}");
    assert!(errors.contains("list` differs between amd64 and arm64"), "{errors}");
    let errors = shipped("program").expect_err("it is of one architecture");
    assert!(errors.contains("these are of one architecture") && errors.contains("usr/local/bin/p"), "{errors}");

    let made = xb(&["key", "new", &place("key"), "--user", "A <a@example.org>"]);
    assert!(made.status.success());
    let release = xb(&["release", &place("p.xb"), "--key", &place("key"), "--out", &place("out")]);
    assert!(release.status.success(), "{}", String::from_utf8_lossy(&release.stderr));
    for arch in ["amd64", "arm64"] {
        let index = std::fs::read_to_string(place(&format!("out/apt/dists/stable/main/binary-{arch}/Packages")));
        assert!(index.expect("an index").contains("Filename: pool/main/w/words/words_1-1_all.deb"), "{arch}");
    }
}
