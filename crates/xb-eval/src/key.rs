//! What tells one call from another: arguments as bytes, equal where the arguments are.

use xb_core::Span;

use crate::evaluator::Evaluator;
use crate::failure::Result;
use crate::held::Held;
use crate::package::PackageFn;
use crate::record::Record;
use crate::value::Value;

/// A key on the way: values share their parts, so it is counted as it grows.
pub(crate) struct Key<'e, 'v> {
    bytes: Vec<u8>,
    held: Held<'e, 'v>,
}

impl<'e, 'v> Key<'e, 'v> {
    /// A key that begins with what is called.
    pub(crate) fn new(eval: &'e Evaluator<'v>, span: Span, called: &[u8]) -> Self {
        Self { bytes: called.to_vec(), held: Held::new(eval, span) }
    }

    /// The key, which is kept as long as the evaluation.
    pub(crate) fn kept(self) -> Vec<u8> {
        self.held.keep();
        self.bytes
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn push(&mut self, tag: u8, more: &[u8]) -> Result<()> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = length.saturating_add(more.len()).saturating_add(1);
        if needed > capacity {
            let wanted = needed.max(capacity.saturating_mul(2));
            self.held.more(wanted - capacity)?;
            self.bytes.reserve_exact(wanted - length);
        }
        self.bytes.push(tag);
        self.bytes.extend_from_slice(more);
        Ok(())
    }

    fn text(&mut self, tag: u8, text: &str) -> Result<()> {
        self.push(tag, &text.len().to_le_bytes())?;
        self.push(tag, text.as_bytes())
    }

    /// Adds a value; false when it is no plain data.
    fn value(&mut self, value: Value<'v>) -> Result<bool> {
        let (eval, span) = (self.held.eval, self.held.span);
        match eval.force(value)? {
            Value::Null => self.push(b'n', &[])?,
            Value::Bool(value) => self.push(b'b', &[u8::from(value)])?,
            Value::Int(value) => self.push(b'i', &value.to_le_bytes())?,
            Value::Float(value) => self.push(b'f', &value.to_bits().to_le_bytes())?,
            Value::String(text) => self.text(b's', text)?,
            Value::Script(text) => self.text(b'h', text)?,
            Value::Arch(arch) => self.text(b'a', arch.debian())?,
            Value::Instance(instance) => self.push(b'p', &instance.id.to_le_bytes())?,
            Value::Package(package) => self.push(b'q', &package.id.to_le_bytes())?,
            Value::List(items) => return eval.enter(span, || self.list(items)),
            Value::Record(record) => return eval.enter(span, || self.record(record)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Adds a list; false when it is no plain data.
    pub(crate) fn list(&mut self, items: &[Value<'v>]) -> Result<bool> {
        self.push(b'[', &items.len().to_le_bytes())?;
        for item in items {
            if !self.value(*item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn record(&mut self, record: &Record<'v>) -> Result<bool> {
        self.push(b'{', &record.len().to_le_bytes())?;
        for (name, value) in record.fields() {
            self.push(b'.', &name.0.to_le_bytes())?;
            if !self.value(value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<'v> Evaluator<'v> {
    /// What tells one call of a package from another; none when an argument is no plain data.
    pub(crate) fn instance_key(
        &self,
        package: &PackageFn<'v>,
        args: &[Option<Value<'v>>],
        span: Span,
    ) -> Result<Option<Key<'_, 'v>>> {
        let mut key = Key::new(self, span, &package.id.to_le_bytes());
        for arg in args {
            match arg {
                None => key.push(b'-', &[])?,
                Some(value) if key.value(*value)? => {}
                Some(_) => return Ok(None),
            }
        }
        Ok(Some(key))
    }
}
