//! Audits of small trees, of which every file is written here.

mod code;
mod elf;
mod hostile;
mod instructions;
mod interpreters;
mod leaks;
mod libraries;
mod probes;
mod reference;
mod world;
