//! Trees between the store and the Remote Execution API: the same directories by other names.
//!
//! - [`Names`] tells contents by a digest function of the API, and back.
//! - [`translate`] has a tree of the store as directories of the API.
//! - [`Came`] is a tree as somebody else tells of it, and becomes one of the store; [`tree_message`] tells of one.
//!
//! Nothing is asked or sent here, and nothing that came is believed.

mod building;
mod came;
mod directories;
mod names;

pub use building::{Known, Placed};
pub use came::{Came, Listed, NoTree, tree_message};
pub use directories::{KEPT, Named, translate};
pub use names::Names;
