//! The executor that has actions run by a server of the Remote Execution API.
//!
//! - [`EngineExecutor`] is the executor; [`Options`] say how the engine is spoken with.
//! - What goes there: `command` is what is run; `upload` sends what the engine lacks, by the names of `xb-translate`,
//!   and `known` remembers for a while what it has.
//! - What comes back: `log` what was printed, `outputs` the trees, of which no byte is believed before it was hashed.
//! - `told` is what an xb at the other end tells of a run beside that.
//! - `run` is one run from its beginning to its end, and `stop` what becomes of one that is given up.
//!
//! An action runs there as it does here, as far as the engine lets it: the input tree is `/`, there is no network, the
//! user is root, and every file has the time that it has here. What an engine does not take from anybody is in its own
//! hands: limits on memory, disk and processes, the name of the machine, and whether it runs programs of other
//! architectures.

mod command;
mod executor;
mod known;
mod log;
mod outputs;
mod run;
mod stop;
mod told;
mod upload;

pub use executor::{EngineExecutor, Options};
