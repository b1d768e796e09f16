//! The order of versions, against dpkg's own.

use std::cmp::Ordering;
use std::process::Command;

use xb_debian::compare_versions;

/// Real versions of Debian, and some that nobody would choose.
const VERSIONS: [&str; 30] = [
    "0",
    "0-0",
    "0.9+ds-4",
    "0.9+ds0-3",
    "1",
    "1.0",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb13u1",
    "1.0-1.1",
    "1.0~",
    "1.0~~",
    "1.0~rc1-1",
    "1.0+git20250101",
    "1.0.1",
    "1.01",
    "1.1.1+dfsg-1",
    "1.1.1+dfsg0-1",
    "1.10",
    "1.9",
    "1:0.1",
    "1a",
    "1a1",
    "2.41-12",
    "2.41-12+deb13u4",
    "20240203",
    "3.0.0-1~deb13u1",
    "3.0.0-1",
    "5:1.0",
    "1.3.dfsg+really1.3.1-1+b1",
];

#[test]
#[allow(clippy::print_stderr, reason = "a skipped test says why")]
fn versions_compare_as_dpkg_compares_them() {
    if Command::new("dpkg").arg("--version").output().is_err() {
        eprintln!("skipped: there is no dpkg on this machine to compare with");
        return;
    }
    for (at, a) in VERSIONS.iter().enumerate() {
        let script: String = VERSIONS[at..]
            .iter()
            .map(|b| {
                format!(
                    "dpkg --compare-versions '{a}' lt '{b}' && echo lt || \
                {{ dpkg --compare-versions '{a}' gt '{b}' && echo gt || echo eq; }}\n"
                )
            })
            .collect();
        let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
        let answers = String::from_utf8(output.stdout).unwrap();
        for (b, answer) in VERSIONS[at..].iter().zip(answers.lines()) {
            let ours = match compare_versions(a, b) {
                Ordering::Less => "lt",
                Ordering::Equal => "eq",
                Ordering::Greater => "gt",
            };
            assert_eq!(ours, answer, "{a} against {b}");
        }
    }
}
