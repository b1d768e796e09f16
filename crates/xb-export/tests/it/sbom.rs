//! What artefacts consist of.

use serde_json::{Value, json};
use xb_export::{Component, Moment, Purpose, Relation, RelationKind, Sbom, Sum};

fn sbom() -> Sbom {
    Sbom {
        name: "hello_1.0_arm64.deb".to_owned(),
        created: Moment::default(),
        tool: "xb-0.1.0".to_owned(),
        describes: vec!["hello".to_owned()],
        components: vec![
            Component {
                version: "1.0".to_owned(),
                file: Some("hello_1.0_arm64.deb".to_owned()),
                sha256: Some(Sum::of(b"hello").sha256),
                homepage: Some("https://example.org/hello".to_owned()),
                purl: Some("pkg:deb/example/hello@1.0?arch=arm64".to_owned()),
                purpose: Some(Purpose::Install),
                license: Some("MIT AND LicenseRef-own".to_owned()),
                ..Component::new("hello")
            },
            Component {
                download: Some("https://example.org/zlib.tar.gz".to_owned()),
                purpose: Some(Purpose::Source),
                ..Component::new("zlib+1")
            },
            Component::new("zlib-1"),
        ],
        relations: vec![
            Relation::new("hello", RelationKind::GeneratedFrom, "zlib+1"),
            Relation::new("hello", RelationKind::DependsOn, "zlib-1"),
            Relation::new("hello", RelationKind::DependsOn, "zlib-1"),
        ],
    }
}

fn read(sbom: &Sbom) -> Value {
    serde_json::from_slice(&sbom.json().unwrap()).unwrap()
}

#[test]
fn a_document_says_what_was_given() {
    let document = read(&sbom());
    assert_eq!(document["spdxVersion"], "SPDX-2.3");
    assert_eq!(document["SPDXID"], "SPDXRef-DOCUMENT");
    assert_eq!(document["creationInfo"], json!({ "created": "2000-01-01T00:00:00Z", "creators": ["Tool: xb-0.1.0"] }));
    assert_eq!(document["documentDescribes"], json!(["SPDXRef-Package-hello"]));
    assert_eq!(document["hasExtractedLicensingInfos"][0]["licenseId"], "LicenseRef-own");
    let ids: Vec<_> = document["packages"].as_array().unwrap().iter().map(|package| &package["SPDXID"]).collect();
    assert_eq!(ids, ["SPDXRef-Package-hello", "SPDXRef-Package-zlib-1", "SPDXRef-Package-zlib-1-2"]);
    let hello = json!({
        "SPDXID": "SPDXRef-Package-hello",
        "name": "hello",
        "versionInfo": "1.0",
        "packageFileName": "hello_1.0_arm64.deb",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "homepage": "https://example.org/hello",
        "checksums": [{ "algorithm": "SHA256", "checksumValue": Sum::of(b"hello").sha256.to_string() }],
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "MIT AND LicenseRef-own",
        "copyrightText": "NOASSERTION",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": "pkg:deb/example/hello@1.0?arch=arm64",
        }],
        "primaryPackagePurpose": "INSTALL",
    });
    assert_eq!(document["packages"][0], hello);
    let relations: Vec<_> = document["relationships"].as_array().unwrap().iter().collect();
    let of = |from: &str, kind: &str, to: &str| {
        let [from, to] = [from, to].map(|name| format!("SPDXRef-{name}"));
        json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
    };
    let right = [
        of("DOCUMENT", "DESCRIBES", "Package-hello"),
        of("Package-hello", "DEPENDS_ON", "Package-zlib-1-2"),
        of("Package-hello", "GENERATED_FROM", "Package-zlib-1"),
    ];
    assert_eq!(relations, right.iter().collect::<Vec<_>>());
}

#[test]
fn the_order_does_not_count_and_everything_else_does() {
    let mut turned = sbom();
    turned.components.reverse();
    turned.relations.reverse();
    assert_eq!(turned.json().unwrap(), sbom().json().unwrap());
    let mut other = sbom();
    other.components[0].version = "1.1".to_owned();
    let space = |sbom: &Sbom| read(sbom)["documentNamespace"].as_str().unwrap().to_owned();
    assert_ne!(space(&other), space(&sbom()));
    assert!(space(&sbom()).starts_with("https://spdx.org/spdxdocs/hello-1.0-arm64.deb-"));
}

#[test]
fn what_spdx_cannot_say_is_refused() {
    let refused = |change: &dyn Fn(&mut Sbom)| {
        let mut sbom = sbom();
        change(&mut sbom);
        sbom.json().unwrap_err().to_string()
    };
    assert!(refused(&|it| it.components[1].key = "hello".to_owned()).contains("`hello`"));
    assert!(refused(&|it| drop(it.components.pop())).contains("`zlib-1`"));
    assert!(refused(&|it| it.describes = vec!["x".to_owned()]).contains("`x`"));
    assert!(refused(&|it| it.describes.clear()).contains("about no component"));
    assert!(refused(&|it| it.components[0].license = Some("MIT or so".to_owned())).contains("the licence"));
    assert!(refused(&|it| it.components[0].download = Some("a b".to_owned())).contains("the address"));
    assert!(refused(&|it| it.components[0].name = "a\nb".to_owned()).contains("one line"));
}
