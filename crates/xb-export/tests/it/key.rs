//! Keys of our own, and those that gpg makes.

use std::fs;
use std::process::Command;

use tempfile::TempDir;
use xb_export::{AptRepository, Moment, OpenPgpKey};

use crate::repository::{key, repository};
use crate::support::{folder, have, run};

/// A day in 2037, when gpg's keys of the test are alive.
const LATER: Moment = Moment::from_secs(2_114_380_800);

#[test]
fn a_key_is_what_its_bytes_and_its_time_are() {
    assert_eq!(key().secret_armour().unwrap(), key().secret_armour().unwrap());
    let later = OpenPgpKey::from_seed(&[7; 32], "Example <packages@example.org>", Moment::from_secs(1)).unwrap();
    assert_ne!(later.fingerprint(), key().fingerprint());
    let read = OpenPgpKey::from_armour(&key().secret_armour().unwrap()).unwrap();
    assert_eq!(read.public_bytes().unwrap(), key().public_bytes().unwrap());
    assert!(!format!("{read:?}").contains("secret"));
    assert!(OpenPgpKey::from_seed(&[7; 32], "a\nb", Moment::default()).is_err());
}

#[test]
fn what_is_no_secret_key_is_refused() {
    for (text, reason) in [
        ("", "no armoured secret OpenPGP key"),
        ("no key", "gpg --armor --export-secret-keys"),
        (&*key().public_armour().unwrap(), "the public half"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n", "no armoured"),
    ] {
        let error = OpenPgpKey::from_armour(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let text = key().secret_armour().unwrap();
    for at in (40..text.len() - 40).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let _ = OpenPgpKey::from_armour(&String::from_utf8(bytes).unwrap());
        let _ = OpenPgpKey::from_armour(&text[..at]);
    }
}

/// How gpg gives the whole key out.
const ALL: &str = "--export-secret-keys";

/// A home of gpg, which goes with its test.
struct Gpg {
    home: TempDir,
    passphrase: &'static str,
}

impl Gpg {
    fn new(passphrase: &'static str) -> Self {
        Self { home: folder(), passphrase }
    }

    fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("gpg");
        command.args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", self.passphrase]);
        run(command.arg("--homedir").arg(self.home.path()).args(arguments))
    }

    fn fingerprint(&self, user: &str) -> String {
        let listed = self.run(&["--with-colons", "--list-keys", user]);
        let print = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap();
        print.trim_end_matches(':').to_owned()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "all"]).output();
    }
}

/// Makes a key by gpg and gives its secret half out.
fn gpg_key(arguments: &[&[&str]], passphrase: &'static str, export: &str) -> String {
    let gpg = Gpg::new(passphrase);
    gpg.run(&["--quick-generate-key", "me@example.org", arguments[0][0], arguments[0][1], arguments[0][2]]);
    for more in &arguments[1..] {
        gpg.run(&["--quick-add-key", &gpg.fingerprint("me@example.org"), more[0], more[1], more[2]]);
    }
    gpg.run(&["--armor", export])
}

/// Signs nothing but an empty repository.
fn sign(key: &OpenPgpKey, date: Moment) -> Result<String, String> {
    let world = folder();
    let top = world.path().join("apt");
    let repository = AptRepository { date, ..repository() };
    repository.write(&[], key, &top).map_err(|error| error.to_string())?;
    run(Command::new("gpgv")
        .args(["--ignore-time-conflict", "--homedir", "/nonexistent", "--keyring"])
        .arg(top.join("edge.gpg"))
        .arg(top.join("dists/stable/InRelease")));
    Ok(fs::read_to_string(top.join("dists/stable/InRelease")).unwrap())
}

#[test]
fn keys_that_gpg_made_sign_or_say_why_not() {
    if !have(&["gpg", "gpgv"]) {
        return;
    }
    for made in [
        &[&["ed25519", "sign", "never"][..]][..],
        &[&["rsa3072", "sign", "never"]],
        &[&["ed25519", "cert", "never"], &["cv25519", "encr", "never"], &["ed25519", "sign", "never"]],
    ] {
        let key = OpenPgpKey::from_armour(&gpg_key(made, "", ALL)).unwrap();
        assert_eq!(sign(&key, LATER).unwrap(), sign(&key, LATER).unwrap());
        assert!(sign(&key, Moment::default()).unwrap_err().contains("choose a later date"));
        assert!(sign(&key, key.created()).is_ok());
    }
    let refused = |made: &[&[&str]], passphrase| {
        OpenPgpKey::from_armour(&gpg_key(made, passphrase, ALL)).unwrap_err().to_string()
    };
    assert!(refused(&[&["ed25519", "sign", "never"]], "secret").contains("it has a passphrase"));
    assert!(refused(&[&["ed25519", "cert", "never"]], "").contains("not one for signatures"));
    assert!(refused(&[&["nistp256", "sign", "never"]], "").contains("Ed25519 or RSA"));
    // The primary key is somewhere safe, and only a subkey is here.
    let made: &[&[&str]] = &[&["ed25519", "sign", "never"], &["ed25519", "sign", "never"]];
    let subkey = OpenPgpKey::from_armour(&gpg_key(made, "", "--export-secret-subkeys")).unwrap();
    assert!(sign(&subkey, LATER).is_ok());
    let short = OpenPgpKey::from_armour(&gpg_key(&[&["ed25519", "sign", "2d"]], "", ALL)).unwrap();
    assert!(sign(&short, LATER).unwrap_err().contains("it expired at"));
}

#[test]
fn what_others_say_of_a_key_does_not_count() {
    if !have(&["gpg", "gpgv"]) {
        return;
    }
    let gpg = Gpg::new("");
    gpg.run(&["--quick-generate-key", "me@example.org", "ed25519", "sign", "never"]);
    gpg.run(&["--quick-generate-key", "friend@example.org", "ed25519", "sign,cert", "never"]);
    let later = ["--faked-system-time", "20350101T000000"];
    let me = gpg.fingerprint("me@example.org");
    gpg.run(&[&later[..], &["--yes", "--local-user", "friend@example.org", "--quick-sign-key", &me]].concat());
    let text = gpg.run(&["--armor", ALL, "me@example.org"]);
    let listed = gpg.run(&["--with-colons", "--list-sigs", &me]);
    assert_eq!(listed.lines().filter(|line| line.starts_with("sig:")).count(), 2, "{listed}");
    sign(&OpenPgpKey::from_armour(&text).unwrap(), LATER).unwrap();
}

#[test]
fn a_user_id_that_was_revoked_says_nothing_of_its_key() {
    if !have(&["gpg", "gpgv"]) {
        return;
    }
    let gpg = Gpg::new("");
    gpg.run(&["--quick-generate-key", "old@example.org", "ed25519", "sign", "never"]);
    let print = gpg.fingerprint("old@example.org");
    let at = |year: &str, arguments: &[&str]| {
        gpg.run(&[&["--faked-system-time", &format!("{year}0101T000000")], arguments].concat())
    };
    at("2034", &["--quick-add-uid", &print, "me@example.org"]);
    at("2035", &["--quick-revoke-uid", &print, "old@example.org"]);
    let key = OpenPgpKey::from_armour(&gpg.run(&["--armor", ALL])).unwrap();
    sign(&key, LATER).unwrap();

    // When the key ends is what the user id says that is left.
    at("2036", &["--quick-set-expire", &print, "2d"]);
    let key = OpenPgpKey::from_armour(&gpg.run(&["--armor", ALL])).unwrap();
    assert!(sign(&key, LATER).unwrap_err().contains("it expired at 2036-01-03"));
}

#[test]
fn a_key_that_was_revoked_does_not_sign() {
    if !have(&["gpg"]) {
        return;
    }
    let gpg = Gpg::new("");
    gpg.run(&["--quick-generate-key", "me@example.org", "ed25519", "sign", "never"]);
    let print = gpg.fingerprint("me@example.org");
    // gpg keeps the revocation of each key that it makes, with a colon that says not to use it by mistake.
    let kept = gpg.home.path().join(format!("openpgp-revocs.d/{print}.rev"));
    let kept = fs::read_to_string(kept).unwrap().replace("\n:-----BEGIN", "\n-----BEGIN");
    let file = gpg.home.path().join("revocation");
    fs::write(&file, kept).unwrap();
    gpg.run(&["--import", file.to_str().unwrap()]);
    let error = OpenPgpKey::from_armour(&gpg.run(&["--armor", ALL])).unwrap_err().to_string();
    assert!(error.contains("it was revoked"), "{error}");
}
