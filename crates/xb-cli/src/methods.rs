//! Several methods, for commands that compare what they lead to.

use std::collections::BTreeSet;

use xb_core::Arch;
use xb_graph::Method;

use crate::failure::Failure;
use crate::request::{host, or_every_other};

/// The methods that are compared, each once.
///
/// # Errors
/// When there is only one, or one that this machine does not have for another architecture.
pub fn several(methods: &[Method]) -> Result<BTreeSet<Method>, Failure> {
    let methods: BTreeSet<Method> = methods.iter().copied().collect();
    if methods.len() < 2 {
        return Err(Failure::usage("at least two different methods are needed for a comparison"));
    }
    if methods.contains(&Method::Native) {
        let host = host()?;
        return Err(Failure::environment(format!(
            "this machine ({host}) cannot build for another architecture natively"
        ))
        .help("`--methods` takes `cross`, `emulate` and `pure-emulate`"));
    }
    Ok(methods)
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
