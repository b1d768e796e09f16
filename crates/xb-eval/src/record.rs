//! Records: immutable maps from symbols to values that share what they have in common.
//!
//! Up to [`SMALL`] fields are a sorted array, which is quick to search and to copy. More are a balanced search
//! tree whose update copies one path: twelve nodes for a thousand fields, so folding over a large record costs
//! no more than folding over a list.

use bumpalo::Bump;

use crate::symbol::Symbol;
use crate::value::Value;

/// The largest number of fields that is kept as an array.
const SMALL: usize = 16;

/// A field: its name and its value, which may not be evaluated yet.
pub type Field<'v> = (Symbol, Value<'v>);

/// An immutable record.
#[derive(Clone, Copy)]
pub struct Record<'v>(Shape<'v>);

#[derive(Clone, Copy)]
enum Shape<'v> {
    Small(&'v [Field<'v>]),
    Large(&'v Branch<'v>),
}

type Link<'v> = Option<&'v Branch<'v>>;

/// A node of an AVL tree.
struct Branch<'v> {
    field: Field<'v>,
    left: Link<'v>,
    right: Link<'v>,
    height: u32,
    size: u32,
}

impl<'v> Record<'v> {
    /// The record without fields.
    pub const EMPTY: Self = Self(Shape::Small(&[]));

    /// A record of fields in any order; of equal names the last one counts.
    pub fn new(arena: &'v Bump, mut fields: Vec<Field<'v>>) -> Self {
        if !fields.is_sorted_by(|a, b| a.0 < b.0) {
            fields.reverse();
            fields.sort_by_key(|field| field.0);
            fields.dedup_by_key(|field| field.0);
        }
        Self::from_sorted(arena, &fields)
    }

    /// A record of fields that are sorted by symbol and have different names.
    pub(crate) fn from_sorted(arena: &'v Bump, fields: &[Field<'v>]) -> Self {
        if fields.len() <= SMALL {
            return Self(Shape::Small(arena.alloc_slice_copy(fields)));
        }
        balanced(arena, fields).map_or(Self::EMPTY, |root| Self(Shape::Large(root)))
    }

    /// A record of at most [`SMALL`] sorted fields that are in the arena already.
    pub(crate) fn from_slice(arena: &'v Bump, fields: &'v [Field<'v>]) -> Self {
        if fields.len() <= SMALL { Self(Shape::Small(fields)) } else { Self::from_sorted(arena, fields) }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        match self.0 {
            Shape::Small(fields) => fields.len(),
            Shape::Large(root) => root.size as usize,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, name: Symbol) -> Option<Value<'v>> {
        match self.0 {
            Shape::Small(fields) => fields.iter().find(|field| field.0 == name).map(|field| field.1),
            Shape::Large(root) => find(root, name),
        }
    }

    /// This record with one field set.
    #[must_use]
    pub fn set(&self, arena: &'v Bump, name: Symbol, value: Value<'v>) -> Self {
        match self.0 {
            Shape::Small(fields) => set_small(arena, fields, (name, value)),
            Shape::Large(root) => Self(Shape::Large(insert(arena, Some(root), (name, value)))),
        }
    }

    /// This record without the fields that are refused.
    #[must_use]
    pub fn retain(&self, arena: &'v Bump, mut keep: impl FnMut(Symbol) -> bool) -> Self {
        let mut fields = self.fields();
        fields.retain(|field| keep(field.0));
        Self::from_sorted(arena, &fields)
    }

    /// Both records' fields; where both have one, that of `upper`.
    #[must_use]
    pub fn merge(&self, arena: &'v Bump, upper: &Self) -> Self {
        if self.is_empty() {
            return *upper;
        }
        if upper.len() * 8 <= self.len() {
            return upper.fields().into_iter().fold(*self, |record, (name, value)| record.set(arena, name, value));
        }
        let mut fields = self.fields();
        fields.extend(upper.fields());
        Self::new(arena, fields)
    }

    /// How many bytes merging with `upper` may take, with those that it takes in passing.
    pub(crate) fn bytes_to_merge(&self, upper: &Self) -> usize {
        let each = size_of::<Branch<'v>>() + 2 * size_of::<Field<'v>>();
        (self.len() + upper.len()).saturating_mul(each)
    }

    /// The fields, sorted by symbol.
    pub fn fields(&self) -> Vec<Field<'v>> {
        match self.0 {
            Shape::Small(fields) => fields.to_vec(),
            Shape::Large(root) => {
                let mut fields = Vec::with_capacity(root.size as usize);
                walk(Some(root), &mut fields);
                fields
            }
        }
    }
}

fn set_small<'v>(arena: &'v Bump, fields: &'v [Field<'v>], field: Field<'v>) -> Record<'v> {
    let mut copy: smallvec::SmallVec<[Field<'v>; SMALL + 1]> = smallvec::SmallVec::from_slice(fields);
    match fields.binary_search_by_key(&field.0, |field| field.0) {
        Ok(at) => copy[at] = field,
        Err(at) => copy.insert(at, field),
    }
    Record::from_sorted(arena, &copy)
}

fn find<'v>(root: &'v Branch<'v>, name: Symbol) -> Option<Value<'v>> {
    let mut link = Some(root);
    while let Some(branch) = link {
        link = match name.cmp(&branch.field.0) {
            std::cmp::Ordering::Less => branch.left,
            std::cmp::Ordering::Equal => return Some(branch.field.1),
            std::cmp::Ordering::Greater => branch.right,
        };
    }
    None
}

fn walk<'v>(link: Link<'v>, fields: &mut Vec<Field<'v>>) {
    if let Some(branch) = link {
        walk(branch.left, fields);
        fields.push(branch.field);
        walk(branch.right, fields);
    }
}

fn balanced<'v>(arena: &'v Bump, fields: &[Field<'v>]) -> Link<'v> {
    if fields.is_empty() {
        return None;
    }
    let middle = fields.len() / 2;
    let left = balanced(arena, &fields[..middle]);
    let right = balanced(arena, &fields[middle + 1..]);
    Some(branch(arena, fields[middle], left, right))
}

fn height(link: Link<'_>) -> u32 {
    link.map_or(0, |branch| branch.height)
}

fn size(link: Link<'_>) -> u32 {
    link.map_or(0, |branch| branch.size)
}

fn branch<'v>(arena: &'v Bump, field: Field<'v>, left: Link<'v>, right: Link<'v>) -> &'v Branch<'v> {
    arena.alloc(Branch {
        field,
        left,
        right,
        height: 1 + height(left).max(height(right)),
        size: 1 + size(left) + size(right),
    })
}

fn insert<'v>(arena: &'v Bump, link: Link<'v>, field: Field<'v>) -> &'v Branch<'v> {
    let Some(node) = link else {
        return branch(arena, field, None, None);
    };
    match field.0.cmp(&node.field.0) {
        std::cmp::Ordering::Equal => branch(arena, field, node.left, node.right),
        std::cmp::Ordering::Less => {
            let left = insert(arena, node.left, field);
            rebalance(arena, node.field, Some(left), node.right)
        }
        std::cmp::Ordering::Greater => {
            let right = insert(arena, node.right, field);
            rebalance(arena, node.field, node.left, Some(right))
        }
    }
}

/// A node of two subtrees whose heights differ by at most two.
fn rebalance<'v>(arena: &'v Bump, field: Field<'v>, left: Link<'v>, right: Link<'v>) -> &'v Branch<'v> {
    match (left, right) {
        (Some(l), _) if l.height > height(right) + 1 => match l.right {
            Some(lr) if lr.height > height(l.left) => {
                let a = branch(arena, l.field, l.left, lr.left);
                let b = branch(arena, field, lr.right, right);
                branch(arena, lr.field, Some(a), Some(b))
            }
            _ => {
                let b = branch(arena, field, l.right, right);
                branch(arena, l.field, l.left, Some(b))
            }
        },
        (_, Some(r)) if r.height > height(left) + 1 => match r.left {
            Some(rl) if rl.height > height(r.right) => {
                let a = branch(arena, field, left, rl.left);
                let b = branch(arena, r.field, rl.right, r.right);
                branch(arena, rl.field, Some(a), Some(b))
            }
            _ => {
                let a = branch(arena, field, left, r.left);
                branch(arena, r.field, Some(a), r.right)
            }
        },
        _ => branch(arena, field, left, right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: Option<Value<'_>>) -> Option<i64> {
        match value {
            Some(Value::Int(value)) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn a_record_agrees_with_a_map_through_many_updates() {
        let arena = Bump::new();
        let mut record = Record::EMPTY;
        let mut model = std::collections::BTreeMap::new();
        let mut seed = 1_u32;
        for step in 0..5000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let name = Symbol((seed >> 16) % 700);
            record = record.set(&arena, name, Value::Int(step));
            model.insert(name, step);
            assert_eq!(record.len(), model.len());
        }
        for name in 0..700 {
            assert_eq!(int(record.get(Symbol(name))), model.get(&Symbol(name)).copied());
        }
        let names: Vec<_> = record.fields().iter().map(|field| field.0).collect();
        assert_eq!(names, model.keys().copied().collect::<Vec<_>>());
    }

    #[test]
    fn the_tree_stays_balanced_when_names_come_in_order() {
        let arena = Bump::new();
        let record = (0..4096).fold(Record::EMPTY, |record, name| record.set(&arena, Symbol(name), Value::Null));
        let Shape::Large(root) = record.0 else { panic!("4096 fields are a tree") };
        assert!(root.height <= 17, "{}", root.height);
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let arena = Bump::new();
        let fields = vec![(Symbol(2), Value::Int(1)), (Symbol(1), Value::Int(2)), (Symbol(2), Value::Int(3))];
        let record = Record::new(&arena, fields);
        assert_eq!(int(record.get(Symbol(2))), Some(3));
        assert_eq!(record.len(), 2);
    }
}
