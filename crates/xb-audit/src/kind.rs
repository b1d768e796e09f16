//! The kinds of findings: a table, from which the program explains them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use xb_core::nearest;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is not told.
    Off,
    /// It is told to who asks for everything.
    Info,
    /// It is told.
    Warn,
    /// The result is refused.
    Error,
}

impl Level {
    /// Every level, the least grave first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Info, Self::Warn, Self::Error];

    /// The name that is written for it: `warn`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that is no level.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no level; there are error, warn, info and off")]
pub struct UnknownLevel(pub String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

/// A text that is no kind of finding.
#[derive(Debug, thiserror::Error)]
pub struct UnknownKind(pub String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no kind of finding", self.0)?;
        match nearest(&self.0, FindingKind::ALL.iter().map(|kind| kind.code())) {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => f.write_str("; those that there are stand in the reference, in the chapter on the audit"),
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $code:literal $level:ident $title:literal $text:literal)*) => {
        /// What kind of thing was found. The order is that in which kinds are listed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FindingKind {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name, as it is written in a policy: `library-order`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How grave it is, unless a policy says otherwise.
            pub const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }

            /// What it stands for, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// The whole story, in Markdown: what it is, why it matters, and what to do.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
/// A program, library or object for another architecture.
WrongArchitecture "wrong-architecture" Error "a program, library or object for another architecture"
"The header of an ELF file, or of an object in a static archive, names another processor than the result is for; so
does a 32-bit or big-endian file of the right processor. It cannot run or be linked there. Most often a build has run
the builder's compiler (`CC=gcc` written into a Makefile), or has copied what was built for its own use. Let the build
use the compiler that it is told, and keep tools that it runs itself out of the result. Files for processors that run
no Linux (eBPF, firmware, code for graphics processors), and what lies in `lib/firmware`, are data and not looked at."

/// A file that needs a newer processor than the baseline.
CpuBaseline "cpu-baseline" Error "it needs a newer processor than the baseline"
"The note `GNU_PROPERTY_X86_ISA_1_NEEDED` of an ELF file asks for a higher level of x86-64 than the package's
`baseline`, which is x86-64-v1 unless it says otherwise. On an older processor the loader refuses it, or it ends with an illegal instruction. Most often the build has
added `-march=native` or `-march=x86-64-v3`. Libraries in a folder `glibc-hwcaps/x86-64-v3` may need that level. Only
what a file says is known: where a compiler notes nothing, nothing is found. For arm64 there is no such note at all."

/// Code for arm64 that uses instructions beyond the baseline.
CpuInstructions "cpu-instructions" Warn "code for arm64 that uses instructions beyond the baseline"
"A function uses instructions that the package's `baseline` does not have, which is armv8-a unless it says otherwise:
atomics (LSE), CRC32, dot products, products of matrices, numbers of 16 bits, SVE. A processor without them ends the
program with an illegal instruction. Most often the build has added `-march=armv8.2-a`, or `-mcpu=native`, which is
the emulator's processor or the builder's. It is a sign and no proof: a program may ask the processor first. So
functions that say by their name for which processors they are (`sum_sve`, `__aarch64_cas4_acq`), and programs in Go,
are not told. What has no name, in a stripped program, is not looked at, nor are AES and SHA."

/// A program whose interpreter is not in the root.
MissingInterpreter "missing-interpreter" Error "a program's interpreter is not in the root"
"The loader that a program asks for, or the program in the first line of an executable script, is not in the root: the
kernel says `No such file or directory` when it is started. Add the package that has the interpreter to the needs, or
let the script name one that is there. With `#!/usr/bin/env NAME`, `NAME` is looked for in the usual folders of
programs. Scripts beneath `share/doc` are not looked at."

/// A needed library that is nowhere.
UnresolvedLibrary "unresolved-library" Error "a needed library is nowhere in the root"
"A library that an ELF file needs (`NEEDED`) lies in none of the folders where the loader looks: its `RPATH` or
`RUNPATH`, the folders of `/etc/ld.so.conf`, and `/lib` and `/usr/lib` with their multiarch folders. A program does not
start then. Add the package that has the library to the needs; where it is part of the result, give the file a
`RUNPATH` such as `$ORIGIN/../lib`. A library that is found when a program of the result loads it is found."

/// A library that is another one on the other architecture.
LibraryOrder "library-order" Error "the loader takes another library on the other architecture"
"A needed library lies in two folders, and which comes first depends on the architecture. `/etc/ld.so.conf` includes
`/etc/ld.so.conf.d/*.conf` in the order of the names. On amd64 `libc.conf`, with `/usr/local/lib`, comes before
`x86_64-linux-gnu.conf`; on arm64 `aarch64-linux-gnu.conf` comes before `libc.conf`. So what lies both in
`/usr/local/lib` and in the multiarch folder is one library here and another there. Let the file that needs it have a
`RUNPATH` to the folder that is meant, or keep only one of the two libraries in the root."

/// A path of the sandbox that somebody will follow.
BuildPath "build-path" Error "a path of the sandbox, where it will be followed"
"A text, a symbolic link, an interpreter or a `RUNPATH` names a folder that only the sandbox has (`/xb/src`,
`/xb/build`, `/xb/out` and their like). On the machine where the result runs it is not there. Let the build install for
the prefix and put it elsewhere only for the copy (`DESTDIR`), or replace the path in the files that have it."

/// A path of the sandbox in a program or in data.
BuildPathString "build-path-string" Warn "a path of the sandbox in a program or in data"
"Somewhere in a program, a library or other data stands a path that only the sandbox has. Often it is the name of a
source file in a message (`assert`, `panic`), which does no harm; it may as well be where the program looks for its
files. `-ffile-prefix-map` keeps names of sources out; a prefix comes from the build's configuration. Debug information
is not looked at."

/// The other architecture's name where it steers something.
ForeignName "foreign-name" Error "the other architecture's name, where it steers something"
"A name of the other architecture (`x86_64-linux-gnu` in a result for arm64) stands where something goes by it: in a
`.pc`, `.la`, `.cmake` or Makefile, in a script, in Python's or Perl's build configuration, in a link, or in the name
of a file. What is built with it later looks in folders, or calls a compiler, of the wrong machine; Python does not find
an extension module with the wrong name. Most often a build has asked the builder's machine (`uname -m`,
`dpkg --print-architecture`, its own Python) in place of what it is told."

/// The other architecture's name anywhere else.
ForeignNameString "foreign-name-string" Warn "the other architecture's name, elsewhere"
"A name of the other architecture stands in a program or in a text that is not known to steer anything. It may be one of
many names in a list, or the folder in which a program looks for its modules: look at the text that is shown.
Documentation (`share/doc`, `man`, `info`, `locale`) is not looked at."

/// The name of the machine on which it was built.
BuildHost "build-host" Warn "the name of the machine on which it was built"
"A build has asked for the machine it runs on and written it down: `root@xb`, or `Linux xb` with the version of the
kernel as `uname -a` prints it. Every sandbox is called `xb`, so that the name is always the same; the kernel is that of
the machine, and differs. A program that shows where it was built mostly has an option or a variable for what it shows
(`KBUILD_BUILD_HOST`)."

/// A time at which only a build can have been.
BuildTime "build-time" Warn "the time of its build"
"In a program, a library or a static archive stands a date of this time, beside a time of day, as `__DATE__` and
`__TIME__` or as `date` write them. The sandbox says by `SOURCE_DATE_EPOCH` that it is 1970, and compilers go by that;
what has asked the clock differs with each build. Only dates since 2024 are told, and none in texts, where they are
mostly those of a change. A static library of the distribution may bring the date of its own build: say so in the
policy."

/// A file that runs with the rights of its owner or group.
SetId "set-id" Warn "a file that runs with the rights of its owner or group"
"The set-user-id or set-group-id bit of a file is set: whoever starts it has the rights of its owner. Many ways to
install a result drop the bit, and emulators ignore it. When the package is meant to have it, say so in its policy with
the reason."

/// A mode that is not what the kind of file implies.
FileMode "file-mode" Info "a mode of its own"
"A file or folder has mode bits that it does not have by being one, such as the sticky bit of a folder for everybody.
They are listed so that a difference between two methods of building is seen."

/// Something that one build has found and the other has not.
ProbeParity "probe-parity" Warn "found by the configuration of one build, and not by that of the other"
"`configure`, CMake or Meson has found a function, a header, a library or a tool in one build and not in the other: for
another architecture, or by another method. What it does not find it leaves out of the result, and says nothing, so that
a port loses features. The file is one of the build tree, and `xb log` prints how it came to its answers. Most often a
library is not among the needs for one architecture, or a test has to run what it compiled and a cross build cannot:
`cache` of `c.autotools` gives the answer. Between architectures, questions about the processor (`HAVE_SSE2`) are not
counted; between methods everything is, and a define with another value, too. When a difference is right, say so in the
policy."

/// Something that two builds have found, and not the same.
ProbeValue "probe-value" Info "another answer of the configuration, which comes with the architecture or the tools"
"The configurations of two builds have both found something, and not the same: a size, a path, the name of a library; or
one has asked for instructions of its processor, which the other does not have. This is listed for who looks for the
reason of a difference between two results."

/// A file that cannot be read as what it begins like.
BrokenFile "broken-file" Warn "it cannot be read as what it begins like"
"A file begins like an ELF file or a static archive, and cannot be read as one: it was cut off, or it is there to test
programs with. Nothing else of it is known. When it is meant to be so, say so in the package's field `audit`."
}

impl FindingKind {
    /// Whether it is found by comparing builds, and not in one result.
    pub const fn compares_builds(self) -> bool {
        matches!(self, Self::ProbeParity | Self::ProbeValue)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for FindingKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let found = Self::ALL.iter().find(|kind| kind.code() == text);
        found.copied().ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
