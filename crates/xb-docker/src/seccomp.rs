//! What a command may not ask of the kernel, in Docker's words: the filter of every sandbox (`xb_run::filter`), and a
//! little more, since the user of a container may be the machine's own root.

use serde_json::{Value, json};
use xb_core::Arch;

/// Calls that do nothing and succeed: files are owned by nobody in particular.
const WITHOUT_EFFECT: [&str; 5] = ["chown", "lchown", "fchown", "fchownat", "setgroups"];

/// Calls that are not permitted.
const REFUSED: [&str; 36] = [
    "mount",
    "umount2",
    "pivot_root",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "move_mount",
    "open_tree",
    "mount_setattr",
    "open_tree_attr",
    "setns",
    "open_by_handle_at",
    "reboot",
    "swapon",
    "swapoff",
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "acct",
    "quotactl",
    "quotactl_fd",
    "syslog",
    "settimeofday",
    "clock_settime",
    "vhangup",
    "iopl",
    "ioperm",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
];

/// Calls that do not exist, so that programs use what they use on kernels without them. Of `clone3` no filter sees what
/// it asks for.
const ABSENT: [&str; 4] = ["io_uring_setup", "io_uring_enter", "io_uring_register", "clone3"];

/// `AF_UNIX`, `AF_INET`, `AF_INET6`, and `AF_NETLINK`, of which only the first protocol is there.
const FAMILIES: [u32; 4] = [1, 2, 10, NETLINK];
const NETLINK: u32 = 16;

/// `TIOCSTI` and `TIOCLINUX`, which type into a terminal that somebody else reads from.
const TYPING: [u32; 2] = [0x5412, 0x541C];

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
        call(&WITHOUT_EFFECT, 0, &[]),
        call(&REFUSED, PERM, &[]),
        call(&ABSENT, NOSYS, &[]),
        call(&["clone", "unshare"], PERM, &[masked(0, NEW_USER, NEW_USER)]),
        call(&["socket"], AF_NO_SUPPORT, &[compared(0, "SCMP_CMP_GT", NETLINK)]),
        call(&["socket"], PROTO_NO_SUPPORT, &[masked(0, LOW, NETLINK), compared(2, "SCMP_CMP_NE", 0)]),
    ];
    let families = (0..NETLINK).filter(|family| !FAMILIES.contains(family));
    calls.extend(families.map(|family| call(&["socket"], AF_NO_SUPPORT, &[masked(0, LOW, family)])));
    calls.extend(TYPING.map(|request| call(&["ioctl"], PERM, &[masked(1, LOW, request)])));
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

#[cfg(test)]
mod tests {
    use xb_run::filter::calls;

    use super::*;

    #[test]
    fn as_much_is_refused_as_in_every_sandbox() {
        let known = calls(Arch::Amd64);
        assert_eq!(known.refused.len(), REFUSED.len());
        assert_eq!(known.without_effect.len(), WITHOUT_EFFECT.len());
        assert_eq!(known.absent.len() + 1, ABSENT.len());
    }
}
