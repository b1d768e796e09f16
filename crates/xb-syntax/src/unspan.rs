//! Trees without their places and comments, to compare what two texts say.

use std::sync::Arc;

use xb_core::{FileId, Span};

use crate::ast::{
    Argument, Arm, Binding, Clause, Expr, ExprKind, File, Function, Item, Key, ListItem, Name, Param, ParamKind,
    Pattern, PatternKind, RecordItem, StringPart, Type, TypeKind, UseSource,
};
use crate::parse::on_large_stack;

/// The same file with every place set to nowhere and without comments: files that differ only in layout are equal.
#[must_use]
pub fn without_spans(mut file: File) -> File {
    on_large_stack(|| {
        file.items.iter_mut().for_each(item);
        file.value.iter_mut().for_each(expr);
    });
    file
}

const NOWHERE: Span = Span::new(FileId(0), 0, 0);

fn item(item: &mut Item) {
    match item {
        Item::Use(used) => {
            used.span = NOWHERE;
            match &mut used.source {
                UseSource::Std(names) => names.iter_mut().for_each(name),
                UseSource::File { span, .. } => *span = NOWHERE,
            }
            for (there, here) in &mut used.names {
                name(there);
                name(here);
            }
            used.whole.iter_mut().for_each(name);
        }
        Item::Let(bound) => binding(bound),
        Item::Package(package) => {
            package.span = NOWHERE;
            package.doc = None;
            name(&mut package.name);
            package.params.iter_mut().for_each(param);
            package.lets.iter_mut().chain(&mut package.fields).for_each(binding);
        }
        Item::Release(release) => {
            release.span = NOWHERE;
            name(&mut release.name);
            release.fields.iter_mut().for_each(binding);
        }
        Item::Error(span) => *span = NOWHERE,
    }
}

fn name(name: &mut Name) {
    name.span = NOWHERE;
}

fn binding(binding: &mut Binding) {
    binding.doc = None;
    name(&mut binding.name);
    binding.annotation.iter_mut().for_each(annotation);
    expr(&mut binding.value);
}

fn param(param: &mut Param) {
    param.span = NOWHERE;
    match &mut param.kind {
        ParamKind::Name(bound) => name(bound),
        ParamKind::Record { fields, .. } => {
            for (field, default) in fields {
                name(field);
                default.iter_mut().for_each(expr);
            }
        }
    }
    param.annotation.iter_mut().for_each(annotation);
    param.default.iter_mut().for_each(expr);
}

fn expr(value: &mut Expr) {
    value.span = NOWHERE;
    match &mut value.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Script(_)
        | ExprKind::Path(_)
        | ExprKind::Name(_)
        | ExprKind::Invalid => {}
        ExprKind::String(parts) => parts.iter_mut().for_each(string_part),
        ExprKind::List(items) => items.iter_mut().for_each(list_item),
        ExprKind::ListFor(value, clauses) => {
            expr(value);
            clauses.iter_mut().for_each(clause);
        }
        ExprKind::Record(items) => items.iter_mut().for_each(record_item),
        ExprKind::RecordFor(key, value, clauses) => {
            expr(key);
            expr(value);
            clauses.iter_mut().for_each(clause);
        }
        ExprKind::Function(shared) => function(shared),
        ExprKind::Call(callee, arguments) => {
            expr(callee);
            arguments.iter_mut().for_each(argument);
        }
        ExprKind::Field(base, field) | ExprKind::MaybeField(base, field) => {
            expr(base);
            key(field);
        }
        ExprKind::With(base, change) => [base, change].into_iter().for_each(|part| expr(part)),
        ExprKind::Unary(_, value) | ExprKind::Error(value) => expr(value),
        ExprKind::Binary(_, left, right) => [left, right].into_iter().for_each(|part| expr(part)),
        ExprKind::Let(bindings, body) => {
            bindings.iter_mut().for_each(binding);
            expr(body);
        }
        ExprKind::If(condition, then, otherwise) => {
            [condition, then, otherwise].into_iter().for_each(|part| expr(part));
        }
        ExprKind::Match(value, arms) => {
            expr(value);
            arms.iter_mut().for_each(arm);
        }
        ExprKind::Assert(condition, message, body) => {
            expr(condition);
            message.iter_mut().for_each(|message| expr(message));
            expr(body);
        }
        ExprKind::Annotated(value, kind) => {
            expr(value);
            annotation(kind);
        }
    }
}

fn function(shared: &mut Arc<Function>) {
    let mut own = Function::clone(shared);
    own.params.iter_mut().for_each(param);
    own.result.iter_mut().for_each(annotation);
    expr(&mut own.body);
    *shared = Arc::new(own);
}

fn string_part(part: &mut StringPart) {
    if let StringPart::Expr(value) = part {
        expr(value);
    }
}

fn list_item(item: &mut ListItem) {
    match item {
        ListItem::Value(value) | ListItem::Spread(value) => expr(value),
    }
}

fn record_item(item: &mut RecordItem) {
    match item {
        RecordItem::Field { key: field, annotation: kind, value } => {
            key(field);
            kind.iter_mut().for_each(annotation);
            expr(value);
        }
        RecordItem::Nested { keys, value } => {
            keys.iter_mut().for_each(key);
            expr(value);
        }
        RecordItem::Short(short) => name(short),
        RecordItem::Spread(value) => expr(value),
    }
}

fn key(key: &mut Key) {
    match key {
        Key::Name(field) => name(field),
        Key::Expr(value) => expr(value),
    }
}

fn argument(argument: &mut Argument) {
    argument.name.iter_mut().for_each(name);
    expr(&mut argument.value);
}

fn clause(clause: &mut Clause) {
    match clause {
        Clause::For(bound, list) => {
            pattern(bound);
            expr(list);
        }
        Clause::If(condition) => expr(condition),
    }
}

fn arm(arm: &mut Arm) {
    pattern(&mut arm.pattern);
    arm.guard.iter_mut().for_each(expr);
    expr(&mut arm.value);
}

fn pattern(value: &mut Pattern) {
    value.span = NOWHERE;
    match &mut value.kind {
        PatternKind::Any | PatternKind::Bind(_) => {}
        PatternKind::Literal(literal) => expr(literal),
        PatternKind::List(items, rest) => {
            items.iter_mut().for_each(pattern);
            rest.iter_mut().flatten().for_each(name);
        }
        PatternKind::Record(fields, _) => {
            for (field, inner) in fields {
                name(field);
                inner.iter_mut().for_each(pattern);
            }
        }
        PatternKind::Or(options) => options.iter_mut().for_each(pattern),
    }
}

fn annotation(value: &mut Type) {
    value.span = NOWHERE;
    match &mut value.kind {
        TypeKind::Name(_) | TypeKind::Literal(_) => {}
        TypeKind::List(inner) | TypeKind::Map(inner) | TypeKind::Optional(inner) => annotation(inner),
        TypeKind::Record(fields, _) => {
            for (field, _, inner) in fields {
                name(field);
                annotation(inner);
            }
        }
        TypeKind::Function(params, result) => {
            params.iter_mut().for_each(annotation);
            annotation(result);
        }
        TypeKind::Union(options) => options.iter_mut().for_each(annotation),
    }
}
