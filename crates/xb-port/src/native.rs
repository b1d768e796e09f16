//! What one machine of the other architecture would save.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use xb_core::{Arch, count, show_time};
use xb_graph::{Cause, Method};

use crate::{Blocker, Package, State, Step};

/// What one machine of the other architecture would save.
///
/// A native run of the same step is known where the package was built for this machine's architecture, too: the other
/// machine is taken to be as fast as this one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Native {
    /// How many builds and checks ran under emulation.
    pub emulated: usize,
    /// How long, in seconds.
    pub emulated_seconds: f64,
    /// Of how many of them a native run of the same step is known.
    pub known: usize,
    /// How long these ran under emulation, in seconds.
    pub known_emulated_seconds: f64,
    /// How long these ran natively, in seconds.
    pub known_native_seconds: f64,
    /// What only such a machine may build or check, as things are: built natively here, and not under emulation.
    pub only_native: Vec<String>,
}

impl Native {
    pub(crate) fn of(host: Arch, packages: &[Package], blockers: &[Blocker]) -> Self {
        let emulations: BTreeSet<_> =
            blockers.iter().filter(|one| may_be_emulation(one)).map(|one| &one.package).collect();
        let of_host = packages.iter().filter(|package| package.target.arch == host);
        let of_host: BTreeMap<_, _> = of_host.map(|one| ((&one.target.file, &one.target.package), one)).collect();
        let mut native = Self::default();
        for package in packages.iter().filter(|package| package.target.arch != host) {
            let twin = of_host.get(&(&package.target.file, &package.target.package)).copied();
            native.add(package.build.as_ref(), twin.and_then(|twin| twin.build.as_ref()));
            native.add(package.checked.as_ref(), twin.and_then(|twin| twin.checked.as_ref()));
            let has_failed = emulations.contains(&Some(package.target.clone()));
            if has_failed && twin.is_some_and(|twin| twin.state == State::Ready) {
                native.only_native.push(package.target.to_string());
            }
        }
        native
    }

    fn add(&mut self, step: Option<&Step>, twin: Option<&Step>) {
        let Some(step) = step.filter(|step| step.is_emulated()) else {
            return;
        };
        self.emulated += 1;
        self.emulated_seconds += step.seconds;
        if let Some(twin) = twin {
            self.known += 1;
            self.known_emulated_seconds += step.seconds;
            self.known_native_seconds += twin.seconds;
        }
    }

    /// In sentences, for a person.
    pub fn sentences(&self) -> Vec<String> {
        let time = |seconds: f64| show_time(Duration::from_secs_f64(seconds.max(0.0)));
        let mut sentences = vec![match self.emulated {
            0 => "Nothing ran under emulation: a native machine would save nothing.".to_owned(),
            _ => format!("{} ran under emulation, for {}.", count(self.emulated, "step"), time(self.emulated_seconds)),
        }];
        let saved = self.known_emulated_seconds - self.known_native_seconds;
        if self.known > 0 {
            sentences.push(format!(
                "For {} of them the native run is known from this machine's own architecture: {} in place of {}. \
                 A native machine as fast as this one would save {}.",
                self.known,
                time(self.known_native_seconds),
                time(self.known_emulated_seconds),
                if saved > 0.0 { time(saved) } else { "nothing".to_owned() },
            ));
        } else if self.emulated > 0 {
            sentences.push(
                "How long they take natively is known when this machine's own architecture is ported as well."
                    .to_owned(),
            );
        }
        if !self.only_native.is_empty() {
            sentences.push(format!(
                "Ready for this machine's own architecture and not under emulation, so that a native machine may help: {}.",
                self.only_native.join(", ")
            ));
        }
        sentences
    }
}

/// Whether a failure may be the emulator's doing: it would not be there on a native machine.
fn may_be_emulation(blocker: &Blocker) -> bool {
    let causes = |cause: &Cause| {
        matches!(cause, Cause::EmulatorLacks { .. } | Cause::TestFailure | Cause::TimedOut | Cause::Failed)
    };
    let is_emulated = matches!(blocker.method, Some(Method::Emulate | Method::PureEmulate));
    is_emulated && blocker.cause.as_ref().is_some_and(causes)
}
