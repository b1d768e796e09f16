//! What is told of caches, and what is found in them.

use serde_json::{Value, json};
use xb_cache::Blob;
use xb_sign::StatementKey;

use crate::server::{Answer, Server};
use crate::world::World;

fn line(seed: u8) -> String {
    StatementKey::from_seed(&[seed; 32]).public().to_string()
}

fn listed(world: &World) -> Value {
    let out = world.xb(&["cache", "ls", "--json"]).good();
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn caches_are_listed_with_what_is_said_of_them_and_what_they_answer() {
    let world = World::new();
    let said = world.xb(&["cache", "ls"]);
    assert!(said.err.contains("the project names no shared cache"), "{}", said.err);
    assert_eq!(said.good(), "");

    let (honest, closed) = (Server::honest(), Server::start(|_, _| Some(Answer::Say(403, vec![]))));
    let (ci, at) = (line(1), |server: &Server| format!("http://me:secret@{}/x", server.name));
    world.write(
        "xb.toml",
        &format!(
            "[cache.here]\nurl = \"shared\"\n[cache.new]\nurl = \"/none/at/all\"\npush = true\n\
             [cache.team]\nurl = \"{}\"\npush = true\n[cache.closed]\nurl = \"{}\"\n\
             [trust.keys.ci]\nkey = \"{ci}\"\npackages = [\"lib*\"]\nmethods = [\"cross\"]\n",
            at(&honest),
            at(&closed)
        ),
    );
    world.write("shared/file", "");
    let said = world.xb(&["cache", "ls"]);
    assert!(said.err.contains("warning: nothing of this was accepted as it is"), "{}", said.err);
    assert!(said.out.contains("cache here: PROJECT/shared, was not asked\n"), "{}", said.out);
    let _ = said.good();
    assert_eq!((honest.seen("GET").len(), listed(&world)["accepted"].clone()), (0, json!(false)));

    let _ = world.xb(&["cache", "accept"]).good();
    let said = world.xb(&["cache", "ls"]);
    assert_eq!(said.err, "");
    let (team, shut) = (&honest.name, &closed.name);
    let no_key = "what is built here would go there, but you have no key: `xb key new` makes one";
    let text = said.good();
    let (begin, end) = text.split_once("cache closed: ").expect("the last cache");
    assert_eq!(
        begin,
        format!(
            "cache here: PROJECT/shared, answers\ncache new: /none/at/all, does not answer: there is no such folder \
             yet; what is built first makes it; {no_key}\ncache team: http://{team}/x, answers; {no_key}\n"
        )
    );
    assert!(end.starts_with(&format!("http://{shut}/x, does not answer: ")), "{end}");
    assert!(end.contains("403") && !text.contains("secret"), "{end}");
    assert!(end.ends_with(&format!("\nkey ci: {ci}, for lib*, amd64, arm64, by cross\n")), "{end}");

    let _ = world.xb(&["key", "new"]).good();
    let own = world.xb(&["key", "show", "--line"]).good();
    let all = listed(&world);
    assert_eq!(
        all["caches"][2],
        json!({"name": "team", "place": format!("http://{team}/x"), "push": true, "takes": true, "answers": true})
    );
    assert_eq!((all["caches"][0]["takes"].clone(), all["caches"][3]["answers"].clone()), (json!(false), json!(false)));
    assert_eq!((all["accepted"].clone(), all["agree"].clone()), (json!(true), json!(1)));
    assert_eq!((&all["keys"][0]["own"], &all["keys"][1]["own"]), (&json!(false), &json!(true)));
    assert_eq!(all["keys"][1]["key"], own.trim_end());
    assert!(world.xb(&["cache", "ls"]).good().contains(&format!("key your own key: {}", own.trim_end())));
}

#[test]
fn folders_are_held_against_their_names_and_mended() {
    let world = World::new();
    let _ = world.xb(&["cache", "verify"]).bad(1);
    world.write("xb.toml", "[cache.team]\nurl = \"shared\"\n[cache.far]\nurl = \"https://cache.example.org\"\n");
    let err = world.xb(&["cache", "verify"]).bad(1);
    assert!(err.contains("have not accepted the caches"), "{err}");
    let _ = world.xb(&["cache", "accept"]).good();
    let err = world.xb(&["cache", "verify"]).bad(3);
    assert!(err.contains("the cache `team`: `PROJECT/shared` cannot be read"), "{err}");
    let err = world.xb(&["cache", "verify", "far"]).bad(1);
    assert!(err.contains("the cache `far` is a server"), "{err}");
    let err = world.xb(&["cache", "verify", "taem"]).bad(1);
    assert!(err.contains("`xb.toml` names no cache `taem`") && err.contains("it names `team`, `far`"), "{err}");

    let name = |bytes: &[u8]| Blob::of(bytes).sha256.to_string();
    let place = |name: &str| format!("shared/cas/{}/{name}", &name[..2]);
    world.write(&place(&name(b"good")), "good");
    let said = world.xb(&["cache", "verify", "team"]);
    assert_eq!(said.err, "sound `team`: 1 blob (4 B) and 0 entries are as they should be\n");
    let _ = said.good();
    let bad = place(&name(b"bad"));
    world.write(&bad, "worse");
    let err = world.xb(&["cache", "verify"]).bad(3);
    let (shown, is) = (bad.trim_start_matches("shared/"), name(b"worse"));
    assert!(err.starts_with(&format!("of no use: {shown}: its SHA-256 is {is}\n")), "{err}");
    assert!(err.contains("1 thing of no use to anybody") && err.contains("--repair"), "{err}");
    let said = world.xb(&["cache", "verify", "--repair"]);
    assert!(said.err.contains("`team`: 1 of no use among 2 blobs (4 B) and 0 entries; 1 removed"), "{}", said.err);
    let _ = said.good();
    assert!(!world.project().join(bad).exists() && world.project().join(place(&name(b"good"))).exists());
    let _ = world.xb(&["cache", "verify"]).good();
}

#[test]
fn what_was_accepted_last_counts_and_nothing_before_it() {
    let world = World::new();
    let config = |push: bool| format!("[cache.team]\nurl = \"cache\"\npush = {push}\n");
    let is_accepted = || listed(&world)["accepted"] == true;
    world.write("xb.toml", &config(true));
    assert!(!is_accepted());
    let _ = world.xb(&["cache", "accept"]).good();
    assert!(is_accepted());
    world.write("xb.toml", &config(false));
    assert!(!is_accepted());
    let _ = world.xb(&["cache", "accept"]).good();
    // Back to what was accepted once: whoever brings it back has not asked.
    world.write("xb.toml", &config(true));
    assert!(!is_accepted());
}

#[test]
fn a_store_that_comes_with_a_project_is_not_signed() {
    let world = World::new();
    let config = |push: bool| format!("[store]\npath = \"store\"\n[cache.team]\nurl = \"cache\"\npush = {push}\n");
    world.write("xb.toml", &config(true));
    let err = world.xb(&["cache", "accept"]).bad(1);
    assert!(err.contains("the store lies in the project") && err.contains("`push = true`"), "{err}");
    world.write("xb.toml", &config(false));
    let shown = world.xb(&["cache", "accept"]).good();
    assert!(shown.contains("store: ") && shown.contains("cache team: "), "{shown}");
}
