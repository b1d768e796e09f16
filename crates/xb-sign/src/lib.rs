//! What is signed, and by whom: bytes of some type in a DSSE envelope, and the Ed25519 keys of statements.
//!
//! What a statement says is the matter of whoever calls. Everything here is a function of what it is given: no clock,
//! no environment, no network, no random numbers. The bytes of which a key is made are given to it.
//!
//! ```
//! use xb_sign::{StatementKey, StatementPublicKey};
//!
//! // Whoever calls brings 32 random bytes, and keeps them secret.
//! let key = StatementKey::from_seed(&[7; 32]);
//! let envelope = key.seal("text/plain", b"hello")?;
//! let public: StatementPublicKey = key.public().to_string().parse()?;
//! assert_eq!(public.open("text/plain", &envelope)?, b"hello");
//! # Ok::<(), xb_sign::SignError>(())
//! ```

mod dsse;
mod error;
mod key;
mod line;

pub use error::SignError;
pub use key::{StatementKey, StatementPublicKey};
