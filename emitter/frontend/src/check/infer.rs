//! Finds the type of every slot of every copy of every function that the program reaches.
//!
//! A *slot* is a variable, a parameter, a result or a global; its type is the join of what
//! flows into it. A function is copied for each distinct tuple of argument types, at most
//! [`MAX_COPIES`] times, then one more copy takes all others. Functions that call each other
//! are copied together: inside such a group ([`components`]) a call joins its arguments into
//! the group's own parameters, so recursion is monomorphic and cannot make copies without end.
//!
//! Inference runs the very walk that makes the typed tree ([`super::walk`]) over one copy at
//! a time with the slot types known so far, throws the tree away, and repeats for the copies
//! that used something which has grown since; types only grow, and only a few steps. When
//! nothing grows any more the walk runs once more for each copy, keeps the trees, and reports.
//! The alternative, collecting constraints for a separate solver, would state the typing of
//! each construct twice, once as a constraint and once for the tree, and narrowing (a type
//! that depends on the place) does not fit constraints on variables. What lists and maps hold,
//! and the signatures of function values, are slots of union-find classes ([`super::classes`])
//! that the walk joins along flows.
//!
//! A copy is for what its container arguments hold, not for their classes: all lists of one
//! type that a function is called with become one class.
//!
//! A callee is walked as soon as a call needs it, so that nearly all results are known when
//! its caller goes on; this makes the number of walks proportional to the number of copies.

use std::collections::{BTreeMap, BTreeSet};

use super::classes::{Classes, Shape};
use super::components::components;
use super::fields::Fields;
use super::resolved::{ExprId, FuncId, Program};
use super::walk;
use crate::data::{self, ShapeId};
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Plan;
use crate::source::Span;
use crate::typed::{self, FunctionId, GlobalId, LocalId};
use crate::types::{Kind, ListId, MapId, RecordId, Type};

/// How many copies of a function there are before the rest shares one.
const MAX_COPIES: usize = 8;

/// How deep walks may be nested (counted in nested constructs of the programs walked) before a
/// callee has to wait for its turn.
const MAX_DEPTH: u32 = 200;

/// Infers and makes the typed program. It is fit to be built when `is_complete` (nothing was refused
/// so far) and no diagnostic is an error.
pub(super) fn infer(program: &Program<'_>, is_complete: bool) -> (typed::Program, Vec<Diagnostic>) {
    let mut infer = Infer {
        program,
        component: components(program),
        copies: Vec::new(),
        copies_of: program.functions.iter().map(|_| Vec::new()).collect(),
        globals: program.globals.iter().map(|_| Slot::default()).collect(),
        readers: program.globals.iter().map(|_| BTreeSet::new()).collect(),
        classes: Classes::new(program),
        fields: Fields::new(program),
        made: BTreeMap::new(),
        calls: BTreeMap::new(),
        values: BTreeMap::new(),
        value_kinds: BTreeMap::new(),
        by_types: BTreeMap::new(),
        unknown: BTreeMap::new(),
        by_group: BTreeMap::new(),
        shared: BTreeMap::new(),
        pending: BTreeSet::new(),
        depth: 0,
        output: None,
    };
    for (slot, global) in infer.globals.iter_mut().zip(&program.globals) {
        if global.read_early {
            slot.ty = Type::NONE;
        }
    }
    let group = infer.copies.len() as u32;
    let main = infer.copy(program.main, group);
    infer.pending.insert(main);
    infer.solve(is_complete);
    infer.emit(main)
}

/// The type in the typed program of a slot that nothing may have reached.
pub(super) fn settled(ty: Type) -> Type {
    if ty == Type::NEVER { Type::NONE } else { ty }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CopyId(u32);

impl CopyId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A place that values flow into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) ty: Type,
    /// Where the first value that is not none came from.
    pub(super) first: Span,
}

impl Default for Slot {
    fn default() -> Slot {
        Slot { ty: Type::NEVER, first: Span::default() }
    }
}

/// A function for one tuple of argument types.
pub(super) struct Copy {
    pub(super) function: FuncId,
    /// Copies with one number call each other directly.
    group: u32,
    /// By local.
    pub(super) slots: Vec<Slot>,
    pub(super) result: Slot,
    /// Copies that have used the result.
    callers: BTreeSet<CopyId>,
    /// Copies that the latest complete walk called.
    callees: BTreeSet<CopyId>,
    /// Copies that the running walk has called so far.
    calling: BTreeSet<CopyId>,
    was_walked: bool,
    is_running: bool,
    /// Something that the running walk may have used has grown.
    pub(super) is_stale: bool,
}

pub(super) struct Infer<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    component: Vec<u32>,
    copies: Vec<Copy>,
    /// By function as written.
    copies_of: Vec<Vec<CopyId>>,
    globals: Vec<Slot>,
    /// By global: the copies that have used it.
    readers: Vec<BTreeSet<CopyId>>,
    pub(super) classes: Classes,
    pub(super) fields: Fields,
    /// The classes of the containers that expressions make, as they were named at first.
    made: BTreeMap<(CopyId, ExprId, Shape), Kind>,
    /// The copy that each call of a function reaches.
    calls: BTreeMap<(CopyId, ExprId, FuncId), CopyId>,
    /// The copy that each function value runs, by the copy that makes it and, of partial applications, the
    /// expression that does.
    values: BTreeMap<(CopyId, FuncId, Option<ExprId>), CopyId>,
    /// The class of the values that run a copy, as it was named at first.
    value_kinds: BTreeMap<CopyId, Kind>,
    /// By the shapes of the arguments.
    by_types: BTreeMap<(FuncId, Vec<Type>), CopyId>,
    /// The copies for arguments of which something was not known when they were made.
    unknown: BTreeMap<FuncId, Vec<CopyId>>,
    by_group: BTreeMap<(u32, FuncId), CopyId>,
    /// The copies that take all further argument types.
    shared: BTreeMap<FuncId, CopyId>,
    /// Copies that have to be walked again; the newest comes first, as it tends to be a callee of the others.
    pending: BTreeSet<CopyId>,
    /// How many constructs the walks are inside of.
    pub(super) depth: u32,
    /// Present in the final walk.
    output: Option<Output>,
}

#[derive(Default)]
struct Output {
    ids: BTreeMap<CopyId, FunctionId>,
    order: Vec<CopyId>,
    /// With what tells duplicates from copies of one function apart.
    diagnostics: BTreeMap<(Span, Code), Diagnostic>,
    plans: BTreeMap<Span, Plan>,
    shapes: Vec<data::Shape>,
    /// Those of structs, each of which has one.
    record_shapes: BTreeMap<RecordId, ShapeId>,
}

impl<'p, 'a> Infer<'p, 'a> {
    pub(super) fn get(&self, id: CopyId) -> &Copy {
        &self.copies[id.index()]
    }

    pub(super) fn get_mut(&mut self, id: CopyId) -> &mut Copy {
        &mut self.copies[id.index()]
    }

    // Solving.

    fn solve(&mut self, is_complete: bool) {
        loop {
            while let Some(id) = self.pending.pop_last() {
                self.run(id);
            }
            if !is_complete {
                break;
            }
            if self.classes.settle_params() {
                self.wake();
                continue;
            }
            // What still has no result never comes back. Its callers are told that it gives none,
            // so that the code after the call has types.
            if let Some(stuck) = self.live().into_iter().rfind(|&id| self.get(id).result.ty == Type::NEVER) {
                self.join_result(stuck, Type::NONE, Span::default());
                continue;
            }
            self.settle_fields();
            if !self.pending.is_empty() {
                continue;
            }
            self.classes.settle();
            self.wake();
            if self.pending.is_empty() {
                break;
            }
        }
    }

    fn run(&mut self, id: CopyId) {
        let copy = self.get_mut(id);
        if copy.is_running {
            copy.is_stale = true;
            return;
        }
        copy.is_running = true;
        loop {
            self.get_mut(id).is_stale = false;
            walk::function(self, id);
            let copy = self.get_mut(id);
            copy.was_walked = true;
            copy.callees = std::mem::take(&mut copy.calling);
            if !copy.is_stale {
                break;
            }
        }
        self.get_mut(id).is_running = false;
        self.pending.remove(&id);
    }

    pub(super) fn again(&mut self, id: CopyId) {
        if self.get(id).is_running {
            self.get_mut(id).is_stale = true;
        } else {
            self.pending.insert(id);
        }
    }

    /// Copies that are reachable from the start function as far as is known.
    fn live(&self) -> BTreeSet<CopyId> {
        let mut live = BTreeSet::new();
        let mut open = vec![CopyId(0)];
        while let Some(id) = open.pop() {
            if live.insert(id) {
                open.extend(self.get(id).callees.union(&self.get(id).calling));
            }
        }
        live
    }

    // Slots.

    pub(super) fn global(&mut self, id: GlobalId, reader: CopyId) -> Type {
        self.readers[id.index()].insert(reader);
        self.classes.canonical(self.globals[id.index()].ty)
    }

    pub(super) fn join_global(&mut self, id: GlobalId, ty: Type, from: Span) -> Slot {
        let mut slot = self.globals[id.index()];
        let has_grown = self.join(&mut slot, ty, from);
        self.globals[id.index()] = slot;
        if has_grown {
            for reader in self.readers[id.index()].clone() {
                self.again(reader);
            }
        }
        slot
    }

    pub(super) fn join_result(&mut self, id: CopyId, ty: Type, from: Span) -> Slot {
        let mut slot = self.get(id).result;
        let has_grown = self.join(&mut slot, ty, from);
        self.get_mut(id).result = slot;
        if has_grown {
            for caller in self.get(id).callers.clone() {
                self.again(caller);
            }
        }
        slot
    }

    /// Lets `ty` flow into a slot; whether that has grown. In the final walk nothing does.
    pub(super) fn join(&mut self, slot: &mut Slot, ty: Type, from: Span) -> bool {
        if self.is_final() {
            return false;
        }
        if slot.ty.kind == Kind::Never && ty.kind != Kind::Never {
            slot.first = from;
        }
        let joined = self.join_types(slot.ty, ty);
        let before = self.classes.canonical(slot.ty);
        slot.ty = joined;
        joined != before
    }

    /// The least type that holds the values of both, which may meet from now on.
    pub(super) fn join_types(&mut self, a: Type, b: Type) -> Type {
        let joined = self.classes.join(a, b);
        self.wake();
        joined
    }

    /// Sees to it that whatever used a type which has grown is walked again.
    fn wake(&mut self) {
        loop {
            for reader in self.classes.take_stale() {
                self.again(reader);
            }
            let records = self.classes.take_new_records();
            if records.is_empty() {
                break;
            }
            for record in records {
                self.escape_fields(record);
            }
        }
    }

    pub(super) fn result(&self, id: CopyId) -> Type {
        self.classes.canonical(self.get(id).result.ty)
    }

    // Containers.

    /// Containers of these two types may meet, if they are of one shape.
    pub(super) fn unify(&mut self, a: Type, b: Type) {
        if a.kind != Kind::Never && b.kind != Kind::Never && self.classes.is_one_shape(a.kind, b.kind) {
            self.join_types(a, b);
        }
    }

    /// Makes containers that are compared be of one type, where that changes no more than whether none is
    /// among what they hold.
    pub(super) fn unify_similar(&mut self, a: Type, b: Type, reader: CopyId) {
        if self.is_final() || !self.classes.is_one_shape(a.kind, b.kind) {
            return;
        }
        let (mut first, mut second) = (Vec::new(), Vec::new());
        self.classes.shape(a, reader, &mut first);
        self.classes.shape(b, reader, &mut second);
        // What is not known yet may become anything, and tells nothing about what follows.
        let mut pairs = first.iter().zip(&second);
        let differs = pairs.find(|(x, y)| x.kind != y.kind || x.kind == Kind::Never);
        if differs.is_none_or(|(x, y)| x.kind == Kind::Never || y.kind == Kind::Never) {
            self.unify(a, b);
        }
    }

    pub(super) fn canonical(&self, ty: Type) -> Type {
        self.classes.canonical(ty)
    }

    /// The type of the containers that an expression makes.
    pub(super) fn new_container(&mut self, copy: CopyId, expr: ExprId, shape: Shape, slots: usize) -> Type {
        let kind = match self.made.get(&(copy, expr, shape)) {
            Some(&kind) => kind,
            None => {
                let kind = self.classes.make(shape, slots);
                self.made.insert((copy, expr, shape), kind);
                kind
            }
        };
        self.classes.canonical(Type::of(kind))
    }

    /// The type of the maps that a literal with these keys, which are in order, makes.
    pub(super) fn new_row(&mut self, copy: CopyId, expr: ExprId, keys: &[String]) -> Type {
        let kind = match self.made.get(&(copy, expr, Shape::Map)) {
            Some(&kind) => kind,
            None => {
                let kind = self.classes.make_row(keys);
                self.made.insert((copy, expr, Shape::Map), kind);
                kind
            }
        };
        self.classes.canonical(Type::of(kind))
    }

    /// Makes maps of rows; the type that they have then. Other types stay.
    pub(super) fn open_row(&mut self, ty: Type) -> Type {
        self.classes.open_row(ty);
        self.wake();
        self.canonical(ty)
    }

    /// The type of a slot of a container type.
    pub(super) fn part(&mut self, kind: Kind, index: usize, reader: CopyId) -> Type {
        self.classes.slot(kind, index, reader)
    }

    /// Lets a value flow into a slot of containers.
    pub(super) fn join_part(&mut self, kind: Kind, index: usize, ty: Type, from: Span) {
        self.classes.join_slot(kind, index, ty, from);
        self.wake();
    }

    /// The type of the elements of lists.
    pub(super) fn element(&mut self, list: ListId, reader: CopyId) -> Type {
        self.part(Kind::List(list), 0, reader)
    }

    /// The type of the values of maps.
    pub(super) fn value(&mut self, map: MapId, reader: CopyId) -> Type {
        self.part(Kind::Map(map), 0, reader)
    }

    /// Values of the type flow to where values of any kind are.
    pub(super) fn escape(&mut self, ty: Type) {
        self.classes.escape(ty);
        self.wake();
    }

    /// A value is stored as an element of something of which nothing is known. `index` tells that it is a number.
    pub(super) fn store_through_any(&mut self, ty: Type, by_number: bool) {
        self.classes.store(ty, None);
        if !by_number {
            self.store_field_through_any(None, ty);
        }
        self.wake();
    }

    /// The same for a field by its name: an entry of a map, or a field of a record.
    pub(super) fn store_through_any_field(&mut self, name: &str, ty: Type) {
        self.classes.store(ty, Some(name));
        self.store_field_through_any(Some(name), ty);
        self.wake();
    }

    // Calls.

    /// The copy that a call with arguments of these types reaches, with its parameters grown to hold
    /// them. None while an argument's type is not known.
    pub(super) fn call(
        &mut self,
        caller: CopyId,
        call: ExprId,
        function: FuncId,
        args: &[(Type, Span)],
    ) -> Option<CopyId> {
        if args.iter().any(|&(ty, _)| ty == Type::NEVER) {
            return None;
        }
        if self.is_final() {
            return self.calls.get(&(caller, call, function)).copied();
        }
        let id = self.callee(caller, call, function, args);
        self.calls.insert((caller, call, function), id);
        let params = &self.program.functions[function.index()].params;
        let flows = params.iter().zip(args).map(|(&param, &(ty, span))| (param, ty, span)).collect();
        let grown = self.join_params(id, flows);
        self.get_mut(caller).calling.insert(id);
        self.get_mut(id).callers.insert(caller);
        let copy = self.get(id);
        if grown || !(copy.was_walked || copy.is_running) {
            self.again(id);
            if self.depth < MAX_DEPTH && !self.get(id).is_running {
                self.run(id);
            }
        }
        Some(id)
    }

    /// The copy that a function value made by `maker` runs, and the value's type. None while the type of a
    /// captured variable is not known. `site` is there when each expression has its own copy.
    pub(super) fn function_value(
        &mut self,
        maker: CopyId,
        function: FuncId,
        site: Option<ExprId>,
        captures: &[(Type, Span)],
    ) -> Option<(CopyId, Type)> {
        if captures.iter().any(|&(ty, _)| ty == Type::NEVER) {
            return None;
        }
        let declared = &self.program.functions[function.index()];
        // A function that is not made anew has one type for all its values.
        let is_nested =
            site.is_some() || self.program.functions[self.get(maker).function.index()].callees.contains(&function);
        let key = (if is_nested { maker } else { CopyId(0) }, function, site);
        if self.is_final() {
            let id = *self.values.get(&key)?;
            return Some((id, Type::of(*self.value_kinds.get(&id)?)));
        }
        let id = match self.values.get(&key) {
            Some(&id) => id,
            None => {
                let Copy { function: from, group, .. } = *self.get(maker);
                let is_one_group = is_nested && self.component[from.index()] == self.component[function.index()];
                let known = self.by_group.get(&(group, function)).copied().filter(|_| is_one_group);
                let new_group = if is_one_group { group } else { self.copies.len() as u32 };
                let id = known.unwrap_or_else(|| self.copy(function, new_group));
                self.values.insert(key, id);
                id
            }
        };
        let written = &declared.params[declared.captures..];
        let kind = match self.value_kinds.get(&id) {
            Some(&kind) => kind,
            None => {
                let kind = self.classes.make(Shape::Func, written.len() + 1);
                self.value_kinds.insert(id, kind);
                kind
            }
        };
        let mut flows: Vec<(LocalId, Type, Span)> = Vec::new();
        flows.extend(declared.params.iter().zip(captures).map(|(&param, &(ty, span))| (param, ty, span)));
        for (index, &param) in written.iter().enumerate() {
            let held = self.get(id).slots[param.index()];
            self.join_part(kind, index, held.ty, held.first);
            flows.push((param, self.part(kind, index, maker), declared.span));
        }
        let grown = self.join_params(id, flows);
        self.get_mut(maker).calling.insert(id);
        self.get_mut(id).callers.insert(maker);
        let copy = self.get(id);
        if grown || !(copy.was_walked || copy.is_running) {
            self.again(id);
            if self.depth < MAX_DEPTH && !self.get(id).is_running {
                self.run(id);
            }
        }
        let held = self.get(id).result;
        self.join_part(kind, written.len(), held.ty, held.first);
        let result = self.part(kind, written.len(), maker);
        self.join_result(id, result, declared.span);
        Some((id, self.classes.canonical(Type::of(kind))))
    }

    /// Lets values flow into parameters of a copy; whether one has grown.
    fn join_params(&mut self, id: CopyId, flows: Vec<(LocalId, Type, Span)>) -> bool {
        let function = self.get(id).function;
        let mut grown = false;
        for (param, ty, span) in flows {
            let mut slot = self.get(id).slots[param.index()];
            let has_grown = self.join(&mut slot, ty, span);
            self.get_mut(id).slots[param.index()] = slot;
            if has_grown && self.program.functions[function.index()].locals[param.index()].is_cell {
                self.share_growth(id, param);
            }
            grown |= has_grown;
        }
        grown
    }

    /// The local of a copy lives in a cell, and has grown: those who pass the cell hold the same in it.
    pub(super) fn share_growth(&mut self, id: CopyId, local: LocalId) {
        let Copy { function, .. } = *self.get(id);
        let function = &self.program.functions[function.index()];
        if function.params[..function.captures].contains(&local) {
            for caller in self.get(id).callers.clone() {
                self.again(caller);
            }
        }
    }

    fn callee(&mut self, caller: CopyId, call: ExprId, function: FuncId, args: &[(Type, Span)]) -> CopyId {
        let Copy { function: from, group, .. } = *self.get(caller);
        if self.component[from.index()] == self.component[function.index()] {
            return match self.by_group.get(&(group, function)) {
                Some(&id) => id,
                None => self.copy(function, group),
            };
        }
        let mut shapes = Vec::new();
        let mut is_known = true;
        for &(ty, _) in args {
            is_known &= self.classes.shape(ty, caller, &mut shapes);
        }
        if !is_known {
            // Lists of which no element is known yet stay apart, so that they do not meet by chance.
            if let Some(&earlier) = self.calls.get(&(caller, call, function)) {
                return earlier;
            }
            if let Some(copies) = self.unknown.get(&function)
                && copies.len() >= MAX_COPIES
            {
                return copies[copies.len() - 1];
            }
            let group = self.copies.len() as u32;
            let id = self.copy(function, group);
            self.unknown.entry(function).or_default().push(id);
            return id;
        }
        let key = (function, shapes);
        if let Some(&id) = self.by_types.get(&key) {
            return id;
        }
        let id = self.choose_copy(function, args, caller, &key.1);
        self.by_types.insert(key, id);
        id
    }

    fn choose_copy(&mut self, function: FuncId, args: &[(Type, Span)], caller: CopyId, shapes: &[Type]) -> CopyId {
        if let Some(&id) = self.shared.get(&function) {
            return id;
        }
        let params = &self.program.functions[function.index()].params;
        let copies = self.copies_of[function.index()].clone();
        for &id in &copies {
            let mut found = Vec::new();
            for (param, _) in params.iter().zip(args) {
                let ty = self.get(id).slots[param.index()].ty;
                self.classes.shape(ty, caller, &mut found);
            }
            if found == shapes {
                return id;
            }
        }
        let group = self.copies.len() as u32;
        if copies.len() < MAX_COPIES {
            return self.copy(function, group);
        }
        // Copies for types that have grown since do not count.
        let live = self.live();
        if copies.iter().filter(|id| live.contains(id)).count() < MAX_COPIES {
            return self.copy(function, group);
        }
        let id = self.copy(function, group);
        self.shared.insert(function, id);
        id
    }

    fn copy(&mut self, function: FuncId, group: u32) -> CopyId {
        let id = CopyId(self.copies.len() as u32);
        let locals = self.program.functions[function.index()].locals.len();
        self.copies.push(Copy {
            function,
            group,
            slots: vec![Slot::default(); locals],
            result: Slot::default(),
            callers: BTreeSet::new(),
            callees: BTreeSet::new(),
            calling: BTreeSet::new(),
            was_walked: false,
            is_running: false,
            is_stale: false,
        });
        self.copies_of[function.index()].push(id);
        self.by_group.insert((group, function), id);
        id
    }

    // The final walk.

    fn emit(mut self, main: CopyId) -> (typed::Program, Vec<Diagnostic>) {
        let interned = self.classes.intern();
        for slot in &mut self.globals {
            slot.ty = interned.rename(slot.ty);
        }
        for copy in &mut self.copies {
            for slot in copy.slots.iter_mut().chain([&mut copy.result]) {
                slot.ty = interned.rename(slot.ty);
            }
        }
        self.fields.rename(|ty| interned.rename(ty));
        for kind in self.made.values_mut().chain(self.value_kinds.values_mut()) {
            *kind = interned.rename(Type::of(*kind)).kind;
        }
        self.output = Some(Output::default());
        let main = self.function_id(main);
        let mut functions = Vec::new();
        while let Some(&id) = self.output.as_ref().and_then(|output| output.order.get(functions.len())) {
            functions.push(walk::function(&mut self, id));
        }
        let globals = self.globals.iter().zip(&self.program.globals);
        let globals = globals.map(|(slot, global)| typed::Global {
            name: global.variable.name.to_owned(),
            ty: settled(slot.ty),
            span: global.variable.span,
        });
        let program = typed::Program {
            functions,
            main,
            globals: globals.collect(),
            lists: interned.lists,
            maps: interned.maps,
            records: self.record_types().into_iter().chain(interned.rows).collect(),
            unions: self.union_types(),
            funcs: interned.funcs,
            shapes: self.output.iter_mut().flat_map(|output| std::mem::take(&mut output.shapes)).collect(),
            plans: self.output.iter_mut().flat_map(|output| std::mem::take(&mut output.plans).into_values()).collect(),
            blocks: self.program.blocks.clone(),
        };
        (program, self.output.map(|output| output.diagnostics.into_values().collect()).unwrap_or_default())
    }

    pub(super) fn is_final(&self) -> bool {
        self.output.is_some()
    }

    /// Keeps a finding of the final walk; copies of a function find the same things.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if let Some(output) = &mut self.output {
            output.diagnostics.entry((diagnostic.span, diagnostic.code)).or_insert(diagnostic);
        }
    }

    /// Keeps the plan of a query; that of the first copy of its function counts.
    pub(super) fn plan(&mut self, plan: Plan) {
        if let Some(output) = &mut self.output {
            output.plans.entry(plan.span).or_insert(plan);
        }
    }

    /// The number of what loaded data becomes.
    pub(super) fn shape(&mut self, shape: data::Shape) -> ShapeId {
        let Some(output) = &mut self.output else { return ShapeId(0) };
        let known = output.shapes.iter().position(|known| *known == shape);
        ShapeId(known.unwrap_or_else(|| {
            output.shapes.push(shape);
            output.shapes.len() - 1
        }) as u32)
    }

    /// The number of what becomes a struct, whose fields are given then.
    pub(super) fn record_shape(&mut self, record: RecordId) -> ShapeId {
        let Some(output) = &mut self.output else { return ShapeId(0) };
        let next = ShapeId(output.shapes.len() as u32);
        let id = *output.record_shapes.entry(record).or_insert(next);
        if id == next {
            output.shapes.push(data::Shape::Record { record, fields: Vec::new() });
        }
        id
    }

    /// The number of what becomes a list or map that contains itself, whose part is given then.
    pub(super) fn open_shape(&mut self, shape: data::Shape) -> ShapeId {
        let Some(output) = &mut self.output else { return ShapeId(0) };
        output.shapes.push(shape);
        ShapeId(output.shapes.len() as u32 - 1)
    }

    pub(super) fn set_shape(&mut self, id: ShapeId, shape: data::Shape) {
        if let Some(output) = &mut self.output {
            output.shapes[id.index()] = shape;
        }
    }

    /// The index of a copy in the typed program.
    pub(super) fn function_id(&mut self, id: CopyId) -> FunctionId {
        let Some(output) = &mut self.output else { return FunctionId(id.0) };
        let next = FunctionId(output.order.len() as u32);
        let function = *output.ids.entry(id).or_insert(next);
        if function == next {
            output.order.push(id);
        }
        function
    }
}
