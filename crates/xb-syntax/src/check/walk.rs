//! The walk over items' values: every expression, pattern and type.

use xb_core::{Diagnostic, Span, nearest};

use super::Checker;
use super::scope::Kind;
use crate::ast::{
    Argument, Arm, BinaryOp, Binding, Clause, Expr, ExprKind, Function, Key, ListItem, Name, Param, ParamKind, Pattern,
    PatternKind, RecordItem, StringPart, Type, TypeKind,
};
use crate::codes;

impl<'a> Checker<'a> {
    pub(super) fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Script(_)
            | ExprKind::Path(_)
            | ExprKind::Invalid => {}
            ExprKind::Name(name) => {
                self.name(name, expr.span);
            }
            ExprKind::String(parts) => self.string(parts),
            ExprKind::List(items) => items.iter().for_each(|item| self.list_item(item)),
            ExprKind::ListFor(value, clauses) => self.clauses(clauses, &mut |this| this.expr(value)),
            ExprKind::Record(items) => self.record(items),
            ExprKind::RecordFor(key, value, clauses) => self.clauses(clauses, &mut |this| {
                this.expr(key);
                this.expr(value);
            }),
            ExprKind::Function(function) => self.function(function),
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, 0, expr.span),
            ExprKind::Field(base, key) | ExprKind::MaybeField(base, key) => {
                self.expr(base);
                self.key(key);
            }
            ExprKind::With(base, change) => self.all([base, change]),
            ExprKind::Unary(_, value) | ExprKind::Error(value) => self.expr(value),
            ExprKind::Binary(BinaryOp::Pipe, left, right) => self.pipe(left, right, expr.span),
            ExprKind::Binary(_, left, right) => self.all([left, right]),
            ExprKind::Let(bindings, body) => self.let_in(bindings, body),
            ExprKind::If(condition, then, otherwise) => self.all([condition, then, otherwise]),
            ExprKind::Match(value, arms) => {
                self.expr(value);
                arms.iter().for_each(|arm| self.arm(arm));
            }
            ExprKind::Assert(condition, message, body) => {
                self.expr(condition);
                message.iter().for_each(|message| self.expr(message));
                self.expr(body);
            }
            ExprKind::Annotated(value, annotation) => {
                self.expr(value);
                self.annotation(annotation);
            }
        }
    }

    fn all<const N: usize>(&mut self, parts: [&'a Expr; N]) {
        parts.into_iter().for_each(|part| self.expr(part));
    }

    fn string(&mut self, parts: &'a [StringPart]) {
        for part in parts {
            if let StringPart::Expr(value) = part {
                self.expr(value);
            }
        }
    }

    fn list_item(&mut self, item: &'a ListItem) {
        match item {
            ListItem::Value(value) | ListItem::Spread(value) => self.expr(value),
        }
    }

    fn record(&mut self, items: &'a [RecordItem]) {
        let mut seen: Vec<&'a Name> = Vec::new();
        for item in items {
            match item {
                RecordItem::Field { key, annotation, value } => {
                    if let Key::Name(name) = key {
                        seen.push(name);
                    }
                    self.key(key);
                    annotation.iter().for_each(|annotation| self.annotation(annotation));
                    self.expr(value);
                }
                RecordItem::Nested { keys, value } => {
                    keys.iter().for_each(|key| self.key(key));
                    self.expr(value);
                }
                RecordItem::Short(name) => {
                    seen.push(name);
                    self.name(&name.text, name.span);
                }
                RecordItem::Spread(value) => self.expr(value),
            }
        }
        self.repeated(seen);
    }

    /// Says which of these names are the same.
    fn repeated(&mut self, mut names: Vec<&'a Name>) {
        names.sort_by(|a, b| a.text.cmp(&b.text).then(a.span.cmp(&b.span)));
        for pair in names.windows(2) {
            if let [first, second] = pair
                && first.text == second.text
            {
                self.twice(&second.text, second.span, first.span);
            }
        }
    }

    fn key(&mut self, key: &'a Key) {
        if let Key::Expr(value) = key {
            self.expr(value);
        }
    }

    /// `callee(arguments)`, with this many arguments piped in before them.
    fn call(&mut self, callee: &'a Expr, arguments: &'a [Argument], piped: usize, span: Span) {
        if let ExprKind::Name(name) = &callee.kind {
            if let Some(params) = self.name(name, callee.span).and_then(|known| known.params) {
                self.arguments(name, params, arguments, piped, span);
            }
        } else {
            self.expr(callee);
        }
        arguments.iter().for_each(|argument| self.expr(&argument.value));
    }

    /// `left |> right`: the left value is the first argument of the right one's call.
    fn pipe(&mut self, left: &'a Expr, right: &'a Expr, span: Span) {
        self.expr(left);
        match &right.kind {
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, 1, span),
            _ => self.call(right, &[], 1, span),
        }
    }

    pub(super) fn function(&mut self, function: &'a Function) {
        self.scoped(|this| {
            this.params(&function.params);
            function.result.iter().for_each(|result| this.annotation(result));
            this.expr(&function.body);
        });
    }

    /// Binds parameters, then checks their defaults, which see them all.
    pub(super) fn params(&mut self, params: &'a [Param]) {
        for param in params {
            match &param.kind {
                ParamKind::Name(name) => self.bind(name, Kind::Param, None),
                ParamKind::Record { fields, .. } => {
                    fields.iter().for_each(|(name, _)| self.bind(name, Kind::Param, None));
                }
            }
        }
        for param in params {
            param.annotation.iter().for_each(|annotation| self.annotation(annotation));
            param.default.iter().for_each(|default| self.expr(default));
            if let ParamKind::Record { fields, .. } = &param.kind {
                fields.iter().flat_map(|(_, default)| default).for_each(|default| self.expr(default));
            }
        }
    }

    fn let_in(&mut self, bindings: &'a [Binding], body: &'a Expr) {
        self.scoped(|this| {
            for binding in bindings {
                this.bind(&binding.name, Kind::Let, Some(&binding.value));
            }
            bindings.iter().for_each(|binding| this.binding(binding));
            this.expr(body);
        });
    }

    /// The annotation and the value of a binding whose name is bound already.
    pub(super) fn binding(&mut self, binding: &'a Binding) {
        binding.annotation.iter().for_each(|annotation| self.annotation(annotation));
        match &binding.value.kind {
            ExprKind::Name(name) if *name == binding.name.text => self.needs_itself(binding),
            _ => self.expr(&binding.value),
        }
    }

    fn needs_itself(&mut self, binding: &'a Binding) {
        let name = &binding.name.text;
        self.say(
            Diagnostic::error(codes::NEEDS_ITSELF, format!("`{name}` is defined as itself"))
                .label(binding.value.span, "this is the same name, not an outer one")
                .note("bindings and fields of packages see themselves, so that they can use each other")
                .help("give one of the two another name"),
        );
    }

    fn clauses(&mut self, clauses: &'a [Clause], value: &mut dyn FnMut(&mut Self)) {
        let Some((first, rest)) = clauses.split_first() else {
            return value(self);
        };
        match first {
            Clause::If(condition) => {
                self.expr(condition);
                self.clauses(rest, value);
            }
            Clause::For(pattern, list) => {
                self.expr(list);
                self.scoped(|this| {
                    this.pattern(pattern);
                    this.clauses(rest, value);
                });
            }
        }
    }

    fn arm(&mut self, arm: &'a Arm) {
        self.scoped(|this| {
            this.pattern(&arm.pattern);
            arm.guard.iter().for_each(|guard| this.expr(guard));
            this.expr(&arm.value);
        });
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        match &pattern.kind {
            PatternKind::Any | PatternKind::Literal(_) => {}
            PatternKind::Bind(name) => self.bind_text(name, pattern.span, Kind::Param, None),
            PatternKind::List(items, rest) => {
                items.iter().for_each(|item| self.pattern(item));
                rest.iter().flatten().for_each(|name| self.bind(name, Kind::Param, None));
            }
            PatternKind::Record(fields, _) => {
                for (name, inner) in fields {
                    match inner {
                        Some(inner) => self.pattern(inner),
                        None => self.bind(name, Kind::Param, None),
                    }
                }
            }
            PatternKind::Or(options) => options.iter().for_each(|option| self.pattern(option)),
        }
    }

    pub(super) fn annotation(&mut self, annotation: &'a Type) {
        match &annotation.kind {
            TypeKind::Name(name) => self.type_name(name, annotation.span),
            TypeKind::Literal(_) => {}
            TypeKind::List(inner) | TypeKind::Map(inner) | TypeKind::Optional(inner) => self.annotation(inner),
            TypeKind::Record(fields, _) => fields.iter().for_each(|(_, _, inner)| self.annotation(inner)),
            TypeKind::Function(params, result) => {
                params.iter().for_each(|param| self.annotation(param));
                self.annotation(result);
            }
            TypeKind::Union(options) => options.iter().for_each(|option| self.annotation(option)),
        }
    }

    fn type_name(&mut self, name: &str, span: Span) {
        if self.globals.types.contains(name) {
            return;
        }
        let diagnostic = Diagnostic::error(codes::UNKNOWN_TYPE, format!("unknown type `{name}`"))
            .label(span, "there is no such type");
        let near = nearest(name, self.globals.types.iter().map(String::as_str));
        self.say(match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("`Any` allows every value"),
        });
    }
}
