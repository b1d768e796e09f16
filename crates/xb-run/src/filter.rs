//! The filter of system calls: what would reach beyond the sandbox is refused, and where there is one user, ownership
//! is nobody's business.
//!
//! It is a second wall: the namespaces and the missing capabilities already refuse nearly all of this. What is not
//! named here is allowed, so that new system calls and old programs work.
//!
//! The program is classic BPF as `seccomp(2)` takes it; its numbers are those of `linux/filter.h`, `linux/seccomp.h`,
//! `linux/audit.h` and `asm/unistd.h`.

use xb_core::Arch;

/// One instruction, as in `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub code: u16,
    /// How many instructions are left out when its condition holds.
    pub jt: u8,
    /// How many when it does not.
    pub jf: u8,
    /// What it works with.
    pub k: u32,
}

/// The numbers of system calls on one architecture.
#[derive(Debug)]
pub struct Calls {
    /// What the kernel calls the architecture.
    pub audit: u32,
    /// Calls that do nothing and succeed where there is one user, and files are owned by nobody in particular.
    pub without_effect: &'static [u32],
    /// Calls that are not permitted.
    pub refused: &'static [u32],
    /// Calls that do not exist, so that programs use what they use on kernels without them.
    pub absent: &'static [u32],
    /// Calls that execute: they wait for an answer of init where it executes what the kernel cannot.
    pub execution: &'static [u32],
    /// `socket`.
    pub socket: u32,
    /// `ioctl`.
    pub ioctl: u32,
}

/// Those of an architecture.
pub const fn calls(arch: Arch) -> &'static Calls {
    match arch {
        Arch::Amd64 => &AMD64,
        Arch::Arm64 => &ARM64,
    }
}

const AMD64: Calls = Calls {
    audit: 0xC000_003E,
    // chown, lchown, fchown, fchownat, setgroups
    without_effect: &[92, 94, 93, 260, 116],
    refused: &[
        // mount, umount2, pivot_root
        165, 166, 155, // fsopen, fsconfig, fsmount, fspick
        430, 431, 432, 433, // move_mount, open_tree, mount_setattr, open_tree_attr
        429, 428, 442, 467, // setns, open_by_handle_at
        308, 304, // reboot, swapon, swapoff, kexec_load, kexec_file_load
        169, 167, 168, 246, 320, // init_module, finit_module, delete_module
        175, 313, 176, // acct, quotactl, quotactl_fd, syslog
        163, 179, 443, 103, // settimeofday, clock_settime, vhangup
        164, 227, 153, // iopl, ioperm
        172, 173, // bpf, perf_event_open, userfaultfd
        321, 298, 323, // keyctl, add_key, request_key
        250, 248, 249,
    ],
    // io_uring_setup, io_uring_enter, io_uring_register
    absent: &[425, 426, 427],
    // execve, execveat
    execution: &[59, 322],
    socket: 41,
    ioctl: 16,
};

const ARM64: Calls = Calls {
    audit: 0xC000_00B7,
    // fchown, fchownat, setgroups
    without_effect: &[55, 54, 159],
    refused: &[
        // mount, umount2, pivot_root
        40, 39, 41, // fsopen, fsconfig, fsmount, fspick
        430, 431, 432, 433, // move_mount, open_tree, mount_setattr, open_tree_attr
        429, 428, 442, 467, // setns, open_by_handle_at
        268, 265, // reboot, swapon, swapoff, kexec_load, kexec_file_load
        142, 224, 225, 104, 294, // init_module, finit_module, delete_module
        105, 273, 106, // acct, quotactl, quotactl_fd, syslog
        89, 60, 443, 116, // settimeofday, clock_settime, vhangup
        170, 112, 58, // bpf, perf_event_open, userfaultfd
        280, 241, 282, // keyctl, add_key, request_key
        219, 217, 218,
    ],
    // io_uring_setup, io_uring_enter, io_uring_register
    absent: &[425, 426, 427],
    // execve, execveat
    execution: &[221, 281],
    socket: 198,
    ioctl: 29,
};

/// Families of sockets that there are: beyond them lie the machine's drivers and its hypervisor. `AF_UNIX`, `AF_INET`,
/// `AF_INET6`.
const FAMILIES: [u32; 3] = [1, 2, 10];

/// `AF_NETLINK`, of which only `NETLINK_ROUTE` is there.
const NETLINK: u32 = 16;
const NETLINK_ROUTE: u32 = 0;

/// `TIOCSTI` and `TIOCLINUX`, which type into a terminal that somebody else reads from.
const TYPING: [u32; 2] = [0x5412, 0x541C];

/// Numbers from here on are those of the x32 ABI.
const X32: u32 = 0x4000_0000;

/// What is answered by `EPERM`, `ENOSYS`, `EPROTONOSUPPORT`, `EAFNOSUPPORT`.
const PERM: u32 = errno(1);
const NOSYS: u32 = errno(38);
const PROTO_NO_SUPPORT: u32 = errno(93);
const AF_NO_SUPPORT: u32 = errno(97);

/// `SECCOMP_RET_ALLOW`.
const ALLOW: u32 = 0x7FFF_0000;

/// `SECCOMP_RET_USER_NOTIF`: who holds the filter's listener answers.
const ASK: u32 = 0x7FC0_0000;

/// `SECCOMP_RET_ERRNO` with a number.
const fn errno(number: u32) -> u32 {
    0x0005_0000 | number
}

/// Offsets in the structure that a filter sees.
mod at {
    pub const NUMBER: u32 = 0;
    pub const ARCH: u32 = 4;
    pub const fn argument(index: u32) -> u32 {
        16 + 8 * index
    }
}

/// `BPF_LD | BPF_W | BPF_ABS`, `BPF_JMP | BPF_JEQ | BPF_K`, `BPF_JMP | BPF_JGE | BPF_K`, `BPF_RET`.
mod code {
    pub const LOAD: u16 = 0x20;
    pub const EQUAL: u16 = 0x15;
    pub const AT_LEAST: u16 = 0x35;
    pub const RETURN: u16 = 0x06;
}

/// The program for an architecture; `is_alone` where there is one user, `asks` where init is asked about programs before
/// they are executed.
pub fn filter(arch: Arch, is_alone: bool, asks: bool) -> Vec<Instruction> {
    let calls = calls(arch);
    let mut program = vec![load(at::ARCH)];
    program.extend([jump(code::EQUAL, calls.audit, 1, 0), ret(NOSYS), load(at::NUMBER)]);
    program.extend([jump(code::AT_LEAST, X32, 0, 1), ret(NOSYS)]);
    let without_effect = if is_alone { calls.without_effect } else { &[] };
    let asked = if asks { calls.execution } else { &[] };
    let answers = [(without_effect, errno(0)), (calls.refused, PERM), (calls.absent, NOSYS), (asked, ASK)];
    for (calls, answer) in answers {
        for call in calls {
            program.extend(when_equal(*call, &[ret(answer)]));
        }
    }
    program.extend(when_equal(calls.socket, &socket()));
    program.extend(when_equal(calls.ioctl, &ioctl()));
    program.push(ret(ALLOW));
    program
}

/// A program as the kernel reads it.
pub fn bytes(program: &[Instruction]) -> Vec<u8> {
    let bytes = |one: &Instruction| {
        let [low, high] = one.code.to_le_bytes();
        let [a, b, c, d] = one.k.to_le_bytes();
        [low, high, one.jt, one.jf, a, b, c, d]
    };
    program.iter().flat_map(bytes).collect()
}

/// Sockets of the known families, and those that ask about network interfaces.
fn socket() -> Vec<Instruction> {
    let mut program = vec![load(at::argument(0))];
    for family in FAMILIES {
        program.extend(when_equal(family, &[ret(ALLOW)]));
    }
    let mut netlink = vec![load(at::argument(2))];
    netlink.extend(when_equal(NETLINK_ROUTE, &[ret(ALLOW)]));
    netlink.push(ret(PROTO_NO_SUPPORT));
    program.extend(when_equal(NETLINK, &netlink));
    program.push(ret(AF_NO_SUPPORT));
    program
}

/// Everything but typing into a terminal that somebody else reads from.
fn ioctl() -> Vec<Instruction> {
    let mut program = vec![load(at::argument(1))];
    for request in TYPING {
        program.extend(when_equal(request, &[ret(PERM)]));
    }
    program.push(ret(ALLOW));
    program
}

fn when_equal(value: u32, then: &[Instruction]) -> Vec<Instruction> {
    let length = u8::try_from(then.len()).unwrap_or(u8::MAX);
    let mut program = vec![jump(code::EQUAL, value, 0, length)];
    program.extend_from_slice(then);
    program
}

const fn load(offset: u32) -> Instruction {
    Instruction { code: code::LOAD, jt: 0, jf: 0, k: offset }
}

const fn jump(code: u16, value: u32, yes: u8, no: u8) -> Instruction {
    Instruction { code, jt: yes, jf: no, k: value }
}

const fn ret(answer: u32) -> Instruction {
    Instruction { code: code::RETURN, jt: 0, jf: 0, k: answer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_refuse_the_same() {
        let [amd64, arm64] = Arch::ALL.map(calls);
        // chown and lchown are older than arm64; iopl and ioperm are about ports that it does not have.
        assert_eq!(amd64.without_effect.len(), arm64.without_effect.len() + 2);
        assert_eq!(amd64.refused.len(), arm64.refused.len() + 2);
        assert_eq!(amd64.absent, arm64.absent);
        assert_eq!(amd64.execution.len(), arm64.execution.len());
    }

    /// Where nobody listens, a call that asks fails: so none does unless that is wished.
    #[test]
    fn only_executions_ask_and_only_where_init_is_asked() {
        for arch in Arch::ALL {
            let asking = |asks| filter(arch, true, asks).iter().filter(|one| **one == ret(ASK)).count();
            assert_eq!((asking(false), asking(true)), (0, 2), "{arch:?}");
        }
    }

    #[test]
    fn a_program_is_eight_bytes_for_each_instruction() {
        let program = [load(4), jump(code::EQUAL, 0xC000_00B7, 1, 0), ret(ALLOW)];
        let right = [0x20, 0, 0, 0, 4, 0, 0, 0, 0x15, 0, 1, 0, 0xB7, 0, 0, 0xC0, 6, 0, 0, 0, 0, 0, 0xFF, 0x7F];
        assert_eq!(bytes(&program), right);
    }
}
