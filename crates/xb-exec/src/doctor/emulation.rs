//! In which way a sandbox starts programs of other architectures here, and why not in another.

use std::fs;
use std::path::Path;

use xb_core::Arch;

use super::{Finding, State, good};
use crate::emulator::Emulation;
use crate::executor::LocalExecutor;
use crate::spec::Foreign;

const NAME: &str = "emulation";

impl LocalExecutor {
    /// Tries the ways in which a sandbox can start emulators, as they are asked for.
    pub(super) fn emulation(&self) -> Finding {
        let registers = || self.try_emulation(Emulation::Register);
        let interposes = || self.try_emulation(Emulation::Interpose);
        let found = match self.inner.options.emulation {
            Emulation::Register => registers().map(|()| REGISTERS.to_owned()),
            Emulation::Interpose => interposes().map(|()| format!("{INTERPOSES}, as is asked for")),
            Emulation::Auto => registers().map(|()| REGISTERS.to_owned()).or_else(|why| match interposes() {
                Ok(()) => Ok(format!("{INTERPOSES}: {why}")),
                Err(other) => Err(format!("{why}; {other}")),
            }),
        };
        match found {
            Ok(detail) => good(NAME, detail),
            Err(why) => Finding {
                name: NAME,
                state: State::Poor,
                detail: format!("programs of other architectures cannot run: {why}"),
                mend: is_module_missing().then(|| "sudo modprobe binfmt_misc".to_owned()),
            },
        }
    }

    /// Prepares a sandbox for emulation. Nothing in it is emulated: any program serves as the emulator.
    fn try_emulation(&self, emulation: Emulation) -> Result<(), String> {
        let program = fs::canonicalize("/proc/self/exe").map_err(|error| error.to_string())?;
        self.try_sandbox(1, |spec| {
            spec.foreign = foreign(self.inner.host, &program);
            spec.emulation = emulation;
        })
    }
}

const REGISTERS: &str = "a sandbox registers an emulator of its own (binfmt_misc)";
const INTERPOSES: &str = "a sandbox interposes on `execve` to start an emulator";

fn foreign(host: Arch, emulator: &Path) -> Vec<Foreign> {
    let others = Arch::ALL.into_iter().filter(|arch| *arch != host);
    others.map(|arch| Foreign { arch, emulator: Some(emulator.to_owned()), cpus: 0 }).collect()
}

fn is_module_missing() -> bool {
    !fs::read_to_string("/proc/filesystems").is_ok_and(|known| known.contains("binfmt_misc"))
}
