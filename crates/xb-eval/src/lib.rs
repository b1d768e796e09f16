//! The lazy evaluator, its builtins, and the emission of the action graph.
//!
//! Text becomes a syntax tree (`xb-syntax`), names are resolved to slots ([`lower`](self)), and the resolved form is
//! evaluated lazily over values in an arena that lives as long as the evaluation. Packages that are asked for are
//! turned into nodes of an [`xb_graph::Graph`]; nothing is built here.
//!
//! Absences: no file system, store, network, clock or environment but the injected [`World`]; no order that depends
//! on a hash; no state beyond one evaluation.

mod builtins;
mod call;
mod codes;
mod contract;
mod emit;
mod eval;
mod evaluator;
mod failure;
mod held;
mod ir;
mod json;
mod key;
mod limits;
mod lines;
mod lower;
mod module;
mod package;
mod print;
mod record;
mod session;
mod spare;
mod stdlib;
mod symbol;
mod text;
mod tree;
mod value;
mod world;

pub use builtins::{Builtin, Constant, FORMATS, NAMESPACES, Namespace, Parameter, names};
pub use codes::{CODES, UNREADABLE};
pub use emit::{
    AUDIT_KINDS, AUDIT_LEVELS, EmitFailure, EmitOptions, Emitted, Format, Machine, Product, Release, SHIPPED,
    TargetRequest, emit, machine, releases,
};
pub use evaluator::Evaluator;
pub use failure::{Failure, Result};
pub use limits::Limits;
pub use session::{Arena, Session};
pub use stdlib::files as std_files;
pub use value::Value;
pub use world::{MemoryWorld, ReadError, World};
