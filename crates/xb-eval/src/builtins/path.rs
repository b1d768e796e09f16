//! `path`: files and folders of the project.

use super::{Builtin, value};
use crate::value::{PathValue, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "path.read",
        params: &[value("path")],
        doc: "The text of a file of the project.\n\n```xb\nstring.trim(path.read(./VERSION))\n```\n```value\n\"1.2.3\"\n```",
        run: |call| {
            let path = call.path(0)?;
            let file = xb_core::RelPath::normalise(path.path).unwrap_or_default();
            let text = call.eval.read(path.base, &file, call.span)?;
            call.reserve(text.len())?;
            Ok(call.eval.string(&text))
        },
    },
    Builtin {
        path: "path.name",
        params: &[value("path")],
        doc: "The last component.\n\n```xb\npath.name(./src/main.c)\n```\n```value\n\"main.c\"\n```",
        run: |call| {
            let path = call.path(0)?.path;
            Ok(call.eval.piece(path.rsplit('/').next().unwrap_or(path)))
        },
    },
    Builtin {
        path: "path.only",
        params: &[value("path"), value("patterns")],
        doc: "The folder, of which only what matches one of the patterns counts.\n\n```xb\npath.only(./src, [\"*.c\"])\n```\n```value\n./src\n```",
        run: |call| {
            let path = call.path(0)?;
            let only = call.eval.arena.alloc_slice_copy(&call.strings(1)?);
            Ok(Value::Path(call.eval.arena.alloc(PathValue { only, ..*path })))
        },
    },
    Builtin {
        path: "path.except",
        params: &[value("path"), value("patterns")],
        doc: "The folder without what matches one of the patterns.\n\n```xb\npath.except(./src, [\"*.o\"])\n```\n```value\n./src\n```",
        run: |call| {
            let path = call.path(0)?;
            let except = call.eval.arena.alloc_slice_copy(&call.strings(1)?);
            Ok(Value::Path(call.eval.arena.alloc(PathValue { except, ..*path })))
        },
    },
    Builtin {
        path: "path.to_string",
        params: &[value("path")],
        doc: "The path as text, relative to the project.\n\n```xb\npath.to_string(./src)\n```\n```value\n\"./src\"\n```",
        run: |call| Ok(call.eval.string(&crate::print::path_text(call.path(0)?))),
    },
    Builtin {
        path: "path.join",
        params: &[value("path"), value("tail")],
        doc: "The path of something beneath a folder.\n\n```xb\npath.join(./src, \"a/b.c\")\n```\n```value\n./src/a/b.c\n```",
        run: |call| {
            let (path, tail) = (call.path(0)?, call.string(1)?);
            call.reserve(path.path.len().saturating_add(tail.len()).saturating_mul(3))?;
            let joined = xb_core::RelPath::normalise(&format!("{}/{tail}", path.path));
            let joined = joined.map_err(|_| call.refuse(format!("`{tail}` leads out of the project")))?;
            Ok(Value::Path(
                call.eval.arena.alloc(PathValue { path: call.eval.arena.alloc_str(joined.as_str()), ..*path }),
            ))
        },
    },
    Builtin {
        path: "path.parent",
        params: &[value("path")],
        doc: "The folder that something lies in; the project itself lies in none.\n\n```xb\npath.parent(./src/main.c)\n```\n```value\n./src\n```",
        run: |call| {
            let path = call.path(0)?;
            if path.path.is_empty() {
                return Err(call.refuse("what is above the project is not visible"));
            }
            let parent = path.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            Ok(Value::Path(call.eval.arena.alloc(PathValue { path: parent, only: &[], except: &[], ..*path })))
        },
    },
    Builtin {
        path: "path.extension",
        params: &[value("path")],
        doc: "What follows the last dot of the name, or null.\n\n```xb\n[path.extension(./src/main.c), path.extension(./src)]\n```\n```value\n[\"c\", null]\n```",
        run: |call| {
            let path = call.path(0)?.path;
            let name = path.rsplit('/').next().unwrap_or(path);
            let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
            Ok(extension.map_or(Value::Null, |(_, extension)| call.eval.piece(extension)))
        },
    },
];
