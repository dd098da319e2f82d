//! Collects a module from the lines of IR text.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use mochi_frontend::source::Span;

use super::tokens::{Cursor, Fault, Line, Parse, Token, Types};
use super::{ERROR_LIMIT, FunctionPlaces, Parsed, TextError};
use crate::ir::printer::fixed_result;
use crate::ir::{
    Block, Closure, DataBlob, DataId, ENTRY, FuncId, Function, GlobalData, GlobalId, Imm, ImmKind, Init, InlineHint,
    Inst, InstData, Kind, MochiOp, Module, Op, Param, Phase, Record, RecordForm, RecordType, Scope, Shape, ShapeId,
    SigId, Signature, Target, Terminator, Type, Union, UnionType, Value, ValueData, ValueDef, WasmOp,
};

/// What a name was used for, until all of the text is read.
struct Use<K> {
    key: K,
    pub(super) place: (u32, u32),
}

/// Collects the module. Immediates that name functions, globals or data hold the index of a
/// [`Use`] at first, as the definition may come later.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) module: Module,
    pub(super) types: Types,
    /// The records and unions whose declarations have been read.
    declared_records: Vec<Option<Record>>,
    declared_unions: Vec<Option<Union>>,
    pub(super) places: Vec<FunctionPlaces>,
    open: Option<FunctionReader>,
    pub(super) functions: HashMap<String, FuncId>,
    pub(super) globals: HashMap<u32, GlobalId>,
    pub(super) data: HashMap<u32, DataId>,
    sigs: HashMap<u32, SigId>,
    shapes: HashMap<u32, ShapeId>,
    function_uses: Vec<Use<String>>,
    global_uses: Vec<Use<u32>>,
    data_uses: Vec<Use<u32>>,
    sig_uses: Vec<Use<u32>>,
    shape_uses: Vec<Use<u32>>,
    pub(super) start: Option<usize>,
    pub(super) stdout: Option<usize>,
    pub(super) realloc: Option<usize>,
    pub(super) errors: Vec<TextError>,
}

/// The function whose lines are being read. Operands and targets hold the index of a [`Use`].
struct FunctionReader {
    pub(super) func: Function,
    pub(super) places: FunctionPlaces,
    pub(super) values: HashMap<u32, Value>,
    pub(super) blocks: HashMap<u32, Block>,
    value_uses: Vec<Use<u32>>,
    block_uses: Vec<Use<u32>>,
    /// Whether the last block still lacks its terminator.
    unfinished: bool,
    /// Whether a line was wrong, so that values may be missing for no fault of their users.
    broken: bool,
}

static OPS: LazyLock<BTreeMap<&str, Op>> = LazyLock::new(|| {
    let mochi = MochiOp::ALL.iter().map(|&op| Op::Mochi(op));
    let wasm = WasmOp::ALL.iter().map(|&op| Op::Wasm(op));
    mochi.chain(wasm).chain([Op::Call, Op::CallIndirect, Op::CallValue]).map(|op| (op.name(), op)).collect()
});

impl Reader {
    pub(super) fn line(&mut self, line: &Line<'_>) -> Parse<()> {
        let result = line.tokens().and_then(|mut cursor| {
            cursor.types = std::mem::take(&mut self.types);
            let result = self.line_of_tokens(&mut cursor);
            self.types = cursor.types;
            result
        });
        if let (Err(_), Some(reader)) = (&result, &mut self.open) {
            reader.broken = true;
        }
        result
    }

    /// Numbers the records and unions that the text declares, in the order of their declarations.
    pub(super) fn name_types(&mut self, text: &str) {
        for raw in text.split('\n') {
            let keyword =
                ["record", "row", "cell", "union"].into_iter().find(|&word| raw.trim_start().starts_with(word));
            let Some(keyword) = keyword else { continue };
            // What is wrong with the line is found when it is read.
            let Ok(mut cursor) = (Line { start: 0, raw }).tokens() else { continue };
            if !cursor.eat_word(keyword) {
                continue;
            }
            let Ok(name) = cursor.name("a name") else { continue };
            if keyword == "union" {
                let next = UnionType::new(self.types.unions.len());
                self.types.unions.entry(name).or_insert(next);
            } else {
                let next = RecordType::new(self.types.records.len());
                self.types.records.entry(name).or_insert(next);
            }
        }
        self.declared_records = vec![None; self.types.records.len()];
        self.declared_unions = vec![None; self.types.unions.len()];
    }

    pub(super) fn record(&mut self, cursor: &mut Cursor<'_>, form: RecordForm) -> Parse<()> {
        let name = cursor.name("a record's name")?;
        let Some(&record) = cursor.types.records.get(&name) else {
            return cursor.error_before(format!("there is no record {name}"));
        };
        if self.declared_records[record.index()].is_some() {
            return cursor.error_before(format!("there are two records {name}"));
        }
        let fields = cursor.list("{", "}", |cursor| {
            let field = cursor.name("a field's name")?;
            cursor.punct(":")?;
            Ok((field, cursor.ty()?))
        })?;
        let mut methods = Vec::new();
        if cursor.eat_word("methods") {
            methods.push(cursor.name("a method's name")?);
            while cursor.eat_punct(",") {
                methods.push(cursor.name("a method's name")?);
            }
        }
        self.declared_records[record.index()] = Some(Record { name, fields, methods, union: None, form });
        Ok(())
    }

    pub(super) fn union(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let name = cursor.name("a union's name")?;
        let Some(&union) = cursor.types.unions.get(&name) else {
            return cursor.error_before(format!("there is no union {name}"));
        };
        if self.declared_unions[union.index()].is_some() {
            return cursor.error_before(format!("there are two unions {name}"));
        }
        cursor.punct("=")?;
        let mut variants = Vec::new();
        loop {
            let variant = cursor.name("a record's name")?;
            let Some(&record) = cursor.types.records.get(&variant) else {
                return cursor.error_before(format!("there is no record {variant}"));
            };
            variants.push(record);
            if !cursor.eat_punct("|") {
                break;
            }
        }
        self.declared_unions[union.index()] = Some(Union { name, variants });
        Ok(())
    }

    fn line_of_tokens(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        if cursor.peek().is_none() {
            return Ok(());
        }
        match self.open.take() {
            None => self.item(cursor)?,
            Some(reader) if cursor.eat_punct("}") => {
                let place = cursor.whole();
                let closed = self.close(reader, place);
                cursor.finish()?;
                closed?;
            }
            Some(mut reader) => {
                let result = self.body(&mut reader, cursor);
                self.open = Some(reader);
                result?;
            }
        }
        cursor.finish()
    }

    pub(super) fn item(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        const ITEMS: &str =
            "file, record, row, cell, union, data, sig, shape, global, stdout, realloc, start, import or func";
        let place = cursor.whole();
        match cursor.word(ITEMS)? {
            "file" => {
                let file = cursor.text()?;
                self.module.files.push(file);
                let mut starts = Vec::new();
                if cursor.eat_word("lines") {
                    while matches!(cursor.peek(), Some(Token::Number(_))) {
                        let least = starts.last().map_or(0, |&last| i128::from(last) + 1);
                        starts.push(cursor.integer(least, u32::MAX.into())? as u32);
                    }
                }
                self.module.line_starts.0.push(starts);
            }
            "record" => self.record(cursor, RecordForm::Struct)?,
            "row" => self.record(cursor, RecordForm::Row)?,
            "cell" => self.record(cursor, RecordForm::Cell)?,
            "union" => self.union(cursor)?,
            "data" => self.data(cursor)?,
            "sig" => self.sig(cursor)?,
            "shape" => self.shape(cursor)?,
            "global" => self.global(cursor)?,
            "stdout" => self.stdout = Some(self.data_use(cursor)?),
            "realloc" => self.realloc = Some(self.function_use(cursor)?),
            "start" => self.start = Some(self.function_use(cursor)?),
            "import" => self.import(cursor, place)?,
            "func" => self.head(cursor, place)?,
            _ => {
                cursor.at -= 1;
                return cursor.expected(ITEMS);
            }
        }
        Ok(())
    }

    pub(super) fn data(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let label = cursor.label('d', "a data label (d0, d1, …)")?;
        if self.data.insert(label, DataId::new(self.module.data.len())).is_some() {
            return cursor.error_before(format!("d{label} is declared twice"));
        }
        let mut blob = DataBlob { align: 1, ..DataBlob::default() };
        self.module.data.push(blob.clone());
        if cursor.eat_word("align") {
            blob.align = cursor.u32()?;
        }
        let size = if cursor.eat_word("size") { Some(cursor.u32()?) } else { None };
        if size.is_none() || matches!(cursor.peek(), Some(Token::Str(_))) {
            blob.bytes = cursor.string()?;
        }
        blob.size = size.unwrap_or(blob.bytes.len() as u32);
        while cursor.eat_word("at") {
            blob.relocs.push((cursor.u32()?, DataId::new(self.data_use(cursor)?)));
        }
        while cursor.eat_word("word") {
            blob.word_relocs.push((cursor.u32()?, DataId::new(self.data_use(cursor)?)));
        }
        while cursor.eat_word("func") {
            blob.func_relocs.push((cursor.u32()?, FuncId::new(self.function_use(cursor)?)));
        }
        if let Some(last) = self.module.data.last_mut() {
            *last = blob;
        }
        Ok(())
    }

    pub(super) fn sig(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let label = cursor.label('s', "a signature's label (s0, s1, …)")?;
        if self.sigs.insert(label, SigId::new(self.module.sigs.len())).is_some() {
            return cursor.error_before(format!("s{label} is declared twice"));
        }
        self.module.sigs.push(Signature::default());
        let sig = cursor.signature()?;
        if let Some(last) = self.module.sigs.last_mut() {
            *last = sig;
        }
        Ok(())
    }

    /// What loaded data becomes, by the use of its parts' labels.
    fn shape(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let label = cursor.label('p', SHAPE_LABEL)?;
        if self.shapes.insert(label, ShapeId::new(self.module.shapes.len())).is_some() {
            return cursor.error_before(format!("p{label} is declared twice"));
        }
        self.module.shapes.push(Shape::Any);
        let scalar = Shape::SCALARS.into_iter().find(|(name, _)| cursor.eat_word(name));
        let shape = match scalar {
            Some((_, scalar)) => scalar,
            None => {
                let ty = cursor.ty()?;
                match ty {
                    Type { kind: Kind::List(list), nullable: false } => {
                        Shape::List { list, element: self.part(cursor)? }
                    }
                    Type { kind: Kind::Map(map), nullable: false } => {
                        let value = self.part(cursor)?;
                        Shape::Map { map, value, int_keys: cursor.eat_word("int_keys") }
                    }
                    Type { kind: Kind::Record(record), nullable: false } => {
                        Shape::Record { record, fields: cursor.list("(", ")", |cursor| self.shape_use(cursor))? }
                    }
                    _ => return cursor.error_before("no data becomes that".to_owned()),
                }
            }
        };
        if let Some(last) = self.module.shapes.last_mut() {
            *last = shape;
        }
        Ok(())
    }

    /// `of`, and the shape of what a container holds.
    fn part(&mut self, cursor: &mut Cursor<'_>) -> Parse<ShapeId> {
        match cursor.eat_word("of") {
            true => self.shape_use(cursor),
            false => cursor.expected("`of`"),
        }
    }

    fn shape_use(&mut self, cursor: &mut Cursor<'_>) -> Parse<ShapeId> {
        let place = cursor.place();
        let key = cursor.label('p', SHAPE_LABEL)?;
        self.shape_uses.push(Use { key, place });
        Ok(ShapeId::new(self.shape_uses.len() - 1))
    }

    pub(super) fn global(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let label = cursor.label('g', "a global's label (g0, g1, …)")?;
        if self.globals.insert(label, GlobalId::new(self.module.globals.len())).is_some() {
            return cursor.error_before(format!("g{label} is declared twice"));
        }
        let name = cursor.name("a name")?;
        cursor.punct(":")?;
        let ty = cursor.ty()?;
        cursor.punct("=")?;
        let init = match cursor.peek() {
            Some(Token::Word("i32")) => {
                cursor.at += 1;
                Init::I32(cursor.i32()?)
            }
            Some(Token::Word("i64")) => {
                cursor.at += 1;
                Init::I64(cursor.i64()?)
            }
            Some(Token::Word("f64")) => {
                cursor.at += 1;
                Init::F64(cursor.f64()?)
            }
            _ => return cursor.expected("i32, i64 or f64"),
        };
        self.module.globals.push(GlobalData { name, ty, init });
        Ok(())
    }

    fn data_use(&mut self, cursor: &mut Cursor<'_>) -> Parse<usize> {
        let place = cursor.place();
        let key = cursor.label('d', "a data label (d0, d1, …)")?;
        self.data_uses.push(Use { key, place });
        Ok(self.data_uses.len() - 1)
    }

    fn function_use(&mut self, cursor: &mut Cursor<'_>) -> Parse<usize> {
        let place = cursor.place();
        let key = cursor.name("the name of a function")?;
        self.function_uses.push(Use { key, place });
        Ok(self.function_uses.len() - 1)
    }

    /// Gives a function its name and number.
    fn declare(&mut self, cursor: &mut Cursor<'_>) -> Parse<String> {
        let name = cursor.name("a function's name")?;
        // The second of two is read all the same, for its other mistakes.
        if self.functions.contains_key(&name) {
            return cursor.error_before(format!("there are two functions {name}"));
        }
        self.functions.insert(name.clone(), FuncId::new(self.module.functions.len()));
        Ok(name)
    }

    pub(super) fn add(&mut self, func: Function, places: FunctionPlaces) {
        self.module.functions.push(func);
        self.places.push(places);
    }

    pub(super) fn import(&mut self, cursor: &mut Cursor<'_>, head: (u32, u32)) -> Parse<()> {
        let name = self.declare(cursor)?;
        let parsed = (|| {
            let (module, field) = (cursor.text()?, cursor.text()?);
            let sig = cursor.signature()?;
            let mut func = Function::imported(name.clone(), &module, &field, sig);
            read_marks(cursor, &mut func)?;
            Ok(func)
        })();
        // A number is taken in any case, so that the functions that follow keep theirs.
        let (func, result) = match parsed {
            Ok(func) => (func, Ok(())),
            Err(fault) => (Function::imported(name, "", "", Signature::default()), Err(fault)),
        };
        self.add(func, FunctionPlaces { head, ..FunctionPlaces::default() });
        result
    }

    pub(super) fn head(&mut self, cursor: &mut Cursor<'_>, head: (u32, u32)) -> Parse<()> {
        let mut reader = FunctionReader {
            func: Function::new("", Signature::default(), Phase::Pure),
            places: FunctionPlaces { head, ..FunctionPlaces::default() },
            values: HashMap::new(),
            blocks: HashMap::new(),
            value_uses: Vec::new(),
            block_uses: Vec::new(),
            unfinished: false,
            broken: false,
        };
        let declared = self.declare(cursor);
        let result = declared.and_then(|name| {
            let mut names = Vec::new();
            let params = cursor.list("(", ")", |cursor| {
                let place = cursor.place();
                names.push((cursor.label('v', "a parameter (v0: type)")?, place));
                cursor.punct(":")?;
                let owned = cursor.eat_word("own");
                Ok(Param { owned, ty: cursor.ty()? })
            })?;
            let results = cursor.results()?;
            let phase = match cursor.peek() {
                Some(Token::Word("pure")) => Some(Phase::Pure),
                Some(Token::Word("counted")) => Some(Phase::Counted),
                Some(Token::Word("legalized")) => Some(Phase::Legalized),
                _ => None,
            };
            cursor.at += usize::from(phase.is_some());
            reader.func = Function::new(name, Signature { params, results }, phase.unwrap_or(Phase::Pure));
            read_marks(cursor, &mut reader.func)?;
            if cursor.eat_word("captures") {
                let captures = cursor.list("(", ")", Cursor::ty)?;
                let generic = cursor.eat_word("generic");
                let generic = if generic { Some(FuncId::new(self.function_use(cursor)?)) } else { None };
                reader.func.closure = Some(Closure { captures, generic });
            }
            for (&value, (name, place)) in reader.func.blocks[0].params.iter().zip(names) {
                define(&mut reader.values, name, value, place)?;
            }
            // The label of the entry adds it again, in its place.
            cursor.punct("{")
        });
        self.open = Some(reader);
        result
    }

    /// Reads a line of a function.
    fn body(&mut self, reader: &mut FunctionReader, cursor: &mut Cursor<'_>) -> Parse<()> {
        if cursor.is_label('b') {
            return reader.block(cursor);
        }
        if !reader.unfinished {
            return cursor.expected("a block label or `}`");
        }
        let block = Block::new(reader.func.blocks.len() - 1);
        let place = cursor.whole();
        let term = match cursor.peek() {
            Some(Token::Word("jump")) => {
                cursor.at += 1;
                Terminator::Jump(reader.target(cursor)?)
            }
            Some(Token::Word("branch")) => {
                cursor.at += 1;
                let cond = reader.value_use(cursor)?;
                cursor.punct(",")?;
                let then = reader.target(cursor)?;
                cursor.punct(",")?;
                Terminator::Branch { cond, then, otherwise: reader.target(cursor)? }
            }
            Some(Token::Word("return")) => {
                cursor.at += 1;
                let mut values = Vec::new();
                if cursor.is_label('v') {
                    values.push(reader.value_use(cursor)?);
                    while cursor.eat_punct(",") {
                        values.push(reader.value_use(cursor)?);
                    }
                }
                Terminator::Return(values)
            }
            Some(Token::Word("unreachable")) => {
                cursor.at += 1;
                Terminator::Unreachable
            }
            _ => return self.inst(reader, cursor, block, place),
        };
        reader.func.block_mut(block).term = term;
        reader.places.terms.push(place);
        reader.unfinished = false;
        Ok(())
    }

    fn inst(
        &mut self,
        reader: &mut FunctionReader,
        cursor: &mut Cursor<'_>,
        block: Block,
        place: (u32, u32),
    ) -> Parse<()> {
        let mut results = Vec::new();
        if cursor.is_label('v') {
            loop {
                let place = cursor.place();
                let name = cursor.label('v', "a value")?;
                let ty = if cursor.eat_punct(":") { Some(cursor.ty()?) } else { None };
                results.push((name, ty, place));
                if cursor.eat_punct("=") {
                    break;
                }
                if !cursor.eat_punct(",") {
                    return cursor.expected("`,` or `=`");
                }
            }
        }
        let name = cursor.word("an operation")?;
        let Some(&op) = OPS.get(name) else {
            return cursor.error_before(format!("there is no operation {name}"));
        };
        let imm = match op.imm() {
            ImmKind::None => Imm::None,
            ImmKind::I32 => Imm::I32(cursor.i32()?),
            ImmKind::I64 => Imm::I64(cursor.i64()?),
            ImmKind::F64 => Imm::F64(cursor.f64()?),
            ImmKind::Offset if cursor.eat_word("offset") => {
                cursor.punct("=")?;
                Imm::Offset(cursor.u32()?)
            }
            ImmKind::Offset => Imm::Offset(0),
            ImmKind::Func => Imm::Func(FuncId::new(self.function_use(cursor)?)),
            ImmKind::Record => match cursor.ty()?.kind {
                Kind::Record(record) => Imm::Record(record),
                _ => return cursor.error_before("this must be a record".to_owned()),
            },
            ImmKind::Sig => {
                let place = cursor.place();
                let key = cursor.label('s', "a signature's label (s0, s1, …)")?;
                self.sig_uses.push(Use { key, place });
                Imm::Sig(SigId::new(self.sig_uses.len() - 1))
            }
            ImmKind::Global => {
                let place = cursor.place();
                let key = cursor.label('g', "a global's label (g0, g1, …)")?;
                self.global_uses.push(Use { key, place });
                Imm::Global(GlobalId::new(self.global_uses.len() - 1))
            }
            ImmKind::Data => Imm::Data(DataId::new(self.data_use(cursor)?)),
            ImmKind::Shape => Imm::Shape(self.shape_use(cursor)?),
        };
        let mut consumed = 0;
        let mut args = Vec::new();
        let mut operand = |cursor: &mut Cursor<'_>| {
            if cursor.eat_punct("!") {
                if args.len() >= 32 {
                    return cursor.error_before("only the first 32 operands can be flex".to_owned());
                }
                consumed |= 1 << args.len();
            }
            args.push(reader.value_use(cursor)?);
            Ok(())
        };
        if op.is_call() {
            cursor.list("(", ")", operand)?;
        } else if matches!(cursor.peek(), Some(Token::Word(_) | Token::Punct("!"))) {
            operand(cursor)?;
            while cursor.eat_punct(",") {
                operand(cursor)?;
            }
        }
        let mut span = None;
        if cursor.eat_punct("@") {
            let file = cursor.u32()?;
            cursor.punct(":")?;
            let start = cursor.u32()?;
            cursor.punct("..")?;
            span = Some(Span { file, start, end: cursor.u32()? });
        }
        let func = &mut reader.func;
        let inst = Inst::new(func.insts.len());
        let mut values = Vec::new();
        for (index, (name, ty, place)) in results.into_iter().enumerate() {
            let value = Value::new(func.values.len());
            define(&mut reader.values, name, value, place)?;
            let Some(ty) = ty.or(fixed_result(op, index)) else {
                let message = format!("{} does not fix the type of v{name}: write v{name}: type", op.name());
                return Err(Fault { start: place.0, end: place.1, message });
            };
            func.values.push(ValueData { ty, def: ValueDef::Result(inst, index as u32) });
            values.push(value);
        }
        func.insts.push(InstData { op, args, imm, results: values, consumed });
        func.spans.push(span);
        func.scopes.push(Scope::OWN);
        func.block_mut(block).insts.push(inst);
        reader.places.insts.push(place);
        Ok(())
    }

    /// Ends a function: the names of its values and blocks are known now.
    fn close(&mut self, reader: FunctionReader, end: (u32, u32)) -> Parse<()> {
        let FunctionReader { mut func, places, values, blocks, value_uses, block_uses, unfinished, broken } = reader;
        let mut unknown = None;
        let mut missing = |place: (u32, u32), message: String| {
            if !broken && unknown.is_none() {
                unknown = Some(Fault { start: place.0, end: place.1, message });
            }
        };
        if unfinished {
            missing(end, UNFINISHED.to_owned());
        }
        if places.blocks.is_empty() {
            missing(end, "a function has at least one block".to_owned());
        }
        let mut value = |index: Value| {
            let Use { key, place } = &value_uses[index.index()];
            values.get(key).copied().unwrap_or_else(|| {
                missing(*place, format!("v{key} is not defined"));
                Value(0)
            })
        };
        for inst in &mut func.insts {
            inst.args.iter_mut().for_each(|arg| *arg = value(*arg));
        }
        for block in &mut func.blocks {
            block.term.map_uses(&mut value);
        }
        for block in &mut func.blocks {
            for target in block.term.targets_mut() {
                let Use { key, place } = &block_uses[target.block.index()];
                target.block = blocks.get(key).copied().unwrap_or_else(|| {
                    missing(*place, format!("there is no block b{key}"));
                    ENTRY
                });
            }
        }
        self.add(func, places);
        unknown.map_or(Ok(()), Err)
    }

    /// Resolves what could be used before it was declared.
    pub(super) fn finish(mut self, text: &str, end: Fault) -> Result<Parsed, Vec<TextError>> {
        if self.open.is_some() {
            self.errors
                .push(Fault { message: "the last function is not closed with `}`".to_owned(), ..end }.locate(text));
        }
        let mut faults = Vec::new();
        let mut resolve = |place: &(u32, u32), what: String| {
            faults.push(Fault { start: place.0, end: place.1, message: format!("there is no {what}") });
        };
        let functions: Vec<FuncId> = (self.function_uses.iter())
            .map(|Use { key, place }| {
                self.functions.get(key).copied().unwrap_or_else(|| {
                    resolve(place, format!("function {key}"));
                    FuncId(0)
                })
            })
            .collect();
        let globals: Vec<GlobalId> = (self.global_uses.iter())
            .map(|Use { key, place }| {
                self.globals.get(key).copied().unwrap_or_else(|| {
                    resolve(place, format!("global g{key}"));
                    GlobalId(0)
                })
            })
            .collect();
        let data: Vec<DataId> = (self.data_uses.iter())
            .map(|Use { key, place }| {
                self.data.get(key).copied().unwrap_or_else(|| {
                    resolve(place, format!("data d{key}"));
                    DataId(0)
                })
            })
            .collect();
        let sigs: Vec<SigId> = (self.sig_uses.iter())
            .map(|Use { key, place }| {
                self.sigs.get(key).copied().unwrap_or_else(|| {
                    resolve(place, format!("signature s{key}"));
                    SigId(0)
                })
            })
            .collect();
        let shapes: Vec<ShapeId> = (self.shape_uses.iter())
            .map(|Use { key, place }| {
                self.shapes.get(key).copied().unwrap_or_else(|| {
                    resolve(place, format!("shape p{key}"));
                    ShapeId(0)
                })
            })
            .collect();
        faults.truncate(ERROR_LIMIT - self.errors.len().min(ERROR_LIMIT));
        self.errors.extend(faults.into_iter().map(|fault| fault.locate(text)));
        if !self.errors.is_empty() {
            self.errors.sort_by_key(|error| (error.start, error.end));
            return Err(self.errors);
        }
        let mut module = self.module;
        let Types { lists, maps, functions: func_types, records: _, unions: _ } = self.types;
        (module.lists, module.maps, module.func_types) = (lists, maps, func_types);
        // One whose declaration is missing had an error there.
        module.records = self.declared_records.into_iter().flatten().collect();
        module.unions = self.declared_unions.into_iter().flatten().collect();
        for (index, union) in module.unions.iter().enumerate() {
            for variant in &union.variants {
                // That no record belongs to two unions is for the verifier to find.
                module.records[variant.index()].union.get_or_insert(UnionType::new(index));
            }
        }
        module.realloc = self.realloc.map(|index| functions[index]);
        module.start = self.start.map(|index| functions[index]);
        module.stdout_state = self.stdout.map(|index| data[index]);
        for blob in &mut module.data {
            for (_, target) in blob.relocs.iter_mut().chain(&mut blob.word_relocs) {
                *target = data[target.index()];
            }
            for (_, target) in &mut blob.func_relocs {
                *target = functions[target.index()];
            }
        }
        for closure in module.functions.iter_mut().filter_map(|func| func.closure.as_mut()) {
            closure.generic = closure.generic.map(|func| functions[func.index()]);
        }
        for shape in &mut module.shapes {
            match shape {
                Shape::List { list: _, element: part } | Shape::Map { map: _, value: part, int_keys: _ } => {
                    *part = shapes[part.index()];
                }
                Shape::Record { record: _, fields } => {
                    fields.iter_mut().for_each(|part| *part = shapes[part.index()]);
                }
                Shape::Any | Shape::Int | Shape::BigInt | Shape::BigRat | Shape::Float | Shape::Bool | Shape::Str => {}
            }
        }
        for inst in module.functions.iter_mut().flat_map(|func| &mut func.insts) {
            match &mut inst.imm {
                Imm::Func(func) => *func = functions[func.index()],
                Imm::Sig(sig) => *sig = sigs[sig.index()],
                Imm::Global(global) => *global = globals[global.index()],
                Imm::Data(used) => *used = data[used.index()],
                Imm::Shape(shape) => *shape = shapes[shape.index()],
                Imm::None | Imm::I32(_) | Imm::I64(_) | Imm::F64(_) | Imm::Offset(_) | Imm::Record(_) => {}
            }
        }
        Ok(Parsed { module, places: self.places })
    }
}

/// What is expected where a shape is named.
const SHAPE_LABEL: &str = "a shape's label (p0, p1, …)";

const UNFINISHED: &str = "expected jump, branch, return or unreachable at the end of the block above";

impl FunctionReader {
    pub(super) fn block(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let place = cursor.whole();
        if self.unfinished {
            return cursor.error(UNFINISHED.to_owned());
        }
        let name = cursor.label('b', "a block label")?;
        let first = self.places.blocks.is_empty();
        let block = if first { ENTRY } else { self.func.add_block() };
        self.places.blocks.push(place);
        self.unfinished = true;
        if self.blocks.insert(name, block).is_some() {
            return cursor.error_before(format!("there are two blocks b{name}"));
        }
        if matches!(cursor.peek(), Some(Token::Punct("("))) {
            if first {
                return cursor.error("the parameters of the entry are those of the function".to_owned());
            }
            let params = cursor.list("(", ")", |cursor| {
                let place = cursor.place();
                let name = cursor.label('v', "a parameter (v0: type)")?;
                cursor.punct(":")?;
                Ok((name, cursor.ty()?, place))
            })?;
            for (name, ty, place) in params {
                let value = self.func.add_param(block, ty);
                define(&mut self.values, name, value, place)?;
            }
        }
        self.func.block_mut(block).cold = cursor.eat_word("cold");
        cursor.punct(":")
    }

    fn value_use(&mut self, cursor: &mut Cursor<'_>) -> Parse<Value> {
        let place = cursor.place();
        let key = cursor.label('v', "a value (v0, v1, …)")?;
        self.value_uses.push(Use { key, place });
        Ok(Value::new(self.value_uses.len() - 1))
    }

    pub(super) fn target(&mut self, cursor: &mut Cursor<'_>) -> Parse<Target> {
        let place = cursor.place();
        let key = cursor.label('b', "a block (b0, b1, …)")?;
        self.block_uses.push(Use { key, place });
        let block = Block::new(self.block_uses.len() - 1);
        let with_args = matches!(cursor.peek(), Some(Token::Punct("(")));
        let args = if with_args { cursor.list("(", ")", |cursor| self.value_use(cursor))? } else { Vec::new() };
        Ok(Target { block, args })
    }
}

fn define(values: &mut HashMap<u32, Value>, name: u32, value: Value, (start, end): (u32, u32)) -> Parse<()> {
    if values.insert(name, value).is_some() {
        return Err(Fault { start, end, message: format!("v{name} is defined twice") });
    }
    Ok(())
}

fn read_marks(cursor: &mut Cursor<'_>, func: &mut Function) -> Parse<()> {
    while let Some(&Token::Word(word)) = cursor.peek() {
        match word {
            "cold" => func.cold = true,
            "inline" => func.inline = InlineHint::Always,
            "noinline" => func.inline = InlineHint::Never,
            "captures" => return Ok(()),
            _ => return cursor.expected("cold, inline or noinline"),
        }
        cursor.at += 1;
    }
    Ok(())
}
