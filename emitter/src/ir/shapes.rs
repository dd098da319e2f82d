//! What loaded data becomes: the types of a program say how values lie in memory, shapes also what the text of
//! data is made into. A shape can lie in itself, as records can.

use super::{Kind, ListType, MapType, Module, RecordType, ShapeId, Type};

/// What a part of loaded data becomes. It is stored as that type or, where the program has a wider one, as `any`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// What it is in the data.
    Any,
    Int,
    /// As `Int`, but none is no number.
    BigInt,
    /// An exact fraction, which is an `any`.
    BigRat,
    Float,
    Bool,
    Str,
    List {
        list: ListType,
        element: ShapeId,
    },
    Map {
        map: MapType,
        value: ShapeId,
        int_keys: bool,
    },
    Record {
        record: RecordType,
        fields: Vec<ShapeId>,
    },
}

impl Shape {
    /// The shapes without parts, by the names that the text form has for them.
    pub(super) const SCALARS: [(&'static str, Shape); 7] = [
        ("any", Shape::Any),
        ("int", Shape::Int),
        ("bigint", Shape::BigInt),
        ("bigrat", Shape::BigRat),
        ("float", Shape::Float),
        ("bool", Shape::Bool),
        ("str", Shape::Str),
    ];

    /// The type of what is made.
    pub fn ty(&self) -> Type {
        match self {
            Shape::Any | Shape::BigRat => Type::ANY,
            Shape::Int | Shape::BigInt => Type::INT,
            Shape::Float => Type::FLOAT,
            Shape::Bool => Type::BOOL,
            Shape::Str => Type::STR,
            Shape::List { list, element: _ } => Type::of(Kind::List(*list)),
            Shape::Map { map, value: _, int_keys: _ } => Type::of(Kind::Map(*map)),
            Shape::Record { record, fields: _ } => Type::of(Kind::Record(*record)),
        }
    }

    /// The shapes of its parts with the types that hold them; nothing where there is no such type.
    pub(crate) fn parts(&self, module: &Module) -> Option<Vec<(ShapeId, Type)>> {
        Some(match self {
            Shape::Any | Shape::Int | Shape::BigInt | Shape::BigRat | Shape::Float | Shape::Bool | Shape::Str => {
                Vec::new()
            }
            Shape::List { list, element } => vec![(*element, *module.lists.get(list.index())?)],
            Shape::Map { map, value, int_keys: _ } => vec![(*value, *module.maps.get(map.index())?)],
            Shape::Record { record, fields } => {
                let declared = &module.records.get(record.index())?.fields;
                if declared.len() != fields.len() {
                    return None;
                }
                fields.iter().copied().zip(declared.iter().map(|&(_, ty)| ty)).collect()
            }
        })
    }

    /// As the text form writes it.
    pub(super) fn text(&self, module: &Module) -> String {
        let ty = module.type_text(self.ty());
        match self {
            Shape::List { list: _, element } => format!("{ty} of {element}"),
            Shape::Map { map: _, value, int_keys } => {
                format!("{ty} of {value}{}", if *int_keys { " int_keys" } else { "" })
            }
            Shape::Record { record: _, fields } => {
                let fields: Vec<String> = fields.iter().map(ShapeId::to_string).collect();
                format!("{ty} ({})", fields.join(", "))
            }
            scalar => {
                let named = Shape::SCALARS.into_iter().find(|(_, known)| known == scalar);
                named.map_or(String::new(), |(name, _)| name.to_owned())
            }
        }
    }
}

/// Checks that shapes are of parts that exist, and that what holds a part is of its type or wider.
pub(super) fn verify(module: &Module, fault: &mut impl FnMut(String)) {
    for (index, shape) in module.shapes.iter().enumerate() {
        let id = ShapeId::new(index);
        let Some(parts) = shape.parts(module) else {
            fault(format!("{id} is of a type that does not exist, or that has other fields"));
            continue;
        };
        for (part, holder) in parts {
            match module.shapes.get(part.index()) {
                None => fault(format!("{id}: the shape {part} does not exist")),
                Some(part) if holder.kind != Kind::Any && holder.without_none() != part.ty() => {
                    let (part, holder) = (module.type_text(part.ty()), module.type_text(holder));
                    fault(format!("{id}: {part} cannot be stored as {holder}"));
                }
                Some(_) => {}
            }
        }
    }
}
