//! Writes the text form of the IR, whose grammar is in `parser.rs`.
//!
//! Values are numbered in the order in which they are written, so that the text of a function
//! depends on what it does alone and not on what passes threw away. Reading the text and writing
//! it again gives the same text.

use std::fmt::Write;

use super::{
    Block, Closure, DataBlob, Function, GlobalData, Imm, Init, InlineHint, Inst, Kind, Module, Op, Param, Phase,
    Record, RecordForm, RecordType, ShapeId, Signature, Target, Terminator, Type, TypePattern, Union, Value,
};

/// Whether the source positions of instructions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spans {
    Write,
    Omit,
}

/// The text of a whole module.
pub fn print_module(module: &Module, spans: Spans) -> String {
    let mut out = String::new();
    for (index, file) in module.files.iter().enumerate() {
        let starts = module.line_starts.0.get(index).filter(|starts| spans == Spans::Write && !starts.is_empty());
        let starts = starts.map_or(String::new(), |starts| {
            starts.iter().fold(" lines".to_owned(), |text, start| format!("{text} {start}"))
        });
        line(&mut out, format_args!("file {}{starts}", quoted(file.as_bytes())));
    }
    for record in &module.records {
        line(&mut out, format_args!("{}", declared(module, record)));
    }
    for Union { name: union, variants } in &module.unions {
        let variant = |record: &RecordType| module.records.get(record.index()).map(|record| name(&record.name));
        let variants: Vec<String> = variants.iter().map(|record| variant(record).unwrap_or_default()).collect();
        line(&mut out, format_args!("union {} = {}", name(union), variants.join(" | ")));
    }
    for (index, shape) in module.shapes.iter().enumerate() {
        line(&mut out, format_args!("shape {} {}", ShapeId::new(index), shape.text(module)));
    }
    for (index, blob) in module.data.iter().enumerate() {
        line(&mut out, format_args!("data d{index}{}", data(module, blob)));
    }
    for (index, sig) in module.sigs.iter().enumerate() {
        line(&mut out, format_args!("sig s{index} {}", signature(module, sig)));
    }
    for (index, GlobalData { name: global, ty, init }) in module.globals.iter().enumerate() {
        line(&mut out, format_args!("global g{index} {}: {} = {}", name(global), module.type_text(*ty), initial(init)));
    }
    if let Some(data) = module.stdout_state {
        line(&mut out, format_args!("stdout {data}"));
    }
    if let Some(realloc) = module.realloc {
        line(&mut out, format_args!("realloc {}", func_name(module, realloc.index())));
    }
    if let Some(start) = module.start {
        line(&mut out, format_args!("start {}", func_name(module, start.index())));
    }
    for (index, func) in module.functions.iter().enumerate() {
        // Imports stand together.
        let with_last = func.import.is_some() && index > 0 && module.functions[index - 1].import.is_some();
        if !out.is_empty() && !with_last {
            out.push('\n');
        }
        out.push_str(&print_function(module, func, spans));
    }
    out
}

/// The text of one function, which belongs to `module`.
pub fn print_function(module: &Module, func: &Function, spans: Spans) -> String {
    let mut out = String::new();
    if let Some((module_name, field)) = &func.import {
        let (module_name, field) = (quoted(module_name.as_bytes()), quoted(field.as_bytes()));
        let head = format_args!(
            "import {} {module_name} {field} {}{}",
            name(&func.name),
            signature(module, &func.sig),
            marks(func)
        );
        line(&mut out, head);
        return out;
    }
    let numbering = Numbering::new(func);
    let params: Vec<String> = func
        .params()
        .iter()
        .zip(&func.sig.params)
        .map(|(&value, Param { ty, owned })| {
            format!("{}: {}{}", numbering.value(value), own(*owned), module.type_text(*ty))
        })
        .collect();
    let phase = match func.phase {
        Phase::Pure => "pure",
        Phase::Counted => "counted",
        Phase::Legalized => "legalized",
    };
    let head = format_args!(
        "func {}({}){} {phase}{}{} {{",
        name(&func.name),
        params.join(", "),
        arrow(module, &func.sig.results),
        marks(func),
        closure(module, func)
    );
    line(&mut out, head);
    for (index, block) in func.blocks.iter().enumerate() {
        let param = |&value: &Value| format!("{}: {}", numbering.value(value), module.type_text(func.ty(value)));
        let params: Vec<String> = block.params.iter().map(param).collect();
        let params = if index == 0 || params.is_empty() { String::new() } else { format!("({})", params.join(", ")) };
        let cold = if block.cold { " cold" } else { "" };
        line(&mut out, format_args!("{}{params}{cold}:", Block::new(index)));
        for &inst in &block.insts {
            let span = match (spans, func.span(inst)) {
                (Spans::Write, Some(span)) => format!(" @{span:?}"),
                (Spans::Write, None) | (Spans::Omit, _) => String::new(),
            };
            line(&mut out, format_args!("    {}{span}", numbering.inst(module, func, inst)));
        }
        line(&mut out, format_args!("    {}", numbering.terminator(&block.term)));
    }
    line(&mut out, format_args!("}}"));
    out
}

/// The numbers that values have in the text of a function.
pub(super) struct Numbering(Vec<Option<u32>>);

impl Numbering {
    pub(super) fn new(func: &Function) -> Numbering {
        let mut numbers = vec![None; func.values.len()];
        let mut next = 0;
        for block in &func.blocks {
            let results =
                block.insts.iter().filter_map(|inst| func.insts.get(inst.index())).flat_map(|inst| &inst.results);
            for value in block.params.iter().chain(results) {
                // A broken function may name a value that it does not have; it is printed all the same.
                if let Some(number) = numbers.get_mut(value.index()) {
                    *number = Some(next);
                }
                next += 1;
            }
        }
        Numbering(numbers)
    }

    pub(super) fn value(&self, value: Value) -> String {
        match self.0.get(value.index()) {
            Some(Some(number)) => format!("v{number}"),
            Some(None) | None => format!("v?{}", value.0),
        }
    }

    fn values(&self, values: &[Value]) -> String {
        values.iter().map(|&value| self.value(value)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn inst(&self, module: &Module, func: &Function, inst: Inst) -> String {
        let data = func.inst(inst);
        let mut out = String::new();
        for (index, &result) in data.results.iter().enumerate() {
            out.push_str(if index == 0 { "" } else { ", " });
            out.push_str(&self.value(result));
            let ty = func.values.get(result.index()).map(|data| data.ty);
            if let Some(ty) = ty.filter(|&ty| fixed_result(data.op, index) != Some(ty)) {
                put(&mut out, format_args!(": {}", module.type_text(ty)));
            }
        }
        out.push_str(if data.results.is_empty() { "" } else { " = " });
        out.push_str(data.op.name());
        match data.imm {
            Imm::None | Imm::Offset(0) => {}
            Imm::I32(value) => put(&mut out, format_args!(" {value}")),
            Imm::I64(value) => put(&mut out, format_args!(" {value}")),
            Imm::F64(bits) => put(&mut out, format_args!(" {}", float(bits))),
            Imm::Offset(offset) => put(&mut out, format_args!(" offset={offset}")),
            Imm::Func(func) => put(&mut out, format_args!(" {}", func_name(module, func.index()))),
            Imm::Sig(sig) => put(&mut out, format_args!(" {sig}")),
            Imm::Record(record) => {
                put(&mut out, format_args!(" {}", module.type_text(Type::of(Kind::Record(record)))));
            }
            Imm::Global(global) => put(&mut out, format_args!(" {global}")),
            Imm::Data(data) => put(&mut out, format_args!(" {data}")),
            Imm::Shape(shape) => put(&mut out, format_args!(" {shape}")),
        }
        let args: Vec<String> = data
            .args
            .iter()
            .enumerate()
            .map(|(index, &arg)| {
                let consumed = index < 32 && data.consumed >> index & 1 != 0;
                format!("{}{}", if consumed { "!" } else { "" }, self.value(arg))
            })
            .collect();
        let args = args.join(", ");
        if data.op.is_call() {
            put(&mut out, format_args!("({args})"));
        } else if !args.is_empty() {
            put(&mut out, format_args!(" {args}"));
        }
        out
    }

    fn target(&self, Target { block, args }: &Target) -> String {
        if args.is_empty() { block.to_string() } else { format!("{block}({})", self.values(args)) }
    }

    pub(super) fn terminator(&self, term: &Terminator) -> String {
        match term {
            Terminator::Jump(target) => format!("jump {}", self.target(target)),
            Terminator::Branch { cond, then, otherwise } => {
                format!("branch {}, {}, {}", self.value(*cond), self.target(then), self.target(otherwise))
            }
            Terminator::Return(values) if values.is_empty() => "return".to_owned(),
            Terminator::Return(values) => format!("return {}", self.values(values)),
            Terminator::Unreachable => "unreachable".to_owned(),
        }
    }
}

/// The type of a result when the operation's row leaves no choice, so that it need not be written.
pub(super) fn fixed_result(op: Op, index: usize) -> Option<Type> {
    match op {
        Op::Mochi(op) => match op.results().get(index)? {
            TypePattern::Exact(ty) => Some(*ty),
            TypePattern::Kind(_)
            | TypePattern::Machine(_)
            | TypePattern::Mochi
            | TypePattern::Nullable
            | TypePattern::List
            | TypePattern::NullableList
            | TypePattern::Element
            | TypePattern::Record
            | TypePattern::Field
            | TypePattern::Union
            | TypePattern::Object
            | TypePattern::Map
            | TypePattern::NullableMap
            | TypePattern::Key
            | TypePattern::Held
            | TypePattern::Entry
            | TypePattern::Func => None,
        },
        Op::Wasm(op) => op.results().get(index).copied(),
        Op::Call | Op::CallIndirect | Op::CallValue => None,
    }
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string does not fail");
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    put(out, text);
    out.push('\n');
}

fn own(owned: bool) -> &'static str {
    if owned { "own " } else { "" }
}

fn arrow(module: &Module, results: &[Type]) -> String {
    let results: Vec<String> = results.iter().map(|&ty| module.type_text(ty)).collect();
    if results.is_empty() { String::new() } else { format!(" -> {}", results.join(", ")) }
}

/// The types of a signature whose parameters have no names.
fn signature(module: &Module, Signature { params, results }: &Signature) -> String {
    let param = |Param { ty, owned }: &Param| format!("{}{}", own(*owned), module.type_text(*ty));
    let params: Vec<String> = params.iter().map(param).collect();
    format!("({}){}", params.join(", "), arrow(module, results))
}

fn marks(func: &Function) -> String {
    let inline = match func.inline {
        InlineHint::Auto => "",
        InlineHint::Always => " inline",
        InlineHint::Never => " noinline",
    };
    format!("{}{inline}", if func.cold { " cold" } else { "" })
}

fn closure(module: &Module, func: &Function) -> String {
    let Some(Closure { captures, generic }) = &func.closure else { return String::new() };
    let captures: Vec<String> = captures.iter().map(|&ty| module.type_text(ty)).collect();
    let generic = generic.map_or(String::new(), |func| format!(" generic {}", func_name(module, func.index())));
    format!(" captures ({}){generic}", captures.join(", "))
}

fn func_name(module: &Module, index: usize) -> String {
    // A broken module may name a function that it does not have.
    module.functions.get(index).map_or_else(|| format!("f?{index}"), |func| name(&func.name))
}

fn declared(module: &Module, Record { name: record, fields, methods, union: _, form }: &Record) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(field, ty)| format!("{}: {}", name(field), module.type_text(*ty))).collect();
    let fields = if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) };
    let methods: Vec<String> = methods.iter().map(|method| name(method)).collect();
    let methods = if methods.is_empty() { String::new() } else { format!(" methods {}", methods.join(", ")) };
    let word = match form {
        RecordForm::Struct => "record",
        RecordForm::Row => "row",
        RecordForm::Cell => "cell",
    };
    format!("{word} {} {fields}{methods}", name(record))
}

fn data(module: &Module, blob: &DataBlob) -> String {
    let DataBlob { bytes, size, align, relocs, word_relocs, func_relocs } = blob;
    let mut out = String::new();
    if *align != 1 {
        put(&mut out, format_args!(" align {align}"));
    }
    if *size as usize != bytes.len() {
        put(&mut out, format_args!(" size {size}"));
    }
    if !bytes.is_empty() || *size == 0 {
        put(&mut out, format_args!(" {}", quoted(bytes)));
    }
    for (offset, data) in relocs {
        put(&mut out, format_args!(" at {offset} {data}"));
    }
    for (offset, data) in word_relocs {
        put(&mut out, format_args!(" word {offset} {data}"));
    }
    for (offset, func) in func_relocs {
        put(&mut out, format_args!(" func {offset} {}", func_name(module, func.index())));
    }
    out
}

fn initial(init: &Init) -> String {
    match init {
        Init::I32(value) => format!("i32 {value}"),
        Init::I64(value) => format!("i64 {value}"),
        Init::F64(bits) => format!("f64 {}", float(*bits)),
    }
}

/// The shortest decimal that reads back as the same number; all bits of what is not a number.
fn float(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        format!("nan:{bits:#x}")
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

/// A name as it is if it looks like one, else in quotes.
pub(super) fn name(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes.next().is_some_and(starts_word) && bytes.all(continues_word);
    if plain { name.to_owned() } else { quoted(name.as_bytes()) }
}

pub(super) fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$')
}

fn quoted(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for &byte in bytes {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => put(&mut out, format_args!("\\{byte:02x}")),
        }
    }
    out.push('"');
    out
}
