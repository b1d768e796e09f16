//! What packages need: other packages, and names of the distribution's.

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;
use xb_core::Span;

use crate::codes;
use crate::evaluator::Evaluator;
use crate::failure::{Failure, Result};
use crate::package::Instance;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// The packages that a package needs itself, each for its own architecture.
    pub(crate) fn needs_of(&self, instance: &'v Instance<'v>, span: Span) -> Result<&'v [&'v Instance<'v>]> {
        if let Some(needs) = self.emission.needs.borrow().get(&instance.id) {
            return Ok(needs);
        }
        let mut needs: Vec<&'v Instance<'v>> = Vec::new();
        if let Value::List(items) = self.package_field(instance, "needs")? {
            for item in *items {
                let need = match self.force(*item)? {
                    Value::Instance(need) => need,
                    Value::Package(package) => {
                        match self.apply(Value::Package(package), &[Value::Arch(instance.arch)], span)? {
                            Value::Instance(need) => need,
                            _ => continue,
                        }
                    }
                    _ => continue,
                };
                if need.arch != instance.arch {
                    return Err(self.of_another_architecture(instance, need));
                }
                self.check_baseline(instance, need)?;
                if !needs.iter().any(|other| other.id == need.id) {
                    needs.push(need);
                }
            }
        }
        let needs: &'v [&'v Instance<'v>] = self.arena.alloc_slice_copy(&needs);
        self.emission.needs.borrow_mut().insert(instance.id, needs);
        Ok(needs)
    }

    /// Everything that a package needs, each once, needs first, without itself.
    pub(crate) fn closure_of(&self, instance: &'v Instance<'v>, span: Span) -> Result<Vec<&'v Instance<'v>>> {
        let mut seen = FxHashSet::from_iter([instance.id]);
        let mut closure = Vec::new();
        let mut stack = vec![(instance, 0)];
        while let Some((current, next)) = stack.pop() {
            let needs = self.needs_of(current, span)?;
            match needs.get(next) {
                Some(need) => {
                    stack.push((current, next + 1));
                    if seen.insert(need.id) {
                        stack.push((need, 0));
                    }
                }
                None if current.id != instance.id => closure.push(current),
                None => {}
            }
        }
        Ok(closure)
    }

    /// The names of the distribution's packages that a package and all its needs need, sorted.
    pub(crate) fn needs_names(&self, instance: &'v Instance<'v>, span: Span) -> Result<&'v [Value<'v>]> {
        if let Some(names) = self.emission.names.borrow().get(&instance.id) {
            return Ok(names);
        }
        let mut names: BTreeSet<&'v str> = BTreeSet::new();
        if let Value::List(items) = self.package_field(instance, "needs")? {
            for item in *items {
                if let Value::String(name) = self.force(*item)? {
                    names.insert(name);
                }
            }
        }
        for need in self.needs_of(instance, span)? {
            let inherited = self.deeper(|| self.needs_names(need, span))?;
            names.extend(inherited.iter().filter_map(|name| match name {
                Value::String(name) => Some(**name),
                _ => None,
            }));
        }
        let names = names.into_iter().map(|name| {
            let name: &'v &'v str = self.arena.alloc(name);
            Value::String(name)
        });
        let names: &'v [Value<'v>] = self.arena.alloc_slice_copy(&names.collect::<Vec<_>>());
        self.emission.names.borrow_mut().insert(instance.id, names);
        Ok(names)
    }

    /// What is linked into a result asks for no newer processor than the result says that it does.
    fn check_baseline(&self, instance: &'v Instance<'v>, need: &'v Instance<'v>) -> Result<()> {
        let (own, asked) = (self.baseline(instance)?, self.baseline(need)?);
        if own.covers(&asked) {
            return Ok(());
        }
        let (code, needed) = (instance.package.code, need.package.code);
        let (title, arch) = (code.title, instance.arch);
        let message = format!("`{title}` is for {own} and needs `{}`, which asks for {asked}", needed.title);
        Err(Failure::new(codes::NEED_BASELINE, message)
            .at(self.field_place(code, "needs"), "among these")
            .note("what a package needs is linked into its result, so the result runs only where both do")
            .help(format!("`baseline = {{ {} = \"{asked}\" }}` in `{title}` asks for as much", arch.debian())))
    }

    #[cold]
    fn of_another_architecture(&self, instance: &Instance<'v>, need: &Instance<'v>) -> Failure {
        let (code, needed) = (instance.package.code, need.package.code);
        let message = format!("`{}` for {} needs `{}` for {}", code.title, instance.arch, needed.title, need.arch);
        Failure::new(codes::OTHER_ARCH, message)
            .at(self.field_place(code, "needs"), "among these")
            .note("what a package needs is linked into its result, so both are for one architecture")
            .help(format!("write `{0}`, which is applied to the right architecture, or `{0}(arch)`", needed.name))
    }
}
