//! `prim`: what the standard library is written with, and nobody else sees.
//!
//! Trees are nodes of the graph from the moment they are made; equal nodes are one node.

mod nodes;
mod packages;
mod run;
mod settings;

use super::{Builtin, Constant, optional, settings as fields, value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "prim.fetch",
        params: &[fields("settings")],
        doc: "Something from outside, pinned by the lock.",
        run: nodes::fetch,
    },
    Builtin {
        path: "prim.folder",
        params: &[value("path"), optional("only", Constant::EmptyList), optional("except", Constant::EmptyList)],
        doc: "A folder or file of the project.",
        run: nodes::folder,
    },
    Builtin {
        path: "prim.debian",
        params: &[fields("settings")],
        doc: "Packages of the distribution as one tree; where `database` is true, with dpkg's own records, so that \
              dpkg and apt know what lies where.",
        run: nodes::debian,
    },
    Builtin {
        path: "prim.files",
        params: &[fields("entries")],
        doc: "Files whose contents are in the description.",
        run: nodes::files,
    },
    Builtin {
        path: "prim.layer",
        params: &[value("settings")],
        doc: "A tree and how it is laid over others.",
        run: nodes::layer,
    },
    Builtin {
        path: "prim.compose",
        params: &[value("layers")],
        doc: "Trees laid over each other.",
        run: nodes::compose,
    },
    Builtin { path: "prim.run", params: &[fields("settings")], doc: "One hermetic run.", run: run::run },
    Builtin {
        path: "prim.staged",
        params: &[value("entries"), value("arch")],
        doc: "For each package, not for names of the distribution's, a layer: its result with all that it needs.",
        run: packages::staged,
    },
    Builtin {
        path: "prim.once",
        params: &[value("function"), value("arguments")],
        doc: "What the function gives for these arguments, worked out once for equal plain data.",
        run: packages::once,
    },
    Builtin {
        path: "prim.closure",
        params: &[value("package")],
        doc: "The packages that a package needs, each once, needs first.",
        run: packages::closure,
    },
    Builtin {
        path: "prim.needs_names",
        params: &[value("package")],
        doc: "The distribution's packages that a package and its closure need, sorted.",
        run: packages::needs_names,
    },
    Builtin {
        path: "prim.shipped",
        params: &[value("package")],
        doc: "The package that is shipped in the place of another one, as its field `ship` says.",
        run: packages::shipped,
    },
];
