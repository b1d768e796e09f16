//! The system calls that a command may not make, or that do something else in a sandbox, by their names and by their
//! numbers, which are those of `asm/unistd.h`.

use xb_core::Arch;

/// A system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it is called.
    pub name: &'static str,
    amd64: Option<u32>,
    arm64: Option<u32>,
}

impl Call {
    /// Its number on an architecture, where that has it.
    pub const fn number(&self, arch: Arch) -> Option<u32> {
        match arch {
            Arch::Amd64 => self.amd64,
            Arch::Arm64 => self.arm64,
        }
    }
}

const fn call(name: &'static str, amd64: Option<u32>, arm64: Option<u32>) -> Call {
    Call { name, amd64, arm64 }
}

/// Calls that do nothing and succeed where there is one user, and files are owned by nobody in particular. `chown` and
/// `lchown` are older than arm64.
pub const WITHOUT_EFFECT: [Call; 5] = [
    call("chown", Some(92), None),
    call("lchown", Some(94), None),
    call("fchown", Some(93), Some(55)),
    call("fchownat", Some(260), Some(54)),
    call("setgroups", Some(116), Some(159)),
];

/// Calls that are not permitted. `iopl` and `ioperm` are about ports, which arm64 does not have.
pub const REFUSED: [Call; 36] = [
    call("mount", Some(165), Some(40)),
    call("umount2", Some(166), Some(39)),
    call("pivot_root", Some(155), Some(41)),
    call("fsopen", Some(430), Some(430)),
    call("fsconfig", Some(431), Some(431)),
    call("fsmount", Some(432), Some(432)),
    call("fspick", Some(433), Some(433)),
    call("move_mount", Some(429), Some(429)),
    call("open_tree", Some(428), Some(428)),
    call("mount_setattr", Some(442), Some(442)),
    call("open_tree_attr", Some(467), Some(467)),
    call("setns", Some(308), Some(268)),
    call("open_by_handle_at", Some(304), Some(265)),
    call("reboot", Some(169), Some(142)),
    call("swapon", Some(167), Some(224)),
    call("swapoff", Some(168), Some(225)),
    call("kexec_load", Some(246), Some(104)),
    call("kexec_file_load", Some(320), Some(294)),
    call("init_module", Some(175), Some(105)),
    call("finit_module", Some(313), Some(273)),
    call("delete_module", Some(176), Some(106)),
    call("acct", Some(163), Some(89)),
    call("quotactl", Some(179), Some(60)),
    call("quotactl_fd", Some(443), Some(443)),
    call("syslog", Some(103), Some(116)),
    call("settimeofday", Some(164), Some(170)),
    call("clock_settime", Some(227), Some(112)),
    call("vhangup", Some(153), Some(58)),
    call("iopl", Some(172), None),
    call("ioperm", Some(173), None),
    call("bpf", Some(321), Some(280)),
    call("perf_event_open", Some(298), Some(241)),
    call("userfaultfd", Some(323), Some(282)),
    call("keyctl", Some(250), Some(219)),
    call("add_key", Some(248), Some(217)),
    call("request_key", Some(249), Some(218)),
];

/// Calls that do not exist, so that programs use what they use on kernels without them.
pub const ABSENT: [Call; 3] = [
    call("io_uring_setup", Some(425), Some(425)),
    call("io_uring_enter", Some(426), Some(426)),
    call("io_uring_register", Some(427), Some(427)),
];

/// Calls that execute: they wait for an answer of init where it executes what the kernel cannot.
pub const EXECUTION: [Call; 2] = [call("execve", Some(59), Some(221)), call("execveat", Some(322), Some(281))];

/// `socket`, of which only some families are there.
pub const SOCKET: Call = call("socket", Some(41), Some(198));

/// `ioctl`, of which some requests are not permitted.
pub const IOCTL: Call = call("ioctl", Some(16), Some(29));

/// Families of sockets that there are: beyond them lie the machine's drivers and its hypervisor. `AF_UNIX`, `AF_INET`,
/// `AF_INET6`.
pub const FAMILIES: [u32; 3] = [1, 2, 10];

/// `AF_NETLINK`, of which only `NETLINK_ROUTE` is there.
pub const NETLINK: u32 = 16;
/// `NETLINK_ROUTE`.
pub const NETLINK_ROUTE: u32 = 0;

/// `TIOCSTI` and `TIOCLINUX`, which type into a terminal that somebody else reads from.
pub const TYPING: [u32; 2] = [0x5412, 0x541C];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_have_the_same_calls_but_for_what_one_does_not_know() {
        let of = |calls: &[Call], arch| calls.iter().filter(|call| call.number(arch).is_some()).count();
        for (calls, fewer) in [(&WITHOUT_EFFECT[..], 2), (&REFUSED[..], 2), (&ABSENT[..], 0), (&EXECUTION[..], 0)] {
            assert_eq!(of(calls, Arch::Amd64), calls.len());
            assert_eq!(of(calls, Arch::Arm64), calls.len() - fewer);
        }
    }
}
