//! The dynamic loader, as a calculation: which file each needed library is, in a root that nobody enters.
//!
//! The rules are those of ld.so(8), `_dl_map_object` of glibc's `elf/dl-load.c` for the details:
//!
//! - what is loaded already is taken again, by the name that was asked for or by its `SONAME`;
//! - else the folders of `RPATH` come first: that of the file that needs the library, then those of the files on whose
//!   behalf it was loaded, up to the program. A file that has a `RUNPATH` has no say with its `RPATH`, and when it is
//!   the one that needs the library, no `RPATH` counts;
//! - then the `RUNPATH` of the file that needs it, which nobody inherits;
//! - then `/etc/ld.so.cache`, and last the folders built into the loader;
//! - a file of another class or machine is passed over wherever it lies.
//!
//! What a program opens by itself as it runs (`dlopen`), `LD_LIBRARY_PATH`, `/etc/ld.so.preload` and the `glibc-hwcaps`
//! folders, which are chosen by the processor, play no part.

mod chain;
mod conf;
mod search;
mod substitute;

pub(crate) use chain::Need;
pub(crate) use search::Loader;
