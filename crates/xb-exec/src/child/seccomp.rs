//! The filter of system calls: what would reach beyond the sandbox is refused, and where there is one user, ownership is
//! nobody's business.
//!
//! It is a second wall: the namespaces and the missing capabilities already refuse nearly all of this. What is not
//! named here is allowed, so that new system calls and old programs work.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
    SECCOMP_RET_USER_NOTIF, sock_filter,
};

/// Calls that do nothing and succeed where there is one user, and files are owned by nobody in particular.
const WITHOUT_EFFECT: &[i64] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setgroups,
];

/// Calls that are not permitted.
const REFUSED: &[i64] = &[
    // Mounts.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    // The machine.
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    // Parts of the kernel that no build needs and that have been ways out.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
];

/// Calls that do not exist, so that programs use what they use on kernels without them.
const ABSENT: &[i64] = &[libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register];

/// The same number on every architecture; newer than the C library's list.
const OPEN_TREE_ATTR: i64 = 467;

/// Families of sockets that there are: beyond them lie the machine's drivers and its hypervisor.
const FAMILIES: &[i32] = &[libc::AF_UNIX, libc::AF_INET, libc::AF_INET6];

#[cfg(target_arch = "x86_64")]
const AUDIT_ARCH: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCH: u32 = 0xC000_00B7;

/// Numbers from here on are those of the x32 ABI.
const X32: u32 = 0x4000_0000;

/// Offsets in the structure that a filter sees.
mod at {
    pub const NUMBER: u32 = 0;
    pub const ARCH: u32 = 4;
    pub const fn argument(index: u32) -> u32 {
        16 + 8 * index
    }
}

/// Calls that wait for an answer of init where it executes what the kernel cannot.
const ASKED: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];

/// The program; `is_alone` where there is one user, `asks` where init is asked about programs before they are executed.
pub fn filter(is_alone: bool, asks: bool) -> Vec<sock_filter> {
    let mut program = vec![load(at::ARCH)];
    program.extend(unless_equal(AUDIT_ARCH, errno(libc::ENOSYS)));
    program.push(load(at::NUMBER));
    program.extend([jump(BPF_JGE, X32, 0, 1), ret(errno(libc::ENOSYS))]);
    let without_effect = if is_alone { WITHOUT_EFFECT } else { &[] };
    let asked = if asks { ASKED } else { &[] };
    let answers = [
        (without_effect, errno(0)),
        (REFUSED, errno(libc::EPERM)),
        (ABSENT, errno(libc::ENOSYS)),
        (asked, SECCOMP_RET_USER_NOTIF),
    ];
    for (calls, answer) in answers {
        for call in calls {
            program.extend(when_equal(*call as u32, &[ret(answer)]));
        }
    }
    program.extend(when_equal(libc::SYS_socket as u32, &socket()));
    program.extend(when_equal(libc::SYS_ioctl as u32, &ioctl()));
    program.push(ret(SECCOMP_RET_ALLOW));
    program
}

/// Sockets of the known families, and those that ask about network interfaces.
fn socket() -> Vec<sock_filter> {
    let mut program = vec![load(at::argument(0))];
    for family in FAMILIES {
        program.extend(when_equal(*family as u32, &[ret(SECCOMP_RET_ALLOW)]));
    }
    let mut netlink = vec![load(at::argument(2))];
    netlink.extend(when_equal(libc::NETLINK_ROUTE as u32, &[ret(SECCOMP_RET_ALLOW)]));
    netlink.push(ret(errno(libc::EPROTONOSUPPORT)));
    program.extend(when_equal(libc::AF_NETLINK as u32, &netlink));
    program.push(ret(errno(libc::EAFNOSUPPORT)));
    program
}

/// Everything but typing into a terminal that somebody else reads from.
fn ioctl() -> Vec<sock_filter> {
    let mut program = vec![load(at::argument(1))];
    for request in [libc::TIOCSTI as u32, libc::TIOCLINUX as u32] {
        program.extend(when_equal(request, &[ret(errno(libc::EPERM))]));
    }
    program.push(ret(SECCOMP_RET_ALLOW));
    program
}

fn when_equal(value: u32, then: &[sock_filter]) -> Vec<sock_filter> {
    let length = u8::try_from(then.len()).unwrap_or(u8::MAX);
    let mut program = vec![jump(BPF_JEQ, value, 0, length)];
    program.extend_from_slice(then);
    program
}

fn unless_equal(value: u32, answer: u32) -> [sock_filter; 2] {
    [jump(BPF_JEQ, value, 1, 0), ret(answer)]
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0)
}

fn jump(condition: u32, value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(BPF_JMP | condition | BPF_K, value, yes, no)
}

fn ret(answer: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, answer, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

const fn errno(number: i32) -> u32 {
    SECCOMP_RET_ERRNO | number as u32
}
