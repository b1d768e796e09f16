//! Functions and their parameters.

use rustc_hash::FxHashSet;
use xb_core::Span;
use xb_syntax::ast::{self, ParamKind};

use super::Lowering;
use crate::codes;
use crate::ir::{Code, Lambda, Param, RecordParam};
use crate::symbol::Symbol;

impl<'v> Lowering<'_, 'v> {
    pub(super) fn function(&mut self, function: &ast::Function, name: Option<Symbol>, span: Span) -> &'v Lambda<'v> {
        let ((params, body), scope) = self.in_scope(|this| {
            let params = this.params(&function.params);
            (params, this.expr(&function.body))
        });
        let result = function.result.as_ref().map(|ty| self.contract(ty));
        let plain = |param: &Param<'v>| param.name.is_some() && param.default.is_none() && param.contract.is_none();
        let lambda = Lambda {
            code: Code { body, slots: scope.slots, name },
            captures: self.slice(scope.captures),
            simple: result.is_none() && params.iter().all(plain),
            params,
            result,
            span,
        };
        self.alloc(lambda)
    }

    fn params(&mut self, params: &[ast::Param]) -> &'v [Param<'v>] {
        let mut seen = FxHashSet::default();
        for param in params {
            let slot = self.slot();
            if let ParamKind::Name(name) = &param.kind {
                self.show_once(name, slot, &mut seen);
            }
        }
        let slots: Vec<Vec<u32>> = params
            .iter()
            .map(|param| match &param.kind {
                ParamKind::Name(_) => Vec::new(),
                ParamKind::Record { fields, .. } => fields
                    .iter()
                    .map(|(name, _)| {
                        let slot = self.slot();
                        self.show_once(name, slot, &mut seen);
                        slot
                    })
                    .collect(),
            })
            .collect();
        let lowered = params.iter().zip(slots).map(|(param, slots)| self.param(param, &slots)).collect();
        self.slice(lowered)
    }

    fn show_once(&mut self, name: &ast::Name, slot: u32, seen: &mut FxHashSet<Symbol>) {
        let symbol = self.symbol(&name.text);
        if !seen.insert(symbol) {
            self.report_twice(codes::BOUND_TWICE, "the parameter", &name.text, name.span);
        }
        self.show(symbol, slot);
    }

    fn param(&mut self, param: &ast::Param, slots: &[u32]) -> Param<'v> {
        let (name, pattern) = match &param.kind {
            ParamKind::Name(name) => (Some(self.symbol(&name.text)), None),
            ParamKind::Record { fields, open } => {
                let fields = fields
                    .iter()
                    .zip(slots)
                    .map(|((name, default), slot)| {
                        let default = default.as_ref().map(|default| self.default(default));
                        (self.symbol(&name.text), *slot, default)
                    })
                    .collect();
                let fields = self.slice(fields);
                (None, Some(RecordParam { fields, open: *open }))
            }
        };
        Param {
            name,
            default: param.default.as_ref().map(|default| self.default(default)),
            contract: param.annotation.as_ref().map(|ty| self.contract(ty)),
            pattern,
            span: param.span,
        }
    }
}
