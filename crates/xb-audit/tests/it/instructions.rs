//! Code for arm64 that not every processor runs.

use xb_audit::FindingKind::CpuInstructions;
use xb_audit::Subject;
use xb_core::Arch::{Amd64, Arm64};
use xb_core::Baseline;

use crate::elf::{archive, object, program};
use crate::world::{World, check, debian, expect, found, things};

/// `casal x3, x4, [x5]`
const CAS: u32 = 0xC8E3_FCA4;
/// `ptrue p0.b`
const PTRUE: u32 = 0x2518_E3E0;
/// `aese v0.16b, v1.16b`
const AES: u32 = 0x4E28_4820;
/// `ldxr w0, [x1]`
const LDXR: u32 = 0x885F_7C20;
/// `ret`
const RET: u32 = 0xD65F_03C0;

#[test]
fn functions_tell_what_they_need() {
    let result = things! {
        "usr/bin/both" => program(Arm64, &[]).code(&[("main", &[CAS, CAS, PTRUE, RET]), ("work", &[CAS, RET])]),
        "usr/bin/old" => program(Arm64, &[]).code(&[("main", &[LDXR, RET]), ("encrypt", &[AES, RET])]),
        "usr/lib/libx.a" => archive(&[
            ("a.o", &object(Arm64).code(&[("f", &[RET])]).bytes()),
            ("b.o", &object(Arm64).code(&[("g", &[RET, PTRUE])]).bytes()),
        ]),
    };
    let findings = found(Arm64, result, Vec::new());
    let expected = ["usr/bin/both", "usr/bin/both", "usr/lib/libx.a"].map(|path| (path, CpuInstructions));
    expect(&findings, &expected);
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(said[0].contains("of armv8-a+lse in `main` and 1 more function, and armv8-a must do"), "{}", said[0]);
    assert!(said[1].contains("of armv8.2-a+sve in `main`, and"), "{}", said[1]);
    assert!(said[2].contains(", in its member `b.o`, uses instructions of armv8.2-a+sve in `g`, and"), "{}", said[2]);
}

#[test]
fn what_the_baseline_has_is_no_finding() {
    let world = World::new();
    let things = things! {
        "usr/bin/both" => program(Arm64, &[]).code(&[("main", &[CAS, PTRUE, RET])]),
        "usr/lib/libx.a" => archive(&[("a.o", &object(Arm64).code(&[("f", &[CAS, RET])]).bytes())]),
    };
    let result = world.tree(&things);
    let root = world.tree(&debian(Arm64));
    for (baseline, expected) in [("armv8-a", 3), ("armv8-a+lse", 1), ("armv8.1-a", 1), ("armv9-a", 0)] {
        let baseline = Baseline::parse(Arm64, baseline).unwrap();
        let findings = world.audit(&Subject { baseline, ..Subject::new(Arm64, result, root) });
        let findings: Vec<_> = findings.iter().filter(|finding| finding.kind == CpuInstructions).collect();
        assert_eq!(findings.len(), expected, "{findings:?}");
    }
}

#[test]
fn what_is_chosen_as_the_program_runs_is_left_out() {
    let result = things! {
        "usr/bin/go" => program(Arm64, &[]).code(&[("runtime.lock2", &[CAS])]).section(".go.buildinfo", b""),
        "usr/bin/names" => program(Arm64, &[]).code(&[("__aarch64_cas8_acq_rel", &[CAS, RET]), ("sum_sve", &[PTRUE])]),
        "usr/bin/no-name" => program(Arm64, &[]).code(&[("", &[CAS, RET])]),
        "usr/bin/table" => program(Arm64, &[]).code(&[("main", &[RET])]).section(".rodata", &CAS.to_le_bytes()),
    };
    check(Arm64, result, &[]);
    let others = things! { "usr/bin/x" => program(Amd64, &[]).code(&[("main", &[CAS, RET])]) };
    check(Amd64, others, &[]);
}
