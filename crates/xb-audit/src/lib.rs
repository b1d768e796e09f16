//! Looks at what was built, and says what a port to another architecture trips over.
//!
//! A [`Subject`] is a result and the root in which it will run, both trees of the store. [`audit()`] reads them and
//! gives [`Finding`]s; a [`Policy`] says how grave each kind is for the package.
//!
//! ```no_run
//! # fn example(subject: xb_audit::Subject, store: &dyn xb_store::Contents) -> Result<(), xb_audit::AuditError> {
//! let policy = xb_audit::Policy::default();
//! let judged = policy.apply(xb_audit::audit(&subject, store)?);
//! let refused = judged.is_refused();
//! # Ok(())
//! # }
//! ```
//!
//! This is calculation over contents: no process is started, no file of the machine is looked at, and nothing is
//! written. Whatever a file holds, it leads to a finding or to nothing, never to a panic. What a program does as it
//! runs is not known here: libraries that it opens by itself (`dlopen`), the instructions that it comes to, the files
//! that it reads.

mod archive;
mod arm64;
mod audit;
mod checks;
mod elf;
mod error;
mod facts;
mod finding;
mod foreign;
mod instructions;
mod kind;
mod loader;
mod names;
mod policy;
mod probes;
mod scan;
mod script;
mod sentence;
mod source;
mod subject;
mod time;
mod tree;
mod walk;

pub use audit::{VERSION, audit};
pub use error::AuditError;
pub use finding::{Detail, Finding, Place};
pub use foreign::{ForeignCode, foreign_code};
pub use instructions::Instructions;
pub use kind::{FindingKind, Level, UnknownKind, UnknownLevel};
pub use policy::{Judged, JudgedFinding, Policy, Rule};
pub use probes::{Built, OtherValue, Way, compare};
pub use subject::Subject;
