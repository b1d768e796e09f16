//! What porting a tree of packages has come to.
//!
//! A [`Report`] is made of what a build led to ([`xb_build::Realised`]) and what was found out beside it ([`Outcome`]):
//! which packages are ready for which architecture and by which method, what blocks how many others, what each failure
//! means and what mends it, and what a machine of the other architecture would save. It is read as text, as data
//! (`serde`), or as one page of HTML that needs nothing else.
//!
//! This is calculation: no file is read or written, no process is started, and no clock is asked.

mod blocker;
mod hints;
mod html;
mod meaning;
mod native;
mod outcome;
mod package;
mod report;
mod text;
mod totals;

pub use blocker::Blocker;
pub use hints::hints;
pub use native::Native;
pub use outcome::{Bits, Broken, Findings, LogEnd, Outcome};
pub use package::{Package, State, Step, Tried};
pub use report::Report;
pub use totals::Totals;
