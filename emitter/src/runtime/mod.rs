//! The language runtime as functions of the module being compiled.
//!
//! The runtime is written in Mochi's machine dialect (`emitter/runtime/*.mochi`). Whoever needs a
//! function asks a [`Runtime`] for the row of [`RuntimeFn`] that names it; the function and all
//! that it calls are then added to the module, once. Nothing else of the runtime is looked at.

#[cfg(test)]
mod checks;
mod features;
mod lower;
mod source;
mod statics;
mod table;

use std::collections::{HashMap, VecDeque};

pub use self::features::Features;
use self::lower::{DataSource, Template};
use self::source::{ItemKind, source};
pub(crate) use self::statics::Statics;
pub use self::table::{RuntimeFn, RuntimeType};
use crate::analysis::Rings;
use crate::ir::{DataId, FuncId, GlobalData, GlobalId, Imm, Module, Op, ShapeId, SigId, Type, WasmOp};
use crate::legalize::layout::RingMark;

/// The runtime of one module.
#[derive(Debug, Default)]
pub struct Runtime {
    pub(crate) statics: Statics,
    features: Features,
    rings: Rings,
    functions: HashMap<&'static str, FuncId>,
    globals: HashMap<&'static str, GlobalId>,
}

/// Functions that are in the module while their callees may not be.
type Pending = VecDeque<(FuncId, &'static Template)>;

impl Runtime {
    pub fn new(features: Features) -> Runtime {
        Runtime { features, ..Runtime::default() }
    }

    /// What a module needs, before it is legalized.
    pub fn for_module(module: &Module, debug_memory: bool) -> Runtime {
        let rings = Rings::new(module);
        Runtime { features: Features::of(module, &rings, debug_memory), rings, ..Runtime::default() }
    }

    pub fn features(&self) -> Features {
        self.features
    }

    /// Whether values of this type may be parts of rings.
    pub fn has_rings_of(&self, ty: Type) -> bool {
        self.rings.include(ty)
    }

    pub(crate) fn ring_mark(&self, ty: Type) -> RingMark {
        if self.has_rings_of(ty) { RingMark::Maybe } else { RingMark::Never }
    }

    /// What tells the runtime what loaded data becomes.
    pub(crate) fn shape(&mut self, module: &mut Module, shape: ShapeId) -> DataId {
        let Runtime { statics, rings, .. } = self;
        let mark = |ty: Type| if rings.include(ty) { RingMark::Maybe } else { RingMark::Never };
        statics.shape(module, shape, mark)
    }

    /// The function in `module`, added if it is not there yet.
    pub fn func(&mut self, module: &mut Module, func: RuntimeFn) -> FuncId {
        self.named(module, func.symbol())
    }

    /// The variable that says which line objects are made for, where memory is debugged.
    pub(crate) fn current_site(&mut self, module: &mut Module) -> GlobalId {
        self.global(module, "current_site")
    }

    /// Where pending standard output is described, if the module can write any.
    pub fn stdout_state(&self, module: &Module) -> Option<DataId> {
        let &func = self.functions.get("stdout_state")?;
        module.func(func).insts.iter().find_map(|inst| match (inst.op, inst.imm) {
            (Op::Wasm(WasmOp::DataAddr), Imm::Data(data)) => Some(data),
            _ => None,
        })
    }

    /// What the host gets memory from for what it returns, if the module imports functions that return lists: those of
    /// WASI preview 1 do not.
    pub fn realloc(&mut self, module: &mut Module) -> Option<FuncId> {
        let mut imports = module.functions.iter().filter_map(|func| func.import.as_ref());
        let is_component = imports.any(|(from, _)| from.contains('/'));
        is_component.then(|| self.func(module, RuntimeFn::CabiRealloc))
    }

    fn named(&mut self, module: &mut Module, name: &'static str) -> FuncId {
        let mut pending = Pending::new();
        let id = self.enqueue(module, name, &mut pending);
        while let Some((id, template)) = pending.pop_front() {
            self.link(module, id, template, &mut pending);
        }
        id
    }

    fn enqueue(&mut self, module: &mut Module, name: &'static str, pending: &mut Pending) -> FuncId {
        if let Some(&id) = self.functions.get(name) {
            return id;
        }
        let template = source()
            .get(name)
            .unwrap_or_else(|| panic!("the runtime has no function {name}"))
            .template(self.features)
            .unwrap_or_else(|error| panic!("{error}"));
        let id = module.add_function(template.func.clone());
        self.functions.insert(name, id);
        pending.push_back((id, template));
        id
    }

    /// Replaces the template's numbers by those of the module.
    fn link(&mut self, module: &mut Module, id: FuncId, template: &'static Template, pending: &mut Pending) {
        let callees: Vec<FuncId> = template.callees.iter().map(|name| self.enqueue(module, name, pending)).collect();
        let globals: Vec<GlobalId> = template.globals.iter().map(|name| self.global(module, name)).collect();
        let data: Vec<DataId> = template.data.iter().map(|source| self.data(module, source)).collect();
        let sigs: Vec<SigId> = template.sigs.iter().map(|sig| module.sig_of(sig)).collect();
        for inst in &mut module.func_mut(id).insts {
            match &mut inst.imm {
                Imm::Func(func) => *func = callees[func.index()],
                Imm::Global(global) => *global = globals[global.index()],
                Imm::Data(id) => *id = data[id.index()],
                Imm::Sig(sig) => *sig = sigs[sig.index()],
                Imm::None
                | Imm::I32(_)
                | Imm::I64(_)
                | Imm::F64(_)
                | Imm::Offset(_)
                | Imm::Record(_)
                | Imm::Shape(_) => {}
            }
        }
    }

    fn global(&mut self, module: &mut Module, name: &'static str) -> GlobalId {
        if let Some(&id) = self.globals.get(name) {
            return id;
        }
        let item = source().get(name).expect("the name was resolved when the function was lowered");
        debug_assert_eq!(item.kind, ItemKind::Variable);
        let initial = item.constant().unwrap_or_else(|error| panic!("{error}"));
        let id = GlobalId::new(module.globals.len());
        module.globals.push(GlobalData { name: lower::symbol(name), ty: initial.ty(), init: initial.init() });
        self.globals.insert(name, id);
        id
    }

    fn data(&mut self, module: &mut Module, source: &DataSource) -> DataId {
        match source {
            DataSource::Bytes(bytes) => self.statics.bytes(module, bytes),
            DataSource::String(text) => self.statics.string(module, text),
            &DataSource::Scratch(size) => Statics::scratch(module, size),
            DataSource::FileTable => self.statics.file_table(module),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::source::FILES;
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/runtime");
        let entries = std::fs::read_dir(folder).expect("the folder exists");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, FILES.iter().map(|&(name, _)| name.to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn every_item_of_the_sources_is_well_formed() {
        let mut errors = Vec::new();
        for item in &source().items {
            match item.kind {
                ItemKind::Function | ItemKind::Import => {
                    errors.extend(Features::all().map(|features| item.template(features).err()));
                }
                ItemKind::Constant | ItemKind::Variable => errors.push(item.constant().err()),
            }
        }
        let mut errors: Vec<String> = errors.into_iter().flatten().map(|error| error.to_string()).collect();
        errors.dedup();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }

    #[test]
    fn the_table_says_what_the_sources_say() {
        for &func in RuntimeFn::ALL {
            let item = source().get(func.symbol()).unwrap_or_else(|| panic!("no function {}", func.symbol()));
            let (params, result) = lower::declared(item).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((params.as_slice(), result), (func.params(), func.result()), "{}", func.symbol());
        }
    }

    #[test]
    fn the_sources_repeat_the_layout_truly() {
        use crate::legalize::layout;
        let expected = [
            ("OBJECT_COUNT", layout::OBJECT_COUNT.into()),
            ("OBJECT_KIND", layout::OBJECT_KIND.into()),
            ("STATIC_COUNT", layout::STATIC_COUNT.into()),
            ("KIND_STRING", layout::KIND_STRING.into()),
            ("KIND_BIGNUM", layout::KIND_BIGNUM.into()),
            ("STRING_BYTES", layout::STRING_BYTES.into()),
            ("STRING_CHARS", layout::STRING_CHARS.into()),
            ("STRING_CAP", layout::STRING_CAP.into()),
            ("STRING_DATA", layout::STRING_DATA.into()),
            ("BIGNUM_LENGTH", layout::BIGNUM_LENGTH.into()),
            ("BIGNUM_CAP", layout::BIGNUM_CAP.into()),
            ("BIGNUM_LIMBS", layout::BIGNUM_LIMBS.into()),
            ("KIND_WORD_LIST", layout::KIND_WORD_LIST.into()),
            ("KIND_FLOAT_LIST", layout::KIND_FLOAT_LIST.into()),
            ("KIND_BOOL_LIST", layout::KIND_BOOL_LIST.into()),
            ("KIND_POINTER_LIST", layout::KIND_POINTER_LIST.into()),
            ("LIST_LENGTH", layout::LIST_LENGTH.into()),
            ("LIST_FAST_LENGTH", layout::LIST_FAST_LENGTH.into()),
            ("LIST_CAP", layout::LIST_CAP.into()),
            ("LIST_DATA", layout::LIST_DATA.into()),
            ("KIND_WORD_MAP", layout::KIND_WORD_MAP.into()),
            ("KIND_FLOAT_MAP", layout::KIND_FLOAT_MAP.into()),
            ("KIND_BOOL_MAP", layout::KIND_BOOL_MAP.into()),
            ("KIND_POINTER_MAP", layout::KIND_POINTER_MAP.into()),
            ("MAP_LENGTH", layout::MAP_LENGTH.into()),
            ("KIND_RECORD", layout::KIND_RECORD.into()),
            ("KIND_CLOSURE", layout::KIND_CLOSURE.into()),
            ("DESCRIPTOR_KIND", layout::DESCRIPTOR_KIND.into()),
            ("DESCRIPTOR_SIZE", layout::DESCRIPTOR_SIZE.into()),
            ("SHARES", layout::SHARES.into()),
            ("RING_MARK", layout::RING_MARK.into()),
            ("DESCRIPTOR_NAME", layout::DESCRIPTOR_NAME.into()),
            ("DESCRIPTOR_COUNT", layout::DESCRIPTOR_COUNT.into()),
            ("DESCRIPTOR_ENTRIES", layout::DESCRIPTOR_ENTRIES.into()),
            ("DESCRIPTOR_CAPTURES", layout::DESCRIPTOR_CAPTURES.into()),
            ("DESCRIPTOR_ARITY", layout::DESCRIPTOR_ARITY.into()),
            ("DESCRIPTOR_FORMATS", layout::DESCRIPTOR_FORMATS.into()),
            ("FORMAT_WORD", layout::Format::Word as u64),
            ("FORMAT_FLOAT", layout::Format::Float as u64),
            ("FORMAT_BOOL", layout::Format::Bool as u64),
            ("FORMAT_POINTER", layout::Format::Pointer as u64),
            ("FORMAT_NAME", layout::FORMAT_NAME.into()),
            ("NAME_OF_ROW", layout::NAME_OF_ROW.into()),
            ("FORMAT_METHOD", layout::FORMAT_METHOD.into()),
            ("CLOSURE_CODE", layout::CLOSURE_CODE.into()),
            ("CLOSURE_GENERIC", layout::CLOSURE_GENERIC.into()),
            ("CLOSURE_CAPTURES", layout::CLOSURE_CAPTURES.into()),
            ("POSITIVE", layout::POSITIVE_TAG as u64),
            ("NEGATIVE", layout::NEGATIVE_TAG as u64),
            ("NONE", layout::NONE_WORD as u64),
            ("SMALL_LIMIT", layout::SMALL_LIMIT as u64),
            ("FLOAT_NONE", layout::NONE_FLOAT),
            ("NONE_BOOL", layout::NONE_BOOL as u64),
        ];
        for (name, word) in expected {
            let item = source().get(name).unwrap_or_else(|| panic!("no constant {name}"));
            assert_eq!(item.constant().map(lower::Constant::word), Ok(word), "{name}");
        }
    }

    #[test]
    fn functions_and_what_they_reach_are_added_once() {
        let mut module = Module::default();
        let mut runtime = Runtime::new(Features::default());
        let write = runtime.func(&mut module, RuntimeFn::WriteStdout);
        let functions = module.functions.len();
        assert_eq!(runtime.func(&mut module, RuntimeFn::WriteStdout), write);
        assert_eq!(module.functions.len(), functions);
        assert!(module.functions.iter().any(|func| func.name == "runtime.fd_write" && func.import.is_some()));
        assert!(!module.functions.iter().any(|func| func.name == "runtime.print_float"));
        assert!(runtime.stdout_state(&module).is_some());
    }

    /// What calls itself goes no deeper than the digits of a number's length: products, quotients and texts of halves;
    /// a map is asked once more for a key of another form, a group gone through by its rows, and keys of joins are
    /// looked at four levels deep.
    const BOUNDED: [&str; 15] = [
        "any_iterate",
        "container_key_hash",
        "digits_of_halves",
        "limbs_add",
        "limbs_divide_halves",
        "limbs_divide_thirds",
        "limbs_karatsuba",
        "limbs_mul",
        "map_find_string",
        "map_find_string_slow",
        "map_slot_int",
        "map_slot_int_slow",
        "map_slot_string",
        "map_slot_string_slow",
        "part_key_hash",
    ];

    /// Walks over objects keep the way back in a buffer: however deep objects are nested, the stack holds.
    #[test]
    fn walks_do_not_recurse() {
        let features = Features {
            debug_memory: false,
            any: true,
            maps: true,
            fields: true,
            cycles: true,
            rationals: true,
            texts: true,
            long_ints: true,
        };
        let functions = source().items.iter().filter(|item| item.kind == ItemKind::Function);
        let mut calls: HashMap<&str, &[&'static str]> = HashMap::new();
        for item in functions {
            let template = item.template(features).unwrap_or_else(|error| panic!("{error}"));
            calls.insert(item.name, &template.callees);
        }
        let mut names: Vec<&str> = calls.keys().copied().collect();
        names.sort_unstable();
        let mut recursive = Vec::new();
        for &name in &names {
            let mut reached: Vec<&str> = Vec::new();
            let mut work: Vec<&str> = calls[name].to_vec();
            while let Some(callee) = work.pop() {
                if !reached.contains(&callee) {
                    reached.push(callee);
                    work.extend(calls.get(callee).into_iter().flat_map(|callees| callees.iter().copied()));
                }
            }
            if reached.contains(&name) {
                recursive.push(name);
            }
        }
        assert_eq!(recursive, BOUNDED);
    }
}
