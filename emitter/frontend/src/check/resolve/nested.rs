//! Nested functions: they become functions like others, with the variables of the functions
//! around them that they use as parameters before their own.
//!
//! A function that uses such a variable *captures* it: the variable gets a local of its own in
//! that function, and in every function between it and the owner. A function that calls a
//! nested one has to pass what that captures, so it captures the same variables if they are
//! not its own. That is known only when all functions are resolved; [`Resolver::pass_captures`]
//! then completes parameters and calls. A captured variable that is assigned is passed in the
//! cell that it lives in ([`super::cells`]), any other is copied.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cells::Assigned;
use super::{Bound, Resolver, Scope};
use crate::check::resolved::{Block, Expr, ExprId, ExprKind, FuncId, Function, Place, Stmt, StmtKind, Variable};
use crate::source::Span;
use crate::syntax::ast;
use crate::typed::LocalId;

/// What is known about nested functions so far.
#[derive(Clone, Default)]
pub(super) struct Nested {
    /// Where each nested function is.
    pub(super) parents: BTreeMap<FuncId, Parent>,
    /// By function: the variables of its parent that it uses, and its own locals for them, in order of use.
    pub(super) captures: BTreeMap<FuncId, Vec<(LocalId, LocalId)>>,
    /// Variables that are assigned after their declaration.
    pub(super) assigned: BTreeMap<(FuncId, LocalId), Assigned>,
    /// Variables of which an element is assigned, and those that are declared without a value: they
    /// get a container then.
    pub(super) element_assigned: BTreeMap<(FuncId, LocalId), Assigned>,
    pub(super) without_value: BTreeSet<(FuncId, LocalId)>,
    /// The caller, the callee and the expression of each call.
    pub(super) calls: Vec<(FuncId, FuncId, ExprId)>,
}

/// The function around a nested one.
#[derive(Clone)]
pub(super) struct Parent {
    pub(super) function: FuncId,
    /// Where the nested function starts.
    pub(super) start: u32,
    /// Where the loops of the parent start that it is in.
    pub(super) loops: Vec<u32>,
}

impl<'a> Resolver<'a> {
    pub(super) fn func_id(&self) -> FuncId {
        self.func.id.unwrap_or(self.program.main)
    }

    /// The number of a function in the one that is being resolved.
    pub(super) fn reserve_nested(&mut self, arity: usize, span: Span) -> FuncId {
        let id = self.reserve(arity);
        let parent = Parent { function: self.func_id(), start: span.start, loops: self.func.loop_starts.clone() };
        self.nested.parents.insert(id, parent);
        id
    }

    /// A function in the body of another. Its name is visible from here on, in itself too.
    pub(super) fn nested_function(&mut self, decl: &'a ast::FunDecl, span: Span, out: &mut Block) {
        if self.assigned.nested.contains(&span.start) {
            return self.function_variable(decl, span, out);
        }
        let id = self.reserve_nested(decl.params.len(), span);
        self.bind(&decl.name.text, Bound::Function(id));
        self.declarations.insert(id, decl);
        let outer = std::mem::take(&mut self.func);
        self.outer.push(outer);
        self.program.functions[id.index()] = self.function_in(id, Vec::new(), decl, span);
        if let Some(outer) = self.outer.pop() {
            self.func = outer;
        }
    }

    /// A nested function whose name is assigned: a variable, which the function sees, too.
    fn function_variable(&mut self, decl: &'a ast::FunDecl, span: Span, out: &mut Block) {
        let local = self.local(&decl.name);
        let place = Place::Local(local);
        out.push(Stmt { kind: StmtKind::Declare { place, value: None }, span });
        let params: Vec<&'a ast::Name> = decl.params.iter().map(|param| &param.name).collect();
        let body = |this: &mut Self| this.block(&decl.body);
        let value = self.nested_value(&decl.name.text, (&decl.type_params, &params), span, body);
        self.nested.assigned.insert((self.func_id(), local), Assigned { end: span.end });
        if let Some(assigns) = self.func.loops.last_mut() {
            assigns.insert(local);
        }
        out.push(Stmt { kind: StmtKind::Assign { place, value }, span });
    }

    /// A function expression: a nested function without a name, as a value.
    pub(super) fn lambda(&mut self, lambda: &'a ast::Lambda, span: Span) -> ExprId {
        let params: Vec<&'a ast::Name> = lambda.params.iter().map(|param| &param.name).collect();
        self.nested_value("fun", (&lambda.type_params, &params), span, |this| match &lambda.body {
            ast::LambdaBody::Expr(value) => {
                let at = value.span;
                vec![Stmt { kind: StmtKind::Return(Some(this.expr(value))), span: at }]
            }
            ast::LambdaBody::Block(body) => this.block(body),
        })
    }

    /// A nested function with these parameters, of which some are types, as a value.
    pub(super) fn nested_value(
        &mut self,
        name: &'a str,
        (type_params, names): (&'a [ast::Name], &[&'a ast::Name]),
        span: Span,
        body: impl FnOnce(&mut Self) -> Block,
    ) -> ExprId {
        let id = self.reserve_nested(names.len(), span);
        let outer = std::mem::take(&mut self.func);
        self.outer.push(outer);
        self.func = Scope { id: Some(id), type_params, ..Scope::default() };
        self.func.blocks.push(HashMap::new());
        let params = names.iter().map(|name| self.local(name)).collect();
        let body = body(self);
        let scope = match self.outer.pop() {
            Some(outer) => std::mem::replace(&mut self.func, outer),
            None => Scope::default(),
        };
        self.program.functions[id.index()] = Function {
            name,
            name_span: span,
            params,
            captures: 0,
            locals: scope.locals,
            body,
            is_prelude: false,
            span,
            callees: scope.callees,
            values: scope.values,
            reads: scope.reads,
        };
        self.closure(id, span)
    }

    /// A nested function as a value. Making one counts as a call: it is copied with the function around it.
    pub(super) fn closure(&mut self, function: FuncId, span: Span) -> ExprId {
        self.func.callees.insert(function);
        let value = self.push(ExprKind::Closure { function, captures: Vec::new() }, span);
        self.nested.calls.push((self.func_id(), function, value));
        value
    }

    /// Whether this function or one around it declares a type parameter of the name.
    pub(super) fn is_type_param(&self, name: &str) -> bool {
        self.outer.iter().chain([&self.func]).any(|scope| scope.type_params.iter().any(|param| param.text == name))
    }

    /// Whether a block around this place, in whatever function, declares the name.
    pub(super) fn is_bound(&self, name: &str) -> bool {
        let declares = |scope: &Scope<'a>| scope.blocks.iter().any(|block| block.contains_key(name));
        declares(&self.func) || self.outer.iter().any(declares)
    }

    /// What a name stands for in the functions around this one. A variable is captured.
    pub(super) fn outer_binding(&mut self, name: &'a str, span: Span) -> Option<Bound> {
        let (depth, bound) = (0..self.outer.len()).rev().find_map(|depth| {
            let scope = &self.outer[depth];
            let first = scope.update.as_ref().map_or(0, |update| update.block);
            let find =
                |blocks: &[HashMap<&'a str, Bound>]| blocks.iter().rev().find_map(|block| block.get(name).copied());
            let bound = find(&scope.blocks[first..]).or_else(|| self.part_updated_outside(depth, name, span));
            Some((depth, bound.or_else(|| find(&self.outer[depth].blocks[..first]))?))
        })?;
        match bound {
            Bound::Variable(Place::Local(local)) => {
                Some(Bound::Variable(Place::Local(self.capture_from(depth, local))))
            }
            Bound::Shape(shape) => Some(self.captured_shape(shape, |this, local| this.capture_from(depth, local))),
            Bound::Part(of) => Some(Bound::Part(self.capture_from(depth, of))),
            Bound::Variable(Place::Global(_)) | Bound::Function(_) => Some(bound),
        }
    }

    /// The same for the element of an `update` that the function is in.
    fn part_updated_outside(&mut self, depth: usize, name: &'a str, span: Span) -> Option<Bound> {
        self.outer[depth].update.as_ref()?;
        let mut inner = self.outer.split_off(depth);
        std::mem::swap(&mut self.func, &mut inner[0]);
        let bound = self.updated_part(name, span);
        std::mem::swap(&mut self.func, &mut inner[0]);
        self.outer.append(&mut inner);
        bound
    }

    /// This function's own local for one of a function around it.
    fn capture_from(&mut self, depth: usize, mut local: LocalId) -> LocalId {
        let variable = self.outer[depth].locals[local.index()];
        for inner in depth + 1..=self.outer.len() {
            let scope = self.outer.get_mut(inner).unwrap_or(&mut self.func);
            let Some(id) = scope.id else { unreachable!("a function in another has a number") };
            local = capture(&mut self.nested, id, local, &mut scope.locals, variable);
        }
        local
    }

    /// Makes each function capture what those capture that it calls.
    pub(super) fn complete_captures(&mut self) {
        let calls = std::mem::take(&mut self.nested.calls);
        self.nested.calls = calls.into_iter().filter(|call| self.nested.parents.contains_key(&call.1)).collect();
        let mut is_complete = false;
        while !is_complete {
            let before = self.nested.captures.values().map(Vec::len).sum::<usize>();
            for at in 0..self.nested.calls.len() {
                let (caller, callee, _) = self.nested.calls[at];
                self.passed(caller, callee);
            }
            is_complete = before == self.nested.captures.values().map(Vec::len).sum::<usize>();
        }
    }

    /// Completes the parameters of nested functions and their calls by what they capture, which comes first.
    pub(super) fn pass_captures(&mut self) {
        self.complete_captures();
        let in_cells = self.variables_in_cells();
        for function in 0..self.program.functions.len() {
            let id = FuncId(function as u32);
            for (index, variable) in (0..).zip(&mut self.program.functions[function].locals) {
                variable.is_cell = in_cells.contains(&self.nested.owner_of((id, LocalId(index))));
            }
        }
        for (caller, callee, call) in std::mem::take(&mut self.nested.calls) {
            let passed = self.passed(caller, callee);
            let span = self.program.expr(call).span;
            let first = self.program.exprs.len() as u32;
            let more = (first..first + passed.len() as u32).map(ExprId);
            let locals = &self.program.functions[caller.index()].locals;
            let kinds = passed.iter().map(|&local| match locals[local.index()].is_cell {
                true => ExprKind::Cell(local),
                false => ExprKind::Local(local),
            });
            self.program.exprs.extend(kinds.map(|kind| Expr { kind, span }));
            match &mut self.program.exprs[call.index()].kind {
                ExprKind::Call { function: _, args } => drop(args.splice(0..0, more)),
                ExprKind::Closure { function: _, captures } => drop(captures.splice(0..0, more)),
                _ => {}
            }
        }
        for (id, captures) in std::mem::take(&mut self.nested.captures) {
            self.program.functions[id.index()].captures += captures.len();
            let locals = captures.into_iter().map(|(_, local)| local);
            self.program.functions[id.index()].params.splice(0..0, locals);
        }
    }

    /// The caller's locals for what the callee captures, which it captures if need be.
    fn passed(&mut self, caller: FuncId, callee: FuncId) -> Vec<LocalId> {
        let Some(owner) = self.nested.parents.get(&callee).map(|parent| parent.function) else { return Vec::new() };
        let captures = self.nested.captures.get(&callee).cloned().unwrap_or_default();
        captures.into_iter().map(|(outer, _)| self.local_for(caller, owner, outer)).collect()
    }

    /// The local of `function`, which is `owner` or somewhere in it, for a variable of `owner`.
    fn local_for(&mut self, function: FuncId, owner: FuncId, variable: LocalId) -> LocalId {
        if function == owner {
            return variable;
        }
        let Some(parent) = self.nested.parents.get(&function).map(|parent| parent.function) else {
            unreachable!("{function:?} calls what is nested in {owner:?}")
        };
        let outer = self.local_for(parent, owner, variable);
        let data = self.program.functions[parent.index()].locals[outer.index()];
        capture(&mut self.nested, function, outer, &mut self.program.functions[function.index()].locals, data)
    }
}

/// The local of the function `id` for a variable of its parent.
fn capture<'a>(
    nested: &mut Nested,
    id: FuncId,
    outer: LocalId,
    locals: &mut Vec<Variable<'a>>,
    variable: Variable<'a>,
) -> LocalId {
    let captures = nested.captures.entry(id).or_default();
    if let Some(&(_, local)) = captures.iter().find(|(captured, _)| *captured == outer) {
        return local;
    }
    let local = LocalId(locals.len() as u32);
    locals.push(variable);
    captures.push((outer, local));
    local
}
