//! Anything at all as input: an error or a value, never a panic.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use proptest::prelude::*;
use xb_core::Arch;
use xb_debian::database::{Package, Triggers, conffiles};
use xb_debian::{Index, Keyring, compare_versions, decompress, read_control, read_deb, read_in_release, resolve};

/// Paragraphs of the right form with odd values.
fn paragraphs() -> impl Strategy<Value = String> {
    let relation = "[ab]{1,2}(:any|:native|:arm64)?( \\((<<|<=|=|>=|>>) [0-9.~]{1,3}\\))?";
    let relations = prop::collection::vec(relation, 0..3).prop_map(|all| all.join(", "));
    let field = ("(Depends|Conflicts|Breaks|Provides|Multi-Arch|Junk)", relations);
    let fields = prop::collection::vec(field, 0..4);
    let package = ("[ab]{1,2}", "[0-9.~]{1,3}", "(amd64|all)", "(no|same|foreign|allowed)", fields);
    let package = package.prop_map(|(name, version, arch, multi_arch, fields)| {
        let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let sum = "0".repeat(64);
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {arch}\n{fields}Multi-Arch: {multi_arch}\n\
             Filename: x\nSize: 1\nSHA256: {sum}\n\n"
        )
    });
    prop::collection::vec(package, 0..8).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_in_release(&bytes, &Keyring::default());
        let _ = Keyring::from_bytes(&bytes);
        let _ = Index::parse(Arch::Amd64, &bytes);
        let _ = read_deb::<()>(Cursor::new(&bytes), &mut |_| Ok(()));
        let _ = read_control(Cursor::new(&bytes));
        let _ = Package::parse(&bytes);
        for name in ["x.gz", "x.xz", "x.zst", "x"] {
            let _ = decompress(name, &bytes);
        }
    }

    #[test]
    fn any_text(text in "([A-Za-z]{1,4}|:|-|\n|\\(|\\)|\\||,| |é){0,60}") {
        let _ = read_in_release(text.as_bytes(), &Keyring::default());
        let _ = Index::parse(Arch::Amd64, text.as_bytes());
        let _ = conffiles(&text);
        Triggers::default().add("x", &text);
        if let Ok(package) = Package::parse(format!("Package: x\nVersion: 1\nArchitecture: all\n{text}").as_bytes()) {
            prop_assert!(!package.status(&[]).trim_end().contains("\n\n"));
        }
    }

    #[test]
    fn any_packages_resolve_or_say_why(amd64 in paragraphs(), arm64 in paragraphs()) {
        let arm64 = arm64.replace("Architecture: amd64", "Architecture: arm64");
        let indexes = [(Arch::Amd64, amd64), (Arch::Arm64, arm64)];
        let indexes = indexes.map(|(arch, text)| (arch, Index::parse(arch, text.as_bytes())));
        let good = indexes.into_iter().filter_map(|(arch, index)| Some((arch, index.ok()?)));
        let indexes: BTreeMap<Arch, Index> = good.collect();
        let names = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let wanted = indexes.keys().map(|arch| (*arch, names.clone())).collect();
        if let Err(error) = resolve(&indexes, Arch::Amd64, &wanted) {
            prop_assert!(!error.to_string().ends_with(":\n"), "{}", error);
        }
    }

    #[test]
    fn versions_are_in_one_order(mut all in prop::collection::vec("[0-9a-c.~+:-]{0,6}", 3)) {
        all.sort_by(|a, b| compare_versions(a, b));
        prop_assert!(compare_versions(&all[0], &all[2]).is_le());
        prop_assert_eq!(compare_versions(&all[0], &all[1]), compare_versions(&all[1], &all[0]).reverse());
    }
}
