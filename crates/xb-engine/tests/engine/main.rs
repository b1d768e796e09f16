//! The executor of an engine: against a real one, and against one that lies.

mod casd;
mod liar;
mod lies;
mod patience;
mod same;
mod say;
mod trouble;
mod world;
