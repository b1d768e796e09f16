//! What a command may not ask of the kernel, in Docker's words: the calls of every sandbox (`xb_run::calls`), and a
//! little more, since the user of a container may be the machine's own root. That processes trace and filter what they
//! start is allowed: programs of other architectures are started by it (`entry`).

use serde_json::{Value, json};
use xb_core::Arch;
use xb_run::calls::{ABSENT, FAMILIES, IOCTL, NETLINK, NETLINK_ROUTE, REFUSED, SOCKET, TYPING, WITHOUT_EFFECT};

/// A call that does not exist here, beside those of every sandbox: no filter sees what it asks for.
const CLONE3: &str = "clone3";

/// `CLONE_NEWUSER`: whoever is root of a namespace can ask the kernel for much more.
const NEW_USER: u32 = 0x1000_0000;

const PERM: u32 = 1;
const NOSYS: u32 = 38;
const PROTO_NO_SUPPORT: u32 = 93;
const AF_NO_SUPPORT: u32 = 97;

/// The low half of an argument.
const LOW: u32 = u32::MAX;

/// The profile for containers of an architecture.
pub fn profile(arch: Arch) -> String {
    let name = match arch {
        Arch::Amd64 => "SCMP_ARCH_X86_64",
        Arch::Arm64 => "SCMP_ARCH_AARCH64",
    };
    let mut calls = vec![
        call(&WITHOUT_EFFECT.map(|call| call.name), 0, &[]),
        call(&REFUSED.map(|call| call.name), PERM, &[]),
        call(&ABSENT.map(|call| call.name), NOSYS, &[]),
        call(&[CLONE3], NOSYS, &[]),
        call(&["clone", "unshare"], PERM, &[masked(0, NEW_USER, NEW_USER)]),
        call(&[SOCKET.name], AF_NO_SUPPORT, &[compared(0, "SCMP_CMP_GT", NETLINK)]),
        call(&[SOCKET.name], PROTO_NO_SUPPORT, &[masked(0, LOW, NETLINK), compared(2, "SCMP_CMP_NE", NETLINK_ROUTE)]),
    ];
    let families = (0..NETLINK).filter(|family| !FAMILIES.contains(family));
    calls.extend(families.map(|family| call(&[SOCKET.name], AF_NO_SUPPORT, &[masked(0, LOW, family)])));
    calls.extend(TYPING.map(|request| call(&[IOCTL.name], PERM, &[masked(1, LOW, request)])));
    json!({ "defaultAction": "SCMP_ACT_ALLOW", "architectures": [name], "syscalls": calls }).to_string()
}

fn call(names: &[&str], errno: u32, arguments: &[Value]) -> Value {
    json!({ "names": names, "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": arguments })
}

fn compared(index: u32, how: &str, value: u32) -> Value {
    json!({ "index": index, "value": value, "op": how })
}

fn masked(index: u32, mask: u32, value: u32) -> Value {
    json!({ "index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ" })
}
