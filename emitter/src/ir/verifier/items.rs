//! What is outside functions: types, globals, data, names.

use std::collections::{BTreeSet, HashMap};

use super::{DATA_LIMIT, Place, VerifyError};
use crate::ir::{
    FuncId, FuncType, Init, Kind, ListType, MapType, Module, Param, Record, RecordForm, RecordType, Signature, Type,
    Union, UnionType, shapes,
};

pub(super) fn is_well_formed(module: &Module, ty: Type) -> bool {
    match ty.kind {
        Kind::List(list) => list.index() < module.lists.len(),
        Kind::Map(map) => map.index() < module.maps.len(),
        Kind::Record(record) => record.index() < module.records.len(),
        Kind::Union(union) => union.index() < module.unions.len(),
        Kind::Func(func) => func.index() < module.func_types.len(),
        Kind::I32 | Kind::I64 | Kind::F64 | Kind::Any => !ty.nullable,
        Kind::Bool | Kind::Int | Kind::Float | Kind::Str => true,
    }
}

pub(super) fn verify_items(module: &Module, errors: &mut Vec<VerifyError>) {
    let mut fault = |func: Option<usize>, message: String| {
        let context = func.map_or(String::new(), |index| module.functions[index].name.clone());
        errors.push(VerifyError { func: func.map(FuncId::new), place: Place::Whole, context, message });
    };
    let mut names: HashMap<&str, usize> = HashMap::new();
    for (index, func) in module.functions.iter().enumerate() {
        if func.name.is_empty() {
            fault(Some(index), format!("function {index} has no name"));
        } else if names.insert(&func.name, index).is_some() {
            fault(Some(index), format!("there are two functions {}", func.name));
        }
    }
    if let Some(start) = module.start {
        match module.functions.get(start.index()) {
            None => fault(None, format!("the start function {start} does not exist")),
            Some(func) if func.import.is_some() => {
                fault(Some(start.index()), "the start function is imported".to_owned());
            }
            Some(func) if !func.sig.params.is_empty() || !func.sig.results.is_empty() => {
                fault(Some(start.index()), "the start function has parameters or results".to_owned());
            }
            Some(_) => {}
        }
    }
    if let Some(realloc) = module.realloc {
        let params = vec![Param { ty: Type::I32, owned: false }; 4];
        let asked = Signature { params, results: vec![Type::I32] };
        match module.functions.get(realloc.index()) {
            Some(func) if func.import.is_none() && func.sig.has_types_of(&asked) => {}
            _ => fault(None, format!("{realloc} cannot give the host memory")),
        }
    }
    verify_types(module, &mut |message| fault(None, message));
    for (index, global) in module.globals.iter().enumerate() {
        if !is_well_formed(module, global.ty) {
            fault(None, format!("g{index}: {} does not exist", global.ty));
        }
        let init = match global.init {
            Init::I32(_) => Type::I32,
            Init::I64(_) => Type::I64,
            Init::F64(_) => Type::F64,
        };
        if init != global.ty.machine() {
            fault(None, format!("g{index}: the initial value of a {} cannot be a {init}", global.ty));
        }
    }
    for (index, sig) in module.sigs.iter().enumerate() {
        let types = sig.params.iter().map(|param| param.ty).chain(sig.results.iter().copied());
        for ty in types.filter(|ty| !ty.is_machine()) {
            fault(None, format!("s{index}: {} is no machine type", module.type_text(ty)));
        }
    }
    let count = module.data.len();
    if let Some(data) = module.stdout_state.filter(|data| data.index() >= count) {
        fault(None, format!("the description of standard output, {data}, does not exist"));
    }
    let mut total = 0;
    for (index, blob) in module.data.iter().enumerate() {
        if blob.bytes.len() > blob.size as usize {
            fault(None, format!("d{index}: {} bytes do not fit its size {}", blob.bytes.len(), blob.size));
        }
        if !blob.align.is_power_of_two() || u64::from(blob.align) > DATA_LIMIT {
            fault(None, format!("d{index}: the alignment {} is not a (possible) power of two", blob.align));
            continue;
        }
        total += u64::from(blob.size) + u64::from(blob.align);
        for &(offset, func) in &blob.func_relocs {
            if offset.checked_add(4).is_none_or(|end| end > blob.size) {
                fault(None, format!("d{index}: the number at {offset} is not inside its {} bytes", blob.size));
            }
            if func.index() >= module.functions.len() {
                fault(None, format!("d{index}: {func} at {offset} does not exist"));
            }
        }
        let places = blob.relocs.iter().map(|place| (place, 4)).chain(blob.word_relocs.iter().map(|place| (place, 8)));
        for (&(offset, data), width) in places {
            if offset.checked_add(width).is_none_or(|end| end > blob.size) {
                fault(None, format!("d{index}: the address at {offset} is not inside its {} bytes", blob.size));
            }
            if data.index() >= count {
                fault(None, format!("d{index}: {data} at {offset} does not exist"));
            }
        }
    }
    if total > DATA_LIMIT {
        fault(None, format!("{total} bytes of static data are more than {DATA_LIMIT}"));
    }
}

/// Checks the tables of types.
fn verify_types(module: &Module, fault: &mut impl FnMut(String)) {
    let exists = |ty: Type| is_well_formed(module, ty) && !ty.is_machine();
    let holds = |part: Type, whole: &str, fault: &mut dyn FnMut(String)| {
        if !exists(part) {
            fault(format!("{whole} cannot hold {part}"));
        }
    };
    for (index, &element) in module.lists.iter().enumerate() {
        holds(element, &ListType::new(index).to_string(), fault);
        if module.lists[..index].contains(&element) {
            fault(format!("{} and an earlier type are the same", ListType::new(index)));
        }
    }
    for (index, &value) in module.maps.iter().enumerate() {
        holds(value, &MapType::new(index).to_string(), fault);
        if module.maps[..index].contains(&value) {
            fault(format!("{} and an earlier type are the same", MapType::new(index)));
        }
    }
    for (index, sig) in module.func_types.iter().enumerate() {
        for &part in sig.params.iter().chain(&sig.result) {
            holds(part, &FuncType::new(index).to_string(), fault);
        }
        if module.func_types[..index].contains(sig) {
            fault(format!("{} and an earlier type are the same", FuncType::new(index)));
        }
    }
    verify_finite(module, fault);
    shapes::verify(module, fault);
    let mut names = BTreeSet::new();
    for (index, Record { name, fields, methods: _, union, form }) in module.records.iter().enumerate() {
        if name.is_empty() || !names.insert(name) {
            fault(format!("the name {name:?} of {} is empty or taken", RecordType::new(index)));
        }
        let mut field_names = BTreeSet::new();
        for (field, ty) in fields {
            holds(*ty, &format!("the field {field} of {name}"), fault);
            if !field_names.insert(field) {
                fault(format!("the record {name} has two fields {field}"));
            }
        }
        match form {
            RecordForm::Struct => {}
            RecordForm::Row
                if union.is_none() && !fields.is_empty() && !fields.iter().any(|(name, _)| name == "__name") => {}
            RecordForm::Row => fault(format!("the row {name} has no fields, a name or a union")),
            RecordForm::Cell if fields.len() == 1 => {}
            RecordForm::Cell => fault(format!("the cell {name} has {} fields", fields.len())),
        }
        let variants = union.map(|union| module.unions.get(union.index()).map(|union| &union.variants));
        if variants.is_some_and(|known| known.is_none_or(|known| !known.contains(&RecordType::new(index)))) {
            fault(format!("the record {name} is no variant of its union"));
        }
    }
    let mut names = BTreeSet::new();
    for (index, Union { name, variants }) in module.unions.iter().enumerate() {
        if name.is_empty() || !names.insert(name) {
            fault(format!("the name {name:?} of {} is empty or taken", UnionType::new(index)));
        }
        let is_ours = |variant: &RecordType| {
            module.records.get(variant.index()).is_some_and(|record| record.union == Some(UnionType::new(index)))
        };
        if variants.is_empty() || !variants.iter().all(is_ours) {
            fault(format!("the union {name} has no variants, or some that are not its own"));
        }
    }
}

/// Finds types of lists, maps and functions that contain themselves with no record in between.
fn verify_finite(module: &Module, fault: &mut impl FnMut(String)) {
    let (lists, maps) = (module.lists.len(), module.maps.len());
    let number = |ty: Type| match ty.kind {
        Kind::List(list) => Some(list.index()),
        Kind::Map(map) => Some(lists + map.index()),
        Kind::Func(func) => Some(lists + maps + func.index()),
        _ => None,
    };
    let singles = module.lists.iter().chain(&module.maps).map(|&part| vec![part]);
    let functions = module.func_types.iter().map(|sig| sig.params.iter().chain(&sig.result).copied().collect());
    let parts: Vec<Vec<usize>> =
        singles.chain(functions).map(|parts: Vec<Type>| parts.into_iter().filter_map(number).collect()).collect();
    // Those whose parts are all finite are; each round finds those one level up.
    let mut finite = vec![false; parts.len()];
    loop {
        let mut found = false;
        for (index, parts) in parts.iter().enumerate() {
            if !finite[index] && parts.iter().all(|&part| finite.get(part).is_none_or(|&finite| finite)) {
                finite[index] = true;
                found = true;
            }
        }
        if !found {
            break;
        }
    }
    let infinite = finite.iter().filter(|&&finite| !finite).count();
    if infinite > 0 {
        fault(format!("{infinite} types of lists, maps or functions contain themselves"));
    }
}
