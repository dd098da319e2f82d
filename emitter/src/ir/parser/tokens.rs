//! A line of IR text as tokens, and the readers of names, numbers and types.

use std::collections::BTreeMap;
use std::fmt;

use super::{FUNCTION_DEPTH, TYPE_LIMIT, TextError};
use crate::ir::printer::{continues_word, starts_word};
use crate::ir::types::intern;
use crate::ir::{FuncSig, FuncType, Kind, ListType, MapType, Param, RecordType, Signature, Type, UnionType};

/// An error before its line and column are known.
pub(super) struct Fault {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn locate(self, text: &str) -> TextError {
        let Fault { start, end, message } = self;
        let before = &text[..start as usize];
        let line = before.bytes().filter(|&byte| byte == b'\n').count() as u32 + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before[line_start..].chars().count() as u32 + 1;
        TextError { start, end, line, column, message }
    }
}

pub(super) type Parse<T> = Result<T, Fault>;

pub(super) struct Line<'t> {
    /// Its byte offset in the text.
    pub(super) start: u32,
    pub(super) raw: &'t str,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
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
pub(super) struct Cursor<'t> {
    pub(super) tokens: Vec<(Token<'t>, u32, u32)>,
    pub(super) at: usize,
    pub(super) end: u32,
    /// Those of the module, which the line may add to.
    pub(super) types: Types,
}

/// The types that the module has and that have been named so far.
#[derive(Default)]
pub(super) struct Types {
    pub(super) lists: Vec<Type>,
    pub(super) maps: Vec<Type>,
    pub(super) functions: Vec<FuncSig>,
    /// All that the text declares, by name.
    pub(super) records: BTreeMap<String, RecordType>,
    pub(super) unions: BTreeMap<String, UnionType>,
}

const PUNCTUATION: [&str; 16] = ["->", "..", "@@", "(", ")", "{", "}", ",", ":", "=", "!", "@", "?", "<", ">", "|"];

impl<'t> Line<'t> {
    pub(super) fn tokens(&self) -> Parse<Cursor<'t>> {
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

    pub(super) fn string(&self, at: &mut usize) -> Parse<Vec<u8>> {
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

    pub(super) fn fault(&self, start: usize, end: usize, message: String) -> Fault {
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
pub(super) fn label(word: &str, prefix: char) -> Option<u32> {
    let digits = word.strip_prefix(prefix)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

impl<'t> Cursor<'t> {
    pub(super) fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at).map(|(token, _, _)| token)
    }

    /// The bytes of the next token, or the end of the line.
    pub(super) fn place(&self) -> (u32, u32) {
        self.tokens.get(self.at).map_or((self.end, self.end), |&(_, start, end)| (start, end))
    }

    pub(super) fn whole(&self) -> (u32, u32) {
        (self.tokens.first().map_or(self.end, |&(_, start, _)| start), self.end)
    }

    pub(super) fn expected<T>(&self, what: &str) -> Parse<T> {
        let found = self.peek().map_or("the end of the line".to_owned(), Token::to_string);
        self.error(format!("expected {what}, found {found}"))
    }

    /// An error at the next token.
    pub(super) fn error<T>(&self, message: String) -> Parse<T> {
        let (start, end) = self.place();
        Err(Fault { start, end, message })
    }

    /// An error at the token before the next one.
    pub(super) fn error_before<T>(&self, message: String) -> Parse<T> {
        let (_, start, end) = self.tokens[self.at - 1];
        Err(Fault { start, end, message })
    }

    pub(super) fn eat_punct(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Punct(found)) if *found == punct);
        self.at += usize::from(found);
        found
    }

    pub(super) fn punct(&mut self, punct: &'static str) -> Parse<()> {
        if self.eat_punct(punct) { Ok(()) } else { self.expected(&format!("`{punct}`")) }
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if *found == word);
        self.at += usize::from(found);
        found
    }

    pub(super) fn word(&mut self, what: &str) -> Parse<&'t str> {
        match self.peek() {
            Some(&Token::Word(word)) => {
                self.at += 1;
                Ok(word)
            }
            _ => self.expected(what),
        }
    }

    pub(super) fn label(&mut self, prefix: char, what: &str) -> Parse<u32> {
        match self.peek() {
            Some(Token::Word(word)) if label(word, prefix).is_some() => {
                let number = label(word, prefix).unwrap_or_default();
                self.at += 1;
                Ok(number)
            }
            _ => self.expected(what),
        }
    }

    pub(super) fn is_label(&self, prefix: char) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if label(word, prefix).is_some())
    }

    pub(super) fn string(&mut self) -> Parse<Vec<u8>> {
        match self.peek() {
            Some(Token::Str(bytes)) => {
                let bytes = bytes.clone();
                self.at += 1;
                Ok(bytes)
            }
            _ => self.expected("a string"),
        }
    }

    pub(super) fn text(&mut self) -> Parse<String> {
        let bytes = self.string()?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => self.error_before("this string must be UTF-8".to_owned()),
        }
    }

    pub(super) fn name(&mut self, what: &str) -> Parse<String> {
        match self.peek() {
            Some(Token::Str(_)) => self.text(),
            _ => self.word(what).map(str::to_owned),
        }
    }

    /// An integer between `low` and `high`.
    pub(super) fn integer(&mut self, low: i128, high: i128) -> Parse<i128> {
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

    pub(super) fn u32(&mut self) -> Parse<u32> {
        self.integer(0, u32::MAX.into()).map(|value| value as u32)
    }

    /// Hexadecimal and unsigned notations of negative numbers are welcome too.
    pub(super) fn i32(&mut self) -> Parse<i32> {
        self.integer(i32::MIN.into(), u32::MAX.into()).map(|value| value as i32)
    }

    pub(super) fn i64(&mut self) -> Parse<i64> {
        self.integer(i64::MIN.into(), u64::MAX.into()).map(|value| value as i64)
    }

    /// The bits of a float.
    pub(super) fn f64(&mut self) -> Parse<u64> {
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

    pub(super) fn ty(&mut self) -> Parse<Type> {
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
    pub(super) fn list<T>(
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
    pub(super) fn signature(&mut self) -> Parse<Signature> {
        let params = self.list("(", ")", |cursor| {
            let owned = cursor.eat_word("own");
            Ok(Param { owned, ty: cursor.ty()? })
        })?;
        Ok(Signature { params, results: self.results()? })
    }

    pub(super) fn results(&mut self) -> Parse<Vec<Type>> {
        let mut results = Vec::new();
        if self.eat_punct("->") {
            results.push(self.ty()?);
            while self.eat_punct(",") {
                results.push(self.ty()?);
            }
        }
        Ok(results)
    }

    pub(super) fn finish(&self) -> Parse<()> {
        if self.at == self.tokens.len() { Ok(()) } else { self.expected("the end of the line") }
    }
}
