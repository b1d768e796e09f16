//! Files in Lua that say something, as rockspecs and LuaRocks' configuration do, read as data and never run.
//!
//! Such a file is a program, and whoever wrote it may mean harm. So only what nearly all of them consist of is
//! followed: assignments of strings and tables, strings joined by `..` or filled in by `format`, the names of strings,
//! and `if`. What else an expression may be becomes [`Value::Unknown`], and so does what is assigned under a condition
//! of that kind; loops, functions and calls for their own sake are refused. Reading ends for every text, after a time
//! that grows with its length alone. Syntax: "The Language" in the Lua 5.4 Reference Manual.

mod expression;
mod read;
mod token;

use std::collections::BTreeMap;

pub(crate) use read::read;

/// What something in a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `nil`.
    Nil,
    /// `true` or `false`.
    Truth(bool),
    /// A whole number, as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// A table.
    Table(Table),
    /// Something that only running the file would tell, or that nobody asks for.
    Unknown,
}

impl Value {
    /// What it is where strings are joined.
    fn joined(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// What it is as a condition, if that is known.
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Nil => Some(false),
            Self::Truth(truth) => Some(*truth),
            Self::Number(_) | Self::Text(_) | Self::Table(_) => Some(true),
            Self::Unknown => None,
        }
    }
}

/// What a table holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// What is called by a name.
    pub fields: BTreeMap<String, Value>,
    /// What only has a place in it.
    pub items: Vec<Value>,
}

/// Why a file cannot be read as data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {reason}")]
pub(crate) struct LuaError {
    /// The line, from one.
    pub line: u32,
    /// What is wrong with it.
    pub reason: String,
}

impl LuaError {
    fn new(line: u32, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}
