//! Pushes to a real registry, read back by another client.

mod common;

use std::path::Path;

use xb_push::{Credentials, PushError};

use common::real::{Registry, USERS, has};
use common::{image, push};

fn credentials(folder: &Path, registry: &str, said: &str) -> Credentials {
    use base64::Engine;
    let said = base64::engine::general_purpose::STANDARD.encode(said);
    let file = folder.join("auth.json");
    std::fs::write(&file, format!(r#"{{"auths": {{"{registry}": {{"auth": "{said}"}}}}}}"#)).expect("a file");
    Credentials::of_files([file])
}

#[test]
fn an_image_is_there_with_all_that_it_names_and_is_sent_once() {
    let Some(registry) = Registry::start(None).filter(|_| has("skopeo")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let top = image(folder.path());
    let nobody = Credentials::default();
    let to = [format!("{}/team/agent", registry.name)];

    let (pushed, sent) = push(folder.path(), &nobody, &to);
    let pushed = pushed.expect("it is pushed");
    assert_eq!(top["digest"], format!("sha256:{}", pushed[0].digest));
    assert_eq!(pushed[0].tags, ["1.0"]);
    assert_eq!((pushed[0].uploaded, pushed[0].mounted, pushed[0].present), (8, 0, 0));
    assert!(sent > 1_200_000, "{sent}");
    let index = registry.raw("team/agent:1.0");
    assert_eq!(top["digest"], common::digest(&index));
    let index: serde_json::Value = serde_json::from_slice(&index).expect("an index");
    for manifest in index["manifests"].as_array().expect("a list") {
        let digest = manifest["digest"].as_str().expect("a digest");
        assert_eq!(digest, common::digest(&registry.raw(&format!("team/agent@{digest}"))));
    }

    let (pushed, sent) = push(folder.path(), &nobody, &to);
    let pushed = pushed.expect("it is pushed");
    assert_eq!((pushed[0].uploaded, pushed[0].present, pushed[0].bytes, sent), (0, 8, 0, 0));

    let more = ["team/agent:latest", "other/agent:2.0", "other/agent:latest"];
    let (pushed, sent) = push(folder.path(), &nobody, &more.map(|name| format!("{}/{name}", registry.name)));
    let pushed = pushed.expect("it is pushed");
    assert_eq!((pushed[0].uploaded, pushed[0].present), (0, 8));
    assert_eq!((pushed[1].uploaded, pushed[1].mounted, sent), (3, 5, 0));
    for name in more {
        assert_eq!(top["digest"], common::digest(&registry.raw(name)));
    }
}

#[test]
fn a_registry_lets_in_whom_it_knows() {
    let Some(registry) = Registry::start(Some(USERS)) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    image(folder.path());
    let to = [format!("{}/agent:1", registry.name)];
    let as_who = |said: &str| push(folder.path(), &credentials(registry.folder.path(), &registry.name, said), &to).0;

    let denied = as_who("robot:boop").expect_err("a wrong password");
    assert!(matches!(denied, PushError::Denied { .. }) && !denied.is_of_environment(), "{denied}");
    let text = denied.to_string();
    assert!(text.contains("does not let `robot` push to `agent`") && !text.contains("boop"), "{text}");
    let denied = push(folder.path(), &Credentials::default(), &to).0.expect_err("a stranger").to_string();
    assert!(denied.contains("does not let strangers push"), "{denied}");
    assert_eq!(as_who("robot:beep").expect("it is pushed")[0].uploaded, 8);
}

#[test]
fn a_registry_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    image(folder.path());
    let error = push(folder.path(), &Credentials::default(), &["127.0.0.1:1/agent:1".to_owned()]).0;
    let error = error.expect_err("nobody is there");
    assert!(error.is_of_environment(), "{error}");
    assert!(error.to_string().contains("refused") && error.to_string().contains("tried 3 times"), "{error}");
}
