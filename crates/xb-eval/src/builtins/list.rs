//! `list`: lists.

use super::{Builtin, Constant, Invocation, lazy, optional, value};
use crate::failure::Result;
use crate::value::Value;

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        path: "list.length",
        params: &[value("xs")],
        doc: "How many elements there are.\n\n```xb\nlist.length([1, 2, 3])\n```\n```value\n3\n```",
        run: |call| Ok(Value::Int(call.list(0)?.len() as i64)),
    },
    Builtin {
        path: "list.map",
        params: &[value("xs"), value("f")],
        doc: "What `f` gives for every element.\n\n```xb\nlist.map([1, 2, 3], x => x * 2)\n```\n```value\n[2, 4, 6]\n```",
        run: |call| {
            let xs = call.list(0)?;
            call.reserve(size_of_val(xs).saturating_mul(8))?;
            let mapped: Vec<_> = xs.iter().map(|x| call.apply_later(call.args[1], &[*x])).collect();
            Ok(call.eval.list(&mapped))
        },
    },
    Builtin {
        path: "list.filter",
        params: &[value("xs"), value("f")],
        doc: "The elements for which `f` gives true.\n\n```xb\nlist.filter([1, 2, 3], x => x > 1)\n```\n```value\n[2, 3]\n```",
        run: |call| {
            let mut kept = Vec::new();
            for x in call.list(0)? {
                if call.decide(call.args[1], &[*x])? {
                    kept.push(*x);
                }
            }
            Ok(call.eval.list(&kept))
        },
    },
    Builtin {
        path: "list.fold",
        params: &[value("xs"), lazy("start"), value("f")],
        doc: "Combines the elements from the first to the last: `f(so_far, x)`, beginning with `start`.\n\n```xb\nlist.fold([1, 2, 3], 0, (sum, x) => sum + x)\n```\n```value\n6\n```",
        run: |call| {
            let mut so_far = call.args[1];
            for x in call.list(0)? {
                so_far = call.apply(call.args[2], &[so_far, *x])?;
            }
            Ok(so_far)
        },
    },
    Builtin {
        path: "list.range",
        params: &[value("start"), value("end"), optional("step", Constant::Int(1))],
        doc: "The numbers from `start` up to, not including, `end`.\n\n```xb\nlist.range(2, 5)\n```\n```value\n[2, 3, 4]\n```",
        run: |call| {
            let (start, end, step) = (call.int(0)?, call.int(1)?, call.int(2)?);
            if step == 0 {
                return Err(call.refuse("`step` is zero"));
            }
            let distance =
                if step > 0 { i128::from(end) - i128::from(start) } else { i128::from(start) - i128::from(end) };
            let stride = i128::from(step.unsigned_abs());
            let count = usize::try_from(((distance + stride - 1) / stride).max(0)).unwrap_or(usize::MAX);
            call.reserve(count.saturating_mul(size_of::<Value<'_>>()))?;
            let number = |at| Value::Int((i128::from(start) + at as i128 * i128::from(step)) as i64);
            Ok(call.eval.part(call.eval.arena.alloc_slice_fill_with(count, number)))
        },
    },
    Builtin {
        path: "list.concat",
        params: &[value("lists")],
        doc: "The elements of all lists in one.\n\n```xb\nlist.concat([[1], [], [2, 3]])\n```\n```value\n[1, 2, 3]\n```",
        run: |call| {
            let mut all = Vec::new();
            for list in call.list(0)? {
                match call.eval.force(*list)? {
                    Value::List(items) => {
                        call.reserve(3 * (size_of_val(&*all) + size_of_val(*items)))?;
                        all.extend_from_slice(items);
                    }
                    _ => return Err(call.wrong(0, "a list of lists")),
                }
            }
            Ok(call.eval.list(&all))
        },
    },
    Builtin {
        path: "list.contains",
        params: &[value("xs"), value("x")],
        doc: "Whether an element equals `x`.\n\n```xb\nlist.contains([\"c\", \"c++\"], \"c\")\n```\n```value\ntrue\n```",
        run: |call| {
            for x in call.list(0)? {
                if call.eval.equal(*x, call.args[1], call.span)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        },
    },
    Builtin {
        path: "list.last",
        params: &[value("xs")],
        doc: "The last element.\n\n```xb\nlist.last([1, 2, 3])\n```\n```value\n3\n```",
        run: |call| match call.list(0)?.last() {
            Some(last) => Ok(*last),
            None => Err(call.refuse("the list is empty")),
        },
    },
    Builtin {
        path: "list.enumerate",
        params: &[value("xs")],
        doc: "Every element with its index, from 0.\n\n```xb\nlist.enumerate([\"a\"])\n```\n```value\n[{ index = 0, item = \"a\" }]\n```",
        run: |call| {
            let xs = call.list(0)?;
            call.reserve(size_of_val(xs).saturating_mul(10))?;
            let pairs = xs.iter().zip(0..);
            let pairs: Vec<_> = pairs
                .map(|(item, index)| call.eval.record_of(&[("index", Value::Int(index)), ("item", *item)]))
                .collect();
            Ok(call.eval.list(&pairs))
        },
    },
    Builtin {
        path: "list.is_empty",
        params: &[value("xs")],
        doc: "Whether there is no element.\n\n```xb\nlist.is_empty([])\n```\n```value\ntrue\n```",
        run: |call| Ok(Value::Bool(call.list(0)?.is_empty())),
    },
    Builtin {
        path: "list.head",
        params: &[value("xs")],
        doc: "The first element.\n\n```xb\nlist.head([1, 2, 3])\n```\n```value\n1\n```",
        run: |call| match call.list(0)?.first() {
            Some(first) => Ok(*first),
            None => Err(call.refuse("the list is empty")),
        },
    },
    Builtin {
        path: "list.tail",
        params: &[value("xs")],
        doc: "All elements but the first.\n\n```xb\nlist.tail([1, 2, 3])\n```\n```value\n[2, 3]\n```",
        run: |call| match call.list(0)?.split_first() {
            Some((_, rest)) => Ok(call.eval.part(rest)),
            None => Err(call.refuse("the list is empty")),
        },
    },
    Builtin {
        path: "list.at",
        params: &[value("xs"), value("index")],
        doc: "The element at an index, from 0.\n\n```xb\nlist.at([\"a\", \"b\"], 1)\n```\n```value\n\"b\"\n```",
        run: |call| {
            let (xs, index) = (call.list(0)?, call.size(1)?);
            let beyond = || call.refuse(format!("there is no index {index} in a list of {}", xs.len()));
            xs.get(index).copied().ok_or_else(beyond)
        },
    },
    Builtin {
        path: "list.take",
        params: &[value("xs"), value("count")],
        doc: "The first `count` elements, or all there are.\n\n```xb\nlist.take([1, 2, 3], 2)\n```\n```value\n[1, 2]\n```",
        run: |call| {
            let (xs, count) = (call.list(0)?, call.size(1)?);
            Ok(call.eval.part(&xs[..count.min(xs.len())]))
        },
    },
    Builtin {
        path: "list.drop",
        params: &[value("xs"), value("count")],
        doc: "All but the first `count` elements.\n\n```xb\nlist.drop([1, 2, 3], 2)\n```\n```value\n[3]\n```",
        run: |call| {
            let (xs, count) = (call.list(0)?, call.size(1)?);
            Ok(call.eval.part(&xs[count.min(xs.len())..]))
        },
    },
    Builtin {
        path: "list.find",
        params: &[value("xs"), value("f"), optional("otherwise", Constant::Null)],
        doc: "The first element for which `f` gives true, or `otherwise`.\n\n```xb\nlist.find([1, 5, 7], x => x > 2)\n```\n```value\n5\n```",
        run: |call| {
            for x in call.list(0)? {
                if call.decide(call.args[1], &[*x])? {
                    return call.eval.force(*x);
                }
            }
            Ok(call.args[2])
        },
    },
    Builtin {
        path: "list.index_of",
        params: &[value("xs"), value("x")],
        doc: "The index of the first element that equals `x`, or null.\n\n```xb\nlist.index_of([\"a\", \"b\"], \"b\")\n```\n```value\n1\n```",
        run: |call| {
            for (at, x) in call.list(0)?.iter().enumerate() {
                if call.eval.equal(*x, call.args[1], call.span)? {
                    return Ok(Value::Int(at as i64));
                }
            }
            Ok(Value::Null)
        },
    },
    Builtin {
        path: "list.any",
        params: &[value("xs"), value("f")],
        doc: "Whether `f` gives true for an element; later ones are not looked at.\n\n```xb\nlist.any([1, 2], x => x > 1)\n```\n```value\ntrue\n```",
        run: |call| {
            for x in call.list(0)? {
                if call.decide(call.args[1], &[*x])? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        },
    },
    Builtin {
        path: "list.all",
        params: &[value("xs"), value("f")],
        doc: "Whether `f` gives true for every element.\n\n```xb\nlist.all([1, 2], x => x > 1)\n```\n```value\nfalse\n```",
        run: |call| {
            for x in call.list(0)? {
                if !call.decide(call.args[1], &[*x])? {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        },
    },
    Builtin {
        path: "list.reverse",
        params: &[value("xs")],
        doc: "The elements from the last to the first.\n\n```xb\nlist.reverse([1, 2, 3])\n```\n```value\n[3, 2, 1]\n```",
        run: |call| {
            let xs = call.list(0)?;
            call.reserve(size_of_val(xs))?;
            Ok(call.eval.part(call.eval.arena.alloc_slice_fill_with(xs.len(), |at| xs[xs.len() - 1 - at])))
        },
    },
    Builtin {
        path: "list.sort",
        params: &[value("xs")],
        doc: "The elements in their order; equal ones stay as they were.\n\n```xb\nlist.sort([3, 1, 2])\n```\n```value\n[1, 2, 3]\n```",
        run: |call| {
            call.reserve(size_of_val(call.list(0)?).saturating_mul(6))?;
            let forced: Result<Vec<_>> = call.list(0)?.iter().map(|x| call.eval.force(*x)).collect();
            let pairs = forced?.into_iter().map(|x| (x, x)).collect();
            super::order::sorted(call, pairs)
        },
    },
    Builtin {
        path: "list.sort_by",
        params: &[value("xs"), value("f")],
        doc: "The elements in the order of what `f` gives for them.\n\n```xb\nlist.sort_by([\"ccc\", \"a\", \"bb\"], string.length)\n```\n```value\n[\"a\", \"bb\", \"ccc\"]\n```",
        run: |call| {
            call.reserve(size_of_val(call.list(0)?).saturating_mul(6))?;
            let keyed: Result<Vec<_>> =
                call.list(0)?.iter().map(|x| Ok((call.apply(call.args[1], &[*x])?, *x))).collect();
            super::order::sorted(call, keyed?)
        },
    },
    Builtin {
        path: "list.unique",
        params: &[value("xs")],
        doc: "The elements without those that equal an earlier one.\n\n```xb\nlist.unique([1, 2, 1])\n```\n```value\n[1, 2]\n```",
        run: |call| {
            let mut kept: Vec<Value<'_>> = Vec::new();
            'next: for x in call.list(0)? {
                for earlier in &kept {
                    if call.eval.equal(*earlier, *x, call.span)? {
                        continue 'next;
                    }
                }
                kept.push(*x);
            }
            Ok(call.eval.list(&kept))
        },
    },
    Builtin {
        path: "list.zip",
        params: &[value("xs"), value("ys")],
        doc: "Pairs of the elements at the same index, as long as the shorter list.\n\n```xb\nlist.zip([1, 2], [\"a\", \"b\"])\n```\n```value\n[[1, \"a\"], [2, \"b\"]]\n```",
        run: |call| {
            let (xs, ys) = (call.list(0)?, call.list(1)?);
            call.reserve(size_of_val(xs).min(size_of_val(ys)).saturating_mul(6))?;
            let pairs = xs.iter().zip(ys);
            let pairs: Vec<_> = pairs.map(|(x, y)| call.eval.list(&[*x, *y])).collect();
            Ok(call.eval.list(&pairs))
        },
    },
    Builtin {
        path: "list.flat_map",
        params: &[value("xs"), value("f")],
        doc: "The elements of the lists that `f` gives, in one list.\n\n```xb\nlist.flat_map([1, 2], x => [x, x * 10])\n```\n```value\n[1, 10, 2, 20]\n```",
        run: |call| {
            let mut all = Vec::new();
            for x in call.list(0)? {
                match call.apply(call.args[1], &[*x])? {
                    Value::List(items) => {
                        call.reserve(3 * (size_of_val(&*all) + size_of_val(*items)))?;
                        all.extend_from_slice(items);
                    }
                    other => return Err(call.refuse(format!("`f` must give a list, it gave {}", other.kind()))),
                }
            }
            Ok(call.eval.list(&all))
        },
    },
    Builtin {
        path: "list.partition",
        params: &[value("xs"), value("f")],
        doc: "The elements for which `f` gives true, and the others.\n\n```xb\nlist.partition([1, 2, 3], x => x > 1)\n```\n```value\n{ no = [1], yes = [2, 3] }\n```",
        run: |call| {
            let (mut yes, mut no) = (Vec::new(), Vec::new());
            for x in call.list(0)? {
                if call.decide(call.args[1], &[*x])? { yes.push(*x) } else { no.push(*x) }
            }
            Ok(call.eval.record_of(&[("yes", call.eval.list(&yes)), ("no", call.eval.list(&no))]))
        },
    },
    Builtin {
        path: "list.group_by",
        params: &[value("xs"), value("f")],
        doc: "A record of lists: the elements by the string that `f` gives for them.\n\n```xb\nlist.group_by([\"a1\", \"b1\", \"a2\"], x => string.take(x, 1))\n```\n```value\n{ a = [\"a1\", \"a2\"], b = [\"b1\"] }\n```",
        run: |call| {
            let mut groups: std::collections::BTreeMap<&str, Vec<Value<'_>>> = std::collections::BTreeMap::new();
            for x in call.list(0)? {
                match call.apply(call.args[1], &[*x])? {
                    Value::String(name) => groups.entry(name).or_default().push(*x),
                    other => return Err(call.refuse(format!("`f` must give a string, it gave {}", other.kind()))),
                }
            }
            let groups: Vec<_> = groups.into_iter().map(|(name, items)| (name, call.eval.list(&items))).collect();
            Ok(call.eval.record_of(&groups))
        },
    },
    Builtin {
        path: "list.sum",
        params: &[value("xs")],
        doc: "The sum of numbers; 0 for the empty list.\n\n```xb\nlist.sum([1, 2, 3])\n```\n```value\n6\n```",
        run: |call| {
            let mut sum = Value::Int(0);
            for x in call.list(0)? {
                sum = super::number::add(call, sum, call.eval.force(*x)?)?;
            }
            Ok(sum)
        },
    },
    Builtin {
        path: "list.min",
        params: &[value("xs")],
        doc: "The smallest element.\n\n```xb\nlist.min([3, 1, 2])\n```\n```value\n1\n```",
        run: |call| super::order::extreme(call, std::cmp::Ordering::Less),
    },
    Builtin {
        path: "list.max",
        params: &[value("xs")],
        doc: "The largest element.\n\n```xb\nlist.max([3, 1, 2])\n```\n```value\n3\n```",
        run: |call| super::order::extreme(call, std::cmp::Ordering::Greater),
    },
    Builtin {
        path: "list.repeat",
        params: &[value("x"), value("count")],
        doc: "`count` times the same element.\n\n```xb\nlist.repeat(\"x\", 2)\n```\n```value\n[\"x\", \"x\"]\n```",
        run: |call| {
            let count = call.size(1)?;
            call.reserve(count.saturating_mul(size_of::<Value<'_>>()))?;
            Ok(call.eval.part(call.eval.arena.alloc_slice_fill_copy(count, call.args[0])))
        },
    },
    Builtin {
        path: "list.generate",
        params: &[value("count"), value("f")],
        doc: "`f(0)`, `f(1)`, ... up to `count` elements.\n\n```xb\nlist.generate(3, at => at * at)\n```\n```value\n[0, 1, 4]\n```",
        run: |call| {
            let count = call.size(0)?;
            call.reserve(count.saturating_mul(size_of::<Value<'_>>() * 8))?;
            let made: Vec<_> = (0..count).map(|at| call.apply_later(call.args[1], &[Value::Int(at as i64)])).collect();
            Ok(call.eval.list(&made))
        },
    },
    Builtin {
        path: "list.slice",
        params: &[value("xs"), value("start"), value("count")],
        doc: "`count` elements from the one with this index, or as many as there are.\n\n```xb\nlist.slice([1, 2, 3, 4], 1, 2)\n```\n```value\n[2, 3]\n```",
        run: |call| {
            let (xs, start, count) = (call.list(0)?, call.size(1)?, call.size(2)?);
            let rest = &xs[start.min(xs.len())..];
            Ok(call.eval.part(&rest[..count.min(rest.len())]))
        },
    },
    Builtin {
        path: "list.flatten",
        params: &[value("xs")],
        doc: "The elements of lists in lists, however deep.\n\n```xb\nlist.flatten([1, [2, [3]], []])\n```\n```value\n[1, 2, 3]\n```",
        run: |call| {
            let mut all = Vec::new();
            flatten(call, call.list(0)?, &mut all)?;
            Ok(call.eval.list(&all))
        },
    },
    Builtin {
        path: "list.count",
        params: &[value("xs"), value("f")],
        doc: "For how many elements `f` gives true.\n\n```xb\nlist.count([1, 2, 3], x => x > 1)\n```\n```value\n2\n```",
        run: |call| {
            let mut count = 0;
            for x in call.list(0)? {
                count += i64::from(call.decide(call.args[1], &[*x])?);
            }
            Ok(Value::Int(count))
        },
    },
    Builtin {
        path: "list.take_while",
        params: &[value("xs"), value("f")],
        doc: "The elements before the first one for which `f` gives false.\n\n```xb\nlist.take_while([1, 2, 3, 1], x => x < 3)\n```\n```value\n[1, 2]\n```",
        run: |call| {
            let (xs, first) = (call.list(0)?, first_without(call)?);
            Ok(call.eval.part(&xs[..first]))
        },
    },
    Builtin {
        path: "list.drop_while",
        params: &[value("xs"), value("f")],
        doc: "The elements from the first one on for which `f` gives false.\n\n```xb\nlist.drop_while([1, 2, 3, 1], x => x < 3)\n```\n```value\n[3, 1]\n```",
        run: |call| {
            let (xs, first) = (call.list(0)?, first_without(call)?);
            Ok(call.eval.part(&xs[first..]))
        },
    },
    Builtin {
        path: "list.without",
        params: &[value("xs"), value("unwanted")],
        doc: "The elements that equal none of `unwanted`.\n\n```xb\nlist.without([\"a\", \"b\", \"c\"], [\"b\"])\n```\n```value\n[\"a\", \"c\"]\n```",
        run: |call| {
            let (xs, unwanted) = (call.list(0)?, call.list(1)?);
            let mut kept = Vec::new();
            'next: for x in xs {
                for other in unwanted {
                    if call.eval.equal(*x, *other, call.span)? {
                        continue 'next;
                    }
                }
                kept.push(*x);
            }
            Ok(call.eval.list(&kept))
        },
    },
];

/// Depth first; lists in lists count as levels, so that a list that contains itself ends.
fn flatten<'v>(call: &Invocation<'_, 'v>, xs: &[Value<'v>], all: &mut Vec<Value<'v>>) -> Result<()> {
    for x in xs {
        match call.eval.force(*x)? {
            Value::List(inner) => call.eval.deeper(|| flatten(call, inner, all))?,
            other => all.push(other),
        }
    }
    call.reserve(3 * size_of_val(&**all))
}

/// The index of the first element for which the second argument gives false.
fn first_without(call: &Invocation<'_, '_>) -> Result<usize> {
    let xs = call.list(0)?;
    for (at, x) in xs.iter().enumerate() {
        if !call.decide(call.args[1], &[*x])? {
            return Ok(at);
        }
    }
    Ok(xs.len())
}
