//! Which types can have objects that hang together in rings.
//!
//! An object is made from what there was before it, so it leads only to older ones. A ring
//! therefore has a place that was written after its object was made: a field, an element, an entry.
//! The types lie in a graph – a record leads to the types of its fields, a list to that of its
//! elements, `any` to all that is made `any` – and the types that may be in rings are those that lie on
//! a ring of the graph with a place that some operation writes so. A tree whose records are only
//! ever built is none of them, nor are lists that grow: a list that grows in place is held by
//! nobody else, so that nothing can lead to it.
//!
//! Function values lead to what those of their type capture.

use super::BitSet;
use crate::ir::{Function, Imm, InstData, Kind, MochiOp, Module, Op, Type, Value};

/// The types whose objects may be in rings.
#[derive(Clone, Debug, Default)]
pub struct Rings {
    nodes: Nodes,
    members: BitSet,
}

impl Rings {
    /// Looks at a module before it is legalized.
    pub fn new(module: &Module) -> Rings {
        let nodes = Nodes::new(module);
        let written = written_places(module, &nodes);
        if written.is_empty() {
            return Rings { nodes, members: BitSet::new() };
        }
        let graph = Graph::new(module, &nodes);
        let mut members = BitSet::new();
        for (place, held) in written {
            let Some(target) = nodes.of(held) else { continue };
            if members.contains(place) && members.contains(target) {
                continue;
            }
            let ahead = graph.reached_from(target);
            if ahead.contains(place) {
                let inside = ahead.iter().filter(|&node| graph.reached_from(node).contains(place));
                inside.for_each(|node| {
                    members.insert(node);
                });
            }
        }
        Rings { nodes, members }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether a value of this type may be part of a ring.
    pub fn include(&self, ty: Type) -> bool {
        self.nodes.of(ty).is_some_and(|node| self.members.contains(node))
    }
}

/// The types as numbers, one kind after the other.
#[derive(Clone, Copy, Debug, Default)]
struct Nodes {
    maps: usize,
    records: usize,
    unions: usize,
    funcs: usize,
    any: usize,
}

impl Nodes {
    fn new(module: &Module) -> Nodes {
        let maps = module.lists.len();
        let records = maps + module.maps.len();
        let unions = records + module.records.len();
        let funcs = unions + module.unions.len();
        Nodes { maps, records, unions, funcs, any: funcs + module.func_types.len() }
    }

    fn of(&self, ty: Type) -> Option<usize> {
        match ty.kind {
            Kind::List(list) => Some(list.index()),
            Kind::Map(map) => Some(self.maps + map.index()),
            Kind::Record(record) => Some(self.records + record.index()),
            Kind::Union(union) => Some(self.unions + union.index()),
            Kind::Func(func) => Some(self.funcs + func.index()),
            Kind::Any => Some(self.any),
            Kind::Bool | Kind::Int | Kind::Float | Kind::Str | Kind::I32 | Kind::I64 | Kind::F64 => None,
        }
    }
}

/// What the objects of each type lead to.
struct Graph {
    edges: Vec<BitSet>,
}

impl Graph {
    fn new(module: &Module, nodes: &Nodes) -> Graph {
        let mut graph = Graph { edges: vec![BitSet::new(); nodes.any + 1] };
        for (index, &element) in module.lists.iter().enumerate() {
            graph.add(index, nodes.of(element));
        }
        for (index, &value) in module.maps.iter().enumerate() {
            graph.add(nodes.maps + index, nodes.of(value));
        }
        for (index, record) in module.records.iter().enumerate() {
            for &(_, ty) in &record.fields {
                graph.add(nodes.records + index, nodes.of(ty));
            }
        }
        // What is loaded becomes `any` where the program has that in its place.
        for (part, _) in
            module.shapes.iter().filter_map(|shape| shape.parts(module)).flatten().filter(|part| part.1 == Type::ANY)
        {
            graph.add(nodes.any, nodes.of(module.shapes[part.index()].ty()));
        }
        for (index, union) in module.unions.iter().enumerate() {
            for &variant in &union.variants {
                graph.add(nodes.unions + index, Some(nodes.records + variant.index()));
            }
        }
        for func in &module.functions {
            if let Some(closure) = &func.closure {
                let value = nodes.of(func.sig.params[0].ty).expect("code takes its closure first");
                for &captured in &closure.captures {
                    graph.add(value, nodes.of(captured));
                }
            }
            for inst in &func.insts {
                if inst.op == Op::Mochi(MochiOp::Convert) && func.ty(inst.results[0]).kind == Kind::Any {
                    graph.add(nodes.any, nodes.of(func.ty(inst.args[0])));
                }
            }
        }
        graph
    }

    fn add(&mut self, from: usize, to: Option<usize>) {
        if let Some(to) = to {
            self.edges[from].insert(to);
        }
    }

    /// The types that lie ahead of one, itself among them.
    fn reached_from(&self, start: usize) -> BitSet {
        let mut reached = BitSet::new();
        reached.insert(start);
        let mut work = vec![start];
        while let Some(node) = work.pop() {
            work.extend(self.edges[node].iter().filter(|&next| reached.insert(next)));
        }
        reached
    }
}

/// The places that get a value when their object is no longer new: whose they are, and what they hold.
fn written_places(module: &Module, nodes: &Nodes) -> Vec<(usize, Type)> {
    let mut written = Vec::new();
    for func in &module.functions {
        for block in &func.blocks {
            // What this block has made, and nothing else has seen.
            let mut fresh: Vec<Value> = Vec::new();
            for &inst in &block.insts {
                let data = func.inst(inst);
                let Op::Mochi(op) = data.op else {
                    fresh.retain(|value| !data.args.contains(value));
                    continue;
                };
                match op {
                    MochiOp::RecordNew | MochiOp::MapNew | MochiOp::ClosureNew => {
                        fresh.push(data.results[0]);
                        continue;
                    }
                    MochiOp::RecordInit | MochiOp::ClosureInit | MochiOp::MapSet
                        if fresh.contains(&data.args[0]) && !data.args[1..].contains(&data.args[0]) =>
                    {
                        fresh.retain(|value| !data.args[1..].contains(value));
                        continue;
                    }
                    MochiOp::RecordInit | MochiOp::RecordSet => written.extend(field(module, nodes, func, data)),
                    MochiOp::ClosureInit | MochiOp::ListSet | MochiOp::MapSet => {
                        let last = data.args.last().expect("the value is the last operand");
                        written.push((nodes.of(func.ty(data.args[0])).expect("an object"), func.ty(*last)));
                    }
                    // Through `any`, each place that is one may be written, in objects of types that the
                    // module does not know, too.
                    MochiOp::AnySet | MochiOp::AnySetField => {
                        written.push((nodes.any, Type::ANY));
                        written.extend(places_of_any(module, nodes));
                    }
                    _ => {}
                }
                fresh.retain(|value| !data.args.contains(value));
            }
        }
    }
    written.sort_unstable();
    written.dedup();
    written
}

fn field(module: &Module, nodes: &Nodes, func: &Function, data: &InstData) -> Option<(usize, Type)> {
    let (Kind::Record(record), Imm::I32(index)) = (func.ty(data.args[0]).kind, data.imm) else { return None };
    let &(_, ty) = module.records[record.index()].fields.get(index as usize)?;
    Some((nodes.records + record.index(), ty))
}

fn places_of_any(module: &Module, nodes: &Nodes) -> impl Iterator<Item = (usize, Type)> {
    let nodes = *nodes;
    let is_any = |ty: &Type| ty.kind == Kind::Any;
    let lists = module.lists.iter().enumerate().filter(move |&(_, ty)| is_any(ty)).map(|(index, _)| index);
    let maps =
        module.maps.iter().enumerate().filter(move |&(_, ty)| is_any(ty)).map(move |(index, _)| nodes.maps + index);
    let records = module.records.iter().enumerate();
    let records = records
        .filter(move |(_, record)| record.fields.iter().any(|(_, ty)| is_any(ty)))
        .map(move |(index, _)| nodes.records + index);
    lists.chain(maps).chain(records).map(|node| (node, Type::ANY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Ownership, parse};

    /// The records of the module that may be in rings.
    fn members(text: &str) -> Vec<String> {
        let module = parse(text).expect("well-formed text").module;
        let rings = Rings::new(&module);
        let is_member = |index: &usize| rings.members.contains(rings.nodes.records + index);
        (0..module.records.len()).filter(is_member).map(|index| module.records[index].name.clone()).collect()
    }

    /// What takes over a value and gives none back puts it into its first operand.
    #[test]
    fn all_operations_that_write_places_are_known() {
        let writes = |op: &&MochiOp| {
            let params = op.params();
            op.results().is_empty()
                && params.len() > 1
                && params[0].0 == Ownership::Borrow
                && params[1..].iter().any(|param| param.0 == Ownership::Own)
        };
        let found: Vec<MochiOp> = MochiOp::ALL.iter().filter(writes).copied().collect();
        let known = [
            MochiOp::ListSet,
            MochiOp::RecordInit,
            MochiOp::RecordSet,
            MochiOp::MapSet,
            MochiOp::AnySet,
            MochiOp::AnySetField,
            MochiOp::ClosureInit,
        ];
        assert_eq!(found, known);
    }

    #[test]
    fn what_is_only_built_makes_no_ring() {
        let built = "record Tree { left: @Tree?, right: @Tree?, seen: int }
            func make(v0: @Tree?, v1: @Tree?, v2: int) -> @Tree {
            b0:
                v3: @Tree = record.new
                record.init 0 v3, v0
                record.init 1 v3, v1
                record.init 2 v3, v2
                record.set 2 v3, v2
                return v3
            }";
        assert_eq!(members(built), [""; 0]);
        let set = built.replace("record.set 2 v3, v2", "record.set 1 v3, v0");
        assert_eq!(members(&set), ["Tree"]);
        // What another record keeps is no longer new.
        let seen = built
            .replace("record.init 1 v3, v1", "v4: @Tree = record.new\n record.init 0 v4, v3\n record.init 1 v3, v1");
        assert_eq!(members(&seen), ["Tree"]);
    }

    #[test]
    fn rings_go_through_lists_and_unions() {
        let text = "record Leaf { value: int }
            record Node { parts: list<@@U> }
            record Holder { node: @Node }
            union U = Leaf | Node
            func add(v0: @Node, v1: list<@@U>, v2: @@U) {
            b0:
                v3: list<@@U> = list.append v1, v2
                record.set 0 v0, v3
                return
            }";
        assert_eq!(members(text), ["Node"]);
        assert_eq!(members(&text.replace("record.set 0 v0, v3", "")), [""; 0]);
    }

    #[test]
    fn rings_go_through_any() {
        let text = "record Box { value: any }
            record Other { value: any }
            func add(v0: @Box, v1: any) {
            b0:
                v2: any = convert v0
                any.set v1, v2, v2
                return
            }";
        assert_eq!(members(text), ["Box"]);
        assert_eq!(members(&text.replace("any.set v1, v2, v2", "")), [""; 0]);
    }

    #[test]
    fn rings_go_through_cells_and_what_is_captured() {
        let text = "cell cell.0 { value: fun<int -> int> }
            func code(v0: fun<int -> int>, v1: int) -> int captures (@cell.0) {
            b0:
                return v1
            }
            func make(v0: @cell.0) {
            b0:
                v1: fun<int -> int> = closure.new code
                closure.init 0 v1, v0
                record.set 0 v0, v1
                return
            }";
        assert_eq!(members(text), ["cell.0"]);
    }
}
