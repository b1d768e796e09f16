//! Registers, as each architecture uses them for system calls and at the start of a program.

use crate::sys::Registers;

/// Changes to the registers of a thread that is stopped at a system call.
pub trait AtCall: Sized {
    /// The registers from which the call is made again, when the kernel was about to repeat it as it was.
    fn before_repeating(self) -> Option<Self>;
    /// The registers from which a call is made again that has just returned.
    fn before_returned(self) -> Self;
    /// These, but with another call and its first arguments.
    fn with_call(self, number: i64, arguments: [u64; 5]) -> Self;
    /// These, but with the result and the arguments of another call.
    fn with_result(self, result: i64, arguments_of: &Self) -> Self;
    /// The call and its first argument, when it is about to be made.
    fn call(&self) -> (i64, u64);
    /// What a call that has just returned gave.
    fn result(&self) -> i64;
    /// Where the stack ends.
    fn stack(&self) -> u64;
    /// These, but as a program finds them that is started by the sandbox itself, with its stack ending elsewhere.
    ///
    /// The kernel clears all registers, and nobody else can change them: `helper/interpreter.c` relies on that.
    fn with_start(self, stack: u64) -> Self;
}

/// What a call returns that is to be made again, whatever signals there are: `ERESTARTNOINTR`, in the kernel only.
pub const REPEAT: i32 = 513;

/// What a program finds in the register that tells it who has started it.
const SEAL: u64 = 0x5842;

#[cfg(target_arch = "x86_64")]
impl AtCall for Registers {
    fn before_repeating(mut self) -> Option<Self> {
        if self.rax as i64 != -i64::from(REPEAT) {
            return None;
        }
        self.rax = self.orig_rax;
        Some(self.before_instruction())
    }

    fn before_returned(self) -> Self {
        self.before_instruction()
    }

    fn with_call(mut self, number: i64, [first, second, third, fourth, fifth]: [u64; 5]) -> Self {
        (self.rax, self.rdi, self.rsi, self.rdx, self.r10, self.r8) =
            (number as u64, first, second, third, fourth, fifth);
        self
    }

    fn with_result(mut self, result: i64, of: &Self) -> Self {
        (self.rdi, self.rsi, self.rdx, self.r10, self.r8) = (of.rdi, of.rsi, of.rdx, of.r10, of.r8);
        self.rax = result as u64;
        self
    }

    fn call(&self) -> (i64, u64) {
        (self.orig_rax as i64, self.rdi)
    }

    fn result(&self) -> i64 {
        self.rax as i64
    }

    fn stack(&self) -> u64 {
        self.rsp
    }

    fn with_start(mut self, stack: u64) -> Self {
        (self.rsp, self.rbx) = (stack, SEAL);
        self
    }
}

#[cfg(target_arch = "x86_64")]
trait BeforeInstruction {
    fn before_instruction(self) -> Self;
}

#[cfg(target_arch = "x86_64")]
impl BeforeInstruction for Registers {
    /// Without a number in `orig_rax` the kernel itself repeats nothing.
    fn before_instruction(mut self) -> Self {
        const LENGTH: u64 = 2;
        self.rip = self.rip.wrapping_sub(LENGTH);
        self.orig_rax = u64::MAX;
        self
    }
}

#[cfg(target_arch = "aarch64")]
impl AtCall for Registers {
    /// The kernel has gone back to the instruction already, with the first argument as it was.
    fn before_repeating(self) -> Option<Self> {
        [libc::SYS_execve, libc::SYS_execveat].contains(&(self.regs[8] as i64)).then_some(self)
    }

    fn before_returned(mut self) -> Self {
        const LENGTH: u64 = 4;
        self.pc = self.pc.wrapping_sub(LENGTH);
        self
    }

    fn with_call(mut self, number: i64, arguments: [u64; 5]) -> Self {
        self.regs[..5].copy_from_slice(&arguments);
        self.regs[8] = number as u64;
        self
    }

    fn with_result(mut self, result: i64, of: &Self) -> Self {
        self.regs[1..9].copy_from_slice(&of.regs[1..9]);
        self.regs[0] = result as u64;
        self
    }

    fn call(&self) -> (i64, u64) {
        (self.regs[8] as i64, self.regs[0])
    }

    fn result(&self) -> i64 {
        self.regs[0] as i64
    }

    fn stack(&self) -> u64 {
        self.sp
    }

    fn with_start(mut self, stack: u64) -> Self {
        (self.sp, self.regs[19]) = (stack, SEAL);
        self
    }
}
