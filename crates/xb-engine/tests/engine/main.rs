//! The executor of an engine: against a real one, and against one that lies.

mod casd;
mod liar;
mod lies;
mod same;
mod trouble;
mod world;
