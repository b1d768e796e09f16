//! Several methods, for commands that compare what they lead to.

use std::collections::BTreeSet;

use xb_core::Arch;
use xb_graph::Method;

use crate::failure::Failure;
use crate::machines::Beside;
use crate::request::{Request, host, or_every_other};

/// The methods by which what is asked for is compared, each once.
///
/// # Errors
/// When there is only one, or one for which there is no machine.
pub fn several(methods: &[Method], request: &Request) -> Result<BTreeSet<Method>, Failure> {
    let methods: BTreeSet<Method> = methods.iter().copied().collect();
    if methods.len() < 2 {
        return Err(Failure::usage("at least two different methods are needed for a comparison"));
    }
    let beside = Beside::of(&request.project)?;
    let without = request.arches.iter().find(|arch| **arch != request.host && !beside.has(**arch));
    match without.filter(|_| methods.contains(&Method::Native)) {
        Some(arch) => Err(beside
            .lacks(request.host, *arch)
            .help("without one, `--methods` takes `cross`, `emulate` and `pure-emulate`")),
        None => Ok(methods),
    }
}

/// The architectures for which there are several methods: those that were given, or all but this machine's.
///
/// # Errors
/// When this machine's own is among those that were given.
pub fn elsewhere(given: &[Arch]) -> Result<Vec<Arch>, Failure> {
    let host = host()?;
    if given.contains(&host) {
        return Err(Failure::usage(format!("for this machine's own architecture ({host}) there is one method only")));
    }
    Ok(or_every_other(given, host))
}
