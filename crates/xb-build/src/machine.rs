//! A machine that runs actions, and how much of it is to be had.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use xb_core::Arch;
use xb_graph::{Method, ResolvedAction};

use crate::Executor;

/// An executor, with what the scheduler may ask of it: data of whoever sets the build up.
#[derive(Clone)]
pub struct Machine {
    /// Who runs actions there.
    pub executor: Arc<dyn Executor>,
    /// How many runs it takes at one time; none where they are the jobs of this machine, as [`crate::Options`] say.
    pub slots: Option<usize>,
    /// How much memory what runs there is expected to use together, in bytes; zero is no limit. That of this machine is
    /// among the options.
    pub memory: u64,
    /// How dear a second there is beside one elsewhere: a run goes where the wait, the run and this make the least.
    pub cost: u32,
    /// Of machines that cost the same, those of a lower rank are asked first.
    pub rank: u32,
    /// What it has that not every machine has, by names that packages ask for.
    pub features: BTreeSet<String>,
    /// The name by which other processes know the same machine: no more runs are there at one time than slots,
    /// whoever began them. None where each may begin as many as it likes.
    pub lease: Option<String>,
}

impl Machine {
    /// This machine: its jobs and its memory are those of the [`crate::Options`].
    pub fn here(executor: Arc<dyn Executor>) -> Self {
        Self { slots: None, ..Self::beside(executor, 0) }
    }

    /// A machine beside this one.
    pub fn beside(executor: Arc<dyn Executor>, slots: usize) -> Self {
        Self { executor, slots: Some(slots), memory: 0, cost: 1, rank: 0, features: BTreeSet::new(), lease: None }
    }

    /// Its executor's name.
    pub fn name(&self) -> &str {
        self.executor.name()
    }

    /// All that it lacks for an action.
    pub(crate) fn unmet(&self, action: &ResolvedAction) -> Vec<Unmet> {
        let unfit = self.unmet_by_any(action.method, action.platform);
        let unfit = unfit.or_else(|| self.executor.refuses(action).map(Unmet::Refused));
        let lacks: Vec<_> = action.limits.features.difference(&self.features).cloned().collect();
        let lacks = Some(lacks).filter(|lacks| !lacks.is_empty()).map(Unmet::Features);
        unfit.into_iter().chain(lacks).collect()
    }

    /// What it lacks for everything that needs programs of this architecture by this method.
    pub(crate) fn unmet_by_any(&self, method: Method, need: Arch) -> Option<Unmet> {
        let have = self.executor.arch();
        match method {
            Method::Native if have != need => Some(Unmet::Native { have, need }),
            Method::Emulate | Method::PureEmulate if have == need => Some(Unmet::Emulated { have }),
            _ if !self.executor.can_run(need) => Some(Unmet::Foreign { need }),
            _ => None,
        }
    }
}

/// A need of a run that a machine does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// It is of another architecture than what is to be native.
    Native {
        /// The machine's.
        have: Arch,
        /// What is needed.
        need: Arch,
    },
    /// It is of the architecture that would be emulated.
    Emulated {
        /// The machine's.
        have: Arch,
    },
    /// It runs no programs of an architecture.
    Foreign {
        /// Which one.
        need: Arch,
    },
    /// It has not what the package asks for.
    Features(Vec<String>),
    /// Its executor's own reason, as half a sentence.
    Refused(String),
    /// It was not to be had when it was asked.
    Gone,
    /// It could not run this when it was asked.
    Passed,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native { have, need } => {
                write!(f, "its machine is {have}, and `native` needs a machine that is {need}")
            }
            Self::Emulated { have } => write!(f, "its machine is {have} itself, where nothing is emulated"),
            Self::Foreign { need } => {
                write!(f, "it can run {need} programs neither by itself nor by an emulator")
            }
            Self::Features(features) => write!(f, "it is not said to have `{}`", features.join("`, `")),
            Self::Refused(why) => f.write_str(why),
            Self::Gone => f.write_str("its machine is not to be had"),
            Self::Passed => f.write_str("it could not do it when it tried"),
        }
    }
}
