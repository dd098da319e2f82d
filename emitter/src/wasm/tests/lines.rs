//! Line tables, read as engines read them.

use std::collections::BTreeMap;
use std::ops::Range;

use gimli::{EndianSlice, LittleEndian, SectionId};
use mochi_frontend::source::SourceFile;
use wasmparser::{KnownCustom, Name, Operator, Parser, Payload};

use crate::pipeline::{Language, OptLevel, Options, compile};

const PROGRAM: &str = r#"fun sum_of(n: int): int {
  var total = 0
  for i in 0..n {
    total = total + i * i
  }
  return total
}

print("squares")
print(
  sum_of(4)
)
"#;

/// An instruction and its address.
type Located<'a> = (u64, Operator<'a>);

/// A module's code and line table.
struct Read<'a> {
    names: BTreeMap<u32, &'a str>,
    imports: u32,
    /// Bodies and the operators in them, both at addresses that count from the code section's contents.
    bodies: Vec<(Range<u64>, Vec<Located<'a>>)>,
    /// The address from which on a line is the source, or none at the end of a sequence.
    rows: Vec<(u64, Option<(String, u64)>)>,
    sections: Vec<&'a str>,
}

impl<'a> Read<'a> {
    fn new(wasm: &'a [u8]) -> Read<'a> {
        let mut read =
            Read { names: BTreeMap::new(), imports: 0, bodies: Vec::new(), rows: Vec::new(), sections: Vec::new() };
        let mut debug: BTreeMap<&str, &[u8]> = BTreeMap::new();
        let mut code_start = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.unwrap() {
                Payload::ImportSection(imports) => read.imports = imports.count(),
                Payload::CodeSectionStart { range, .. } => code_start = range.start,
                Payload::CodeSectionEntry(body) => {
                    let address = |offset: usize| (offset - code_start) as u64;
                    let operators = body.get_operators_reader().unwrap().into_iter_with_offsets();
                    let operators = operators.map(|operator| operator.unwrap());
                    let operators = operators.map(|(operator, offset)| (address(offset), operator)).collect();
                    read.bodies.push((address(body.range().start)..address(body.range().end), operators));
                }
                Payload::CustomSection(section) => {
                    read.sections.push(section.name());
                    if let KnownCustom::Name(names) = section.as_known() {
                        for name in names {
                            if let Name::Function(map) = name.unwrap() {
                                read.names =
                                    map.into_iter().map(|naming| naming.unwrap()).map(|n| (n.index, n.name)).collect();
                            }
                        }
                    } else {
                        debug.insert(section.name(), section.data());
                    }
                }
                _ => {}
            }
        }
        let section = |id: SectionId| -> gimli::Result<EndianSlice<'_, LittleEndian>> {
            Ok(EndianSlice::new(debug.get(id.name()).copied().unwrap_or_default(), LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(section).unwrap();
        let mut units = dwarf.units();
        while let Some(header) = units.next().unwrap() {
            let unit = dwarf.unit(header).unwrap();
            let mut ranges = dwarf.unit_ranges(&unit).unwrap();
            let mut covered = Vec::new();
            while let Some(range) = ranges.next().unwrap() {
                covered.push(range.begin..range.end);
            }
            let mut rows = unit.line_program.clone().unwrap().rows();
            while let Some((header, row)) = rows.next_row().unwrap() {
                let place = (!row.end_sequence()).then(|| {
                    assert!(covered.iter().any(|range| range.contains(&row.address())), "{:#x}", row.address());
                    let file = row.file(header).unwrap().path_name();
                    let file = dwarf.attr_string(&unit, file).unwrap().to_string().unwrap().to_owned();
                    (file, row.line().unwrap().get())
                });
                read.rows.push((row.address(), place));
            }
        }
        read
    }

    fn place(&self, address: u64) -> Option<(&str, u64)> {
        let row = self.rows.iter().rev().find(|(from, _)| *from <= address)?;
        row.1.as_ref().map(|(file, line)| (file.as_str(), *line))
    }

    fn function(&self, name: &str) -> &(Range<u64>, Vec<(u64, Operator<'a>)>) {
        let (index, _) = self.names.iter().find(|&(_, &other)| other == name).unwrap();
        &self.bodies[(index - self.imports) as usize]
    }

    /// The place of the first call of `callee` in `caller`.
    fn call(&self, caller: &str, callee: &str) -> Option<(&str, u64)> {
        let calls = |operator: &Operator<'_>| matches!(operator, Operator::Call { function_index } if self.names[function_index] == callee);
        let (address, _) = self.function(caller).1.iter().find(|(_, operator)| calls(operator)).unwrap();
        self.place(*address)
    }
}

fn compiled(opt: OptLevel, strip: bool) -> Vec<u8> {
    let source = SourceFile::new("dir/sum.mochi", PROGRAM);
    compile(&source, &Options { opt, strip, ..Options::default() }).unwrap().wasm
}

#[test]
fn code_is_traced_to_its_lines() {
    let wasm = compiled(OptLevel::None, false);
    let read = Read::new(&wasm);
    assert_eq!(read.call("main", "sum_of"), Some(("dir/sum.mochi", 11)));
    let (body, operators) = read.function("sum_of");
    assert!(matches!(read.place(body.start), Some(("dir/sum.mochi", 2..=6))), "the start of a function has a line");
    let lines: Vec<u64> = operators.iter().map(|(address, _)| read.place(*address).unwrap().1).collect();
    assert!(lines.iter().all(|line| (2..=6).contains(line)) && lines.contains(&4), "{lines:?}");
    let mul = operators.iter().find(|(_, operator)| matches!(operator, Operator::I64Mul)).unwrap();
    assert_eq!(read.place(mul.0), Some(("dir/sum.mochi", 4)));
}

#[test]
fn the_runtime_has_no_lines() {
    for opt in [OptLevel::None, OptLevel::Speed] {
        let wasm = compiled(opt, false);
        let read = Read::new(&wasm);
        let mut count = 0;
        for (number, (body, _)) in read.bodies.iter().enumerate() {
            let is_ours = read.names[&(number as u32 + read.imports)].starts_with("runtime.");
            for address in body.clone() {
                assert_eq!(read.place(address).is_none(), is_ours, "{}", read.names[&(number as u32 + read.imports)]);
            }
            count += usize::from(is_ours);
        }
        assert!(count > 0 && count < read.bodies.len());
    }
}

#[test]
fn tables_are_the_same_each_time_and_can_be_left_out() {
    let wasm = compiled(OptLevel::Speed, false);
    assert_eq!(wasm, compiled(OptLevel::Speed, false));
    assert!(Read::new(&wasm).sections.contains(&".debug_line"));
    let stripped = compiled(OptLevel::Speed, true);
    assert_eq!(Read::new(&stripped).sections.iter().filter(|name| name.starts_with(".debug")).count(), 0);
}

#[test]
fn any_name_can_be_a_files() {
    for name in ["", "\0", "a\0b", "<stdin>", "/x/y.mochi", "žluťoučký.mochi"] {
        let source = SourceFile::new(name, "print(1)\n");
        for language in [Language::Mochi, Language::Ir] {
            let _ = compile(&source, &Options { language, ..Options::default() });
        }
    }
}
