//! What is shipped in the place of a package: a package of the standard library's, whose source is the result.

use super::target::SHIPPED;
use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::package::{Instance, PackageCode, PackageFn};
use crate::stdlib;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// Whether a package says how it is shipped.
    pub(crate) fn is_shipped(&self, instance: &'v Instance<'v>) -> Result<bool> {
        Ok(!matches!(self.package_field(instance, "ship")?, Value::Null))
    }

    /// What is shipped in the place of a package. Its runs are called after the package, and come from where that is
    /// described.
    pub(crate) fn shipped(&self, instance: &'v Instance<'v>) -> Result<&'v Instance<'v>> {
        if let Some(shipped) = self.emission.shipped.borrow().get(&instance.id) {
            return Ok(shipped);
        }
        if !self.is_shipped(instance)? {
            return Err(not_shipped(instance));
        }
        let of = instance.package.code;
        let module = self.module(&stdlib::file("deb.xb"), NOWHERE)?;
        let function = self.field(self.force(module.value)?, self.symbol("debian_package"), of.place, of.place)?;
        let made = self.apply(function, &[Value::Arch(instance.arch), Value::Instance(instance)], of.place)?;
        let Value::Instance(made) = made else {
            return Err(Failure::new(codes::REALISE, "std gave no package to ship").at(of.place, "for this package"));
        };
        // What is wrong with the field is told of the field.
        self.package_field(made, "version").map_err(|failure| {
            failure.through(self.field_place(of, "ship"), || format!("in how `{}` is shipped", of.title))
        })?;
        let title = self.arena.alloc_str(&format!("{}{SHIPPED}", of.title));
        let code = self.arena.alloc(PackageCode { title, place: of.place, ..*made.package.code });
        let package = self.arena.alloc(PackageFn { code, ..*made.package });
        let shipped: &'v Instance<'v> = self.arena.alloc(Instance { package, ..*made });
        self.emission.shipped.borrow_mut().insert(instance.id, shipped);
        Ok(shipped)
    }
}

#[cold]
fn not_shipped(instance: &Instance<'_>) -> Failure {
    let code = instance.package.code;
    Failure::new(codes::NO_TARGET, format!("`{}` does not say how it is shipped", code.title))
        .at(code.place, "it has no field `ship`")
        .help("add `ship = deb { maintainer = \"Name <name@example.org>\" }`")
}
