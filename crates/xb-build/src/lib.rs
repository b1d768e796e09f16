//! Plans and schedules the realisation of a graph.
//!
//! Depends on traits only: [`Executor`] runs resolved actions, [`Provider`] brings what comes from outside, and
//! storage is [`xb_store::Contents`] and [`xb_store::ActionCache`]. Source text and values are never seen here.
//!
//! [`Builder::realise`] is the way in. It builds what its goals need and nothing else, each action once, as many at a
//! time as the [`Options`] allow, and never decides by anything but data: what failed, and why, is in [`Realised`].
//! [`Builder::forecast`] tells what it would do.

mod alive;
mod blocking;
mod builder;
mod cancel;
mod check;
mod event;
mod executor;
mod failure;
mod fleet;
mod forecast;
mod inspector;
mod ladder;
mod load;
mod locks;
mod machine;
mod memory;
mod parts;
mod plan;
mod provider;
mod realised;
mod recipe;
mod scheduler;
mod shared;
mod work;

pub use alive::{Alive, Guard};
pub use blocking::blocking;
pub use builder::{Builder, Options, Sharing};
pub use cancel::Cancel;
pub use check::Check;
pub use event::{Event, Events};
pub use executor::{BoxFuture, Executor, ExecutorError, RunContext};
pub use failure::{Attempt, Failure, Why};
pub use forecast::{Forecast, Foreseen};
pub use inspector::Inspector;
pub use ladder::describe;
pub use locks::{ActionLocks, LockGuard};
pub use machine::{Machine, Unmet};
pub use memory::RECIPES;
pub use provider::{ProvideError, Provider, Source};
pub use realised::{Realised, RealisedNode, RealisedRun};
pub use shared::{Brought, Made, Offer, SharedCache, SharedKey, Wanted};
