//! What all that speaks HTTP has in common.
//!
//! - [`client()`] begins a client as they all are: who it says it is, whom it trusts, where it lets itself be led.
//! - [`Patience`] is how often something is tried, and how long is waited.
//! - [`is_passing`] and [`asked_pause`] are what an answer says about another try.
//! - [`while_it_moves`] waits for an answer as long as bytes go out.
//! - [`causes`] is what an error says, without its url, which may hold a secret; [`chain`] is what any error is caused by.

mod answer;
mod cause;
mod client;
mod patience;
mod redirect;
mod sending;

pub use answer::{asked_pause, is_passing};
pub use cause::{causes, chain};
pub use client::{ClientError, build, client};
pub use patience::Patience;
pub use redirect::{anywhere_as_safe, nowhere_else};
pub use sending::while_it_moves;
