//! Images to registries: an OCI layout, checked, then sent by the protocol of the OCI distribution specification.
//!
//! - [`Layout`] is a folder with an image, of which every digest was found right before anything is sent.
//! - [`Destination`] is what was typed: a registry, a repository, a tag.
//! - [`Credentials`] are those that Docker and skopeo would use.
//! - [`Push`] sends: blobs first, then manifests, the index after them, and tags when all else is there.
//!
//! Nothing is told to be pushed before the registry has answered with its digest. Whatever ends a push before its end,
//! no tag speaks of it. No password is in an error.

mod credentials;
mod destination;
mod error;
mod layout;
mod push;
mod registry;

pub use credentials::{Credential, Credentials};
pub use destination::{Destination, DestinationError, Repository};
pub use error::PushError;
pub use layout::{Blob, Layout, LayoutError, Manifest};
pub use push::{Push, Pushed, Watch};
pub use registry::patience;
pub use xb_http::Patience;
