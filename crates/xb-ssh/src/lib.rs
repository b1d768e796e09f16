//! Lines to an xb on another machine, drawn by the system's `ssh` with its user's configuration.
//!
//! - [`Destination`] is where the machine is, as `ssh` takes it.
//! - [`Line`] is what is written to, and read from, the xb there: `xb serve --stdio`. Where the machine has no copy of
//!   the program that draws the line, it is brought along; where it is of another architecture, its own `xb` is taken.
//!
//! Nobody is asked for a password: `ssh` has to get in by itself, by a key or an agent.

mod destination;
mod far;
mod line;

pub use destination::{Destination, DestinationError};
pub use far::SPEAKS;
pub use line::{Line, LineError};
