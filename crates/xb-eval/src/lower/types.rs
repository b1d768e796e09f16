//! Type annotations.

use xb_syntax::ast::{self, TypeKind};

use xb_core::Diagnostic;

use super::Lowering;
use crate::codes;
use crate::contract::{Contract, Simple, Type};

/// How deep types may be nested.
const NESTING: usize = 256;

impl<'v> Lowering<'_, 'v> {
    pub(super) fn contract(&mut self, ty: &ast::Type) -> Contract<'v> {
        let lowered = self.ty(ty);
        Contract { ty: self.alloc(lowered), span: ty.span }
    }

    fn ty(&mut self, ty: &ast::Type) -> Type<'v> {
        self.types += 1;
        let lowered = if self.types <= NESTING { self.kind_of_type(ty) } else { self.too_deep(ty) };
        self.types -= 1;
        lowered
    }

    fn too_deep(&mut self, ty: &ast::Type) -> Type<'v> {
        self.report_too_deep("a type is nested", NESTING, ty.span);
        Type::Any
    }

    fn kind_of_type(&mut self, ty: &ast::Type) -> Type<'v> {
        match &ty.kind {
            TypeKind::Name(name) => self.named_type(name, ty),
            TypeKind::Literal(text) => Type::Literal(self.eval.arena.alloc_str(text)),
            TypeKind::List(element) => Type::List(self.boxed_type(element)),
            TypeKind::Map(element) => Type::Map(self.boxed_type(element)),
            TypeKind::Record(fields, open) => {
                let fields = fields
                    .iter()
                    .map(|(name, optional, ty)| (self.symbol(&name.text), *optional, self.ty(ty)))
                    .collect();
                Type::Record(self.slice(fields), *open)
            }
            TypeKind::Function(parameters, result) => Type::Function(self.types(parameters), self.boxed_type(result)),
            TypeKind::Union(types) => {
                self.refuse_alike(types, ty);
                Type::Union(self.types(types))
            }
            TypeKind::Optional(inner) => {
                let types = vec![self.ty(inner), Type::Simple(Simple::Null)];
                Type::Union(self.slice(types))
            }
        }
    }

    /// Which of two kinds of list or of function a value is shows only once parts of it are evaluated, and it is checked
    /// before.
    fn refuse_alike(&mut self, types: &[ast::Type], ty: &ast::Type) {
        let mut alternatives = Vec::new();
        flatten(types, &mut alternatives);
        let number = |is_it: fn(&TypeKind) -> bool| alternatives.iter().filter(|kind| is_it(kind)).count();
        let lists = number(|kind| matches!(kind, TypeKind::List(_)));
        let functions = number(|kind| matches!(kind, TypeKind::Function(..)));
        let maps = number(|kind| matches!(kind, TypeKind::Map(_)));
        if lists.max(functions).max(maps) > 1 {
            self.report(
                Diagnostic::error(codes::ALIKE, "alternatives of this type cannot be told apart")
                    .label(ty.span, "two of them are lists, functions or maps")
                    .help("put the choice inside: `[Int | String]` in place of `[Int] | [String]`"),
            );
        }
    }

    fn boxed_type(&mut self, ty: &ast::Type) -> &'v Type<'v> {
        let ty = self.ty(ty);
        self.alloc(ty)
    }

    fn types(&mut self, types: &[ast::Type]) -> &'v [Type<'v>] {
        let types = types.iter().map(|ty| self.ty(ty)).collect();
        self.slice(types)
    }

    fn named_type(&mut self, name: &str, ty: &ast::Type) -> Type<'v> {
        if name == "Any" {
            return Type::Any;
        }
        match Simple::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, simple)) => Type::Simple(*simple),
            None => {
                self.unknown_type(name, ty.span);
                Type::Any
            }
        }
    }
}

/// The alternatives of a choice, those of choices within it too.
fn flatten<'t>(types: &'t [ast::Type], into: &mut Vec<&'t TypeKind>) {
    for ty in types {
        match &ty.kind {
            TypeKind::Union(types) => flatten(types, into),
            TypeKind::Optional(inner) => flatten(std::slice::from_ref(inner), into),
            kind => into.push(kind),
        }
    }
}
