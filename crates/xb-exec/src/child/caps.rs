//! What the command may still do: what a build needs as the owner of its own files.

use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
};

use super::{Broken, Tried};

/// The capabilities that stay: about files and own processes.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::DAC_READ_SEARCH)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID)
    .union(CapabilitySet::SETPCAP)
    .union(CapabilitySet::NET_BIND_SERVICE)
    .union(CapabilitySet::SETFCAP);

/// Gives up every other capability, for this process and for all that it executes.
pub fn drop_all_but_kept() -> Result<(), Broken> {
    for capability in CapabilitySet::all().difference(KEPT).iter() {
        // A kernel that does not know a capability cannot give it either.
        let _ = remove_capability_from_bounding_set(capability);
    }
    clear_ambient_capability_set().tried("clear the ambient capabilities")?;
    let sets = CapabilitySets { effective: KEPT, permitted: KEPT, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets).tried("give up capabilities")
}
