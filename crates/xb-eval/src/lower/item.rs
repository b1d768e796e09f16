//! Items of files: `use`, `let`, `package` and `release`.

use std::cell::Cell;
use std::rc::Rc;

use rustc_hash::FxHashSet;
use xb_core::{Diagnostic, Span};
use xb_syntax::ast::{self, Binding, Item, ParamKind, UseSource};
use xb_syntax::{PACKAGE_FIELDS, RELEASE_FIELDS};

use super::Lowering;
use super::delay::is_constant;
use crate::codes;
use crate::contract::Contract;
use crate::ir::{Code, Kind, Node};
use crate::module::{Import, Wanted};
use crate::package::{Member, PackageCode, PackageFn, PackageParam, ReleaseValue};
use crate::record::Record;
use crate::symbol::Symbol;
use crate::value::{Closure, State, Value};

impl<'v> Lowering<'_, 'v> {
    /// Resolves the items, and the value when there is one.
    pub(super) fn file(&mut self, file: &ast::File) -> Option<Value<'v>> {
        let mut seen = FxHashSet::default();
        for item in &file.items {
            self.declare(item, &mut seen);
        }
        for item in &file.items {
            self.define(item);
        }
        file.value.as_ref().map(|value| self.top_level(None, |this| this.expr(value)))
    }

    fn declare(&mut self, item: &Item, seen: &mut FxHashSet<Symbol>) {
        match item {
            Item::Use(item) => {
                for name in item.names.iter().map(|(_, here)| here).chain(&item.whole) {
                    self.declare_name(name, false, seen);
                }
            }
            Item::Let(binding) => self.declare_name(&binding.name, true, seen),
            Item::Package(package) => self.declare_name(&package.name, true, seen),
            Item::Release(release) => self.declare_name(&release.name, true, seen),
            Item::Error(_) => {}
        }
    }

    fn declare_name(&mut self, name: &ast::Name, own: bool, seen: &mut FxHashSet<Symbol>) {
        let symbol = self.symbol(&name.text);
        if !seen.insert(symbol) {
            self.report_twice(codes::BOUND_TWICE, "the name", &name.text, name.span);
        }
        let cell: &'v Cell<Value<'v>> = self.eval.arena.alloc(Cell::new(Value::Null));
        self.names.insert(symbol, cell);
        if own {
            self.defined.push((symbol, cell));
        }
    }

    fn define(&mut self, item: &Item) {
        match item {
            Item::Use(item) => self.import(item),
            Item::Let(binding) => {
                let value = self.global(binding);
                self.set(&binding.name, value);
            }
            Item::Package(package) => {
                let value = self.package(package);
                self.set(&package.name, value);
            }
            Item::Release(release) => {
                let value = self.release(release);
                self.set(&release.name, value);
            }
            Item::Error(_) => {}
        }
    }

    fn set(&mut self, name: &ast::Name, value: Value<'v>) {
        if let Some(cell) = self.names.get(&self.symbol(&name.text)) {
            cell.set(value);
        }
    }

    fn global(&mut self, binding: &Binding) -> Value<'v> {
        let name = self.symbol(&binding.name.text);
        match &binding.value.kind {
            ast::ExprKind::Function(function) if binding.annotation.is_none() => {
                let lambda = self.function(function, Some(name), binding.value.span);
                self.eval.closure(Closure { lambda, captures: &[] })
            }
            _ => self.top_level(Some(name), |this| this.annotated(binding)),
        }
    }

    fn top_level(&mut self, name: Option<Symbol>, body: impl FnOnce(&mut Self) -> Node<'v>) -> Value<'v> {
        let (body, scope) = self.in_scope(body);
        if let Kind::Const(value) = body.kind {
            return value;
        }
        let code = self.alloc(Code { body, slots: scope.slots, name });
        self.eval.thunk(State::Member(code, &[]))
    }

    fn import(&mut self, item: &ast::Use) {
        let file = match &item.source {
            UseSource::File { path, span } => match self.path(path, *span) {
                Some(path) => Wanted::File(self.key.base, self.eval.arena.alloc_str(path.as_str())),
                None => return,
            },
            UseSource::Std(path) => {
                let path = path.iter().map(|name| (self.symbol(&name.text), name.span)).collect();
                Wanted::Std(self.slice(path))
            }
        };
        for (there, here) in &item.names {
            let name = Some(self.symbol(&there.text));
            self.import_name(&file, name, here, there.span);
        }
        if let Some(here) = &item.whole {
            self.import_name(&file, None, here, item.span);
        }
    }

    fn import_name(&mut self, file: &Wanted<'v>, name: Option<Symbol>, here: &ast::Name, span: Span) {
        let import = self.alloc(Import { file: *file, name, span });
        let value = self.eval.thunk(State::Import(import));
        self.set(here, value);
    }

    fn package(&mut self, package: &ast::Package) -> Value<'v> {
        let shared = self.package_names(package);
        let params = self.package_params(package, &shared);
        let lets = self.members(&package.lets, &shared, false);
        let fields = self.members(&package.fields, &shared, true);
        let name_slot = u32::try_from(package.params.len()).unwrap_or(u32::MAX);
        let slots = package.params.len() + 1 + package.lets.len() + package.fields.len();
        let code = self.alloc(PackageCode {
            name: self.eval.arena.alloc_str(&package.name.text),
            title: self.eval.arena.alloc_str(&package.name.text.replace('_', "-")),
            params,
            lets,
            fields,
            name_slot,
            slots: u32::try_from(slots).unwrap_or(u32::MAX),
            place: package.name.span,
        });
        Value::Package(self.alloc(PackageFn { id: self.eval.packages.next_package(), code, overrides: Record::EMPTY }))
    }

    /// The slots of a package's frame: parameters, the implicit `name`, `let`s, fields.
    fn package_names(&mut self, package: &ast::Package) -> Rc<[(Symbol, u32)]> {
        let implicit = ast::Name { text: "name".into(), span: package.name.span };
        let params = package.params.iter().map(|param| match &param.kind {
            ParamKind::Name(name) => name.clone(),
            ParamKind::Record { .. } => ast::Name { text: "".into(), span: param.span },
        });
        let lets = package.lets.iter().map(|binding| binding.name.clone());
        let fields = package.fields.iter().map(|binding| binding.name.clone());
        let names: Vec<ast::Name> = params.chain([implicit]).chain(lets).chain(fields).collect();
        let mut seen = FxHashSet::default();
        for (at, name) in names.iter().enumerate() {
            if at != package.params.len() && !seen.insert(name.text.clone()) {
                self.report_twice(codes::BOUND_TWICE, "the name", &name.text, name.span);
            }
        }
        let slots = names.iter().zip(0..).map(|(name, slot)| (self.symbol(&name.text), slot));
        slots.collect()
    }

    fn package_params(&mut self, package: &ast::Package, shared: &Rc<[(Symbol, u32)]>) -> &'v [PackageParam<'v>] {
        if package.params.is_empty() {
            self.report(
                Diagnostic::error(codes::ARCH, format!("the package `{}` has no parameter", package.name.text))
                    .label(package.name.span, "its first parameter is the architecture")
                    .help(format!("write `package {}(arch) {{ ... }}`", package.name.text)),
            );
        }
        let mut params = Vec::with_capacity(package.params.len());
        for param in &package.params {
            let ParamKind::Name(name) = &param.kind else {
                self.report(
                    Diagnostic::error(codes::ARCH, "a parameter of a package is a name")
                        .label(param.span, "this takes a record apart"),
                );
                continue;
            };
            let name = self.symbol(&name.text);
            let default = param.default.as_ref().map(|default| {
                let (body, scope) = self.in_package(shared, |this| this.expr(default));
                self.alloc(Code { body, slots: scope.slots, name: Some(name) })
            });
            let contract = param.annotation.as_ref().map(|ty| self.contract(ty));
            params.push(PackageParam { name, default, contract });
        }
        self.slice(params)
    }

    fn members(&mut self, bindings: &[Binding], shared: &Rc<[(Symbol, u32)]>, fields: bool) -> &'v [Member<'v>] {
        let mut members = Vec::with_capacity(bindings.len());
        for binding in bindings {
            let name = self.symbol(&binding.name.text);
            let mut known = None;
            if fields {
                known = self.eval.packages.contract(name);
                if known.is_none() {
                    self.unknown_field("package", &binding.name, &PACKAGE_FIELDS);
                }
            }
            let (body, scope) = self.in_package(shared, |this| this.member(binding, known));
            let slot = shared.iter().rev().find(|shown| shown.0 == name).map_or(0, |shown| shown.1);
            let code = Code { body, slots: scope.slots, name: Some(name) };
            members.push(Member { name, slot, code });
        }
        self.slice(members)
    }

    /// A field's value, behind its own annotation and what is known of the field.
    fn member(&mut self, binding: &Binding, known: Option<Contract<'v>>) -> Node<'v> {
        let value = self.annotated(binding);
        match known {
            Some(contract) if !is_right_constant(binding) => {
                Node { span: value.span, kind: Kind::Annotated(self.alloc((value, contract))) }
            }
            _ => value,
        }
    }

    fn unknown_field(&mut self, what: &str, name: &ast::Name, known: &[&str]) {
        let mut diagnostic = Diagnostic::error(codes::PACKAGE_FIELD, format!("a {what} has no field `{}`", name.text))
            .label(name.span, "set here")
            .note(format!("its fields are {}", known.join(", ")));
        if let Some(near) = xb_core::nearest(&name.text, known.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        } else if what == "package" {
            diagnostic = diagnostic.help(format!("a helper of your own is a `let {} = ...`", name.text));
        }
        self.report(diagnostic);
    }

    fn release(&mut self, release: &ast::Release) -> Value<'v> {
        let mut fields = Vec::with_capacity(release.fields.len());
        for binding in &release.fields {
            if !RELEASE_FIELDS.contains(&&*binding.name.text) {
                self.unknown_field("release", &binding.name, &RELEASE_FIELDS);
            }
            let name = self.symbol(&binding.name.text);
            let known = self.eval.packages.release_contract(name);
            fields.push((name, self.top_level(Some(name), |this| this.member(binding, known))));
        }
        Value::Release(self.alloc(ReleaseValue {
            name: self.eval.arena.alloc_str(&release.name.text),
            fields: Record::new(self.eval.arena, fields),
        }))
    }
}

/// A constant whose type is right needs no check: most versions, licences and scripts.
fn is_right_constant(binding: &Binding) -> bool {
    is_constant(&binding.value)
        && match &*binding.name.text {
            "name" | "version" | "summary" | "license" | "homepage" => {
                matches!(binding.value.kind, ast::ExprKind::String(_))
            }
            "build" | "check" => matches!(binding.value.kind, ast::ExprKind::Script(_)),
            "source" => matches!(binding.value.kind, ast::ExprKind::Path(_)),
            _ => false,
        }
}
