//! From packages to the graph, with the real standard library.

use std::collections::BTreeMap;

use xb_core::{Arch, RelPath};
use xb_eval::{EmitFailure, EmitOptions, Emitted, Limits, MemoryWorld, Product, TargetRequest, emit};
use xb_graph::{CodeFor, Fetch, FetchKind, Graph, Method, Node, NodeId, PolicyRule};

const PACKAGES: &str = r#"
use std { c, fetch }

package zlib(arch) {
  version = "1.3.1"
  source = fetch.tarball("https://example.org/zlib-${version}.tar.gz")
  build = c.make {}
  check = true
}

package png_tools(arch) {
  version = "1.6"
  source = ./src
  needs = [zlib, "libpopt-dev"]
  tools = ["perl"]
  build = c.cmake {}
}
"#;

fn run(text: &str, name: Option<&str>, methods: &[Method]) -> Result<Emitted, EmitFailure> {
    emitted(text, name, methods, Asked::default())
}

/// What else is asked for.
#[derive(Default)]
struct Asked {
    product: Product,
    audit: bool,
    describe: bool,
}

fn emitted(text: &str, name: Option<&str>, methods: &[Method], asked: Asked) -> Result<Emitted, EmitFailure> {
    let world = MemoryWorld::default().with("p.xb", text);
    let Asked { product, audit, describe } = asked;
    let request = TargetRequest {
        file: RelPath::new("p.xb").unwrap(),
        name: name.map(str::to_owned),
        product,
        arches: vec![Arch::Arm64],
        may_define_none: false,
    };
    let options =
        EmitOptions { host: Arch::Amd64, methods: methods.to_vec(), audit, describe, limits: Limits::default() };
    emit(&world, &[request], &options)
}

fn codes(result: Result<Emitted, EmitFailure>) -> Vec<String> {
    match result {
        Ok(_) => vec!["no error".to_owned()],
        Err(failure) => {
            failure.diagnostics.iter().map(|diagnostic| format!("{} {}", diagnostic.code, diagnostic.message)).collect()
        }
    }
}

#[test]
fn a_package_becomes_a_choice_over_its_methods() {
    let emitted = run(PACKAGES, None, &[Method::Cross, Method::Emulate])
        .unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    let graph = &emitted.graph;
    assert_eq!(graph.targets.len(), 2);
    let zlib = &graph.targets[0];
    assert_eq!((zlib.id.package.as_str(), zlib.version.as_deref()), ("zlib", Some("1.3.1")));
    let Node::Choice(build) = graph.node(zlib.build) else { panic!("a package is a choice") };
    assert_eq!(build.options.iter().map(|option| option.0).collect::<Vec<_>>(), [Method::Cross, Method::Emulate]);
    let Some(Node::Choice(check)) = zlib.check.map(|check| graph.node(check)) else { panic!("zlib has a check") };
    assert_eq!(check.options.len(), 1, "both methods check in the same way");
    let Node::Run(check) = graph.node(check.options[0].1) else { panic!("a check is a run") };
    assert!(
        check.root.iter().any(|layer| layer.input.node == zlib.build && &*layer.input.output == "build"),
        "what was built is what is tested"
    );
    assert_eq!(graph.targets[1].id.package, "png-tools");
    assert!(graph.targets[1].check.is_none());
    assert_eq!(graph.origin(zlib.build).to_string(), "p.xb:4");
    assert_eq!(emitted.reads.len(), 1);
}

#[test]
fn needs_are_composed_beneath_what_needs_them() {
    let emitted = run(PACKAGES, Some("png-tools"), &[Method::Emulate]).unwrap();
    let graph = &emitted.graph;
    assert_eq!(graph.targets.len(), 1);
    let names: Vec<String> = graph
        .nodes()
        .filter_map(|(_, node)| match node {
            Node::Debian(root) => {
                root.packages.get(&Arch::Arm64).map(|names| names.iter().cloned().collect::<Vec<_>>())
            }
            _ => None,
        })
        .flatten()
        .collect();
    assert!(names.contains(&"libpopt-dev".to_owned()), "{names:?}");
    let staged = graph.nodes().any(|(_, node)| match node {
        Node::Compose { layers } => layers.iter().any(|layer| &*layer.name == "zlib (arm64)"),
        _ => false,
    });
    assert!(staged);
}

/// The names of the packages that a node's own layers take from the distribution.
fn distribution(graph: &Graph, root: NodeId) -> Vec<String> {
    let inputs = graph.node(root).inputs().map(|input| graph.node(input));
    let roots = inputs.filter_map(|node| match node {
        Node::Debian(root) => Some(root),
        _ => None,
    });
    roots.flat_map(|root| root.packages.get(&Arch::Arm64).into_iter().flatten().cloned()).collect()
}

#[test]
fn a_root_to_be_audited_in_is_there_when_it_is_asked_for_and_changes_nothing_else() {
    let plain = run(PACKAGES, None, &[Method::Cross]).unwrap().graph;
    assert!(plain.targets.iter().all(|target| target.root.is_none()));
    let graph = emitted(PACKAGES, None, &[Method::Cross], Asked { audit: true, ..Asked::default() }).unwrap().graph;
    let mut without = graph.clone();
    without.targets.iter_mut().for_each(|target| target.root = None);
    without.prune();
    assert!(without.nodes().eq(plain.nodes()), "without it, the graph is the same");
    let root = graph.targets[1].root.expect("a root");
    let names = distribution(&graph, root);
    for name in ["libpopt-dev", "libstdc++6", "libc6", "perl-base"] {
        assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
    }
    assert!(!names.iter().any(|name| name == "gcc" || name == "cmake"), "no compiler is needed to run it: {names:?}");
    let Node::Compose { layers } = graph.node(root) else { panic!("a root is composed") };
    let names: Vec<_> = layers.iter().map(|layer| &*layer.name).collect();
    assert_eq!(names, ["Debian (arm64, where results run)", "zlib (arm64)", "the result of png-tools"]);
    assert_eq!(layers[2].input.node, graph.targets[1].build);
}

#[test]
fn interpreters_are_there_by_the_languages_of_a_package_and_of_its_needs() {
    let text = r#"
use std { lua, python }
package module(arch) { build = lua.rock { modules = {} } }
package wheel(arch) { build = python.wheel {}, needs = [module] }
"#;
    let graph =
        emitted(text, Some("wheel"), &[Method::Cross], Asked { audit: true, ..Asked::default() }).unwrap().graph;
    let names = distribution(&graph, graph.targets[0].root.expect("a root"));
    assert!(["python3", "lua5.4"].iter().all(|name| names.iter().any(|known| known == name)), "{names:?}");
}

#[test]
fn what_a_package_says_about_findings_comes_with_its_target() {
    let text = r#"
package p(arch) {
  build = sh"true"
  audit = { "set-id" = { level = "off", reason = "${name} is what it is" } }
}
"#;
    let target = run(text, None, &[Method::Cross]).unwrap().graph.targets.remove(0);
    let rule = PolicyRule { level: "off".to_owned(), reason: "p is what it is".to_owned() };
    assert_eq!(target.policy.into_iter().collect::<Vec<_>>(), [("set-id".to_owned(), rule)]);
    let wrong = text.replace("set-id", "set-ip");
    let failure = run(&wrong, None, &[Method::Cross]).unwrap_err();
    assert!(format!("{:?}", failure.diagnostics).contains("did you mean `set-id`"), "{:?}", failure.diagnostics);
}

#[test]
fn every_node_is_needed_by_a_target() {
    let emitted = run(PACKAGES, Some("zlib"), &[Method::Cross]).unwrap();
    let graph = &emitted.graph;
    let mut used = vec![false; graph.len()];
    for target in &graph.targets {
        used[target.build.0 as usize] = true;
        if let Some(check) = target.check {
            used[check.0 as usize] = true;
        }
    }
    for (_, node) in graph.nodes() {
        for input in node.inputs() {
            used[input.0 as usize] = true;
        }
    }
    assert!(used.iter().all(|used| *used));
}

#[test]
fn errors_of_several_targets_come_together() {
    let text = r#"
package a(arch) { version = "1" }
package b(arch) {
  build = sh"x"
  methods = ["native"]
}
package c(arch) {
  needs = [d(arch)]
  build = sh"x"
}
package d(arch) {
  needs = [c(arch)]
  build = sh"x"
}
"#;
    let codes = codes(run(text, None, &[Method::Cross]));
    let short: Vec<&str> = codes.iter().filter_map(|code| code.split(' ').next()).collect();
    assert_eq!(&short[..3], ["E0605", "E0604", "E0608"], "{codes:#?}");
}

#[test]
fn a_target_that_is_not_there_names_the_nearest() {
    let found = codes(run(PACKAGES, Some("zlip"), &[Method::Cross]));
    assert_eq!(found, ["E0602 `p.xb` does not define `zlip`"]);
}

#[test]
fn a_long_chain_of_needs_does_not_nest() {
    let mut text = String::from("package p0(arch) { build = sh\"true\" }\n");
    for number in 1..2000 {
        let before = number - 1;
        text.push_str(&format!("package p{number}(arch) {{ needs = [p{before}(arch)], build = sh\"true\" }}\n"));
    }
    let emitted =
        run(&text, Some("p1999"), &[Method::Cross]).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    assert!(emitted.graph.len() > 6000);
}

#[test]
fn of_a_whole_file_what_needs_more_than_an_architecture_is_left_out() {
    let text = r#"
package plain(arch) { build = sh"true" }
package tls(arch, library = "openssl") { summary = library, build = sh"true" }
package more(arch, library) { summary = library, build = sh"true" }
"#;
    let names = |text: &str| {
        let emitted = run(text, None, &[Method::Cross]).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
        emitted.graph.targets.iter().map(|target| target.id.package.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(text), ["plain", "tls"]);
    let alone = &text[text.find("package more").unwrap()..];
    assert!(codes(run(alone, None, &[Method::Cross]))[0].starts_with("E0602"));
}

#[test]
fn what_fails_inside_of_the_standard_library_is_shown_in_the_users_text() {
    let text = r#"
use std { fetch }
package p(arch) {
  source = fetch.file("https://example.org/c", sha256 = "abc")
  build = sh"true"
}"#;
    let failure = run(text, Some("p"), &[]).unwrap_err();
    let [diagnostic] = &failure.diagnostics[..] else { panic!("{:?}", failure.diagnostics) };
    assert!(failure.sources.slice(diagnostic.labels[0].span).starts_with("fetch.file("));
    let within = diagnostic.trace.last().unwrap().span;
    assert!(failure.sources.slice(within).starts_with("prim.fetch"));
}

#[test]
fn a_rock_is_known_by_its_name_or_by_its_address() {
    let fetched = |rock: &str| {
        let text = format!(
            "use std {{ fetch, lua }}\npackage p(arch) {{ source = fetch.rock(\"{rock}\"), build = lua.rock {{}} }}"
        );
        let emitted = run(&text, None, &[Method::Cross]).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
        let rock = |node: &Node| match node {
            Node::Fetch(fetch) if fetch.how == FetchKind::Rock => Some(fetch.url.clone()),
            _ => None,
        };
        emitted.graph.nodes().filter_map(|(_, node)| rock(node)).collect::<Vec<_>>()
    };
    assert_eq!(fetched("lua-cjson/2.1.0.10-1"), ["rock:lua-cjson/2.1.0.10-1"]);
    let address = "https://example.org/a-1.0-1.src.rock";
    assert_eq!(fetched(address), [address]);
}

const SHIPPED: &str = r#"
package liba(arch) {
  version = "1"
  summary = "Library"
  build = sh"make"
  ship = deb { maintainer = "A <a@example.org>" }
}
package app(arch) {
  version = "2"
  summary = "Program"
  needs = [liba, "libpopt-dev"]
  build = sh"make"
  ship = deb { maintainer = "A <a@example.org>", revision = "3", depends = ["tzdata (>= 2025a) | tzdata-legacy"] }
}
package plain(arch) { build = sh"make" }
"#;

fn ship(text: &str, name: Option<&str>) -> Result<Emitted, EmitFailure> {
    let asked = Asked { product: Product::Shipped, describe: true, ..Asked::default() };
    emitted(text, name, &[Method::Cross, Method::Emulate], asked)
}

#[test]
fn what_is_made_of_packages_has_their_tests_as_well() {
    let packages = PACKAGES.replacen(
        "check = true",
        "check = true\n  summary = \"Z\"\n  ship = deb { maintainer = \"A <a@example.org>\" }",
        1,
    );
    for product in [Product::Shipped, Product::Image] {
        let asked = Asked { product, ..Asked::default() };
        let emitted = emitted(&packages, Some("zlib"), &[Method::Cross], asked);
        let graph = emitted.unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics)).graph;
        let tests = graph.targets.iter().flat_map(|target| &target.tests);
        let tested: Vec<_> = tests.flat_map(|test| graph.options(*test)).collect();
        let [test] = tested[..] else { panic!("{product:?} has one test: {tested:?}") };
        let Node::Run(run) = graph.node(test) else { panic!("a test is a run") };
        assert_eq!(run.title(), "zlib (arm64, check)");
    }
}

#[test]
fn what_is_shipped_is_a_package_of_its_own_whose_source_is_the_result() {
    let emitted = ship(SHIPPED, Some("app")).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    let graph = &emitted.graph;
    let [target] = &graph.targets[..] else { panic!("one target") };
    assert_eq!((target.id.package.as_str(), target.version.as_deref()), ("app.deb", Some("2-3")));
    let Node::Choice(packing) = graph.node(target.build) else { panic!("a package is a choice") };
    let [(_, packing)] = packing.options[..] else { panic!("it is packed in one way, however it was built") };
    let Node::Run(packing) = graph.node(packing) else { panic!("packing is a run") };
    assert_eq!((packing.title().as_str(), packing.platform), ("app.deb (arm64, build)", Arch::Amd64));
    let layer = |at: &str| packing.root.iter().find(|layer| layer.at.as_str() == at).map(|layer| layer.input.node);
    let Some(Node::Choice(result)) = layer("xb/src").map(|node| graph.node(node)) else { panic!("the result") };
    assert_eq!((result.package.as_str(), result.options.len()), ("app", 2));
    let Some(Node::Choice(need)) = layer("xb/inputs/needs/liba").map(|node| graph.node(node)) else { panic!("needs") };
    assert_eq!(need.package, "liba.deb");
    let Some(Node::Choice(check)) = target.check.map(|check| graph.node(check)) else { panic!("it is installed") };
    let Node::Run(check) = graph.node(check.options[0].1) else { panic!("a check is a run") };
    let root = check.root.iter().find_map(|layer| match graph.node(layer.input.node) {
        Node::Debian(debian) => Some(debian),
        _ => None,
    });
    let root = root.expect("it is installed into a Debian system");
    assert!(root.database, "with dpkg's records");
    let names = &root.packages[&Arch::Arm64];
    assert!(["apt", "tzdata", "libpopt-dev"].iter().all(|name| names.contains(*name)), "{names:?}");
}

#[test]
fn what_does_not_say_how_it_is_shipped_is_left_out_unless_it_is_asked_for() {
    let emitted = ship(SHIPPED, None).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    let names: Vec<_> = emitted.graph.targets.iter().map(|target| target.id.package.as_str()).collect();
    assert_eq!(names, ["liba.deb", "app.deb"]);
    assert_eq!(codes(ship(SHIPPED, Some("plain"))), ["E0602 `plain` does not say how it is shipped"]);
    let nothing = codes(ship("package p(arch) { build = sh\"make\" }", None));
    assert_eq!(nothing, ["E0602 no package of `p.xb` says how it is shipped"]);
}

#[test]
fn what_a_debian_package_needs_to_say_is_asked_for() {
    let refused = |ship_field: &str| {
        let text =
            format!("package p(arch) {{ version = \"1\", summary = \"P\", build = sh\"make\", ship = {ship_field} }}");
        codes(ship(&text, None)).join("; ")
    };
    assert!(refused("deb {}").contains("who maintains `p`?"), "{}", refused("deb {}"));
    assert!(refused("1").contains("write `ship = deb { ... }`"), "{}", refused("1"));
    assert!(refused("oci {}").contains("write `ship = deb { ... }`"), "{}", refused("oci {}"));
    assert!(refused("deb { maintainer = \"A\", sektion = \"net\" }").contains("sektion"));
    assert!(refused("deb { maintainer = \"A\", dev = 1 }").contains("E0501"));
    let essential = refused("deb { maintainer = \"A\", section = \"misc\\nEssential: yes\" }");
    assert!(essential.contains("this is not one line"), "{essential}");
    assert!(refused("deb { maintainer = \"A\", depends = [\"a\", \"b\\nc\"] }").contains("not one line"));
    assert!(refused("deb { maintainer = \"A\", user = \"-x\" }").contains("cannot be the name of a user"));
    let text = "package p(arch) { version = \"1\", build = sh\"make\", ship = deb { maintainer = \"A\" } }";
    assert!(codes(ship(text, None))[0].contains("what is `p`?"), "{:?}", codes(ship(text, None)));
    let text = "package p(arch) { summary = \"P\", build = sh\"make\", ship = deb { maintainer = \"A\" } }";
    assert!(codes(ship(text, None))[0].contains("has no `version`"), "{:?}", codes(ship(text, None)));
}

#[test]
fn a_graph_tells_what_packages_say_about_themselves_where_that_is_asked_for() {
    let text = SHIPPED.replacen("summary", "license = \"MIT\"\n  homepage = \"https://example.org\"\n  summary", 1);
    let emitted = ship(&text, Some("app")).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    let graph = &emitted.graph;
    let packed = &graph.descriptions[&graph.targets[0].build];
    assert_eq!((packed.name.as_str(), packed.version.as_deref()), ("app.deb", Some("2-3")));
    let app = &graph.descriptions[&packed.source.expect("what it is made of")];
    assert_eq!((app.name.as_str(), app.version.as_deref(), app.source), ("app", Some("2"), None));
    let [need] = app.needs[..] else { panic!("one need is a package") };
    let liba = &graph.descriptions[&need];
    assert_eq!((liba.name.as_str(), liba.license.as_deref()), ("liba", Some("MIT")));
    assert_eq!(liba.homepage.as_deref(), Some("https://example.org"));
    let quiet = run(PACKAGES, None, &[Method::Cross]).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics));
    assert!(quiet.graph.descriptions.is_empty());
}

#[test]
fn a_release_applies_its_packages_and_has_versions_that_files_can_have() {
    let release = |packages: &str, version: &str| {
        let text = format!(
            "package p(arch) {{ version = \"{version}\", build = sh\"make\" }}\n\
             release r {{ packages = [{packages}], arches = [amd64, arm64], formats = [oci, tar] }}"
        );
        codes(run(&text, Some("r"), &[Method::Cross])).join("; ")
    };
    assert_eq!(release("p", "1"), "no error");
    assert!(
        release("p(arm64)", "1").starts_with("E0611 a release has `p` for arm64 only"),
        "{}",
        release("p(arm64)", "1")
    );
    assert!(release("p", "1/../../x").contains("cannot be the version of a package"), "{}", release("p", "1/../../x"));
}

/// The variables of what builds a package with this baseline.
fn variables(baseline: &str) -> BTreeMap<String, String> {
    let text = format!("package p(arch) {{ build = sh\"true\", baseline = {{ {baseline} }} }}");
    let graph = run(&text, None, &[Method::Cross]).unwrap_or_else(|failed| panic!("{:#?}", failed.diagnostics)).graph;
    let Node::Choice(build) = graph.node(graph.targets[0].build) else { panic!("a package is a choice") };
    let Node::Run(run) = graph.node(build.options[0].1) else { panic!("a build is a run") };
    run.env.variables().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn compilers_are_told_of_a_baseline_that_is_not_the_lowest() {
    let usual = variables("");
    for lowest in ["arm64 = \"armv8-a\"", "amd64 = \"x86-64-v3\""] {
        assert_eq!(variables(lowest), usual);
    }
    // What the version has anyway is not said again, and the order does not matter.
    let raised = variables("arm64 = \"armv8.2-a+sha2+rdma+aes\"");
    let told = |name: &str| raised.get(name).map(String::as_str);
    assert_eq!(told("CFLAGS"), Some("-O2 -march=armv8.2-a+aes+sha2"));
    assert_eq!(told("CXXFLAGS"), told("CFLAGS"));
    assert_eq!(told("GOARM64"), Some("v8.2,crypto"));
    assert_eq!(told("rust_baseline"), Some("-Ctarget-feature=+v8.2a,+aes,+sha2"));
    let raised = variables("arm64 = \"armv8-a+rdma+lse\"");
    assert_eq!(raised.get("GOARM64").map(String::as_str), Some("v8.0,lse"));
    assert_eq!(raised.get("rust_baseline").map(String::as_str), Some("-Ctarget-feature=+lse,+rdm"));
}

#[test]
fn what_is_pure_is_built_once_and_checked_everywhere() {
    let text = r#"
        use std { python, lua }
        package wheel(arch) { build = python.wheel { pure = true }, check = true }
        package rock(arch) { build = lua.rock { pure = true, modules = { m = "m.lua" } }, check = true }
    "#;
    let graph = run(text, None, &[Method::Cross, Method::Emulate]).unwrap().graph;
    assert_eq!(graph.targets.len(), 2);
    for target in &graph.targets {
        let of = |node| match graph.node(node) {
            Node::Run(run) => (run.arch, run.method, run.platform, run.code_for),
            _ => panic!("a run"),
        };
        let builds: Vec<_> = graph.options(target.build).map(of).collect();
        assert_eq!(builds, [(Arch::Amd64, Method::Native, Arch::Amd64, CodeFor::Every)]);
        let checks: Vec<_> = graph.options(target.check.unwrap()).map(of).collect();
        assert_eq!(checks, [(Arch::Arm64, Method::Emulate, Arch::Arm64, CodeFor::Own)]);
    }
}

/// What a package fetches that is built so, with a file of this name and text beside it; or what is wrong with it.
fn fetches(build: &str, (name, text): (&str, &str)) -> Result<Vec<Fetch>, Vec<String>> {
    let package = format!("use std {{ go, rust }}\npackage p(arch) {{ build = {build} }}");
    let world = MemoryWorld::default().with("p.xb", &package).with(name, text);
    let request = TargetRequest {
        file: RelPath::new("p.xb").unwrap(),
        name: None,
        product: Product::default(),
        arches: vec![Arch::Arm64],
        may_define_none: false,
    };
    let options = EmitOptions {
        host: Arch::Amd64,
        methods: vec![Method::Cross, Method::Emulate],
        audit: false,
        describe: false,
        limits: Limits::default(),
    };
    let emitted = emit(&world, &[request], &options);
    let emitted =
        emitted.map_err(|failure| failure.diagnostics.into_iter().map(|it| it.message).collect::<Vec<String>>())?;
    let fetch = |(_, node): (_, &Node)| match node {
        Node::Fetch(fetch) => Some(Fetch::clone(fetch)),
        _ => None,
    };
    Ok(emitted.graph.nodes().filter_map(fetch).collect())
}

/// The modules that a package asks for, with a `go.sum` of this text.
fn modules(go_sum: &str, more: &str) -> Result<Vec<(String, String)>, Vec<String>> {
    let module = |fetch: Fetch| match fetch.how {
        FetchKind::GoModule { h1 } => Some((fetch.url, h1.to_string())),
        _ => None,
    };
    let build = format!("go.build {{ lock = ./go.sum, {more} }}");
    Ok(fetches(&build, ("go.sum", go_sum))?.into_iter().filter_map(module).collect())
}

#[test]
fn each_line_of_a_go_sum_is_fetched_once() {
    const SUM: &str = "h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=";
    let line = |what: &str, sum: &str| format!("example.org/Tool {what} {sum}\n");
    let go_sum = [
        line("v1.0.0", SUM),
        line("v1.0.0/go.mod", SUM),
        "\n".to_owned(),
        line("v1.0.0", SUM),
        line("v0.9.0/go.mod", SUM),
        line("v0.8.0/go.mod", "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY="),
        line("v0.8.0", "h2:of-another-kind"),
    ]
    .concat();
    let addresses = ["v1.0.0", "v1.0.0/go.mod", "v0.9.0/go.mod"];
    let wanted: Vec<_> = addresses.iter().map(|it| (format!("go:example.org/Tool@{it}"), SUM.to_owned())).collect();
    assert_eq!(modules(&go_sum, ""), Ok(wanted));
    assert_eq!(modules("", ""), Ok(vec![]));
}

#[test]
fn what_is_no_line_of_a_go_sum_is_told() {
    let told = |go_sum: &str, more: &str| modules(go_sum, more).unwrap_err().join("; ");
    let short = told("example.org/tool v1.0.0\n", "");
    assert!(short.contains("the line `example.org/tool v1.0.0`, which is no module, version and hash"), "{short}");
    let wrong = told("example.org/tool v1.0.0 h1:abc\n", "");
    assert!(wrong.contains("go:example.org/tool@v1.0.0") && wrong.contains("`h1:abc`"), "{wrong}");
    let both = told("", "import = \"example.org/tool\"");
    assert!(both.contains("either by `lock` or"), "{both}");
}

#[test]
fn the_checksums_of_a_cargo_lock_stand_beside_the_crates_or_at_its_end() {
    let crates = |lock: &str| {
        let fetches = fetches("rust.build { lock = ./Cargo.lock }", ("Cargo.lock", lock))?;
        let crates = fetches.into_iter().filter(|fetch| fetch.url.starts_with("crate:"));
        Ok::<_, Vec<String>>(crates.map(|fetch| (fetch.url, fetch.sha256.unwrap().to_string())).collect::<Vec<_>>())
    };
    let sum = "5".repeat(64);
    let from = "registry+https://github.com/rust-lang/crates.io-index";
    let package = format!("[[package]]\nname = \"a\"\nversion = \"1.2.3\"\nsource = \"{from}\"\n");
    let right = vec![("crate:a/1.2.3".to_owned(), sum.clone())];
    assert_eq!(crates(&format!("{package}checksum = \"{sum}\"\n")), Ok(right.clone()));
    let old = format!("{package}[metadata]\n\"checksum a 1.2.3 ({from})\" = \"{sum}\"\n");
    assert_eq!(crates(&old), Ok(right));
    let told = crates(&package).unwrap_err().join("; ");
    assert!(told.contains("no checksum of `a` 1.2.3"), "{told}");
}
