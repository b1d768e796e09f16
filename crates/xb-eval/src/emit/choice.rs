//! From a package to the choice over its runs.

use std::cell::Cell;

use xb_core::Span;
use xb_graph::{Choice, Conflict, Input, Layer, Method, Node, NodeId};

use super::{Emitting, Realised};
use crate::codes;
use crate::evaluator::{Evaluator, NOWHERE};
use crate::failure::{Failure, Result};
use crate::package::Instance;
use crate::stdlib;
use crate::tree::{TreeNode, TreeValue};
use crate::value::Value;

impl<'v> Evaluator<'v> {
    /// The node that stands for a package.
    pub(crate) fn choice(&self, instance: &'v Instance<'v>, span: Span) -> Result<NodeId> {
        self.realised(instance, span).map(|realised| realised.build)
    }

    fn realised(&self, instance: &'v Instance<'v>, span: Span) -> Result<Realised<'v>> {
        match self.emitting(instance) {
            Some(Emitting::Done(realised)) => Ok(realised),
            Some(Emitting::Running) => Err(needs_itself(&[instance]).at(span, "needed here")),
            None => self.emit_in_order(instance, span),
        }
    }

    fn emitting(&self, instance: &Instance<'v>) -> Option<Emitting<'v>> {
        self.emission.emitted.borrow().get(&instance.id).copied()
    }

    fn set_emitting(&self, instance: &Instance<'v>, state: Emitting<'v>) {
        self.emission.emitted.borrow_mut().insert(instance.id, state);
    }

    /// Emits a package after everything that it needs.
    fn emit_in_order(&self, wanted: &'v Instance<'v>, span: Span) -> Result<Realised<'v>> {
        let mut stack = Vec::new();
        let result = self.walk_needs(wanted, span, &mut stack);
        for (instance, _) in stack {
            self.emission.emitted.borrow_mut().remove(&instance.id);
        }
        result
    }

    fn walk_needs(
        &self,
        wanted: &'v Instance<'v>,
        span: Span,
        stack: &mut Vec<(&'v Instance<'v>, usize)>,
    ) -> Result<Realised<'v>> {
        self.set_emitting(wanted, Emitting::Running);
        stack.push((wanted, 0));
        loop {
            let Some((current, next)) = stack.last_mut() else {
                return self.realised(wanted, span);
            };
            let current = *current;
            if let Some(need) = self.needs_of(current, span)?.get(*next) {
                *next += 1;
                match self.emitting(need) {
                    Some(Emitting::Done(_)) => {}
                    Some(Emitting::Running) => {
                        let way: Vec<_> =
                            stack.iter().map(|entry| entry.0).skip_while(|entry| entry.id != need.id).collect();
                        return Err(needs_itself(&way).at(need.package.code.place, "the circle begins here"));
                    }
                    None => {
                        self.set_emitting(need, Emitting::Running);
                        stack.push((need, 0));
                    }
                }
                continue;
            }
            let realised = self.realise(current).map_err(|failure| {
                let title = format!("in the package `{}` for {}", current.package.code.title, current.arch);
                failure.through(current.package.code.place, || title)
            })?;
            self.set_emitting(current, Emitting::Done(realised));
            stack.pop();
        }
    }

    /// Calls the standard library for every method.
    fn realise(&self, instance: &'v Instance<'v>) -> Result<Realised<'v>> {
        let code = instance.package.code;
        self.check_all_fields(instance)?;
        self.needs_names(instance, code.place)?;
        let function = self.realise_function()?;
        let built: &'v Cell<Option<NodeId>> = self.arena.alloc(Cell::new(None));
        let mut ways = Vec::new();
        let mut options = Vec::new();
        for method in self.methods_of(instance)? {
            let request = self.request(instance, method, built)?;
            let way = self.apply(function, &[Value::Instance(instance), request], code.place)?;
            let Value::Run(run) = self.field(way, self.symbol("build"), code.place, code.place)? else {
                return Err(Failure::new(codes::REALISE, "`realise` of std gave no run to build with")
                    .at(code.place, "for this package"));
            };
            if options.iter().all(|(_, known)| *known != run.node) {
                ways.push((method, way));
                options.push((method, run.node));
            }
        }
        let node = Node::Choice(Choice { package: code.title.to_owned(), arch: instance.arch, options });
        let build = self.add_node(node, code.place);
        built.set(Some(build));
        if self.emission.describes.get() {
            self.describe(instance, build)?;
        }
        let ways: &'v [(Method, Value<'v>)] = self.arena.alloc_slice_copy(&ways);
        Ok(Realised { build, ways })
    }

    fn realise_function(&self) -> Result<Value<'v>> {
        if let Some(function) = *self.emission.realise.borrow() {
            return Ok(function);
        }
        let module = self.module(&stdlib::file("realise.xb"), NOWHERE)?;
        let value = self.force(module.value)?;
        let function = self.field(value, self.symbol("realise"), NOWHERE, NOWHERE)?;
        *self.emission.realise.borrow_mut() = Some(function);
        Ok(function)
    }

    /// What `realise` is asked for; where there is a check, with what it checks.
    fn request(
        &self,
        instance: &'v Instance<'v>,
        method: Method,
        built: &'v Cell<Option<NodeId>>,
    ) -> Result<Value<'v>> {
        let mut fields = vec![
            ("arch", Value::Arch(instance.arch)),
            ("method", self.string(method.name())),
            ("host", Value::Arch(self.host)),
            ("baseline", self.raised_baseline(instance)?),
        ];
        if !matches!(self.package_field(instance, "check")?, Value::Null | Value::Bool(false)) {
            let output =
                |output: &'v str| Value::Tree(self.arena.alloc(TreeValue { node: TreeNode::Built(built), output }));
            fields.push(("built", self.record_of(&[("out", output("out")), ("build", output("build"))])));
        }
        Ok(self.record_of(&fields))
    }

    /// The methods that both the package and the caller allow, in the caller's order. For the building machine's
    /// own architecture there is one, whatever was asked for: tools are built so while their users are cross-built.
    fn methods_of(&self, instance: &'v Instance<'v>) -> Result<Vec<Method>> {
        if instance.arch == self.host {
            return Ok(vec![Method::Native]);
        }
        let asked = self.emission.methods.borrow().clone();
        let Value::List(allowed) = self.package_field(instance, "methods")? else {
            return Ok(asked);
        };
        let mut names = Vec::new();
        for name in *allowed {
            if let Value::String(name) = self.force(*name)? {
                names.push(*name);
            }
        }
        let common: Vec<Method> = asked.iter().copied().filter(|method| names.contains(&method.name())).collect();
        if !common.is_empty() {
            return Ok(common);
        }
        let title = instance.package.code.title;
        let asked: Vec<&str> = asked.iter().map(|method| method.name()).collect();
        Err(Failure::new(codes::NO_METHOD, format!("no allowed method builds `{title}` for {}", instance.arch))
            .at(instance.package.code.place, "this package")
            .note(format!("the package allows {}; asked for is {}", names.join(", "), asked.join(", ")))
            .help("widen the package's `methods`, or ask for another `--method`"))
    }

    fn check_all_fields(&self, instance: &'v Instance<'v>) -> Result<()> {
        let code = instance.package.code;
        for value in self.set_fields(instance) {
            if let Value::List(items) = self.force(value)? {
                items.iter().try_for_each(|item| self.force(*item).map(drop))?;
            }
        }
        self.policy(instance)?;
        self.baseline(instance)?;
        if let Value::Null = self.package_field(instance, "build")? {
            return Err(Failure::new(codes::NO_BUILD, format!("`{}` does not say how it is built", code.name))
                .at(code.place, "it has no field `build`")
                .help("add `build = c.make {}`, another builder, or a script: `build = sh\"...\"`"));
        }
        Ok(())
    }

    /// A package's result over the results of everything it needs: one node for each package, shared by all that
    /// need it.
    pub(crate) fn staged(&self, instance: &'v Instance<'v>, span: Span) -> Result<NodeId> {
        if let Some(node) = self.emission.staged.borrow().get(&instance.id) {
            return Ok(*node);
        }
        let own = self.choice(instance, span)?;
        let mut layers = Vec::new();
        for need in self.needs_of(instance, span)? {
            let node = self.deeper(|| self.staged(need, span))?;
            layers.push(self.plain_layer(node, need));
        }
        layers.push(self.plain_layer(own, instance));
        let node = self.add_node(Node::Compose { layers }, instance.package.code.place);
        self.emission.staged.borrow_mut().insert(instance.id, node);
        Ok(node)
    }

    fn plain_layer(&self, node: NodeId, instance: &Instance<'v>) -> Layer {
        Layer {
            input: Input { node, output: self.shared("out") },
            at: xb_core::RelPath::root(),
            select: None,
            conflict: Conflict::Refuse,
            name: self.shared(&format!("{} ({})", instance.package.code.title, instance.arch)),
        }
    }

    /// The choice over a package's checks, if it has any.
    pub(crate) fn check_node(&self, instance: &'v Instance<'v>, span: Span) -> Result<Option<NodeId>> {
        let realised = self.realised(instance, span)?;
        let mut options: Vec<(Method, NodeId)> = Vec::new();
        for (_, way) in realised.ways {
            let check = self.find_field(*way, self.symbol("check"), span)?.unwrap_or(Value::Null);
            match self.force(check)? {
                Value::Null => {}
                Value::Run(run) => {
                    let method = match self.graph.borrow().node(run.node) {
                        Node::Run(run) => run.method,
                        _ => continue,
                    };
                    if !options.iter().any(|option| option.0 == method) {
                        options.push((method, run.node));
                    }
                }
                other => {
                    return Err(Failure::new(
                        codes::REALISE,
                        format!("`realise` of std gave {} as a check", other.kind()),
                    )
                    .at(instance.package.code.place, "for this package"));
                }
            }
        }
        if options.is_empty() {
            return Ok(None);
        }
        let code = instance.package.code;
        let choice = Choice { package: code.title.to_owned(), arch: instance.arch, options };
        Ok(Some(self.add_node(Node::Choice(choice), code.place)))
    }
}

#[cold]
fn needs_itself(way: &[&Instance<'_>]) -> Failure {
    let names: Vec<&str> = way.iter().map(|instance| instance.package.code.title).collect();
    let first = names.first().copied().unwrap_or_default();
    Failure::new(
        codes::NEEDS_CYCLE,
        format!("packages need each other in a circle: `{}` needs `{first}`", names.join("` needs `")),
    )
    .note("no order exists to build them in")
    .help("build one of them without the other first: a parameter of the package, or `.with { needs = [...] }`")
}
