//! The words that every other crate shares: digests, ids, paths, spans and diagnostics.
//!
//! Nothing here does input or output, and nothing here knows what a package is.

mod arch;
mod baseline;
mod diagnostic;
mod digest;
mod dir_hash;
mod escaped;
mod nearest;
mod path;
mod size;
mod source;

pub use arch::{Arch, UnknownArch};
pub use baseline::{ArmExtension, Baseline, UnknownBaseline, X86Level};
pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use digest::{ActionId, CommandId, ContentId, Digest, ParseDigestError, RecipeId, Sha256, TreeId};
pub use dir_hash::{DirHash, ParseDirHashError};
pub use escaped::Escaped;
pub use nearest::nearest;
pub use path::{InvalidPath, RelPath};
pub use size::{count, first, parse_size, parse_time, show_size, show_time};
pub use source::{FileId, SourceFile, Sources, Span};
