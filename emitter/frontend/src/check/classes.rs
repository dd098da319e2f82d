//! Which lists may meet: alias classes with one element slot each.
//!
//! A list expression makes a class. Wherever a list flows to where another may be, their
//! classes become one (union-find), and so do the classes of their elements when these are
//! lists. No list ever changes its representation on the way, so all names for a list agree
//! on it. When inference is done the classes with equal element types become one list type.

use std::collections::{BTreeMap, BTreeSet};

use super::infer::{CopyId, Slot};
use crate::source::Span;
use crate::typed::ListType;
use crate::types::{Kind, ListId, Type};

/// How deep lists are looked into: deeper ones contain themselves, which is refused.
const MAX_NESTING: usize = 100;

#[derive(Default)]
pub(super) struct Classes {
    classes: Vec<Class>,
}

struct Class {
    /// Itself, unless it has become part of another.
    parent: ListId,
    element: Slot,
    /// The copies that have used the element's type.
    readers: BTreeSet<CopyId>,
}

/// The list types and what each class has become.
pub(super) struct Interned {
    pub(super) lists: Vec<ListType>,
    /// By class, as it was named at first.
    ids: Vec<ListId>,
    /// Where lists were put into themselves.
    pub(super) cycles: Vec<Span>,
}

impl Interned {
    pub(super) fn rename(&self, ty: Type) -> Type {
        match ty.kind {
            Kind::List(list) => Type { kind: Kind::List(self.rename_list(list)), ..ty },
            _ => ty,
        }
    }

    pub(super) fn rename_list(&self, list: ListId) -> ListId {
        self.ids[list.index()]
    }
}

impl Classes {
    pub(super) fn make(&mut self) -> ListId {
        let id = ListId(self.classes.len() as u32);
        self.classes.push(Class { parent: id, element: Slot::default(), readers: BTreeSet::new() });
        id
    }

    pub(super) fn find(&self, list: ListId) -> ListId {
        let mut at = list;
        while self.classes[at.index()].parent != at {
            at = self.classes[at.index()].parent;
        }
        at
    }

    /// The type with the present name of its class.
    pub(super) fn canonical(&self, ty: Type) -> Type {
        match ty.kind {
            Kind::List(list) => Type { kind: Kind::List(self.find(list)), ..ty },
            _ => ty,
        }
    }

    /// Makes one class of two types' classes if both are lists. Gives the copies that have used an
    /// element type which has grown.
    pub(super) fn unify(&mut self, a: Type, b: Type) -> BTreeSet<CopyId> {
        let mut stale = BTreeSet::new();
        let mut open = vec![(a, b)];
        while let Some((a, b)) = open.pop() {
            let (Kind::List(a), Kind::List(b)) = (a.kind, b.kind) else { continue };
            let (a, b) = (self.find(a), self.find(b));
            if a == b {
                continue;
            }
            // The older class stays, so that names change in a fixed way.
            let (kept, gone) = (a.min(b), a.max(b));
            self.classes[gone.index()].parent = kept;
            let (first, second) = (self.classes[kept.index()].element, self.classes[gone.index()].element);
            open.push((first.ty, second.ty));
            let mut element = first;
            element.join(self.canonical(second.ty), second.first);
            self.classes[kept.index()].element = element;
            let readers = std::mem::take(&mut self.classes[gone.index()].readers);
            if element.ty != first.ty {
                stale.extend(&self.classes[kept.index()].readers);
            }
            if element.ty != second.ty {
                stale.extend(&readers);
            }
            self.classes[kept.index()].readers.extend(readers);
        }
        stale
    }

    pub(super) fn element(&mut self, list: ListId, reader: CopyId) -> Slot {
        let list = self.find(list);
        let class = &mut self.classes[list.index()];
        class.readers.insert(reader);
        let slot = class.element;
        Slot { ty: self.canonical(slot.ty), ..slot }
    }

    /// Lets a value flow into the elements; gives the copies that have used their type if it has grown.
    pub(super) fn join_element(&mut self, list: ListId, ty: Type, from: Span) -> BTreeSet<CopyId> {
        let at = self.find(list);
        let before = self.classes[at.index()].element.ty;
        let mut stale = self.unify(before, ty);
        let at = self.find(list);
        let ty = self.canonical(ty);
        let mut slot = self.classes[at.index()].element;
        slot.ty = self.canonical(slot.ty);
        let has_grown = slot.join(ty, from);
        self.classes[at.index()].element = slot;
        if has_grown {
            stale.extend(&self.classes[at.index()].readers);
        }
        stale
    }

    /// What distinguishes list types before the classes are final: the type itself, then its elements'
    /// types from the outside to the inside. False when the innermost is not known yet.
    pub(super) fn shape(&mut self, ty: Type, reader: CopyId, out: &mut Vec<Type>) -> bool {
        let mut at = ty;
        for _ in 0..MAX_NESTING {
            let Kind::List(list) = at.kind else {
                out.push(at);
                return at != Type::NEVER;
            };
            out.push(Type { kind: Kind::List(ListId::ANY), ..at });
            at = self.element(list, reader).ty;
        }
        true
    }

    /// Elements of which nothing but none is known are ints: none of them is ever read, or only none.
    pub(super) fn settle(&mut self) -> BTreeSet<CopyId> {
        let mut stale = BTreeSet::new();
        for index in 0..self.classes.len() {
            let list = ListId(index as u32);
            let class = &self.classes[index];
            if class.parent == list && class.element.ty.kind == Kind::Never {
                let from = class.element.first;
                stale.extend(self.join_element(list, Type::INT, from));
            }
        }
        stale
    }

    /// Replaces the classes by list types, of which no two have equal elements.
    pub(super) fn intern(&mut self) -> Interned {
        let mut interned = Interned { lists: Vec::new(), ids: Vec::new(), cycles: Vec::new() };
        let mut by_element = BTreeMap::new();
        let mut firsts = Vec::new();
        let mut done: BTreeMap<ListId, ListId> = BTreeMap::new();
        for index in 0..self.classes.len() {
            // From the class to its innermost elements, then back.
            let mut chain = Vec::new();
            let mut at = self.find(ListId(index as u32));
            while !done.contains_key(&at) {
                let class = &self.classes[at.index()];
                if chain.contains(&at) {
                    interned.cycles.push(class.element.first);
                    done.insert(at, ListId(0));
                    break;
                }
                chain.push(at);
                let Kind::List(element) = class.element.ty.kind else { break };
                at = self.find(element);
            }
            while let Some(class) = chain.pop() {
                let mut element = self.classes[class.index()].element.ty;
                if let Kind::List(list) = element.kind {
                    element.kind = Kind::List(done[&self.find(list)]);
                }
                let next = ListId(interned.lists.len() as u32);
                let id = *by_element.entry(element).or_insert(next);
                if id == next {
                    interned.lists.push(ListType { element });
                    firsts.push(self.classes[class.index()].element.first);
                }
                done.entry(class).or_insert(id);
            }
            interned.ids.push(done[&self.find(ListId(index as u32))]);
        }
        let mut classes: Vec<Class> = Vec::with_capacity(interned.lists.len());
        for (index, list) in interned.lists.iter().enumerate() {
            let element = Slot { ty: list.element, first: firsts[index] };
            classes.push(Class { parent: ListId(index as u32), element, readers: BTreeSet::new() });
        }
        self.classes = classes;
        interned
    }
}
