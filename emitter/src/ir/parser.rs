//! Reads the text form of the IR, a public input in the pure phase.
//!
//! Every item and every instruction stands on a line of its own; a comment goes from `;` to the
//! end of its line. The grammar, with `[ ]` for optional parts and `{ }` for repeated ones:
//!
//! ```text
//! module     = { item }
//! item       = "file" string [ "lines" { number } ]       source files, numbered from 0
//!            | "data" dN [ "align" number ] [ "size" number ] [ string ]
//!                   { "at" number dN } { "word" number dN } { "func" number name }
//!            | "sig" sN "(" [ [ "own" ] type { "," … } ] ")" [ results ]     of indirect calls
//!            | ( "record" | "row" | "cell" ) name "{" [ name ":" type { "," … } ] "}" [ "methods" name { "," name } ]
//!            | "union" name "=" name { "|" name }         several records
//!            | "shape" pN ( scalar | type "of" pN [ "int_keys" ] | type "(" [ pN { "," pN } ] ")" )
//!                   what loaded data becomes: a scalar, a list or map of parts, a record of fields
//!            | "global" gN name ":" type "=" ( "i32" | "i64" | "f64" ) number
//!            | "stdout" dN                                the description of pending output
//!            | "start" name                               the function that runs the program
//!            | "import" name string string "(" [ [ "own" ] type { "," … } ] ")" [ results ] { mark }
//!            | "func" name "(" [ vN ":" [ "own" ] type { "," … } ] ")" [ results ] [ phase ] { mark } [ closure ] "{"
//!                   block { block }
//!              "}"
//! results    = "->" type { "," type }
//! phase      = "pure" | "counted" | "legalized"           pure when left out
//! closure    = "captures" "(" [ type { "," type } ] ")" [ "generic" name ]    of the code of closures
//! mark       = "cold" | "inline" | "noinline"
//! block      = bN [ "(" vN ":" type { "," … } ")" ] [ "cold" ] ":"  { inst }  term
//! inst       = [ vN [ ":" type ] { "," … } "=" ] op [ imm ] [ operand { "," operand } ] [ span ]
//!            | [ vN ":" type { "," … } "=" ] "call" name "(" [ operand { "," operand } ] ")" [ span ]
//!            | [ vN ":" type { "," … } "=" ] "call_value" "(" operand { "," operand } ")" [ span ]
//!            | [ vN ":" type { "," … } "=" ] "call_indirect" sN "(" operand { "," operand } ")" [ span ]
//! operand    = [ "!" ] vN                                 "!": a flex operand that is consumed
//! scalar     = "any" | "int" | "bigint" | "bigrat" | "float" | "bool" | "str"
//! imm        = number | dN | gN | pN | name | "@" name | "offset=" number        as the operation's row says
//! span       = "@" file ":" start ".." end                byte offsets in the source file
//! term       = "jump" target | "branch" vN "," target "," target
//!            | "return" [ vN { "," vN } ] | "unreachable"
//! target     = bN [ "(" vN { "," vN } ")" ]
//! type       = "i32" | "i64" | "f64" | "any" | ( "bool" | "int" | "float" | "str" | composed ) [ "?" ]
//! composed   = ( "list" | "map" ) "<" type ">"            maps to values of the type
//!            | "fun" "<" [ type { "," type } ] [ "->" type ] ">"
//!            | "@" name | "@@" name                       a record, a union
//! name       = a letter or "_", then letters, digits, "_", ".", "$"; or a string
//! number     = decimal or 0x…; floats also "inf", "-inf", "nan:0x" and all 64 bits
//! string     = "…" with \n \t \\ \" and \hh, a byte in hex
//! ```
//!
//! The parameters of the entry block are those of the function's first line. The type of a
//! result is left out where the operation's row fixes it. Numbers of values, blocks, data, shapes and
//! globals are labels: any will do, in any order, and the printer chooses them anew. Records and
//! unions may be declared after their first use. A value may
//! be used on a line above its definition if the definition dominates the use. Data without
//! `size` is as large as its string, without a string it is zero. `at` names a place in it that
//! holds the 32-bit address of other data, `word` one where the address is added to 64 bits,
//! `func` one for the number that a function has in the table of those called indirectly.
//! `lines` are the byte offsets at which the lines of a file begin: with them, failures of the
//! program tell the line of the instruction's span; an instruction without a span stands for
//! itself, with its line in the IR text.
//!
//! The parser only finds out what is written; whether it makes sense is the verifier's business
//! ([`parse_program`] asks it).

mod reader;
mod tokens;

use std::fmt;

use mochi_frontend::source::Span;

use super::verifier::{Place, VerifyError, verify_module};
use super::{Module, Phase, remove_unreachable_blocks};
use reader::Reader;
use tokens::{Fault, Line};

/// What is wrong with IR text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The bytes of the text that the message is about.
    pub start: u32,
    pub end: u32,
    /// Counted from 1; a column counts code points.
    pub line: u32,
    pub column: u32,
    pub message: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for TextError {}

/// A module and where its parts stand in the text.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub module: Module,
    /// By function.
    places: Vec<FunctionPlaces>,
}

/// The byte offsets of the lines of a function.
#[derive(Clone, Debug, Default)]
struct FunctionPlaces {
    head: (u32, u32),
    blocks: Vec<(u32, u32)>,
    terms: Vec<(u32, u32)>,
    insts: Vec<(u32, u32)>,
}

/// No more errors than this are reported for one text.
const ERROR_LIMIT: usize = 20;

/// What the names of the functions begin with that the compiler adds.
const RESERVED: &str = "runtime.";

/// A failure's site has eight bits for the file, one of which is the IR text.
const FILE_LIMIT: usize = 127;

/// Lists of lists of lists… each have a type of their own, so that this bounds their depth too.
const TYPE_LIMIT: usize = 1000;

/// How deep the types of functions may lie in each other.
const FUNCTION_DEPTH: usize = 100;

/// Reads a module in any phase, without verifying it.
pub fn parse(text: &str) -> Result<Parsed, Vec<TextError>> {
    let mut reader = Reader::default();
    reader.name_types(text);
    let mut start = 0;
    for raw in text.split('\n') {
        let line = Line { start, raw };
        if let Err(error) = reader.line(&line) {
            reader.errors.push(error.locate(text));
            if reader.errors.len() == ERROR_LIMIT {
                return Err(reader.errors);
            }
        }
        start += raw.len() as u32 + 1;
    }
    let end = Fault { start: text.len() as u32, end: text.len() as u32, message: String::new() };
    reader.finish(text, end)
}

/// Reads a whole program in the pure phase, as another front end sends it, and verifies it.
///
/// Blocks that cannot be reached are left out, as our own front end leaves them out.
pub fn parse_program(text: &str) -> Result<Module, Vec<TextError>> {
    sound_program(text).map(|parsed| parsed.module)
}

/// Like [`parse_program`]; instructions without a span get their place in the text, as a file
/// of that name, so that failures can tell it.
pub fn read_program(name: &str, text: &str) -> Result<Module, Vec<TextError>> {
    let Parsed { mut module, places } = sound_program(text)?;
    let file = module.files.len() as u32;
    module.files.push(name.to_owned());
    let after_lines = text.bytes().zip(1..).filter(|&(byte, _)| byte == b'\n').map(|(_, after)| after);
    module.line_starts.0.push(std::iter::once(0).chain(after_lines).collect());
    for (func, places) in module.functions.iter_mut().zip(places) {
        for (span, (start, end)) in func.spans.iter_mut().zip(places.insts) {
            span.get_or_insert(Span { file, start, end });
        }
    }
    Ok(module)
}

fn sound_program(text: &str) -> Result<Parsed, Vec<TextError>> {
    let mut parsed = parse(text)?;
    let mut errors = Vec::new();
    let mut fault = |(start, end): (u32, u32), message: String| {
        if errors.len() < ERROR_LIMIT {
            errors.push(Fault { start, end, message }.locate(text));
        }
    };
    for (func, places) in parsed.module.functions.iter().zip(&parsed.places) {
        if func.import.is_some() {
            fault(places.head, "a program cannot import functions".to_owned());
        } else if func.phase != Phase::Pure {
            fault(places.head, "the functions of a program are in the pure phase".to_owned());
        }
        for (span, &place) in func.spans.iter().zip(&places.insts) {
            if let Some(span) = span
                && (span.file as usize >= parsed.module.files.len() || span.start > span.end)
            {
                fault(place, format!("the span {span:?} lies in no file"));
            }
        }
    }
    for (func, places) in parsed.module.functions.iter().zip(&parsed.places) {
        if func.name.starts_with(RESERVED) {
            fault(places.head, format!("names that begin with {RESERVED} are the compiler's"));
        }
    }
    if parsed.module.stdout_state.is_some() {
        fault((0, 0), "the description of pending output is the compiler's".to_owned());
    }
    if parsed.module.realloc.is_some() {
        fault((0, 0), "what gives the host memory is the compiler's".to_owned());
    }
    if parsed.module.files.len() > FILE_LIMIT {
        fault((0, 0), format!("more than {FILE_LIMIT} files cannot be told apart in failures"));
    }
    if parsed.module.start.is_none() {
        fault((0, 0), "a program needs a start function".to_owned());
    }
    for error in verify_module(&parsed.module).err().unwrap_or_default() {
        fault(parsed.place(&error), error.message);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    parsed.module.functions.iter_mut().for_each(remove_unreachable_blocks);
    Ok(parsed)
}

impl Parsed {
    /// The bytes of the line that an error of the verifier is about.
    pub fn place(&self, error: &VerifyError) -> (u32, u32) {
        let Some(places) = error.func.and_then(|func| self.places.get(func.index())) else { return (0, 0) };
        let place = match error.place {
            Place::Whole => None,
            Place::Block(block) => places.blocks.get(block.index()),
            Place::Inst(inst) => places.insts.get(inst.index()),
            Place::Term(block) => places.terms.get(block.index()),
        };
        *place.unwrap_or(&places.head)
    }
}
