//! The user's own key.

use std::fs::{Permissions, metadata, read_to_string, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use xb_sign::{StatementKey, StatementPublicKey};

use crate::world::{Said, World};

/// Where the key is by itself.
fn usual(world: &World) -> PathBuf {
    world.project().parent().expect("a folder").join("home/.config/xb/key.pem")
}

fn mode(path: &Path) -> u32 {
    metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// Runs xb where `XB_KEY` names a file.
fn xb_with(world: &World, key: &str, args: &[&str]) -> Said {
    let mut command = world.command(args);
    world.said(command.env("XB_KEY", key).output().expect("xb runs"))
}

#[test]
fn ones_own_key_is_made_once_for_oneself_alone_and_told_as_others_write_it() {
    let world = World::new();
    let err = world.xb(&["key", "show"]).bad(1);
    assert!(err.contains("you have no key of your own yet") && err.contains("`xb key new` makes one"), "{err}");
    let made = world.xb(&["key", "new"]);
    let path = usual(&world);
    assert_eq!((mode(&path), mode(path.parent().expect("a folder"))), (0o600, 0o700));
    let text = read_to_string(&path).expect("the key");
    let public = StatementKey::from_pem(&text).expect("a key of statements").public();
    assert!(made.err.contains(&format!("[trust.keys.NAME]\nkey = \"{public}\"\n")), "{}", made.err);
    assert_eq!(made.good(), "WORLD/home/.config/xb/key.pem\n");

    let line = world.xb(&["key", "show", "--line"]).good();
    assert_eq!(line.trim_end().parse::<StatementPublicKey>().expect("a line"), public);
    assert_eq!(world.xb(&["key", "show"]).good(), public.pem().expect("a text"));
    let err = world.xb(&["key", "new"]).bad(1);
    assert!(err.contains("a key of yours already, `WORLD/home/.config/xb/key.pem`"), "{err}");
    assert!(err.contains("`xb key show --line`") && err.contains("move it away"), "{err}");
    assert_eq!(read_to_string(&path).expect("the key"), text, "a key that is there stays");
}

#[test]
fn a_line_is_that_of_the_key_of_statements_that_is_named() {
    let world = World::new();
    let _ = world.xb(&["key", "new", "s.key", "--statements"]).good();
    let _ = world.xb(&["key", "new", "apt.key", "--user", "A <a@example.org>"]).good();
    assert!(!usual(&world).exists(), "a key that goes elsewhere is not one's own");
    let public = StatementKey::from_pem(&world.read("s.key")).expect("a key").public();
    assert_eq!(world.xb(&["key", "show", "s.key", "--line"]).good(), format!("{public}\n"));
    let err = world.xb(&["key", "show", "apt.key", "--line"]).bad(1);
    assert!(err.contains("`PROJECT/apt.key` is an OpenPGP key: only a key of statements has a line"), "{err}");
    let _ = world.xb(&["key", "new", "--user", "A <a@example.org>"]).bad(2);
    assert!(!usual(&world).exists());
}

#[test]
fn a_key_that_is_named_is_taken_or_refused_and_never_passed_over() {
    let world = World::new();
    let _ = world.xb(&["key", "new"]).good();
    let own = world.xb(&["key", "show", "--line"]).good();
    assert_eq!(xb_with(&world, "", &["key", "show", "--line"]).good(), own, "an empty name is none");
    let err = xb_with(&world, "other.key", &["key", "show"]).bad(3);
    assert!(err.contains("there is no key `other.key`") && err.contains("`XB_KEY` names it"), "{err}");
    assert_eq!(xb_with(&world, "other.key", &["key", "new"]).good(), "other.key\n");
    let other = xb_with(&world, "other.key", &["key", "show", "--line"]).good();
    assert_ne!(other, own);
    assert_eq!(world.xb(&["key", "show", "other.key", "--line"]).good(), other);

    world.write("no.key", "no key\n");
    set_permissions(world.project().join("no.key"), Permissions::from_mode(0o600)).expect("a file");
    let err = xb_with(&world, "no.key", &["key", "show"]).bad(1);
    assert!(err.contains("`no.key`: the key cannot be used: it is no Ed25519 key in PEM"), "{err}");
    let err = xb_with(&world, ".", &["key", "show"]).bad(3);
    assert!(err.contains("cannot read the key `.`"), "{err}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let world = World::new();
    let _ = world.xb(&["key", "new"]).good();
    for open in [0o640, 0o604, 0o602, 0o610] {
        set_permissions(usual(&world), Permissions::from_mode(open)).expect("a key");
        let err = world.xb(&["key", "show"]).bad(1);
        assert!(
            err.contains("is open to others") && err.contains("`chmod 600 WORLD/home/.config/xb/key.pem`"),
            "{err}"
        );
    }
    set_permissions(usual(&world), Permissions::from_mode(0o400)).expect("a key");
    let _ = world.xb(&["key", "show"]).good();
}
