//! Files, packages and releases.

use std::collections::BTreeSet;

use xb_core::{Diagnostic, Span, nearest};

use super::Checker;
use super::scope::Kind;
use crate::ast::{Binding, Expr, ExprKind, File, Item, ListItem, Name, Package, Release, StringPart, Use};
use crate::codes;

/// What runs while building and is linked into nothing, by the names of Debian's packages.
const BUILD_TOOLS: &[&str] = &[
    "autoconf",
    "autoconf-archive",
    "automake",
    "autopoint",
    "bash",
    "bison",
    "bzip2",
    "cargo",
    "ccache",
    "clang",
    "cmake",
    "coreutils",
    "cpio",
    "dash",
    "debhelper",
    "diffutils",
    "dpkg-dev",
    "docbook-xsl",
    "doxygen",
    "file",
    "flex",
    "g++",
    "gawk",
    "gcc",
    "gdb",
    "gettext",
    "git",
    "golang-go",
    "gperf",
    "grep",
    "groff",
    "gzip",
    "help2man",
    "intltool",
    "libtool",
    "llvm",
    "lld",
    "m4",
    "make",
    "mawk",
    "meson",
    "nasm",
    "ninja-build",
    "nodejs",
    "npm",
    "patch",
    "patchelf",
    "perl",
    "pkg-config",
    "pkgconf",
    "protobuf-compiler",
    "python3",
    "python3-pip",
    "python3-setuptools",
    "ragel",
    "rpm",
    "rsync",
    "ruby",
    "rustc",
    "scons",
    "sed",
    "swig",
    "tar",
    "tcl",
    "texinfo",
    "unzip",
    "valgrind",
    "wget",
    "xsltproc",
    "xz-utils",
    "yacc",
    "yasm",
    "zip",
];

impl<'a> Checker<'a> {
    pub(super) fn file(&mut self, file: &'a File) {
        let kind = if file.value.is_some() { Kind::Let } else { Kind::Export };
        self.scoped(|this| {
            file.items.iter().for_each(|item| this.define(item, kind));
            file.items.iter().for_each(|item| this.item(item));
            file.value.iter().for_each(|value| this.expr(value));
        });
    }

    fn define(&mut self, item: &'a Item, kind: Kind) {
        match item {
            Item::Use(used) => self.define_used(used),
            Item::Let(binding) => self.bind(&binding.name, kind, Some(&binding.value)),
            Item::Package(package) => {
                self.bind_text(&package.name.text, package.name.span, Kind::Item, Some(&package.params));
            }
            Item::Release(release) => self.bind(&release.name, Kind::Item, None),
            Item::Error(_) => {}
        }
    }

    fn define_used(&mut self, used: &'a Use) {
        let names = used.names.iter().map(|(_, here)| here).chain(&used.whole);
        names.for_each(|name| self.bind(name, Kind::Use, None));
    }

    fn item(&mut self, item: &'a Item) {
        match item {
            Item::Use(_) | Item::Error(_) => {}
            Item::Let(binding) => self.binding(binding),
            Item::Package(package) => self.package(package),
            Item::Release(release) => self.release(release),
        }
    }

    fn package(&mut self, package: &'a Package) {
        self.known_fields(&package.fields, "package", codes::PACKAGE_FIELD, &self.globals.package_fields);
        self.scoped(|this| {
            this.params(&package.params);
            this.scoped(|this| this.package_body(package));
        });
    }

    /// Fields first, so that a `let` of the same name is the one that hides.
    fn package_body(&mut self, package: &'a Package) {
        for field in &package.fields {
            self.hides_param(field);
            self.bind(&field.name, Kind::Field, Some(&field.value));
        }
        for binding in &package.lets {
            self.bind(&binding.name, Kind::Let, Some(&binding.value));
        }
        package.lets.iter().chain(&package.fields).for_each(|binding| self.binding(binding));
        for field in &package.fields {
            match &*field.name.text {
                "needs" => self.needs(&field.value),
                "tools" => self.tools(&field.value),
                _ => {}
            }
        }
    }

    /// A field that is called like a parameter cannot use it.
    fn hides_param(&mut self, field: &'a Binding) {
        let itself = matches!(&field.value.kind, ExprKind::Name(name) if *name == field.name.text);
        let hidden = self.lookup(&field.name.text).filter(|known| known.kind == Kind::Param && !itself);
        if let Some(hidden) = hidden {
            let name = &field.name.text;
            self.say(
                Diagnostic::warning(codes::HIDES, format!("the field `{name}` hides the parameter of the same name"))
                    .label(field.name.span, "in the package, this field is meant")
                    .label(hidden.span, "this parameter is hidden")
                    .help("give the parameter another name"),
            );
        }
    }

    fn release(&mut self, release: &'a Release) {
        self.known_fields(&release.fields, "release", codes::RELEASE_FIELD, &self.globals.release_fields);
        let mut seen: Vec<&Name> = Vec::new();
        for field in &release.fields {
            if let Some(first) = seen.iter().find(|name| name.text == field.name.text) {
                self.twice(&field.name.text, field.name.span, first.span);
            }
            seen.push(&field.name);
            field.annotation.iter().for_each(|annotation| self.annotation(annotation));
            self.expr(&field.value);
        }
    }

    fn known_fields(&mut self, fields: &[Binding], what: &str, code: xb_core::Code, known: &BTreeSet<String>) {
        for field in fields.iter().filter(|field| !known.contains(&*field.name.text)) {
            let name = &field.name.text;
            let diagnostic = Diagnostic::error(code, format!("a {what} has no field `{name}`"))
                .label(field.name.span, "unknown field");
            let list = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let diagnostic = diagnostic.note(format!("its fields are {list}"));
            self.say(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(format!("a value that only this {what} uses is bound with `let {name} = ...`")),
            });
        }
    }

    fn needs(&mut self, value: &Expr) {
        for (name, span) in literal_strings(value) {
            if BUILD_TOOLS.contains(&name) {
                self.say(
                    Diagnostic::warning(codes::TOOL_IN_NEEDS, format!("`{name}` is a tool, not a library"))
                        .label(span, "belongs in `tools`")
                        .note("`needs` is linked into the result and has its architecture; `tools` run while building")
                        .help(format!("move `\"{name}\"` to `tools`")),
                );
            }
        }
    }

    fn tools(&mut self, value: &Expr) {
        for (name, span) in literal_strings(value) {
            if name.ends_with("-dev") && name.starts_with("lib") {
                self.say(
                    Diagnostic::warning(codes::LIBRARY_IN_TOOLS, format!("`{name}` is a library, not a tool"))
                        .label(span, "belongs in `needs`")
                        .note("`tools` run while building, on the builder's architecture; what is linked in is in `needs`")
                        .help(format!("move `\"{name}\"` to `needs`")),
                );
            }
        }
    }
}

/// The strings that are written out in a list.
fn literal_strings(value: &Expr) -> Vec<(&str, Span)> {
    let ExprKind::List(items) = &value.kind else {
        return Vec::new();
    };
    let literal = |item| match item {
        &ListItem::Value(Expr { kind: ExprKind::String(ref parts), span }) => match parts.as_slice() {
            [StringPart::Text(text)] => Some((&**text, span)),
            _ => None,
        },
        _ => None,
    };
    items.iter().filter_map(literal).collect()
}
