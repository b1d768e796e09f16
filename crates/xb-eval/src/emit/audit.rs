//! What an audit of a result needs: the root in which it will run, and what its description says about findings.

use std::collections::BTreeMap;

use xb_graph::{NodeId, PolicyRule};

use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::package::Instance;
use crate::stdlib;
use crate::value::Value;

/// What no build may leave, unless its package says so.
const WRONG_ARCHITECTURE: &str = "wrong-architecture";

/// The kinds of findings that a package's field `audit` can name.
pub const AUDIT_KINDS: [&str; 17] = [
    WRONG_ARCHITECTURE,
    "cpu-baseline",
    "cpu-instructions",
    "missing-interpreter",
    "unresolved-library",
    "library-order",
    "build-path",
    "build-path-string",
    "foreign-name",
    "foreign-name-string",
    "build-host",
    "build-time",
    "set-id",
    "file-mode",
    "probe-parity",
    "probe-value",
    "broken-file",
];

/// How grave they can be.
pub const AUDIT_LEVELS: [&str; 4] = ["off", "info", "warn", "error"];

impl<'v> Evaluator<'v> {
    /// The tree in which a package's result will run, where an audit was asked for.
    pub(super) fn audit_root(&self, instance: &'v Instance<'v>) -> Result<Option<NodeId>> {
        if !self.emission.audits.get() {
            return Ok(None);
        }
        let place = instance.package.code.place;
        let module = self.module(&stdlib::file("audit.xb"), NOWHERE)?;
        let function = self.field(self.force(module.value)?, self.symbol("root"), place, place)?;
        let root = self.apply(function, &[Value::Instance(instance)], place)?;
        Ok(Some(self.to_input(root, place)?.node))
    }

    /// Whether a package says that code for other architectures in its result is no error.
    pub(crate) fn accepts_any_code(&self, instance: &'v Instance<'v>) -> Result<bool> {
        let policy = self.policy(instance)?;
        Ok(policy.get(WRONG_ARCHITECTURE).is_some_and(|rule| rule.level != "error"))
    }

    /// What a package says about findings, by their kinds.
    pub(super) fn policy(&self, instance: &'v Instance<'v>) -> Result<BTreeMap<String, PolicyRule>> {
        let mut policy = BTreeMap::new();
        let Value::Record(rules) = self.package_field(instance, "audit")? else {
            return Ok(policy);
        };
        let place = self.field_place(instance.package.code, "audit");
        for (kind, rule) in self.sorted(rules) {
            if !AUDIT_KINDS.contains(&kind) {
                return Err(Failure::new(codes::FIELD_TYPE, format!("there is no kind of finding `{kind}`"))
                    .at(place, "named here")
                    .meant(kind, AUDIT_KINDS)
                    .note(format!("an audit finds {}", AUDIT_KINDS.join(", "))));
            }
            let rule = self.force(rule)?;
            let text = |name: &str| match self.field(rule, self.symbol(name), place, place)? {
                Value::String(text) => Ok((*text).to_owned()),
                other => Err(Failure::new(
                    codes::FIELD_TYPE,
                    format!("`{name}` of `{kind}` should be a string, not {}", other.kind()),
                )
                .at(place, "in this record")),
            };
            let (level, reason) = (text("level")?, text("reason")?);
            if reason.trim().is_empty() {
                return Err(Failure::new(codes::FIELD_TYPE, format!("the reason for `{kind}` is empty"))
                    .at(place, "in this record")
                    .help("say why findings of this kind are right, or wrong, for this package"));
            }
            policy.insert(kind.to_owned(), PolicyRule { level, reason });
        }
        Ok(policy)
    }
}
