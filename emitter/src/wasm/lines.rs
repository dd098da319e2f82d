//! Line tables: which source line code comes from, and which calls it took the place of, as DWARF 4 in
//! custom sections.
//!
//! One compilation unit, one sequence of rows for each function. Addresses count from the start
//! of the code section's contents, as engines and debuggers expect of WebAssembly. A row goes at
//! the start of every function too: engines report an exhausted stack there. Functions without
//! spans, which those of the language runtime are, have no rows. A function that has the code of others in it has an
//! entry, with an entry below for each call that was inlined.

use std::collections::BTreeMap;

use gimli::write::{
    Address, AttributeValue, DwarfUnit, EndianVec, FileId, LineProgram, LineString, Range, RangeList, Sections,
};
use gimli::{Encoding, Format, LineEncoding, LittleEndian};
use mochi_frontend::source::Span;
use wasm_encoder::{CustomSection, Encode};

use crate::ir::{FuncId, Function, Module, Scope};

const ENCODING: Encoding = Encoding { format: Format::Dwarf32, version: 4, address_size: 4 };

/// Where the code changes to another place in the source, by the offset in a function's body.
#[derive(Default)]
pub(super) struct Places(Vec<(u32, Span, Scope)>);

impl Places {
    /// Notes that the code from `offset` on is that of `span`; without one, that of what precedes.
    pub(super) fn note(&mut self, offset: usize, span: Option<Span>, scope: Scope) {
        if let Some(span) = span
            && self.0.last().is_none_or(|&(_, last, within)| (last, within) != (span, scope))
        {
            self.0.push((offset as u32, span, scope));
        }
    }

    /// Where the code of each inlined call lies, in a body of `length` bytes; that of those inside it included.
    fn of_calls(&self, func: &Function, length: u64) -> BTreeMap<Scope, Vec<(u64, u64)>> {
        let mut ranges: BTreeMap<Scope, Vec<(u64, u64)>> = BTreeMap::new();
        for (index, &(offset, _, innermost)) in self.0.iter().enumerate() {
            let start = u64::from(offset);
            let end = self.0.get(index + 1).map_or(length, |&(next, ..)| u64::from(next));
            let mut scope = innermost;
            while let Some(call) = func.inlined_call(scope) {
                let known = ranges.entry(scope).or_default();
                match known.last_mut() {
                    Some((_, last)) if *last == start => *last = end,
                    _ if start < end => known.push((start, end)),
                    _ => {}
                }
                scope = call.scope;
            }
        }
        ranges
    }
}

/// The rows of all functions, in the order of the code section.
pub(super) struct Lines {
    /// The address that the next function's size is written at.
    address: u64,
    functions: Vec<Rows>,
}

struct Rows {
    func: FuncId,
    start: u64,
    length: u64,
    places: Places,
}

impl Lines {
    /// For a code section of `count` functions.
    pub(super) fn new(count: usize) -> Lines {
        Lines { address: length_of(count), functions: Vec::new() }
    }

    /// Adds the next function, whose body has `length` bytes.
    pub(super) fn function(&mut self, func: FuncId, length: usize, places: Places) {
        let start = self.address + length_of(length);
        let length = length as u64;
        self.address = start + length;
        if !places.0.is_empty() {
            self.functions.push(Rows { func, start, length, places });
        }
    }

    /// The sections, none when no function has a known line.
    pub(super) fn sections(self, module: &Module) -> Vec<CustomSection<'static>> {
        let mut unit = DwarfUnit::new(ENCODING);
        let files = Files::new(module, &mut unit);
        let mut ranges = Vec::new();
        for Rows { func, start, length, places } in self.functions {
            inlined_calls(&mut unit, &files, module, module.func(func), start, length, &places);
            let mut last = None;
            for (offset, span, _) in places.0 {
                let place = files.place(module, span);
                let Some((file, line)) = place.filter(|_| place != last) else { continue };
                let program = &mut unit.unit.line_program;
                let is_first = last.is_none();
                if is_first {
                    program.begin_sequence(Some(Address::Constant(start)));
                }
                let row = program.row();
                (row.file, row.line) = (file, line);
                row.address_offset = if is_first { 0 } else { u64::from(offset) };
                program.generate_row();
                last = place;
            }
            if last.is_some() {
                unit.unit.line_program.end_sequence(length);
                ranges.push(Range::StartLength { begin: Address::Constant(start), length });
            }
        }
        if ranges.is_empty() {
            return Vec::new();
        }
        let ranges = unit.unit.ranges.add(RangeList(ranges));
        let main = module.files.first().map_or("", String::as_str);
        let name = unit.strings.add(file_name(main));
        let root = unit.unit.root();
        let root = unit.unit.get_mut(root);
        let producer = concat!("mochi-wasm ", env!("CARGO_PKG_VERSION"));
        root.set(gimli::DW_AT_producer, AttributeValue::String(producer.into()));
        root.set(gimli::DW_AT_name, AttributeValue::StringRef(name));
        root.set(gimli::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0)));
        root.set(gimli::DW_AT_ranges, AttributeValue::RangeListRef(ranges));
        let mut written = Sections::new(EndianVec::new(LittleEndian));
        unit.write(&mut written).expect("addresses and lines fit DWARF");
        let mut sections = Vec::new();
        let added: gimli::write::Result<()> = written.for_each_mut(|id, data| {
            let data = data.take();
            if !data.is_empty() {
                sections.push(CustomSection { name: id.name().into(), data: data.into() });
            }
            Ok(())
        });
        added.expect("collecting the sections does not fail");
        sections
    }
}

/// The entry of a function that has code of inlined calls, and theirs.
fn inlined_calls(
    unit: &mut DwarfUnit,
    files: &Files,
    module: &Module,
    func: &Function,
    start: u64,
    length: u64,
    places: &Places,
) {
    let calls = places.of_calls(func, length);
    if calls.is_empty() {
        return;
    }
    let add = |unit: &mut DwarfUnit, parent, tag, name: &str, ranges: &[(u64, u64)]| {
        let name = unit.strings.add(file_name(name));
        let range =
            |&(from, to): &(u64, u64)| Range::StartLength { begin: Address::Constant(start + from), length: to - from };
        let ranges = unit.unit.ranges.add(RangeList(ranges.iter().map(range).collect()));
        let id = unit.unit.add(parent, tag);
        let entry = unit.unit.get_mut(id);
        entry.set(gimli::DW_AT_name, AttributeValue::StringRef(name));
        entry.set(gimli::DW_AT_ranges, AttributeValue::RangeListRef(ranges));
        id
    };
    let root = unit.unit.root();
    let own = add(unit, root, gimli::DW_TAG_subprogram, &func.name, &[(0, length)]);
    let mut entries = BTreeMap::from([(Scope::OWN, own)]);
    // A call's scope comes before those of the calls inside.
    for (scope, ranges) in calls {
        let call = func.inlined_call(scope).expect("only calls have ranges");
        let id = add(unit, entries[&call.scope], gimli::DW_TAG_inlined_subroutine, &call.callee, &ranges);
        if let Some((file, line)) = call.span.and_then(|span| files.place(module, span)) {
            let entry = unit.unit.get_mut(id);
            entry.set(gimli::DW_AT_call_file, AttributeValue::FileIndex(Some(file)));
            entry.set(gimli::DW_AT_call_line, AttributeValue::Udata(line));
        }
        entries.insert(scope, id);
    }
}

/// The numbers that the line table has for the module's files.
struct Files(Vec<FileId>);

impl Files {
    fn new(module: &Module, unit: &mut DwarfUnit) -> Files {
        // Version 4 has the folder and the name of the unit elsewhere; the program only asks that there be some.
        let (folder, main) = (LineString::String(b".".to_vec()), LineString::String(b".".to_vec()));
        let mut program = LineProgram::new(ENCODING, LineEncoding::default(), folder, None, main, None);
        let folder = program.default_directory();
        let file = |name: &String| program.add_file(LineString::String(file_name(name)), folder, None);
        let files = module.files.iter().map(file).collect();
        unit.unit.line_program = program;
        Files(files)
    }

    /// File and line of a span, if known.
    fn place(&self, module: &Module, span: Span) -> Option<(FileId, u64)> {
        let line = module.line_starts.line(span);
        let file = self.0.get(span.file as usize)?;
        (line != 0).then_some((*file, line.into()))
    }
}

/// A file's name as DWARF can hold it: it is never empty, and ends at a zero byte.
fn file_name(name: &str) -> Vec<u8> {
    if name.is_empty() { b"?".to_vec() } else { name.replace('\0', "?").into_bytes() }
}

/// The number of bytes that `value` takes in LEB128.
fn length_of(value: usize) -> u64 {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes.len() as u64
}
