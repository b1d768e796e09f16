//! `[executor.NAME]`: machines beside this one.

use xb_core::Arch;

use super::section::Section;
use super::wrong::Wrong;
use toml::Table;

/// The section whose sections these are.
pub(super) const SECTION: &str = "executor";

/// The kinds that there are.
const KINDS: [&str; 1] = ["vm"];

/// The architectures of which a machine can be made of software.
const VIRTUAL: [Arch; 1] = [Arch::Arm64];

/// The name of this machine's own executor.
const LOCAL: &str = "local";

/// How much memory a machine made of software has where nothing is said, in bytes.
const MEMORY: u64 = 2 << 30;

/// With less memory no such machine starts and has room for a compiler, in bytes.
const LEAST_MEMORY: u64 = 512 << 20;

/// A machine beside this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutorConfig {
    /// What it is called.
    pub name: String,
    /// `arch`: its architecture.
    pub arch: Arch,
    /// `slots`: how many actions run there at once.
    pub slots: u32,
    /// `kind`, with the settings of that kind.
    pub kind: ExecutorKind,
}

/// What kind of machine it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutorKind {
    /// Made of software, one for each slot.
    Vm {
        /// `memory`: how much each has, in bytes.
        memory: u64,
    },
}

/// The executors, by their names.
pub(super) fn read(file: &Table) -> Result<Vec<ExecutorConfig>, Wrong> {
    let sections = Section::of_sections(file, SECTION)?.named(&["kind", "arch", "memory", "slots"])?;
    sections.into_iter().map(|(name, section)| one(name, &section)).collect()
}

fn one(name: &str, section: &Section<'_>) -> Result<ExecutorConfig, Wrong> {
    if name == LOCAL {
        return Err(Wrong::new(format!("`{LOCAL}` in [{SECTION}] is this machine itself"))
            .help("give the other machine another name"));
    }
    let kind = section.required("kind", section.text("kind")?, "`kind = \"vm\"`")?;
    if !KINDS.contains(&kind.as_str()) {
        let wrong = section.wrong("kind", format_args!("is `{kind}`, which xb does not know"));
        return Err(Wrong::unknown(wrong.message, &kind, KINDS.into_iter()));
    }
    let arch = section.required("arch", section.text("arch")?, "`arch = \"arm64\"`")?;
    let arch: Arch = arch.parse().map_err(|_| {
        let wrong = section.wrong("arch", format_args!("is `{arch}`, which is no architecture"));
        Wrong::unknown(wrong.message, &arch, Arch::ALL.iter().map(|arch| arch.debian()))
    })?;
    if !VIRTUAL.contains(&arch) {
        let known = VIRTUAL.map(Arch::debian).join(", ");
        return Err(section
            .wrong("arch", format_args!("is `{arch}`: there is no machine made of software of this architecture"))
            .help(format!("there are machines made of software for {known}")));
    }
    let memory = section.size("memory")?.unwrap_or(MEMORY);
    if memory < LEAST_MEMORY {
        return Err(section
            .wrong("memory", format_args!("is less than a machine needs"))
            .help("write at least \"512M\", or leave it out: it is \"2G\" then"));
    }
    let slots = section.number("slots")?.unwrap_or(1);
    Ok(ExecutorConfig { name: name.to_owned(), arch, slots, kind: ExecutorKind::Vm { memory } })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn machines_are_read() {
        let executors = check(
            "[executor.arm]\nkind = \"vm\"\narch = \"arm64\"\n\
             [executor.large]\nkind = \"vm\"\narch = \"aarch64\"\nmemory = \"8G\"\nslots = 2\n",
        );
        let machine = |name: &str, memory, slots| ExecutorConfig {
            name: name.to_owned(),
            arch: Arch::Arm64,
            slots,
            kind: ExecutorKind::Vm { memory },
        };
        assert_eq!(executors.unwrap().executors, [machine("arm", 2 << 30, 1), machine("large", 8 << 30, 2)]);
        assert_eq!(check("[executor]").unwrap().executors, []);
    }

    #[test]
    fn what_is_no_machine_is_told_with_its_place() {
        let refused = |text: &str| check(text).unwrap_err();
        assert_eq!(
            refused("[executor.a]\narch = \"arm64\""),
            "[executor.a] has no `kind`, which it needs (write `kind = \"vm\"`)"
        );
        assert_eq!(
            refused("[executor.a]\nkind = \"vn\"\narch = \"arm64\""),
            "`kind` in [executor.a] is `vn`, which xb does not know (did you mean `vm`?)"
        );
        assert_eq!(
            refused("[executor.a]\nkind = \"vm\""),
            "[executor.a] has no `arch`, which it needs (write `arch = \"arm64\"`)"
        );
        assert_eq!(
            refused("[executor.a]\nkind = \"vm\"\narch = \"arm46\""),
            "`arch` in [executor.a] is `arm46`, which is no architecture (did you mean `arm64`?)"
        );
        assert!(refused("[executor.a]\nkind = \"vm\"\narch = \"amd64\"").contains("there is no machine"));
        assert!(refused("[executor.local]\nkind = \"vm\"\narch = \"arm64\"").contains("this machine itself"));
        for text in ["memory = \"1M\"", "memory = \"x\"", "slots = 0", "colour = 1"] {
            assert!(check(&format!("[executor.a]\nkind = \"vm\"\narch = \"arm64\"\n{text}")).is_err(), "{text}");
        }
    }
}
