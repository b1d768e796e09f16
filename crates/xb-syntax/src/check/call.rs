//! Calls of functions and packages that are defined in the same file.

use xb_core::{Diagnostic, Span, nearest};

use super::Checker;
use crate::ast::{Argument, Expr, ExprKind, Param, ParamKind};
use crate::codes;

/// The parameters of what is written out as a function.
pub(super) fn params_of(value: &Expr) -> Option<&[Param]> {
    match &value.kind {
        ExprKind::Function(function) => Some(&function.params),
        _ => None,
    }
}

impl Checker<'_> {
    /// Checks the arguments of a call against the parameters; `piped` come before the written ones.
    pub(super) fn arguments(
        &mut self,
        callee: &str,
        params: &[Param],
        arguments: &[Argument],
        piped: usize,
        call: Span,
    ) {
        let positional = piped + arguments.iter().filter(|argument| argument.name.is_none()).count();
        if positional > params.len() {
            return self.too_many(callee, params, positional, call);
        }
        let mut given: Vec<bool> = (0..params.len()).map(|index| index < positional).collect();
        for name in arguments.iter().filter_map(|argument| argument.name.as_ref()) {
            match params.iter().position(|param| param_name(param) == Some(&*name.text)) {
                Some(index) if given[index] => self.given_twice(&name.text, name.span),
                Some(index) => given[index] = true,
                None => self.no_parameter(callee, params, &name.text, name.span),
            }
        }
        for (param, _) in params.iter().zip(given).filter(|(param, given)| !given && param.default.is_none()) {
            self.missing(callee, param, call);
        }
    }

    fn too_many(&mut self, callee: &str, params: &[Param], given: usize, call: Span) {
        let message = format!("`{callee}` takes {}, {given} are given", count(params.len()));
        let mut diagnostic = Diagnostic::error(codes::ARITY, message).label(call, "in this call");
        if let [first, .., last] | [first @ last] = params {
            diagnostic = diagnostic.label(first.span.to(last.span), "its parameters");
        }
        self.say(diagnostic);
    }

    fn missing(&mut self, callee: &str, param: &Param, call: Span) {
        let name = param_name(param).unwrap_or("{ ... }");
        self.say(
            Diagnostic::error(codes::ARITY, format!("`{callee}` needs an argument for `{name}`"))
                .label(call, "which this call does not give")
                .label(param.span, "the parameter has no default"),
        );
    }

    fn given_twice(&mut self, name: &str, span: Span) {
        self.say(
            Diagnostic::error(codes::ARITY, format!("the argument `{name}` is given twice"))
                .label(span, "it has been given already, by its position or its name"),
        );
    }

    fn no_parameter(&mut self, callee: &str, params: &[Param], name: &str, span: Span) {
        let diagnostic = Diagnostic::error(codes::ARITY, format!("`{callee}` has no parameter `{name}`"))
            .label(span, "no parameter is called so");
        self.say(match nearest(name, params.iter().filter_map(param_name)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        });
    }
}

fn param_name(param: &Param) -> Option<&str> {
    match &param.kind {
        ParamKind::Name(name) => Some(&name.text),
        ParamKind::Record { .. } => None,
    }
}

fn count(params: usize) -> String {
    match params {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        _ => format!("{params} arguments"),
    }
}
