//! Which containers may meet: alias classes of lists, maps and functions, with a slot for what they hold.
//!
//! An expression that makes a container makes a class. Wherever a container flows to where
//! another of its shape may be, their classes become one (union-find), and so do the classes of
//! what they hold. No container ever changes its representation on the way, so all names for
//! it agree on that. When inference is done the classes with equal contents become one type.
//!
//! Where values of different kinds meet, the place is `any`. A container that flows into such a
//! place *escapes*: it keeps its representation, as reading through `any` looks at what the
//! object is, but what the program stores through `any` (an element, an argument) may be
//! stored in any container that has escaped. A class that would contain itself has `any` in
//! that place; only records may contain themselves.
//!
//! Map literals of constant keys make classes of their own shape, *rows*, with a slot for each
//! key. A row becomes a map class, with one slot for all that the others held, when it meets a map
//! or a row of other keys, or when the program could give it a key that it does not have ([`rows`]).
//! What is a row when inference is done never was anything else to the machine than a record.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::fields::stored;
use super::infer::{CopyId, Slot};
use super::resolved::Program;
use crate::source::Span;
use crate::typed::{FuncType, ListType, MapType, RecordType};
use crate::types::{FuncTypeId, Kind, ListId, MapId, RecordId, RowId, Type, UnionId};
use rows::{Keys, KeysId};

/// How much of a type is looked at to tell it from others; what is larger counts as equal.
const MAX_PARTS: usize = 200;

/// What a class is a class of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// One slot: the elements.
    List,
    /// One slot: the values.
    Map,
    /// The parameters, then the result.
    Func,
    /// The values of these keys, in the order of the keys.
    Row(KeysId),
}

impl Shape {
    fn kind(self, class: u32) -> Kind {
        match self {
            Shape::List => Kind::List(ListId(class)),
            Shape::Map => Kind::Map(MapId(class)),
            Shape::Func => Kind::Func(FuncTypeId(class)),
            Shape::Row(_) => Kind::Row(RowId(class)),
        }
    }

    /// What stands for all classes of the shape.
    fn any_kind(self) -> Kind {
        match self {
            Shape::Row(keys) => Kind::Row(RowId(u32::MAX - keys.0)),
            Shape::List | Shape::Map | Shape::Func => self.kind(u32::MAX),
        }
    }
}

/// The number of the class that a kind names.
fn class_of(kind: Kind) -> Option<u32> {
    match kind {
        Kind::List(list) => Some(list.0),
        Kind::Map(map) => Some(map.0),
        Kind::Func(func) => Some(func.0),
        Kind::Row(row) => Some(row.0),
        Kind::Never
        | Kind::Int
        | Kind::Float
        | Kind::Bool
        | Kind::String
        | Kind::Record(_)
        | Kind::Union(_)
        | Kind::Any => None,
    }
}

/// Whether `after` holds more than `before`, which are one class where they are classes of one shape.
fn has_grown(before: Type, after: Type) -> bool {
    let is_same = match (class_of(before.kind), class_of(after.kind)) {
        (Some(_), Some(_)) => std::mem::discriminant(&before.kind) == std::mem::discriminant(&after.kind),
        _ => before.kind == after.kind,
    };
    !is_same || before.nullable != after.nullable
}

pub(super) struct Classes {
    classes: Vec<Class>,
    /// The union of each record that is a variant.
    unions: Vec<Option<UnionId>>,
    variants: Vec<Vec<RecordId>>,
    escaped_records: BTreeSet<RecordId>,
    /// Those among them that have escaped since they were last asked for.
    new_records: Vec<RecordId>,
    /// What is stored in elements through `any`.
    stored: Type,
    /// The same by the name of the key, if that is known.
    stored_at: BTreeMap<Option<String>, Type>,
    /// The keys of rows.
    keys: Keys,
    /// The copies that have used the type of a slot which has grown since they were last asked for.
    stale: BTreeSet<CopyId>,
    /// The types that the classes have become.
    interned: Option<Interned>,
}

struct Class {
    /// Itself, unless it has become part of another.
    parent: u32,
    shape: Shape,
    slots: Vec<Slot>,
    /// The copies that have used the slots' types.
    readers: BTreeSet<CopyId>,
    escapes: bool,
}

/// The types and what each class has become.
#[derive(Clone, Default)]
pub(super) struct Interned {
    pub(super) lists: Vec<ListType>,
    pub(super) maps: Vec<MapType>,
    pub(super) funcs: Vec<FuncType>,
    pub(super) rows: Vec<RecordType>,
    /// The number of the first row: declared records come before them.
    first_row: usize,
    /// By class, as it was named at first.
    kinds: Vec<Option<Kind>>,
}

impl Interned {
    /// A type with these slots besides those that are there.
    fn add(&mut self, shape: Shape, mut slots: Vec<Type>, keys: &Keys) -> Kind {
        let id = match shape {
            Shape::List => {
                self.lists.push(ListType { element: slots[0] });
                self.lists.len() - 1
            }
            Shape::Map => {
                self.maps.push(MapType { value: slots[0] });
                self.maps.len() - 1
            }
            Shape::Func => {
                let result = slots.pop().unwrap_or(Type::NONE);
                self.funcs.push(FuncType { params: slots, result });
                self.funcs.len() - 1
            }
            Shape::Row(row_keys) => {
                let id = self.first_row + self.rows.len();
                self.rows.push(keys.record(row_keys, id, &slots));
                id
            }
        };
        shape.kind(id as u32)
    }

    pub(super) fn rename(&self, ty: Type) -> Type {
        let kind = class_of(ty.kind).and_then(|class| self.kinds[class as usize]);
        Type { kind: kind.unwrap_or(ty.kind), ..ty }
    }

    fn row(&self, row: RowId) -> &RecordType {
        &self.rows[row.index() - self.first_row]
    }

    fn slot(&self, kind: Kind, index: usize) -> Type {
        match kind {
            Kind::List(list) => self.lists[list.index()].element,
            Kind::Map(map) => self.maps[map.index()].value,
            Kind::Row(row) => self.row(row).fields[index].ty,
            Kind::Func(func) => {
                let func = &self.funcs[func.index()];
                func.params.get(index).copied().unwrap_or(func.result)
            }
            _ => unreachable!("{kind:?} has no slots"),
        }
    }
}

impl Classes {
    pub(super) fn new(program: &Program<'_>) -> Classes {
        Classes {
            classes: Vec::new(),
            unions: program.records.iter().map(|record| record.union).collect(),
            variants: program.unions.iter().map(|union| union.variants.clone()).collect(),
            escaped_records: BTreeSet::new(),
            new_records: Vec::new(),
            stored: Type::NEVER,
            stored_at: BTreeMap::new(),
            keys: Keys::default(),
            stale: BTreeSet::new(),
            interned: None,
        }
    }

    /// A new class with so many slots. Once types have been settled, only a program with errors, whose types were not
    /// followed to their ends, has any more.
    pub(super) fn make(&mut self, shape: Shape, slots: usize) -> Kind {
        if let Some(interned) = &mut self.interned {
            return interned.add(shape, vec![Type::NONE; slots], &self.keys);
        }
        let id = self.classes.len() as u32;
        let slots = vec![Slot::default(); slots];
        self.classes.push(Class { parent: id, shape, slots, readers: BTreeSet::new(), escapes: false });
        shape.kind(id)
    }

    fn find(&self, class: u32) -> u32 {
        let mut at = class;
        while self.classes[at as usize].parent != at {
            at = self.classes[at as usize].parent;
        }
        at
    }

    /// Shortens the way to what [`Self::find`] gives.
    fn find_mut(&mut self, class: u32) -> u32 {
        let root = self.find(class);
        let mut at = class;
        while at != root {
            at = std::mem::replace(&mut self.classes[at as usize].parent, root);
        }
        root
    }

    fn get(&self, class: u32) -> &Class {
        &self.classes[self.find(class) as usize]
    }

    /// The type with the present name of its class.
    pub(super) fn canonical(&self, ty: Type) -> Type {
        match class_of(ty.kind) {
            Some(class) if self.interned.is_none() => {
                let class = self.find(class);
                Type { kind: self.classes[class as usize].shape.kind(class), ..ty }
            }
            _ => ty,
        }
    }

    /// The copies that have to be walked again.
    pub(super) fn take_stale(&mut self) -> BTreeSet<CopyId> {
        std::mem::take(&mut self.stale)
    }

    // Joining.

    /// The least type that holds the values of both, which may meet from now on.
    pub(super) fn join(&mut self, a: Type, b: Type) -> Type {
        let (a, b) = (self.canonical(a), self.canonical(b));
        let mut open = Vec::new();
        let joined = self.join_outside(a, b, &mut open);
        self.unify_all(open);
        self.canonical(joined)
    }

    /// The same, but classes that have to become one are left in `open`.
    fn join_outside(&mut self, a: Type, b: Type, open: &mut Vec<(u32, u32)>) -> Type {
        let nullable = a.nullable || b.nullable;
        if let (Some(x), Some(y)) = (class_of(a.kind), class_of(b.kind))
            && (a.kind == b.kind || self.interned.is_none() && self.is_one_shape(a.kind, b.kind))
        {
            open.push((x, y));
            return Type { nullable, ..a };
        }
        let joined = match (self.union_of(a.kind), self.union_of(b.kind)) {
            (Some(first), Some(second)) if first == second && a.kind != b.kind => {
                Type { kind: Kind::Union(first), nullable }
            }
            _ => a.join(b),
        };
        if joined.kind == Kind::Any {
            self.escape(a);
            self.escape(b);
        }
        joined
    }

    /// Whether values of both kinds, if they meet, are containers of one class.
    pub(super) fn is_one_shape(&self, a: Kind, b: Kind) -> bool {
        match (a, b) {
            (Kind::List(_), Kind::List(_)) | (Kind::Map(_) | Kind::Row(_), Kind::Map(_) | Kind::Row(_)) => true,
            (Kind::Func(_), Kind::Func(_)) => self.slot_count(a) == self.slot_count(b),
            _ => false,
        }
    }

    /// The kind of values of both kinds where nothing has to become one for that.
    pub(super) fn common_kind(&self, a: Kind, b: Kind) -> Option<Kind> {
        match (self.union_of(a), self.union_of(b)) {
            (Some(first), Some(second)) if first == second && a != b => Some(Kind::Union(first)),
            _ => (a == b).then_some(a),
        }
    }

    fn union_of(&self, kind: Kind) -> Option<UnionId> {
        match kind {
            Kind::Record(record) => self.unions[record.index()],
            Kind::Union(union) => Some(union),
            _ => None,
        }
    }

    fn unify_all(&mut self, mut open: Vec<(u32, u32)>) {
        if self.interned.is_some() {
            return;
        }
        let mut merged = Vec::new();
        while let Some((a, b)) = open.pop() {
            let (a, b) = (self.find_mut(a), self.find_mut(b));
            if a == b {
                continue;
            }
            if self.classes[a as usize].shape != self.classes[b as usize].shape {
                self.open_class(a);
                self.open_class(b);
                open.push((a, b));
                continue;
            }
            // The older class stays, so that names change in a fixed way.
            let (kept, gone) = (a.min(b), a.max(b));
            self.classes[gone as usize].parent = kept;
            let slots = std::mem::take(&mut self.classes[gone as usize].slots);
            let readers = std::mem::take(&mut self.classes[gone as usize].readers);
            let escaped = self.classes[gone as usize].escapes;
            for (index, second) in slots.into_iter().enumerate() {
                let first = *self.slot_mut(kept, index);
                let mut ty = self.join_outside(self.canonical(first.ty), self.canonical(second.ty), &mut open);
                let now = self.slot_mut(kept, index).ty;
                if now != first.ty {
                    // What escapes may take values by that.
                    ty = self.join_outside(self.canonical(now), ty, &mut open);
                }
                let kept = self.find(kept);
                if has_grown(first.ty, ty) {
                    self.stale.extend(&self.classes[kept as usize].readers);
                }
                if has_grown(second.ty, ty) {
                    self.stale.extend(&readers);
                }
                let slot = self.slot_mut(kept, index);
                slot.first = if first.ty.kind == Kind::Never { second.first } else { first.first };
                slot.ty = slot.ty.join_of_one_class(ty);
            }
            let kept = self.find(kept);
            self.classes[kept as usize].readers.extend(readers);
            if escaped != self.classes[kept as usize].escapes {
                self.classes[kept as usize].escapes = false;
                let shape = self.classes[kept as usize].shape;
                self.escape(Type::of(shape.kind(kept)));
            }
            merged.push(kept);
        }
        for class in merged {
            self.break_cycles(class);
        }
    }

    /// Puts `any` where the class contains itself.
    fn break_cycles(&mut self, class: u32) {
        let slots = self.get(class).slots.len();
        for index in 0..slots {
            let class = self.find(class);
            let ty = self.slot_mut(class, index).ty;
            if self.reaches(ty, class) {
                self.slot_mut(class, index).ty = Type::ANY;
                self.stale.extend(&self.classes[class as usize].readers);
                self.escape(ty);
            }
        }
    }

    fn reaches(&self, ty: Type, class: u32) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            let Some(at) = class_of(ty.kind) else { continue };
            let at = self.find(at);
            if at == class {
                return true;
            }
            if seen.insert(at) {
                open.extend(self.classes[at as usize].slots.iter().map(|slot| slot.ty));
            }
        }
        false
    }

    // Slots.

    /// The type of a slot of a container's class.
    pub(super) fn slot(&mut self, kind: Kind, index: usize, reader: CopyId) -> Type {
        if let Some(interned) = &self.interned {
            return interned.slot(kind, index);
        }
        let Some(class) = class_of(kind) else { unreachable!("{kind:?} has no slots") };
        let class = self.find(class);
        self.classes[class as usize].readers.insert(reader);
        let ty = self.slot_mut(class, index).ty;
        self.canonical(ty)
    }

    /// A slot of a class, which may have become part of another, or a map.
    fn slot_mut(&mut self, class: u32, index: usize) -> &mut Slot {
        let class = self.find(class);
        let class = &mut self.classes[class as usize];
        let index = if class.shape == Shape::Map { 0 } else { index };
        &mut class.slots[index]
    }

    /// How many slots a container's class has.
    pub(super) fn slot_count(&self, kind: Kind) -> usize {
        match (class_of(kind), kind, &self.interned) {
            (_, Kind::Func(func), Some(interned)) => interned.funcs[func.index()].params.len() + 1,
            (_, Kind::Row(row), Some(interned)) => interned.row(row).fields.len(),
            (Some(_), _, Some(_)) => 1,
            (Some(class), _, None) => self.get(class).slots.len(),
            (None, _, _) => 0,
        }
    }

    /// Lets a value flow into a slot of a container's class.
    pub(super) fn join_slot(&mut self, kind: Kind, index: usize, ty: Type, from: Span) {
        if self.interned.is_some() {
            return;
        }
        let Some(class) = class_of(kind) else { unreachable!("{kind:?} has no slots") };
        let before = *self.slot_mut(class, index);
        let ty = self.join(before.ty, ty);
        // Joining may have changed the slot itself, when the class became part of another.
        let now = self.slot_mut(class, index).ty;
        let now = self.canonical(now);
        let ty = if ty == now { ty } else { self.join(now, ty) };
        let class = self.find(class);
        let slot = self.slot_mut(class, index);
        if slot.ty.kind == Kind::Never && ty.kind != Kind::Never {
            slot.first = from;
        }
        slot.ty = slot.ty.join_of_one_class(ty);
        let data = &self.classes[class as usize];
        if has_grown(before.ty, ty) {
            self.stale.extend(&data.readers);
        }
        if data.escapes {
            self.escape(ty);
        }
        self.break_cycles(class);
    }

    // Escaping.

    /// Values of the type flow to where values of other kinds are.
    pub(super) fn escape(&mut self, ty: Type) {
        if self.interned.is_some() {
            return;
        }
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            match ty.kind {
                Kind::Record(record) => {
                    if self.escaped_records.insert(record) {
                        self.new_records.push(record);
                    }
                }
                Kind::Union(union) => {
                    open.extend(self.variants[union.index()].iter().map(|&variant| Type::of(Kind::Record(variant))));
                }
                Kind::List(_) | Kind::Map(_) | Kind::Row(_) | Kind::Func(_) => self.escape_class(ty.kind, &mut open),
                Kind::Never | Kind::Int | Kind::Float | Kind::Bool | Kind::String | Kind::Any => {}
            }
        }
    }

    fn escape_class(&mut self, kind: Kind, open: &mut Vec<Type>) {
        let Some(class) = class_of(kind) else { return };
        let class = self.find(class);
        let data = &mut self.classes[class as usize];
        if std::mem::replace(&mut data.escapes, true) {
            return;
        }
        open.extend(data.slots.iter().map(|slot| slot.ty));
        let params = data.slots.len() - 1;
        match data.shape {
            Shape::Row(_) => {
                for (name, ty) in self.stored_at.clone() {
                    self.store_in_row(class, name.as_deref(), ty);
                }
            }
            Shape::List | Shape::Map => {
                let stored = self.stored;
                if stored != Type::NEVER {
                    self.join_slot(kind, 0, stored, Span::default());
                }
            }
            Shape::Func => {
                for param in 0..params {
                    self.join_slot(kind, param, Type::ANY, Span::default());
                }
            }
        }
    }

    pub(super) fn has_escaped(&self, record: RecordId) -> bool {
        self.escaped_records.contains(&record)
    }

    pub(super) fn escaped_records(&self) -> impl Iterator<Item = RecordId> {
        self.escaped_records.iter().copied()
    }

    pub(super) fn take_new_records(&mut self) -> Vec<RecordId> {
        std::mem::take(&mut self.new_records)
    }

    /// A value is stored in an element through `any`: under the name, if that is known.
    pub(super) fn store(&mut self, ty: Type, name: Option<&str>) {
        if self.interned.is_some() {
            return;
        }
        self.escape(ty);
        // A store behind the end of a list fills what lies between with none.
        let stored = self.join(self.stored, ty.or_none());
        let is_known = std::mem::replace(&mut self.stored, stored) == stored;
        let at = name.map(str::to_owned);
        let before = self.stored_at.get(&at).copied();
        let stored_at = self.join(before.unwrap_or(Type::NEVER), ty);
        self.stored_at.insert(at, stored_at);
        if is_known && before == Some(stored_at) {
            return;
        }
        for index in 0..self.classes.len() {
            let class = &self.classes[index];
            if class.parent != index as u32 || !class.escapes {
                continue;
            }
            let kind = class.shape.kind(index as u32);
            match class.shape {
                Shape::List | Shape::Map => self.join_slot(kind, 0, stored, Span::default()),
                Shape::Row(_) => self.store_in_row(index as u32, name, stored_at),
                Shape::Func => {}
            }
        }
    }

    // Telling types apart.

    /// What distinguishes types before the classes are final: the type itself, then what it holds, from the
    /// outside to the inside. False when some of it is not known yet.
    pub(super) fn shape(&mut self, ty: Type, reader: CopyId, out: &mut Vec<Type>) -> bool {
        let mut is_known = true;
        let mut open = vec![ty];
        let end = out.len() + MAX_PARTS;
        while let Some(ty) = open.pop()
            && out.len() < end
        {
            let Some(class) = class_of(ty.kind) else {
                is_known &= ty != Type::NEVER;
                out.push(ty);
                continue;
            };
            let class = self.find(class);
            let class = &mut self.classes[class as usize];
            class.readers.insert(reader);
            out.push(Type { kind: class.shape.any_kind(), ..ty });
            open.extend(class.slots.iter().rev().map(|slot| slot.ty));
        }
        is_known
    }

    /// Elements and values of which nothing but none is known are ints: none of them is ever read, or only none.
    pub(super) fn settle(&mut self) {
        for index in 0..self.classes.len() {
            let class = &self.classes[index];
            if class.parent != index as u32 {
                continue;
            }
            let kind = class.shape.kind(index as u32);
            for slot in 0..class.slots.len() {
                let class = &self.classes[index];
                let ty = class.slots[slot].ty;
                match class.shape {
                    Shape::List | Shape::Map | Shape::Row(_) if ty.kind == Kind::Never => {
                        self.join_slot(kind, slot, Type::INT, Span::default());
                    }
                    Shape::Func if ty == Type::NEVER => self.join_slot(kind, slot, Type::NONE, Span::default()),
                    Shape::List | Shape::Map | Shape::Row(_) | Shape::Func => {}
                }
            }
        }
    }

    /// Parameters that nothing flows into hold none; whether there were any.
    pub(super) fn settle_params(&mut self) -> bool {
        let mut found = false;
        for index in 0..self.classes.len() {
            let class = &self.classes[index];
            if class.parent != index as u32 || class.shape != Shape::Func {
                continue;
            }
            let kind = class.shape.kind(index as u32);
            for param in 0..class.slots.len() - 1 {
                let is_root = self.classes[index].parent == index as u32;
                if is_root && self.classes[index].slots[param].ty == Type::NEVER {
                    self.join_slot(kind, param, Type::NONE, Span::default());
                    found = true;
                }
            }
        }
        found
    }

    /// Replaces the classes by types, of which no two have equal contents.
    pub(super) fn intern(&mut self) -> Interned {
        let mut interned =
            Interned { kinds: vec![None; self.classes.len()], first_row: self.unions.len(), ..Interned::default() };
        let mut known: BTreeMap<(Shape, Vec<Type>), Kind> = BTreeMap::new();
        for index in 0..self.classes.len() as u32 {
            let mut open = vec![index];
            while let Some(&named) = open.last() {
                let class = self.find(named);
                let data = &self.classes[class as usize];
                // What a class holds comes before it.
                let parts = data.slots.iter().filter_map(|slot| class_of(slot.ty.kind));
                let missing: Vec<u32> =
                    parts.filter(|&part| interned.kinds[self.find(part) as usize].is_none()).collect();
                if interned.kinds[class as usize].is_none() && !missing.is_empty() {
                    open.extend(missing.into_iter().map(|part| self.find(part)));
                    continue;
                }
                open.pop();
                if interned.kinds[class as usize].is_none() {
                    let slots = data.slots.iter().map(|slot| interned.rename(self.canonical(slot.ty)));
                    let slots: Vec<Type> = slots.map(stored).collect();
                    let known = known.entry((data.shape, slots.clone()));
                    let kind = *known.or_insert_with(|| interned.add(data.shape, slots, &self.keys));
                    interned.kinds[class as usize] = Some(kind);
                }
                interned.kinds[named as usize] = interned.kinds[class as usize];
            }
        }
        self.interned = Some(interned.clone());
        interned
    }
}

impl Type {
    /// The join with a type that is known to hold at least the values of this one, or to be of its class.
    fn join_of_one_class(self, ty: Type) -> Type {
        if self.kind == Kind::Any { self } else { Type { nullable: self.nullable || ty.nullable, ..ty } }
    }
}
