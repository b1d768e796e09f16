//! What a package asks of the processors that will run its result.

use xb_core::Baseline;

use crate::codes;
use crate::evaluator::Evaluator;
use crate::failure::{Failure, Result};
use crate::package::Instance;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// What compilers are told of it: null where every processor of the architecture will do.
    pub(super) fn raised_baseline(&self, instance: &'v Instance<'v>) -> Result<Value<'v>> {
        let baseline = self.baseline(instance)?;
        Ok(if baseline == Baseline::lowest(instance.arch) { Value::Null } else { self.string(&baseline.to_string()) })
    }

    /// What every processor has that runs a package's result: its field `baseline`, or else what each of its
    /// architecture has.
    pub(super) fn baseline(&self, instance: &'v Instance<'v>) -> Result<Baseline> {
        let lowest = Baseline::lowest(instance.arch);
        let Value::Record(baselines) = self.package_field(instance, "baseline")? else {
            return Ok(lowest);
        };
        let Some(asked) = baselines.get(self.symbol(instance.arch.debian())) else {
            return Ok(lowest);
        };
        let Value::String(name) = self.force(asked)? else {
            return Ok(lowest);
        };
        Baseline::parse(instance.arch, name).map_err(|unknown| {
            Failure::new(codes::FIELD_TYPE, unknown.to_string())
                .at(self.field_place(instance.package.code, "baseline"), "set here")
                .note(format!("it is what compilers take behind `-march=`: {}", unknown.known()))
        })
    }
}
