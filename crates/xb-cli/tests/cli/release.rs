//! Releases and their keys, as far as little must be built.

use std::os::unix::fs::PermissionsExt;

use xb_export::Manifest;

use crate::build::has_base;
use crate::world::World;

const RELEASE: &str = r#"
package greeting(arch) { version = "1", build = sh"make" }
release first { packages = [greeting], formats = [deb] }
"#;

#[test]
fn a_key_of_either_kind_is_made_for_whom_makes_it_and_shows_its_public_half() {
    let world = World::new();
    let _ = world.xb(&["key", "new", "apt.key", "--user", "A <a@example.org>"]).good();
    let _ = world.xb(&["key", "new", "statements.key", "--statements"]).good();
    for (file, private, public) in [
        ("apt.key", "BEGIN PGP PRIVATE KEY BLOCK", "BEGIN PGP PUBLIC KEY BLOCK"),
        ("statements.key", "BEGIN PRIVATE KEY", "BEGIN PUBLIC KEY"),
    ] {
        let before = world.read(file);
        assert!(before.contains(private), "{before}");
        let mode = std::fs::metadata(world.project().join(file)).expect("the key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        let shown = world.xb(&["key", "show", file]).good();
        assert!(shown.contains(public) && !shown.contains("PRIVATE"), "{shown}");
        let err = world.xb(&["key", "new", file, "--statements"]).bad(3);
        assert!(err.contains("exists"), "{err}");
        assert_eq!(world.read(file), before, "a key that is there stays");
    }
    let second = world.xb(&["key", "new", "other.key", "--statements"]);
    assert!(second.err.contains("for statements"), "{}", second.err);
    let _ = second.good();
    assert_ne!(world.read("other.key"), world.read("statements.key"));
}

#[test]
fn whoever_makes_a_key_says_of_which_kind() {
    let world = World::new();
    let _ = world.xb(&["key", "new", "a.key"]).bad(2);
    let _ = world.xb(&["key", "new", "a.key", "--user", "A <a@example.org>", "--statements"]).bad(2);
    let _ = world.xb(&["key", "new", "a.key", "--user", ""]).bad(2);
    assert!(!world.project().join("a.key").exists());
    let _ = world.xb(&["key", "show", "a.key"]).bad(3);
    world.write("no.key", "no key\n");
    let err = world.xb(&["key", "show", "no.key"]).bad(1);
    assert!(err.contains("`PROJECT/no.key`: the key cannot be used: it is no"), "{err}");
}

#[test]
fn keys_that_are_missing_or_of_the_other_kind_are_told_before_anything_is_built() {
    let world = World::new();
    world.write("r.xb", RELEASE);
    let err = world.xb(&["release", "r.xb"]).bad(1);
    assert!(err.contains("no key is given") && err.contains("xb key new KEY --user"), "{err}");
    let _ = world.xb(&["release", "r.xb", "--key", "missing.key"]).bad(3);
    let _ = world.xb(&["key", "new", "apt.key", "--user", "A <a@example.org>"]).good();
    let _ = world.xb(&["key", "new", "statements.key", "--statements"]).good();
    let err = world.xb(&["release", "r.xb", "--key", "statements.key"]).bad(1);
    assert!(err.contains("`--statement-key` names it"), "{err}");
    let err = world.xb(&["release", "r.xb", "--key", "apt.key", "--statement-key", "apt.key"]).bad(1);
    assert!(err.contains("`--key` names it"), "{err}");
    let public = world.xb(&["key", "show", "statements.key"]).good();
    world.write("public.key", &public);
    let err = world.xb(&["release", "r.xb", "--key", "apt.key", "--statement-key", "public.key"]).bad(1);
    assert!(err.contains("public.key`: the key cannot be used: it is no Ed25519 key in PEM"), "{err}");
    assert!(!world.project().join("release").exists());
}

#[test]
fn what_a_release_says_wrongly_is_told() {
    let world = World::new();
    let refused = |text: &str, args: &[&str]| {
        world.write("r.xb", text);
        world.xb(&[&["release", "r.xb"], args].concat()).bad(1)
    };
    let err = refused(&RELEASE.replace("formats = [deb]", "formats = [tar], date = \"2026-13-01\""), &[]);
    assert!(err.contains("`2026-13-01` is no date of the release `first`"), "{err}");
    let err = refused("package greeting(arch) { build = sh\"make\" }", &[]);
    assert!(err.contains("release"), "{err}");
    let two = format!("{RELEASE}release second {{ packages = [greeting], formats = [tar] }}\n");
    let err = refused(&two, &[]);
    assert!(err.contains("first") && err.contains("second"), "{err}");
    let err = refused(&RELEASE.replace("formats = [deb]", "formats = []"), &[]);
    assert!(err.contains("in no format"), "{err}");
    let err = refused(&RELEASE.replace("[deb]", "[tar { level = 3 }]"), &[]);
    assert!(err.contains("the settings of `tar` in a release are wrong"), "{err}");
}

#[test]
fn a_folder_that_holds_something_else_stays_as_it_is() {
    let world = World::new();
    world.write("r.xb", &RELEASE.replace("[deb]", "[tar]"));
    world.write("mine/letter.txt", "dear");
    world.write("file", "dear");
    let err = world.xb(&["release", "r.xb", "--out", "mine"]).bad(1);
    assert!(err.contains("holds something that is no release"), "{err}");
    let err = world.xb(&["release", "r.xb", "--out", "file"]).bad(1);
    assert!(err.contains("is no folder"), "{err}");
    assert_eq!(world.read("mine/letter.txt"), "dear");
    let err = world.xb(&["release", "r.xb", "--check"]).bad(1);
    assert!(err.contains("there is no release in `PROJECT/release` to compare with"), "{err}");
}

#[test]
fn what_no_sbom_can_say_is_refused_before_anything_is_built() {
    let world = World::new();
    let refused = |field: &str| {
        world.write("r.xb", &RELEASE.replace("[deb]", "[tar]").replace("version = \"1\"", field));
        world.xb(&["release", "r.xb"]).bad(1)
    };
    let err = refused("license = \"as you like\"");
    assert!(err.contains("the licence `as you like` of `greeting` is no SPDX expression"), "{err}");
    assert!(err.contains("`r.xb:2`") && err.contains("LicenseRef-NAME"), "{err}");
    let err = refused("homepage = \"over there\"");
    assert!(err.contains("the homepage `over there` of `greeting` is no address"), "{err}");
}

#[test]
fn signed_statements_are_compared_by_their_key_or_not_at_all() {
    let world = World::new();
    world.write("r.xb", &RELEASE.replace("[deb]", "[tar]"));
    world.write("release/provenance/a.tar.zst.intoto.jsonl", "{}\n");
    let release = world.project().join("release");
    Manifest::of(&release).and_then(|manifest| manifest.write(&release)).expect("a manifest");
    let err = world.xb(&["release", "r.xb", "--check"]).bad(1);
    assert!(err.contains("`PROJECT/release` tells how it was made, signed by a key"), "{err}");
    assert!(err.contains("`--statement-key FILE`"), "{err}");
}

#[test]
fn where_nothing_can_be_pushed_is_told_before_anything_is_sent() {
    let world = World::new();
    let err = world.xb(&["push", ".", "agent:1.0"]).bad(2);
    assert!(err.contains("it begins with a registry"), "{err}");
    let _ = world.xb(&["push", "."]).bad(2);
    let err = world.xb(&["push", ".", "localhost:1/agent:1.0"]).bad(1);
    assert!(err.contains("holds no image"), "{err}");
    let said = world.xb(&["push", "missing", "localhost:1/agent:1.0", "--json"]);
    assert!(said.out.contains("\"class\": \"user\""), "{}", said.out);
    let _ = said.bad(1);
}

#[test]
fn what_fails_its_own_tests_is_not_released() {
    let world = World::new();
    if !has_base(&world) {
        return;
    }
    let release = "
        package untrue(arch) { version = \"1\", build = sh\"echo 1 >$out/one\", check = sh\"test 1 = 2\" }
        release image { packages = [untrue], arches = [amd64], formats = [oci { name = \"xb-test/untrue\" }] }
    ";
    world.write("r.xb", release);
    let err = world.xb(&["release", "r.xb"]).bad(1);
    assert!(err.contains("failed untrue (amd64, check)"), "{err}");
    assert!(!world.project().join("release").exists());
    let _ = world.xb(&["release", "r.xb", "--no-check"]).good();
}
