//! What can go wrong with keys and with what they sign.

/// What can go wrong with keys and with what they sign.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A text that is no key, or a key that cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// An envelope whose signature does not count, or that is none.
    #[error("the statement is not believed: {0}")]
    Signature(String),
    /// An envelope cannot be written down.
    #[error("the envelope cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The result of signing, or of looking at what was signed.
pub(crate) type Result<T> = std::result::Result<T, SignError>;
