//! Why a rock does not give a source.

use crate::archive::ArchiveError;

/// Why a rock does not give a source.
#[derive(Debug, thiserror::Error)]
pub enum RockError {
    /// An address that does not say which rock it leads to.
    #[error("it is not called `NAME-VERSION-REVISION.src.rock`")]
    Address,
    /// Its rockspec is not in it.
    #[error("there is no `{wanted}` in it: {}", holding(.found))]
    NoRockspec {
        /// The file that should be there.
        wanted: String,
        /// What is there.
        found: Vec<String>,
    },
    /// It is one that was built.
    #[error("it is a rock of what was built (`.all.rock`, with a `rock_manifest`), and holds no source")]
    Built,
    /// Its rockspec is larger than one may be.
    #[error("its rockspec has more than the {most} bytes that are read")]
    LongRockspec {
        /// How many are read.
        most: u64,
    },
    /// Its rockspec cannot be read as data.
    #[error("its rockspec cannot be read without running it, which xb does not do: {0}")]
    Rockspec(String),
    /// Its rockspec does not say something as plain text.
    #[error("its rockspec does not say `{0}` in plain text")]
    Unsaid(&'static str),
    /// What its rockspec says that it is made from is not in it.
    #[error("there is no `{wanted}` in it, which its rockspec says it is made from: {}", holding(.found))]
    NoArchive {
        /// The file or folder that should be there.
        wanted: String,
        /// What is there.
        found: Vec<String>,
    },
    /// The archive in it cannot be unpacked.
    #[error("its `{name}` cannot be unpacked: {error}")]
    Archive {
        /// The archive in it.
        name: String,
        /// What is wrong with it.
        error: ArchiveError,
    },
    /// The folder that is to be built is not in its source.
    #[error("there is no folder `{folder}` in its source, which {by}: {}", holding(.found))]
    NoFolder {
        /// The folder.
        folder: String,
        /// Who says that it should be there.
        by: &'static str,
        /// What is there.
        found: Vec<String>,
    },
    /// The folder that is to be built leads out of the source.
    #[error("its rockspec says `source.dir = \"{}\"`, which leads out of its source", .0.escape_debug())]
    Outside(String),
}

/// How many names are told.
const MOST_TOLD: usize = 6;

fn holding(names: &[String]) -> String {
    let told: Vec<String> = names.iter().take(MOST_TOLD).map(|name| format!("`{}`", name.escape_debug())).collect();
    match names.len() {
        0 => "it is empty".to_owned(),
        more if more > MOST_TOLD => format!("it has {} and {} more", told.join(", "), more - MOST_TOLD),
        _ => format!("it has {}", told.join(", ")),
    }
}

impl RockError {
    /// Whether the store is at fault, and not the rock.
    pub(crate) fn is_of_environment(&self) -> bool {
        matches!(self, Self::Archive { error: ArchiveError::Store(_), .. })
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Address => "`fetch.rock(\"NAME/VERSION-REVISION\")` takes it from a server of rocks",
            Self::Built => "name the rock that ends with `.src.rock`",
            Self::NoRockspec { .. } | Self::LongRockspec { .. } => {
                "whoever serves it has packed something else: `luarocks pack` makes a rock of a rockspec and its source"
            }
            Self::Rockspec(_)
            | Self::Unsaid(_)
            | Self::NoArchive { .. }
            | Self::Archive { .. }
            | Self::NoFolder { .. }
            | Self::Outside(_) => {
                "`fetch.tarball` takes the source's own archive by its address; `rockspec` of `lua.rock` names a file \
                 in it, which a patch can add"
            }
        }
    }
}
