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
