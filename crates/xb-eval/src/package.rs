//! Packages: functions of the architecture whose result is open to overrides.
//!
//! The body of a package is one frame that all its members share: parameters, `let`s and fields are slots, and
//! every member is a thunk over the whole frame. `.with` makes a new frame in which some fields are other values,
//! so whatever uses them follows.

use std::cell::{Cell, RefCell};

use bumpalo::Bump;
use rustc_hash::FxHashMap;
use xb_core::{Arch, Span};
use xb_syntax::{PACKAGE_FIELDS, RELEASE_FIELDS};

use crate::call::{Argument, Slot};
use crate::codes;
use crate::contract::{Contract, Simple, Type};
use crate::emit::AUDIT_LEVELS;
use crate::evaluator::{Evaluator, Frame, NOWHERE};
use crate::failure::{Failure, Result};
use crate::ir::{Code, Kind, Node};
use crate::record::Record;
use crate::symbol::{Symbol, Symbols};
use crate::value::{Checking, State, Thunk, Value};

/// A package before its arguments are known.
pub struct PackageFn<'v> {
    pub(crate) id: u32,
    pub(crate) code: &'v PackageCode<'v>,
    /// Fields that `.with` has replaced.
    pub(crate) overrides: Record<'v>,
}

/// What a `package` item says.
pub(crate) struct PackageCode<'v> {
    pub(crate) name: &'v str,
    /// The name of its results: with `-` for `_`.
    pub(crate) title: &'v str,
    pub(crate) params: &'v [PackageParam<'v>],
    pub(crate) lets: &'v [Member<'v>],
    pub(crate) fields: &'v [Member<'v>],
    /// The slot of the implicit `name`.
    pub(crate) name_slot: u32,
    pub(crate) slots: u32,
    /// Where the name stands.
    pub(crate) place: Span,
}

/// A parameter; its slot is its number.
pub(crate) struct PackageParam<'v> {
    pub(crate) name: Symbol,
    pub(crate) default: Option<&'v Code<'v>>,
    pub(crate) contract: Option<Contract<'v>>,
}

/// A `let` or a field.
pub(crate) struct Member<'v> {
    pub(crate) name: Symbol,
    pub(crate) slot: u32,
    pub(crate) code: Code<'v>,
}

/// A package for an architecture.
pub struct Instance<'v> {
    pub(crate) id: u32,
    pub(crate) package: &'v PackageFn<'v>,
    /// What its result is for.
    pub(crate) arch: Arch,
    pub(crate) overrides: Record<'v>,
    pub(crate) frame: &'v [Cell<Value<'v>>],
}

/// What a `release` declares.
pub struct ReleaseValue<'v> {
    /// Its name.
    pub name: &'v str,
    /// Its fields.
    pub fields: Record<'v>,
}

/// What the evaluator knows about packages in general, and the instances that it has made.
pub(crate) struct PackageTable<'v> {
    known: Vec<(Symbol, Contract<'v>)>,
    of_releases: Vec<(Symbol, Contract<'v>)>,
    lists: [Symbol; 3],
    env: Symbol,
    by_arch: RefCell<FxHashMap<(u32, Arch), &'v Instance<'v>>>,
    by_key: RefCell<FxHashMap<Vec<u8>, &'v Instance<'v>>>,
    packages: Cell<u32>,
    instances: Cell<u32>,
}

impl<'v> PackageTable<'v> {
    pub(crate) fn new(arena: &'v Bump, symbols: &Symbols<'v>) -> Self {
        let contract = |name: &str, ty| (symbols.intern(name), Contract { ty: arena.alloc(ty), span: NOWHERE });
        Self {
            known: PACKAGE_FIELDS.iter().map(|name| contract(name, field_type(arena, symbols, name))).collect(),
            of_releases: RELEASE_FIELDS.iter().map(|name| contract(name, release_field_type(arena, name))).collect(),
            lists: ["needs", "tools", "patches"].map(|name| symbols.intern(name)),
            env: symbols.intern("env"),
            by_arch: RefCell::default(),
            by_key: RefCell::default(),
            packages: Cell::new(0),
            instances: Cell::new(0),
        }
    }

    /// The type of a field that packages can have.
    pub(crate) fn contract(&self, name: Symbol) -> Option<Contract<'v>> {
        self.known.iter().find(|(known, _)| *known == name).map(|(_, contract)| *contract)
    }

    /// The type of a field that releases can have.
    pub(crate) fn release_contract(&self, name: Symbol) -> Option<Contract<'v>> {
        self.of_releases.iter().find(|(known, _)| *known == name).map(|(_, contract)| *contract)
    }

    /// What an unset field is.
    fn unset(&self, name: Symbol) -> Value<'v> {
        if self.lists.contains(&name) {
            Value::EMPTY_LIST
        } else if self.env == name {
            Value::Record(&Record::EMPTY)
        } else {
            Value::Null
        }
    }

    pub(crate) fn next_package(&self) -> u32 {
        self.packages.replace(self.packages.get() + 1)
    }
}

fn release_field_type<'v>(arena: &'v Bump, name: &str) -> Type<'v> {
    match name {
        "packages" => Type::List(arena.alloc(Type::Simple(Simple::Package))),
        "arches" => Type::List(arena.alloc(Type::Simple(Simple::Arch))),
        "formats" => Type::Simple(Simple::List),
        _ => Type::Simple(Simple::String),
    }
}

fn field_type<'v>(arena: &'v Bump, symbols: &Symbols<'v>, name: &str) -> Type<'v> {
    let simple = |simple: Simple| Type::Simple(simple);
    let union =
        |kinds: &[Simple]| Type::Union(arena.alloc_slice_fill_iter(kinds.iter().map(|kind| Type::Simple(*kind))));
    match name {
        "name" | "version" | "summary" | "license" | "homepage" => simple(Simple::String),
        "source" => union(&[Simple::Tree, Simple::Null]),
        "patches" => Type::List(arena.alloc(simple(Simple::Tree))),
        "needs" | "tools" => Type::List(arena.alloc(union(&[Simple::Package, Simple::String]))),
        "env" => Type::Map(arena.alloc(union(&[Simple::String, Simple::Number, Simple::Bool, Simple::Path]))),
        "build" => union(&[Simple::Record, Simple::Script]),
        "check" => union(&[Simple::Script, Simple::String, Simple::Record, Simple::Bool, Simple::Null]),
        "methods" => Type::List(arena.alloc(union_of_names(arena, &xb_graph::Method::ALL.map(|method| method.name())))),
        "audit" => {
            let level = union_of_names(arena, &AUDIT_LEVELS);
            let fields = [("level", level), ("reason", simple(Simple::String))];
            let fields = fields.map(|(name, ty)| (symbols.intern(name), false, ty));
            Type::Map(arena.alloc(Type::Record(arena.alloc_slice_fill_iter(fields), false)))
        }
        "baseline" => {
            let fields = Arch::ALL.map(|arch| (symbols.intern(arch.debian()), true, simple(Simple::String)));
            Type::Record(arena.alloc_slice_fill_iter(fields), false)
        }
        "limits" => {
            let names = ["memory_mb", "processes", "minutes", "disk_mb", "cpus", "users"];
            let numbers = names.map(|name| (symbols.intern(name), true, Type::Simple(Simple::Positive)));
            let features = (symbols.intern("features"), true, Type::List(arena.alloc(simple(Simple::String))));
            let fields: Vec<_> = numbers.into_iter().chain([features]).collect();
            Type::Record(arena.alloc_slice_fill_iter(fields), false)
        }
        _ => Type::Any,
    }
}

fn union_of_names<'v>(arena: &'v Bump, names: &[&'static str]) -> Type<'v> {
    Type::Union(arena.alloc_slice_fill_iter(names.iter().map(|name| Type::Literal(name))))
}

impl<'v> Evaluator<'v> {
    /// A package for these arguments: the same one for the same plain data.
    pub(crate) fn instantiate(
        &self,
        package: &'v PackageFn<'v>,
        args: &[Argument<'v>],
        span: Span,
    ) -> Result<&'v Instance<'v>> {
        if let ([Argument { name: None, value, .. }], [PackageParam { contract: None, .. }]) =
            (args, package.code.params)
            && let Some(Value::Arch(arch)) = self.peek(*value)
        {
            return Ok(self.instantiate_for(package, arch));
        }
        let slots: Vec<Slot> = package
            .code
            .params
            .iter()
            .map(|param| Slot { name: Some(param.name), optional: param.default.is_some() })
            .collect();
        let mut bound = self
            .bind(&slots, args, span, package.code.name)
            .map_err(|failure| failure.at(package.code.place, "the package is defined here"))?;
        for (value, param) in bound.iter_mut().zip(package.code.params) {
            if let Some(value) = value {
                *value = self.force(*value)?;
                if let Some(contract) = param.contract {
                    *value = self.check(*value, contract, span)?;
                }
            }
        }
        if let Some(Some(first)) = bound.first_mut() {
            *first = Value::Arch(self.to_arch(*first, span)?);
        }
        if let [Some(Value::Arch(arch))] = bound[..] {
            return Ok(self.instantiate_for(package, arch));
        }
        let key = self.instance_key(package, &bound, span)?;
        if let Some(instance) = key.as_ref().and_then(|key| self.packages.by_key.borrow().get(key.bytes()).copied()) {
            return Ok(instance);
        }
        let instance = self.make_instance(package, &bound, package.overrides, span)?;
        if let Some(key) = key {
            self.packages.by_key.borrow_mut().insert(key.kept(), instance);
        }
        Ok(instance)
    }

    /// A package whose only parameter is the architecture.
    fn instantiate_for(&self, package: &'v PackageFn<'v>, arch: Arch) -> &'v Instance<'v> {
        let key = (package.id, arch);
        if let Some(instance) = self.packages.by_arch.borrow().get(&key) {
            return instance;
        }
        let frame = self.new_frame(package.code, &[Some(Value::Arch(arch))], &package.overrides);
        let instance = self.new_instance(package, arch, package.overrides, frame);
        self.packages.by_arch.borrow_mut().insert(key, instance);
        instance
    }

    fn make_instance(
        &self,
        package: &'v PackageFn<'v>,
        args: &[Option<Value<'v>>],
        overrides: Record<'v>,
        span: Span,
    ) -> Result<&'v Instance<'v>> {
        let frame = self.new_frame(package.code, args, &overrides);
        let first = match frame.first() {
            Some(cell) => self.force(cell.get())?,
            None => Value::Null,
        };
        let arch = self.to_arch(first, span)?;
        Ok(self.new_instance(package, arch, overrides, frame))
    }

    fn new_instance(
        &self,
        package: &'v PackageFn<'v>,
        arch: Arch,
        overrides: Record<'v>,
        frame: &'v [Cell<Value<'v>>],
    ) -> &'v Instance<'v> {
        let id = self.packages.instances.replace(self.packages.instances.get() + 1);
        self.arena.alloc(Instance { id, package, arch, overrides, frame })
    }

    fn new_frame(
        &self,
        code: &'v PackageCode<'v>,
        args: &[Option<Value<'v>>],
        overrides: &Record<'v>,
    ) -> &'v [Cell<Value<'v>>] {
        let frame: &'v [Cell<Value<'v>>] =
            self.arena.alloc_slice_fill_with(code.slots as usize, |_| Cell::new(Value::Null));
        for (at, param) in code.params.iter().enumerate() {
            let value = match (args.get(at).copied().flatten(), param.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.member(default, frame),
                (None, None) => Value::Null,
            };
            frame[at].set(value);
        }
        frame[code.name_slot as usize].set(Value::String(&code.title));
        for member in code.lets {
            frame[member.slot as usize].set(self.member(&member.code, frame));
        }
        for member in code.fields {
            let value = match overrides.get(member.name) {
                Some(value) => value,
                None => self.member(&member.code, frame),
            };
            frame[member.slot as usize].set(value);
        }
        frame
    }

    fn member(&self, code: &'v Code<'v>, frame: &'v [Cell<Value<'v>>]) -> Value<'v> {
        match code.body.kind {
            Kind::Const(value) => value,
            _ => Value::Thunk(self.arena.alloc(Thunk { state: Cell::new(State::Member(code, frame)) })),
        }
    }

    /// An architecture, or the name of one.
    pub(crate) fn to_arch(&self, value: Value<'v>, span: Span) -> Result<Arch> {
        match self.force(value)? {
            Value::Arch(arch) => Ok(arch),
            Value::String(name) => name.parse().map_err(|error: xb_core::UnknownArch| {
                Failure::new(codes::ARCH, error.to_string()).at(span, "in this call")
            }),
            other => Err(Failure::new(
                codes::ARCH,
                format!("a package is called with an architecture first, found {}", other.kind()),
            )
            .at(span, format!("the first argument is {}", self.glimpse(other)))
            .help("pass on the architecture of the package that needs it: `zlib(arch)`")),
        }
    }

    /// A field of a package; what is not set is null, or empty where it is a list or a record.
    pub(crate) fn instance_field(&self, instance: &'v Instance<'v>, name: Symbol) -> Result<Option<Value<'v>>> {
        let code = instance.package.code;
        if let Some(member) = code.fields.iter().find(|member| member.name == name) {
            return Ok(Some(instance.frame[member.slot as usize].get()));
        }
        if let Some(value) = instance.overrides.get(name) {
            return Ok(Some(value));
        }
        Ok(match self.symbols.name(name) {
            "name" => Some(instance.frame[code.name_slot as usize].get()),
            "arch" => Some(Value::Arch(instance.arch)),
            _ => self.packages.contract(name).map(|_| self.packages.unset(name)),
        })
    }

    /// The values of the fields that a package or its overrides set.
    pub(crate) fn set_fields(&self, instance: &'v Instance<'v>) -> Vec<Value<'v>> {
        let code = instance.package.code;
        let mut values: Vec<_> = code.fields.iter().map(|member| instance.frame[member.slot as usize].get()).collect();
        let overrides = instance.overrides.fields().into_iter();
        values.extend(
            overrides.filter(|(name, _)| code.fields.iter().all(|member| member.name != *name)).map(|field| field.1),
        );
        values
    }

    /// A field by its name, evaluated.
    pub(crate) fn package_field(&self, instance: &'v Instance<'v>, name: &str) -> Result<Value<'v>> {
        let symbol = self.symbols.intern(name);
        match self.instance_field(instance, symbol)? {
            Some(value) => self.force(value),
            None => Ok(Value::Null),
        }
    }

    /// Where a package sets a field: its name, where it does not.
    pub(crate) fn field_place(&self, code: &PackageCode<'v>, name: &str) -> Span {
        let symbol = self.symbols.intern(name);
        let member = code.fields.iter().find(|member| member.name == symbol);
        member.map_or(code.place, |member| member.code.body.span)
    }

    #[cold]
    pub(crate) fn no_package_field(&self, instance: &Instance<'v>, name: &str, span: Span) -> Failure {
        Failure::new(codes::PACKAGE_FIELD, format!("a package has no field `{name}`"))
            .at(span, format!("asked of `{}` here", instance.package.code.name))
            .meant(name, PACKAGE_FIELDS)
            .note(format!("its fields are {}", PACKAGE_FIELDS.join(", ")))
    }

    pub(crate) fn eval_with(
        &self,
        sides: &'v (Node<'v>, Node<'v>),
        span: Span,
        frame: &Frame<'_, 'v>,
    ) -> Result<Value<'v>> {
        let base = self.eval(&sides.0, frame)?;
        let fields = match self.eval(&sides.1, frame)? {
            Value::Record(record) => *record,
            other => {
                return Err(Failure::new(codes::KIND, format!("`.with` takes a record, found {}", other.kind()))
                    .at(sides.1.span, format!("this is {}", self.glimpse(other))));
            }
        };
        match base {
            Value::Instance(instance) => {
                let fields = self.checked_overrides(fields, sides.1.span)?;
                let overrides = instance.overrides.merge(self.arena, &fields);
                let count = instance.package.code.params.len();
                let args: Vec<_> = instance.frame[..count].iter().map(|cell| Some(cell.get())).collect();
                self.make_instance(instance.package, &args, overrides, span).map(Value::Instance)
            }
            Value::Package(package) => {
                let fields = self.checked_overrides(fields, sides.1.span)?;
                Ok(Value::Package(self.arena.alloc(PackageFn {
                    id: self.packages.next_package(),
                    code: package.code,
                    overrides: package.overrides.merge(self.arena, &fields),
                })))
            }
            other => {
                let failure = Failure::new(codes::KIND, format!("`.with` needs a package, found {}", other.kind()))
                    .at(sides.0.span, format!("this is {}", self.glimpse(other)));
                Err(match other {
                    Value::Record(_) => failure.help("records are merged with `//`"),
                    _ => failure,
                })
            }
        }
    }

    /// The fields of a `.with`, each behind the check of its type.
    fn checked_overrides(&self, fields: Record<'v>, span: Span) -> Result<Record<'v>> {
        let mut checked = fields.fields();
        for (name, value) in &mut checked {
            let Some(contract) = self.packages.contract(*name) else {
                let name = self.symbols.name(*name);
                return Err(Failure::new(codes::PACKAGE_FIELD, format!("a package has no field `{name}`"))
                    .at(span, "set here")
                    .meant(name, PACKAGE_FIELDS)
                    .note(format!("its fields are {}", PACKAGE_FIELDS.join(", "))));
            };
            let checking = self.arena.alloc(Checking { contract, at: span });
            *value = self.thunk(State::Contract(*value, checking));
        }
        Ok(Record::from_sorted(self.arena, &checked))
    }
}
