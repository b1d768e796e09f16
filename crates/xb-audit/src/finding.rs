//! What was found, as data.

use serde::{Deserialize, Serialize};
use xb_core::{Arch, Baseline, RelPath, X86Level};

use crate::{FindingKind, Instructions, OtherValue, Way};

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// In which file or folder of the result; of the build tree, where two builds were compared.
    pub path: RelPath,
    /// What kind of thing.
    pub kind: FindingKind,
    /// What exactly.
    pub detail: Detail,
}

impl Finding {
    /// A finding of the kind that its detail has.
    pub const fn new(path: RelPath, detail: Detail) -> Self {
        Self { path, kind: detail.kind(), detail }
    }
}

/// What exactly was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// Code for another architecture.
    Architecture {
        /// The result's.
        expected: Arch,
        /// What it is for: `amd64`, `arm64, big-endian`, `riscv`.
        found: String,
        /// The member of the archive, if it is one: the first of those that are alike.
        member: Option<String>,
    },
    /// Code for newer processors.
    Baseline {
        /// What may be needed.
        allowed: X86Level,
        /// What is needed.
        needed: X86Level,
        /// The member of the archive, if it is one: the first of those that are alike.
        member: Option<String>,
    },
    /// Instructions that not every arm64 processor has.
    Instructions {
        /// What may be needed.
        allowed: Baseline,
        /// Of which kind.
        instructions: Instructions,
        /// The first function that has one, and does not say so by its name.
        function: String,
        /// How many such functions there are.
        functions: u64,
        /// How many such instructions they have.
        times: u64,
        /// The member of the archive, if it is one: the first of those that have one.
        member: Option<String>,
    },
    /// An interpreter that is not there.
    Interpreter {
        /// Which one: a path, or a name that `env` looks for.
        interpreter: String,
        /// Whether it is a script that asks for it.
        script: bool,
    },
    /// A library that is nowhere.
    Library {
        /// Its name.
        library: String,
        /// The library of the root that needs it, if it is not the file itself.
        needed_by: Option<RelPath>,
        /// Where it was looked for.
        searched: Vec<String>,
        /// A file of its name that is for another architecture.
        passed_over: Option<RelPath>,
    },
    /// A library that differs by architecture.
    Order {
        /// Its name.
        library: String,
        /// The library of the root that needs it, if it is not the file itself.
        needed_by: Option<RelPath>,
        /// Which one it is with the order of amd64.
        amd64: Option<RelPath>,
        /// Which one it is with the order of arm64.
        arm64: Option<RelPath>,
    },
    /// The other architecture's name.
    Foreign {
        /// Whose name it is.
        arch: Arch,
        /// Where it stands.
        place: Place,
        /// The word that it is part of: the first of those in the file.
        text: String,
        /// How often there is one.
        times: u64,
    },
    /// A path of the sandbox.
    Sandbox {
        /// Where it stands.
        place: Place,
        /// The word that it is part of: the first of those in the file.
        text: String,
        /// How often there is one.
        times: u64,
    },
    /// The name of the sandbox's machine.
    Host {
        /// Where it stands.
        place: Place,
        /// What names it: the first of those in the file.
        machine: String,
        /// How often there is one.
        times: u64,
    },
    /// A time at which only a build can have been.
    Time {
        /// The date, and the time of day where that stands within it: the first of those in the file.
        date: String,
        /// How often there is one.
        times: u64,
    },
    /// Mode bits.
    Mode {
        /// All of them.
        mode: u32,
        /// Whether it is a folder.
        folder: bool,
    },
    /// What one build has found, and another has not.
    Lost {
        /// Which build has it.
        on: Way,
        /// Which has not.
        off: Way,
        /// What was asked for: names of defines, of cache variables and of dependencies.
        names: Vec<String>,
    },
    /// What two builds have found, and not the same.
    Values {
        /// Which build is the first.
        first: Way,
        /// Which is the second.
        second: Way,
        /// Whether the compiler sees them: they are defines.
        compiled_in: bool,
        /// What was asked for, and both answers.
        values: Vec<OtherValue>,
    },
    /// A file that cannot be read.
    Fault {
        /// What is wrong with it, as half a sentence.
        reason: String,
    },
}

/// Where in a file a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In its own name.
    Name,
    /// Where the symbolic link leads to.
    Link,
    /// In what the loader is told: the interpreter, a needed library, `RPATH` or `RUNPATH`.
    Loader,
    /// In a text that programs go by: a script or a configuration of builds.
    Configuration,
    /// In another text.
    Text,
    /// In a program, a library, an archive or other data.
    Data,
}

impl Detail {
    /// The kind of a finding with this detail.
    pub const fn kind(&self) -> FindingKind {
        match self {
            Self::Architecture { .. } => FindingKind::WrongArchitecture,
            Self::Baseline { .. } => FindingKind::CpuBaseline,
            Self::Instructions { .. } => FindingKind::CpuInstructions,
            Self::Interpreter { .. } => FindingKind::MissingInterpreter,
            Self::Order { .. } => FindingKind::LibraryOrder,
            Self::Library { .. } => FindingKind::UnresolvedLibrary,
            Self::Foreign { place: Place::Text | Place::Data, .. } => FindingKind::ForeignNameString,
            Self::Foreign { .. } => FindingKind::ForeignName,
            Self::Sandbox { place: Place::Data, .. } => FindingKind::BuildPathString,
            Self::Sandbox { .. } => FindingKind::BuildPath,
            Self::Host { .. } => FindingKind::BuildHost,
            Self::Time { .. } => FindingKind::BuildTime,
            Self::Mode { mode, folder: false } if *mode & 0o6000 != 0 => FindingKind::SetId,
            Self::Mode { .. } => FindingKind::FileMode,
            Self::Lost { .. } => FindingKind::ProbeParity,
            Self::Values { first, second, compiled_in: true, .. } if first.is_for_the_arch_of(*second) => {
                FindingKind::ProbeParity
            }
            Self::Values { .. } => FindingKind::ProbeValue,
            Self::Fault { .. } => FindingKind::BrokenFile,
        }
    }
}
