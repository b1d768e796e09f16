//! What packages say about themselves, for what is told about what was made of them.

use xb_graph::{Description, NodeId};

use crate::evaluator::Evaluator;
use crate::failure::Result;
use crate::package::Instance;
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// Notes what a package says about itself; of packages that are built alike, what the first one says.
    pub(super) fn describe(&self, instance: &'v Instance<'v>, choice: NodeId) -> Result<()> {
        let place = instance.package.code.place;
        let text = |field| -> Result<Option<String>> {
            Ok(match self.package_field(instance, field)? {
                Value::String(text) => Some((*text).to_owned()),
                _ => None,
            })
        };
        let needs = self.needs_of(instance, place)?.iter().map(|need| self.choice(need, place));
        let description = Description {
            name: text("name")?.unwrap_or_else(|| instance.package.code.title.to_owned()),
            version: text("version")?,
            license: text("license")?,
            homepage: text("homepage")?,
            needs: needs.collect::<Result<_>>()?,
            source: match self.package_field(instance, "source")? {
                Value::Instance(source) => Some(self.choice(source, place)?),
                _ => None,
            },
        };
        self.graph.borrow_mut().descriptions.entry(choice).or_insert(description);
        Ok(())
    }
}
