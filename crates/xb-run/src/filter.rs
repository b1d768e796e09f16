//! The filter of system calls: what would reach beyond the sandbox is refused, and where there is one user, ownership
//! is nobody's business.
//!
//! It is a second wall: the namespaces and the missing capabilities already refuse nearly all of this. What is not
//! named here is allowed, so that new system calls and old programs work.
//!
//! The program is classic BPF as `seccomp(2)` takes it; its numbers are those of `linux/filter.h`, `linux/seccomp.h` and
//! `linux/audit.h`.

use xb_core::Arch;

use crate::calls::{
    ABSENT, EXECUTION, FAMILIES, IOCTL, NETLINK, NETLINK_ROUTE, REFUSED, SOCKET, TYPING, WITHOUT_EFFECT,
};

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

/// What the kernel calls an architecture.
const fn audit(arch: Arch) -> u32 {
    match arch {
        Arch::Amd64 => 0xC000_003E,
        Arch::Arm64 => 0xC000_00B7,
    }
}

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
    let mut program = vec![load(at::ARCH)];
    program.extend([jump(code::EQUAL, audit(arch), 1, 0), ret(NOSYS), load(at::NUMBER)]);
    program.extend([jump(code::AT_LEAST, X32, 0, 1), ret(NOSYS)]);
    let without_effect = if is_alone { &WITHOUT_EFFECT[..] } else { &[] };
    let asked = if asks { &EXECUTION[..] } else { &[] };
    let answers = [(without_effect, vec![ret(errno(0))]), (&REFUSED, vec![ret(PERM)]), (&ABSENT, vec![ret(NOSYS)])];
    let parts = [(asked, vec![ret(ASK)]), (&[SOCKET], socket()), (&[IOCTL], ioctl())];
    for (calls, then) in answers.into_iter().chain(parts) {
        for number in calls.iter().filter_map(|call| call.number(arch)) {
            program.extend(when_equal(number, &then));
        }
    }
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
