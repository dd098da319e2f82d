//! The builtin functions, declared once.
//!
//! The checker reads names, arities and overloads from this table, later stages carry the
//! enum, and the documentation and its examples are printed and run from the rows. A row's
//! overloads are what the machine code takes: the checker turns every other call that the
//! language allows (none operands, `len` of a bool) into one of them or into a failure.

use crate::types::{Kind, ListId, Type};

/// What a call does besides computing its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: equal arguments give equal results.
    Pure,
    /// It may end the program, and is pure otherwise.
    Fails,
    /// It uses the standard streams.
    Io,
    /// It reads the clock.
    Time,
}

impl Effect {
    /// The language's name for the effect.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Effect::Pure | Effect::Fails => None,
            Effect::Io => Some("io"),
            Effect::Time => Some("time"),
        }
    }
}

/// One way to call a builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload {
    pub params: &'static [Param],
    /// What further arguments are, when any number may follow.
    pub rest: Option<Kind>,
    pub result: Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    pub name: &'static str,
    /// `Any` takes every type, with or without none; the other kinds exclude none. A list is of any element type.
    pub kind: Kind,
}

/// All that is known about a builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    /// Other names for the same function.
    pub aliases: &'static [&'static str],
    pub doc: &'static str,
    pub overloads: &'static [Overload],
    pub effect: Effect,
    /// A program and what it prints, without the last line end.
    pub example: (&'static str, &'static str),
}

macro_rules! kind {
    (int) => {
        Kind::Int
    };
    (float) => {
        Kind::Float
    };
    (bool) => {
        Kind::Bool
    };
    (string) => {
        Kind::String
    };
    (list) => {
        Kind::List(ListId::ANY)
    };
    (any) => {
        Kind::Any
    };
}

macro_rules! rest {
    () => {
        None
    };
    ($kind:ident) => {
        Some(kind!($kind))
    };
}

macro_rules! result {
    (any) => {
        Type::ANY
    };
    ($kind:ident) => {
        Type::of(kind!($kind))
    };
}

macro_rules! builtins {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:ident $(or $alias:ident)* {
        $(($($param:ident: $kind:ident),* $(; $rest:ident ...)?) -> $result:ident;)+
        $effect:ident; example $program:literal => $output:literal;
    })*) => {
        /// A builtin as the typed program names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Builtin { $($(#[doc = $doc])+ $variant,)* }

        impl Builtin {
            /// All builtins, in the order of the table.
            pub const ALL: &'static [Builtin] = &[$(Builtin::$variant,)*];

            pub const fn row(self) -> &'static Row {
                const ROWS: &[Row] = &[$(Row {
                    name: stringify!($name),
                    aliases: &[$(stringify!($alias),)*],
                    doc: concat!($($doc),+).trim_ascii(),
                    overloads: &[$(Overload {
                        params: &[$(Param { name: stringify!($param), kind: kind!($kind) },)*],
                        rest: rest!($($rest)?),
                        result: result!($result),
                    },)+],
                    effect: Effect::$effect,
                    example: ($program, $output),
                },)*];
                &ROWS[self as usize]
            }

            /// The builtin that a program calls `name`.
            pub fn from_name(name: &str) -> Option<Builtin> {
                match name {
                    $(stringify!($name) $(| stringify!($alias))* => Some(Builtin::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

builtins! {
    /// Writes the arguments, one space between them, and a line end. The first argument is the call's value.
    Print print {
        (; any ...) -> any;
        Io; example r#"print("mochi", 1.5)"# => "mochi 1.5";
    }

    /// How many code points a string has, how many elements a list, or how many characters the text of a number.
    Len len {
        (of: string) -> int;
        (of: list) -> int;
        (of: int) -> int;
        (of: float) -> int;
        Pure; example r#"print(len("mochi"))"# => "5";
    }

    /// A list of the elements of `of` and `value` after them.
    Append append or push {
        (of: list, value: any) -> list;
        Pure; example r#"print(append([1, 2], 3))"# => "[1, 2, 3]";
    }

    /// The elements of all the lists, one list after the other.
    Concat concat {
        (; list ...) -> list;
        Pure; example r#"print(concat([1], [2, 3]))"# => "[1, 2, 3]";
    }

    /// How many elements a list has.
    Count count {
        (of: list) -> int;
        Pure; example r#"print(count([4, 5]))"# => "2";
    }

    /// The first element of a list, none if it has none.
    First first {
        (of: list) -> any;
        Pure; example r#"print(first([4, 5]))"# => "4";
    }

    /// Whether a list, map or string has anything in it.
    Exists exists {
        (of: any) -> bool;
        Pure; example r#"print(exists([]))"# => "false";
    }

    /// The sum of a list of numbers.
    Sum sum {
        (of: list) -> any;
        Pure; example r#"print(sum([1, 2, 3]))"# => "6";
    }

    /// The average of a list of numbers as a float.
    Avg avg {
        (of: list) -> float;
        Pure; example r#"print(avg([1, 2]))"# => "1.5";
    }

    /// The least element of a list of numbers or strings.
    Min min {
        (of: list) -> any;
        Pure; example r#"print(min([2, 1]))"# => "1";
    }

    /// The greatest element of a list of numbers or strings.
    Max max {
        (of: list) -> any;
        Pure; example r#"print(max(["a", "b"]))"# => "b";
    }

    /// The keys of a map, sorted.
    Keys keys {
        (of: any) -> list;
        Fails; example r#"print(keys({"b": 1, "a": 2}))"# => r#"["a", "b"]"#;
    }

    /// The values of a map in the order of its sorted keys.
    Values values {
        (of: any) -> list;
        Fails; example r#"print(values({"b": 1, "a": 2}))"# => "[2, 1]";
    }

    /// The value as text.
    Str str {
        (of: any) -> string;
        Pure; example r#"print("n" + str(12))"# => "n12";
    }

    /// The value as an int: floats lose their fraction, strings are read as decimal numbers, none is 0.
    Int int {
        (of: any) -> int;
        Fails; example r#"print(int("12") + 1)"# => "13";
    }

    /// The value as a float: strings are read as decimal numbers, none is 0.
    Float float {
        (of: any) -> float;
        Fails; example r#"print(float(3) / 2.0)"# => "1.5";
    }

    /// The numerator of a number as an exact fraction in lowest terms.
    Num num {
        (of: any) -> int;
        Fails; example r#"print(num((6 as bigrat) / 4))"# => "3";
    }

    /// The denominator of a number as an exact fraction in lowest terms.
    Denom denom {
        (of: any) -> int;
        Fails; example r#"print(denom((6 as bigrat) / 4))"# => "2";
    }

    /// The part of `of` from `start` up to, but not including, `end`; negative positions count from the end.
    Substring substring or substr or slice {
        (of: string, start: int, end: int) -> string;
        Pure; example r#"print(substring("mochi", 1, 3))"# => "oc";
    }

    /// The string with every letter in upper case.
    Upper upper {
        (of: string) -> string;
        Pure; example r#"print(upper("mochi"))"# => "MOCHI";
    }

    /// The string with every letter in lower case.
    Lower lower {
        (of: string) -> string;
        Pure; example r#"print(lower("MOCHI"))"# => "mochi";
    }

    /// Writes the value as JSON on lines of their own. It is the call's value, too.
    Json json {
        (of: any) -> any;
        Io; example "json([1])" => "[\n  1\n]";
    }

    /// The value as JSON on one line.
    ToJson to_json {
        (of: any) -> string;
        Pure; example r#"print(to_json({"a": [1, none]}))"# => r#"{"a":[1,null]}"#;
    }

    /// How many bytes of memory the program has.
    Mem mem {
        () -> int;
        Io; example "print(mem() > 0)" => "true";
    }

    /// The next line of standard input without its line end; empty when there is none. In a program that
    /// compares something with `nil` only the first such line is empty, then there is none.
    Input input {
        () -> string;
        Io; example r#"print(len(input()))"# => "0";
    }

    /// Nanoseconds since 1970, or the next number of a fixed sequence when `MOCHI_NOW_SEED` is set.
    Now now {
        () -> int;
        Time; example "print(now() > 0)" => "true";
    }

    /// Whether the value is an int of any size; known when compiling unless its type is `any` or has none. Only the
    /// prelude calls this and all that follow.
    IsInt is_int {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is a float.
    IsFloat is_float {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is true or false.
    IsBool is_bool {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is a string.
    IsString is_string {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is a list.
    IsList is_list {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is a map or a struct.
    IsMap is_map {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is a list that has nothing but small ints.
    HoldsInts holds_ints {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// Whether the value is a list that has nothing but floats and none.
    HoldsFloats holds_floats {
        (of: any) -> bool;
        Pure; example "" => "";
    }

    /// The code points before the first `part`, or -1.
    TextIndex text_index {
        (text: string, part: string) -> int;
        Pure; example "" => "";
    }

    /// What lies between separators, or the code points if the separator is empty.
    TextSplit text_split {
        (text: string, separator: string) -> list;
        Pure; example "" => "";
    }

    /// The string so many times; not at all if that is negative.
    TextRepeat text_repeat {
        (text: string, times: int) -> string;
        Pure; example "" => "";
    }

    /// The string without white space at both ends.
    TextTrim text_trim {
        (text: string) -> string;
        Pure; example "" => "";
    }

    /// What `print` writes for the value.
    TextShown text_shown {
        (of: any) -> string;
        Pure; example "" => "";
    }

    /// The SHA-256 digest of a string's bytes, or of a list of bytes, as a list of 32 ints.
    Digest digest {
        (of: any) -> list;
        Fails; example "" => "";
    }
}

impl Builtin {
    /// Whether only the prelude can call it.
    pub fn is_internal(self) -> bool {
        matches!(
            self,
            Builtin::IsInt
                | Builtin::IsFloat
                | Builtin::IsBool
                | Builtin::IsString
                | Builtin::IsList
                | Builtin::IsMap
                | Builtin::HoldsInts
                | Builtin::HoldsFloats
                | Builtin::TextIndex
                | Builtin::TextSplit
                | Builtin::TextRepeat
                | Builtin::TextTrim
                | Builtin::TextShown
                | Builtin::Digest
        )
    }

    /// The fewest arguments that a call can have.
    pub fn arity(self) -> usize {
        self.row().overloads.iter().map(|overload| overload.params.len()).min().unwrap_or(0)
    }

    /// Whether any number of arguments may follow the required ones.
    pub fn is_variadic(self) -> bool {
        self.row().overloads.iter().any(|overload| overload.rest.is_some())
    }

    /// The overload that takes arguments of these types as they are.
    pub fn overload(self, args: &[Type]) -> Option<&'static Overload> {
        self.row().overloads.iter().find(|overload| {
            let takes = |kind: Kind, ty: Type| match kind {
                Kind::Any => true,
                Kind::List(ListId::ANY) => matches!(ty, Type { kind: Kind::List(_), nullable: false }),
                _ => ty == Type::of(kind),
            };
            let (first, more) = args.split_at(overload.params.len().min(args.len()));
            first.len() == overload.params.len()
                && first.iter().zip(overload.params).all(|(&ty, param)| takes(param.kind, ty))
                && overload.rest.map_or(more.is_empty(), |kind| more.iter().all(|&ty| takes(kind, ty)))
        })
    }
}

/// Functions of the language that this compiler does not have yet. They are refused by name,
/// where a call of a name that nobody knows only gives none.
pub const NOT_YET: &[&str] = &["eval"];

#[cfg(test)]
mod tests {
    use super::{Builtin, NOT_YET};
    use crate::types::Type;

    #[test]
    fn names_lead_to_rows() {
        for &builtin in Builtin::ALL {
            let row = builtin.row();
            for name in std::iter::once(&row.name).chain(row.aliases) {
                assert_eq!(Builtin::from_name(name), Some(builtin));
                assert!(!NOT_YET.contains(name), "{name}");
            }
            let has_example = row.example.0.contains(row.name);
            assert!(row.doc.ends_with('.') && has_example != builtin.is_internal(), "{}", row.name);
        }
        assert_eq!(Builtin::from_name("panic"), None);
    }

    #[test]
    fn overloads_match_exact_types() {
        let len = Builtin::Len;
        assert_eq!(len.overload(&[Type::STRING]).map(|overload| overload.result), Some(Type::INT));
        assert_eq!(len.overload(&[Type::STRING.or_none()]), None);
        assert_eq!(len.overload(&[]), None);
        assert!(Builtin::Print.overload(&[Type::NONE, Type::INT]).is_some());
        assert_eq!((len.arity(), Builtin::Substring.arity(), Builtin::Print.is_variadic()), (1, 3, true));
    }
}
