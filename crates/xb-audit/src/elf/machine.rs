//! For which processor an ELF file is.

use std::fmt;

use object::elf;
use object::read::elf::FileHeader;
use xb_core::Arch;

/// What the header of an ELF file says about the processor.
///
/// Nothing is made of `e_flags`: neither amd64 nor arm64 defines any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Machine {
    number: u16,
    is_64: bool,
    is_little: bool,
}

/// The machines that run Linux, by number, and what they are called. What is for another one is data to this machine:
/// eBPF, firmware, code for graphics processors.
const PROGRAMS: &[(elf::Machine, &str)] = &[
    (elf::EM_386, "i386"),
    (elf::EM_X86_64, "amd64"),
    (elf::EM_ARM, "arm"),
    (elf::EM_AARCH64, "arm64"),
    (elf::EM_RISCV, "riscv"),
    (elf::EM_PPC, "powerpc"),
    (elf::EM_PPC64, "ppc64"),
    (elf::EM_S390, "s390"),
    (elf::EM_MIPS, "mips"),
    (elf::EM_LOONGARCH, "loongarch"),
    (elf::EM_SPARC, "sparc"),
    (elf::EM_SPARCV9, "sparc64"),
    (elf::EM_IA_64, "ia64"),
    (elf::EM_ALPHA, "alpha"),
    (elf::EM_PARISC, "hppa"),
    (elf::EM_SH, "sh4"),
    (elf::EM_68K, "m68k"),
];

impl Machine {
    pub(super) fn of<H: FileHeader>(header: &H, endian: H::Endian) -> Self {
        Self { number: header.e_machine(endian).0, is_64: header.is_class_64(), is_little: header.is_little_endian() }
    }

    /// Whether it is an architecture's: both are little-endian and of 64 bits, so that neither x32 nor a big-endian
    /// arm64 passes.
    pub(crate) fn is(self, arch: Arch) -> bool {
        self.number == arch.elf_machine() && self.is_64 && self.is_little
    }

    /// Whether a file for it is a program, and not data that is passed to something else.
    pub(crate) fn runs_programs(self) -> bool {
        self.name().is_some()
    }

    fn name(self) -> Option<&'static str> {
        PROGRAMS.iter().find(|(machine, _)| machine.0 == self.number).map(|(_, name)| *name)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "machine {}", self.number)?,
        }
        let is_ours = Arch::ALL.into_iter().any(|arch| arch.elf_machine() == self.number);
        match (is_ours, self.is_64, self.is_little) {
            (true, false, _) => f.write_str(" of 32 bits"),
            (true, true, false) => f.write_str(", big-endian"),
            _ => Ok(()),
        }
    }
}
