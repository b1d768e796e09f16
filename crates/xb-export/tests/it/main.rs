//! What is exported, read by those who will read it.

mod apt;
mod debs;
mod key;
mod repository;
mod support;
