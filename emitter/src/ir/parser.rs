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
//!            | ( "record" | "cell" ) name "{" [ name ":" type { "," … } ] "}" [ "methods" name { "," name } ]
//!            | "union" name "=" name { "|" name }         several records
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
//! imm        = number | dN | gN | name | "@" name | "offset=" number        as the operation's row says
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
//! result is left out where the operation's row fixes it. Numbers of values, blocks, data and
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

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::LazyLock;

use mochi_frontend::source::Span;

use super::printer::{continues_word, fixed_result, starts_word};
use super::types::intern;
use super::verifier::{Place, VerifyError, verify_module};
use super::{
    Block, Closure, DataBlob, DataId, FuncId, FuncSig, FuncType, Function, GlobalData, GlobalId, Imm, ImmKind, Init,
    InlineHint, InstData, Kind, ListType, MapType, MochiOp, Module, Op, Param, Phase, Record, RecordType, SigId,
    Signature, Target, Terminator, Type, Union, UnionType, Value, ValueData, ValueDef, WasmOp,
    remove_unreachable_blocks,
};

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

/// Why a program cannot have values of a type, if it cannot.
fn refusal(ty: Type) -> Option<String> {
    let what = match ty.kind {
        Kind::Any => "any",
        Kind::Map(_) => "map<…>",
        Kind::I32
        | Kind::I64
        | Kind::F64
        | Kind::Bool
        | Kind::Int
        | Kind::Float
        | Kind::Str
        | Kind::List(_)
        | Kind::Record(_)
        | Kind::Union(_)
        | Kind::Func(_) => return None,
    };
    Some(format!("values of type {what} cannot be compiled yet"))
}

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
        let sig = func.sig.params.iter().map(|param| param.ty).chain(func.sig.results.iter().copied());
        if let Some(refusal) = sig.chain(func.values.iter().map(|value| value.ty)).find_map(refusal) {
            fault(places.head, refusal);
        }
    }
    let globals = parsed.module.globals.iter().map(|global| global.ty);
    if let Some(refusal) = globals.chain(parsed.module.lists.iter().copied()).find_map(refusal) {
        fault((0, 0), refusal);
    }
    if parsed.module.stdout_state.is_some() {
        fault((0, 0), "the description of pending output is the compiler's".to_owned());
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

/// An error before its line and column are known.
struct Fault {
    start: u32,
    end: u32,
    message: String,
}

impl Fault {
    fn locate(self, text: &str) -> TextError {
        let Fault { start, end, message } = self;
        let before = &text[..start as usize];
        let line = before.bytes().filter(|&byte| byte == b'\n').count() as u32 + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count() as u32 + 1;
        TextError { start, end, line, column, message }
    }
}

type Parse<T> = Result<T, Fault>;

struct Line<'t> {
    /// Its byte offset in the text.
    start: u32,
    raw: &'t str,
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'t> {
    /// A name, keyword, label or operation.
    Word(&'t str),
    /// Digits with a sign, or `-inf`.
    Number(&'t str),
    Str(Vec<u8>),
    Punct(&'static str),
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(text) | Token::Number(text) => write!(f, "`{text}`"),
            Token::Str(_) => f.write_str("a string"),
            Token::Punct(text) => write!(f, "`{text}`"),
        }
    }
}

/// The tokens of a line and how far they have been read.
struct Cursor<'t> {
    tokens: Vec<(Token<'t>, u32, u32)>,
    at: usize,
    end: u32,
    /// Those of the module, which the line may add to.
    types: Types,
}

/// The types that the module has and that have been named so far.
#[derive(Default)]
struct Types {
    lists: Vec<Type>,
    maps: Vec<Type>,
    functions: Vec<FuncSig>,
    /// All that the text declares, by name.
    records: BTreeMap<String, RecordType>,
    unions: BTreeMap<String, UnionType>,
}

const PUNCTUATION: [&str; 16] = ["->", "..", "@@", "(", ")", "{", "}", ",", ":", "=", "!", "@", "?", "<", ">", "|"];

impl<'t> Line<'t> {
    fn tokens(&self) -> Parse<Cursor<'t>> {
        let bytes = self.raw.as_bytes();
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let begin = at;
            let token = match bytes[at] {
                b' ' | b'\t' | b'\r' => {
                    at += 1;
                    continue;
                }
                b';' => break,
                b'"' => Token::Str(self.string(&mut at)?),
                byte if starts_word(byte) => {
                    at += bytes[at..].iter().take_while(|&&byte| continues_word(byte)).count();
                    Token::Word(&self.raw[begin..at])
                }
                byte => match number_length(&bytes[at..]) {
                    0 => {
                        let rest = &self.raw[at..];
                        let Some(punct) = PUNCTUATION.into_iter().find(|punct| rest.starts_with(punct)) else {
                            let char = rest.chars().next().unwrap_or(char::from(byte));
                            let message = format!("the character {char:?} means nothing here");
                            return Err(self.fault(at, at + char.len_utf8(), message));
                        };
                        at += punct.len();
                        Token::Punct(punct)
                    }
                    length => {
                        at += length;
                        Token::Number(&self.raw[begin..at])
                    }
                },
            };
            tokens.push((token, self.start + begin as u32, self.start + at as u32));
        }
        let end = tokens.last().map_or(self.start, |&(_, _, end)| end);
        Ok(Cursor { tokens, at: 0, end, types: Types::default() })
    }

    fn string(&self, at: &mut usize) -> Parse<Vec<u8>> {
        let bytes = self.raw.as_bytes();
        let begin = *at;
        let mut out = Vec::new();
        *at += 1;
        loop {
            let Some(&byte) = bytes.get(*at) else {
                return Err(self.fault(begin, bytes.len(), "the string is not closed on its line".to_owned()));
            };
            *at += 1;
            match byte {
                b'"' => return Ok(out),
                b'\\' => {
                    let hex = bytes.get(*at..*at + 2).and_then(|hex| std::str::from_utf8(hex).ok());
                    let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
                    match (bytes.get(*at), hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
                        (Some(b'n'), _) => out.push(b'\n'),
                        (Some(b't'), _) => out.push(b'\t'),
                        (Some(&byte @ (b'"' | b'\\')), _) => out.push(byte),
                        (_, Some(byte)) => {
                            out.push(byte);
                            *at += 1;
                        }
                        (_, None) => {
                            let message = r#"expected \n, \t, \\, \" or two hex digits after the backslash"#;
                            return Err(self.fault(*at - 1, *at, message.to_owned()));
                        }
                    }
                    *at += 1;
                }
                _ => out.push(byte),
            }
        }
    }

    fn fault(&self, start: usize, end: usize, message: String) -> Fault {
        Fault { start: self.start + start as u32, end: self.start + end as u32, message }
    }
}

/// The length of the number that `bytes` begin with; 0 if they begin with something else.
fn number_length(bytes: &[u8]) -> usize {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(at(0) == b'-');
    if sign == 1 && bytes[1..].starts_with(b"inf") {
        return 4;
    }
    if !at(sign).is_ascii_digit() {
        return 0;
    }
    if at(sign) == b'0' && at(sign + 1) == b'x' {
        let from = sign + 2;
        return from + bytes[from..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    }
    let mut length = sign + digits(sign);
    if at(length) == b'.' && at(length + 1).is_ascii_digit() {
        length += 1 + digits(length + 1);
    }
    if matches!(at(length), b'e' | b'E') {
        let signed = usize::from(matches!(at(length + 1), b'-' | b'+'));
        if at(length + 1 + signed).is_ascii_digit() {
            length += 1 + signed;
            length += digits(length);
        }
    }
    length
}

/// The number of a label such as `v12`, if `word` is one.
fn label(word: &str, prefix: char) -> Option<u32> {
    let digits = word.strip_prefix(prefix)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

impl<'t> Cursor<'t> {
    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at).map(|(token, _, _)| token)
    }

    /// The bytes of the next token, or the end of the line.
    fn place(&self) -> (u32, u32) {
        self.tokens.get(self.at).map_or((self.end, self.end), |&(_, start, end)| (start, end))
    }

    fn whole(&self) -> (u32, u32) {
        (self.tokens.first().map_or(self.end, |&(_, start, _)| start), self.end)
    }

    fn expected<T>(&self, what: &str) -> Parse<T> {
        let found = self.peek().map_or("the end of the line".to_owned(), Token::to_string);
        self.error(format!("expected {what}, found {found}"))
    }

    /// An error at the next token.
    fn error<T>(&self, message: String) -> Parse<T> {
        let (start, end) = self.place();
        Err(Fault { start, end, message })
    }

    /// An error at the token before the next one.
    fn error_before<T>(&self, message: String) -> Parse<T> {
        let (_, start, end) = self.tokens[self.at - 1];
        Err(Fault { start, end, message })
    }

    fn eat_punct(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Punct(found)) if *found == punct);
        self.at += usize::from(found);
        found
    }

    fn punct(&mut self, punct: &'static str) -> Parse<()> {
        if self.eat_punct(punct) { Ok(()) } else { self.expected(&format!("`{punct}`")) }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if *found == word);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, what: &str) -> Parse<&'t str> {
        match self.peek() {
            Some(&Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => self.expected(what),
        }
    }

    fn label(&mut self, prefix: char, what: &str) -> Parse<u32> {
        match self.peek() {
            Some(Token::Word(word)) if label(word, prefix).is_some() => {
                let number = label(word, prefix).unwrap_or_default();
                self.at += 1;
                Ok(number)
            }
            _ => self.expected(what),
        }
    }

    fn is_label(&self, prefix: char) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if label(word, prefix).is_some())
    }

    fn string(&mut self) -> Parse<Vec<u8>> {
        match self.peek() {
            Some(Token::Str(bytes)) => {
                let bytes = bytes.clone();
                self.at += 1;
                Ok(bytes)
            }
            _ => self.expected("a string"),
        }
    }

    fn text(&mut self) -> Parse<String> {
        let bytes = self.string()?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => self.error_before("this string must be UTF-8".to_owned()),
        }
    }

    fn name(&mut self, what: &str) -> Parse<String> {
        match self.peek() {
            Some(Token::Str(_)) => self.text(),
            _ => self.word(what).map(str::to_owned),
        }
    }

    /// An integer between `low` and `high`.
    fn integer(&mut self, low: i128, high: i128) -> Parse<i128> {
        let Some(&Token::Number(text)) = self.peek() else { return self.expected("a number") };
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let value = match digits.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        match value.map(|value| value * sign) {
            Ok(value) if (low..=high).contains(&value) => {
                self.at += 1;
                Ok(value)
            }
            Ok(_) | Err(_) => self.error(format!("expected an integer from {low} to {high}, found `{text}`")),
        }
    }

    fn u32(&mut self) -> Parse<u32> {
        self.integer(0, u32::MAX.into()).map(|value| value as u32)
    }

    /// Hexadecimal and unsigned notations of negative numbers are welcome too.
    fn i32(&mut self) -> Parse<i32> {
        self.integer(i32::MIN.into(), u32::MAX.into()).map(|value| value as i32)
    }

    fn i64(&mut self) -> Parse<i64> {
        self.integer(i64::MIN.into(), u64::MAX.into()).map(|value| value as i64)
    }

    /// The bits of a float.
    fn f64(&mut self) -> Parse<u64> {
        if self.eat_word("inf") {
            return Ok(f64::INFINITY.to_bits());
        }
        if self.eat_word("nan") {
            self.punct(":")?;
            let bits = self.integer(0, u64::MAX.into())? as u64;
            if !f64::from_bits(bits).is_nan() {
                return self.error_before(format!("{bits:#x} are not the bits of a NaN"));
            }
            return Ok(bits);
        }
        let Some(&Token::Number(text)) = self.peek() else { return self.expected("a float") };
        match text.parse::<f64>() {
            Ok(value) => {
                self.at += 1;
                Ok(value.to_bits())
            }
            Err(_) => self.expected("a float"),
        }
    }

    fn ty(&mut self) -> Parse<Type> {
        self.nested_type(FUNCTION_DEPTH)
    }

    /// A type in which those of functions lie in each other at most `depth` deep.
    fn nested_type(&mut self, depth: usize) -> Parse<Type> {
        // What is around the type, outermost first: a list, or else a map.
        let mut around = Vec::new();
        loop {
            let is_list = self.eat_word("list");
            if !is_list && !self.eat_word("map") {
                break;
            }
            self.punct("<")?;
            around.push(is_list);
        }
        let mut ty = self.simple_type(depth)?;
        while let Some(is_list) = around.pop() {
            self.punct(">")?;
            if ty.is_machine() {
                return self.error_before(format!("there are no {} of {ty}", if is_list { "lists" } else { "maps" }));
            }
            let Types { lists, maps, .. } = &mut self.types;
            ty = Type::of(match is_list {
                true => Kind::List(ListType::new(intern(lists, ty))),
                false => Kind::Map(MapType::new(intern(maps, ty))),
            });
            self.limit_types()?;
            if self.eat_punct("?") {
                ty = ty.or_none();
            }
        }
        Ok(ty)
    }

    fn limit_types(&self) -> Parse<()> {
        let Types { lists, maps, functions, records: _, unions: _ } = &self.types;
        if lists.len() + maps.len() + functions.len() > TYPE_LIMIT {
            return self.error_before(format!("there are more than {TYPE_LIMIT} types of lists, maps and functions"));
        }
        Ok(())
    }

    /// A type that is no list and no map.
    fn simple_type(&mut self, depth: usize) -> Parse<Type> {
        const TYPES: [Kind; 8] =
            [Kind::I32, Kind::I64, Kind::F64, Kind::Bool, Kind::Int, Kind::Float, Kind::Str, Kind::Any];
        let ty = if self.eat_punct("@") {
            let name = self.name("the name of a record")?;
            let Some(&record) = self.types.records.get(&name) else {
                return self.error_before(format!("there is no record {name}"));
            };
            Type::of(Kind::Record(record))
        } else if self.eat_punct("@@") {
            let name = self.name("the name of a union")?;
            let Some(&union) = self.types.unions.get(&name) else {
                return self.error_before(format!("there is no union {name}"));
            };
            Type::of(Kind::Union(union))
        } else if self.eat_word("fun") {
            self.function_type(depth)?
        } else {
            let found = match self.peek() {
                Some(Token::Word(word)) => TYPES.into_iter().map(Type::of).find(|ty| ty.to_string() == *word),
                _ => None,
            };
            let Some(ty) = found else {
                return self.expected(
                    "a type (i32, i64, f64, bool, int, float, str, list<…>, map<…>, fun<…>, @record, @@union or any)",
                );
            };
            self.at += 1;
            ty
        };
        if !self.eat_punct("?") {
            return Ok(ty);
        }
        if ty.is_machine() || ty == Type::ANY {
            return self.error_before(format!("{ty} has no nullable form"));
        }
        Ok(ty.or_none())
    }

    /// What follows `fun`.
    fn function_type(&mut self, depth: usize) -> Parse<Type> {
        let Some(depth) = depth.checked_sub(1) else {
            return self.error_before(format!("functions of functions… are more than {FUNCTION_DEPTH} deep"));
        };
        self.punct("<")?;
        let mut params = Vec::new();
        let is_end = |this: &Self| matches!(this.peek(), Some(Token::Punct("->" | ">")));
        if !is_end(self) {
            params.push(self.nested_type(depth)?);
            while !is_end(self) {
                self.punct(",")?;
                params.push(self.nested_type(depth)?);
            }
        }
        let result = if self.eat_punct("->") { Some(self.nested_type(depth)?) } else { None };
        self.punct(">")?;
        if let Some(ty) = params.iter().chain(&result).find(|ty| ty.is_machine()) {
            return self.error_before(format!("function values neither take nor give {ty}"));
        }
        let func = intern(&mut self.types.functions, FuncSig { params, result });
        self.limit_types()?;
        Ok(Type::of(Kind::Func(FuncType::new(func))))
    }

    /// What stands between `open` and `close`, separated by commas.
    fn list<T>(
        &mut self,
        open: &'static str,
        close: &'static str,
        mut element: impl FnMut(&mut Cursor<'t>) -> Parse<T>,
    ) -> Parse<Vec<T>> {
        self.punct(open)?;
        let mut elements = Vec::new();
        if self.eat_punct(close) {
            return Ok(elements);
        }
        loop {
            elements.push(element(self)?);
            if self.eat_punct(close) {
                return Ok(elements);
            }
            if !self.eat_punct(",") {
                return self.expected(&format!("`,` or `{close}`"));
            }
        }
    }

    /// The types of a signature whose parameters have no names.
    fn signature(&mut self) -> Parse<Signature> {
        let params = self.list("(", ")", |cursor| {
            let owned = cursor.eat_word("own");
            Ok(Param { owned, ty: cursor.ty()? })
        })?;
        Ok(Signature { params, results: self.results()? })
    }

    fn results(&mut self) -> Parse<Vec<Type>> {
        let mut results = Vec::new();
        if self.eat_punct("->") {
            results.push(self.ty()?);
            while self.eat_punct(",") {
                results.push(self.ty()?);
            }
        }
        Ok(results)
    }

    fn finish(&self) -> Parse<()> {
        if self.at == self.tokens.len() { Ok(()) } else { self.expected("the end of the line") }
    }
}

/// What a name was used for, until all of the text is read.
struct Use<K> {
    key: K,
    place: (u32, u32),
}

/// Collects the module. Immediates that name functions, globals or data hold the index of a
/// [`Use`] at first, as the definition may come later.
#[derive(Default)]
struct Reader {
    module: Module,
    types: Types,
    /// The records and unions whose declarations have been read.
    declared_records: Vec<Option<Record>>,
    declared_unions: Vec<Option<Union>>,
    places: Vec<FunctionPlaces>,
    open: Option<FunctionReader>,
    functions: HashMap<String, FuncId>,
    globals: HashMap<u32, GlobalId>,
    data: HashMap<u32, DataId>,
    sigs: HashMap<u32, SigId>,
    function_uses: Vec<Use<String>>,
    global_uses: Vec<Use<u32>>,
    data_uses: Vec<Use<u32>>,
    sig_uses: Vec<Use<u32>>,
    start: Option<usize>,
    stdout: Option<usize>,
    errors: Vec<TextError>,
}

/// The function whose lines are being read. Operands and targets hold the index of a [`Use`].
struct FunctionReader {
    func: Function,
    places: FunctionPlaces,
    values: HashMap<u32, Value>,
    blocks: HashMap<u32, Block>,
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
    fn line(&mut self, line: &Line<'_>) -> Parse<()> {
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
    fn name_types(&mut self, text: &str) {
        for raw in text.split('\n') {
            let keyword = ["record", "cell", "union"].into_iter().find(|&word| raw.trim_start().starts_with(word));
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

    fn record(&mut self, cursor: &mut Cursor<'_>, is_cell: bool) -> Parse<()> {
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
        self.declared_records[record.index()] = Some(Record { name, fields, methods, union: None, is_cell });
        Ok(())
    }

    fn union(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
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

    fn item(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        const ITEMS: &str = "file, record, cell, union, data, sig, global, stdout, start, import or func";
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
            "record" => self.record(cursor, false)?,
            "cell" => self.record(cursor, true)?,
            "union" => self.union(cursor)?,
            "data" => self.data(cursor)?,
            "sig" => self.sig(cursor)?,
            "global" => self.global(cursor)?,
            "stdout" => self.stdout = Some(self.data_use(cursor)?),
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

    fn data(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
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

    fn sig(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
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

    fn global(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
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

    fn add(&mut self, func: Function, places: FunctionPlaces) {
        self.module.functions.push(func);
        self.places.push(places);
    }

    fn import(&mut self, cursor: &mut Cursor<'_>, head: (u32, u32)) -> Parse<()> {
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

    fn head(&mut self, cursor: &mut Cursor<'_>, head: (u32, u32)) -> Parse<()> {
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
        let inst = super::Inst::new(func.insts.len());
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
                    super::ENTRY
                });
            }
        }
        self.add(func, places);
        unknown.map_or(Ok(()), Err)
    }

    /// Resolves what could be used before it was declared.
    fn finish(mut self, text: &str, end: Fault) -> Result<Parsed, Vec<TextError>> {
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
        for inst in module.functions.iter_mut().flat_map(|func| &mut func.insts) {
            match &mut inst.imm {
                Imm::Func(func) => *func = functions[func.index()],
                Imm::Sig(sig) => *sig = sigs[sig.index()],
                Imm::Global(global) => *global = globals[global.index()],
                Imm::Data(used) => *used = data[used.index()],
                Imm::None | Imm::I32(_) | Imm::I64(_) | Imm::F64(_) | Imm::Offset(_) | Imm::Record(_) => {}
            }
        }
        Ok(Parsed { module, places: self.places })
    }
}

const UNFINISHED: &str = "expected jump, branch, return or unreachable at the end of the block above";

impl FunctionReader {
    fn block(&mut self, cursor: &mut Cursor<'_>) -> Parse<()> {
        let place = cursor.whole();
        if self.unfinished {
            return cursor.error(UNFINISHED.to_owned());
        }
        let name = cursor.label('b', "a block label")?;
        let first = self.places.blocks.is_empty();
        let block = if first { super::ENTRY } else { self.func.add_block() };
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

    fn target(&mut self, cursor: &mut Cursor<'_>) -> Parse<Target> {
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
