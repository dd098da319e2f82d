//! The operation tables: one row declares an operation.
//!
//! A row of [`WasmOp`] gives name, operand and result types, effect, immediate and, as a
//! closure over the operands (and, after a semicolon, the machine), its meaning; a row of
//! [`MochiOp`] also says for each operand whether it is borrowed, owned (consumed) or *flex*.
//! A flex operand is consumed only if [`InstData::consumed`](super::InstData) says so: checked
//! int operations release such an operand on their cold path and do nothing on the hot one,
//! where both are known to be small.

mod wasm;

use super::{Function, Kind, Type, Value, ValueDef};

pub use self::wasm::WasmOp;

/// What an operation does besides computing its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Depends on the operands alone and always returns: may be moved, merged and deleted.
    Pure,
    /// Depends on the operands alone but may trap or fail: may be merged, not deleted.
    Fail,
    /// Makes a new object or reads one that cannot change: may be deleted, not merged.
    Alloc,
    /// Reads memory or a global.
    Read,
    /// Writes memory, a global or the outside world, or does not return.
    Write,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ownership {
    Borrow,
    Own,
    Flex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImmKind {
    None,
    I32,
    I64,
    F64,
    Offset,
    Func,
    Sig,
    Record,
    Global,
    Data,
    Shape,
}

/// Which types an operand or result may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypePattern {
    /// Exactly this type.
    Exact(Type),
    /// This kind, nullable or not.
    Kind(Kind),
    /// Carried by exactly this machine type: what a call of a legalized function wants.
    Machine(Type),
    /// Any Mochi type.
    Mochi,
    /// Any type that can be none.
    Nullable,
    /// Any list that is never none.
    List,
    /// Any list.
    NullableList,
    /// What the operation's list, its first operand, has for elements.
    Element,
    /// A record or cell that is never none.
    Record,
    /// What the field of the operation's record, its first operand, has for type.
    Field,
    /// A union that is never none.
    Union,
    /// A record, union, function or map.
    Object,
    /// A map that is never none.
    Map,
    /// Any map.
    NullableMap,
    /// What the keys of maps may be: an int or string that is never none, or any.
    Key,
    /// What the operation's map, its first operand, has for values.
    Held,
    /// The same or none.
    Entry,
    /// A function that is never none.
    Func,
}

impl TypePattern {
    pub fn accepts(self, ty: Type) -> bool {
        match self {
            TypePattern::Exact(exact) => exact == ty,
            TypePattern::Kind(kind) => kind == ty.kind,
            TypePattern::Machine(machine) => machine == ty.machine(),
            // The verifier looks at the list too.
            TypePattern::Mochi | TypePattern::Element | TypePattern::Field | TypePattern::Held | TypePattern::Entry => {
                !ty.is_machine()
            }
            TypePattern::Record => matches!(ty, Type { kind: Kind::Record(_), nullable: false }),
            TypePattern::Object => {
                matches!(ty.kind, Kind::Record(_) | Kind::Union(_) | Kind::Func(_) | Kind::Map(_))
            }
            TypePattern::Map => matches!(ty, Type { kind: Kind::Map(_), nullable: false }),
            TypePattern::NullableMap => matches!(ty.kind, Kind::Map(_)),
            TypePattern::Key => matches!(ty, Type::INT | Type::STR | Type::ANY),
            TypePattern::Union => matches!(ty, Type { kind: Kind::Union(_), nullable: false }),
            TypePattern::Func => matches!(ty, Type { kind: Kind::Func(_), nullable: false }),
            TypePattern::List => matches!(ty, Type { kind: Kind::List(_), nullable: false }),
            TypePattern::NullableList => matches!(ty.kind, Kind::List(_)),
            TypePattern::Nullable => ty.nullable || ty.kind == Kind::Any,
        }
    }
}

/// An operation of either family, or a call, which has a row in neither: its types and
/// ownership come from a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    Mochi(MochiOp),
    Wasm(WasmOp),
    /// `call` of `Imm::Func`.
    Call,
    /// Calls the function with the number in the table that the last operand gives; it must have
    /// the signature `Imm::Sig`, which the other operands and the results fit.
    CallIndirect,
    /// Calls the function value that is the first operand, which is borrowed; the others are its
    /// arguments, which it takes over.
    CallValue,
}

impl From<MochiOp> for Op {
    fn from(op: MochiOp) -> Op {
        Op::Mochi(op)
    }
}

impl From<WasmOp> for Op {
    fn from(op: WasmOp) -> Op {
        Op::Wasm(op)
    }
}

macro_rules! pattern {
    (int) => {
        TypePattern::Kind(Kind::Int)
    };
    (uncounted_int) => {
        TypePattern::Kind(Kind::Int)
    };
    (small) => {
        TypePattern::Exact(Type::INT)
    };
    (float) => {
        TypePattern::Kind(Kind::Float)
    };
    (number) => {
        TypePattern::Exact(Type::FLOAT)
    };
    (bool) => {
        TypePattern::Kind(Kind::Bool)
    };
    (str) => {
        TypePattern::Kind(Kind::Str)
    };
    (text) => {
        TypePattern::Exact(Type::STR)
    };
    (uncounted_text) => {
        TypePattern::Exact(Type::STR)
    };
    (truth) => {
        TypePattern::Exact(Type::BOOL)
    };
    (mochi) => {
        TypePattern::Mochi
    };
    (nullable) => {
        TypePattern::Nullable
    };
    (uncounted_none) => {
        TypePattern::Nullable
    };
    (i32) => {
        TypePattern::Exact(Type::I32)
    };
    (list) => {
        TypePattern::List
    };
    (nullable_list) => {
        TypePattern::NullableList
    };
    (element) => {
        TypePattern::Element
    };
    (lent_element) => {
        TypePattern::Element
    };
    (lent_field) => {
        TypePattern::Field
    };
    (lent_mochi) => {
        TypePattern::Mochi
    };
    (record) => {
        TypePattern::Record
    };
    (field) => {
        TypePattern::Field
    };
    (union) => {
        TypePattern::Union
    };
    (object) => {
        TypePattern::Object
    };
    (map) => {
        TypePattern::Map
    };
    (nullable_map) => {
        TypePattern::NullableMap
    };
    (key) => {
        TypePattern::Key
    };
    (held) => {
        TypePattern::Held
    };
    (entry) => {
        TypePattern::Entry
    };
    (any) => {
        TypePattern::Exact(Type::ANY)
    };
    (func) => {
        TypePattern::Func
    };
    (uncounted_func) => {
        TypePattern::Func
    };
}

/// Whether a result is small, static or none, so that nothing is ever counted.
macro_rules! uncounted {
    (small) => {
        true
    };
    (uncounted_int) => {
        true
    };
    (uncounted_text) => {
        true
    };
    (uncounted_none) => {
        true
    };
    (uncounted_func) => {
        true
    };
    ($counted:ident) => {
        false
    };
}

/// Whether a result is lent by the place that it was read from.
macro_rules! lent {
    (lent_field) => {
        true
    };
    (lent_element) => {
        true
    };
    (lent_mochi) => {
        true
    };
    ($counted:ident) => {
        false
    };
}

macro_rules! ownership {
    (borrow) => {
        Ownership::Borrow
    };
    (own) => {
        Ownership::Own
    };
    (flex) => {
        Ownership::Flex
    };
}

macro_rules! mochi_ops {
    ($($(#[$doc:meta])* $variant:ident $name:literal ($($own:ident $param:ident),*) -> ($($result:ident),*) $effect:ident $imm:ident;)*) => {
        /// An operation with the meaning that the language gives it.
        ///
        /// In rows, `small` is an `int` that is proven to lie in `[-2^61, 2^61)`, `number` a float, `text` a
        /// string and `truth` a bool that is never none; `int`, `float`, `bool`, `str` may be nullable.
        /// A `list` is never none, a `nullable_list` may be; an `element` is what the first operand,
        /// a list, has for elements. All lists of an operation have one type, but for nullability.
        /// A `record` or `union` is never none, a `field` is the one that the immediate counts off;
        /// an `object` is a record, union, function or map that may be none, a `func` a function that is not.
        /// A `map` is never none, a `nullable_map` may be; a `key` is an int or string that is not none, or
        /// `any`; a `held` is what the first operand, a map, has for values, an `entry` that or none.
        /// A `lent_…` result is borrowed: whoever counts has seen that the place that it was read from keeps it.
        /// A `small` or `uncounted_…` result never needs a share: see [`is_uncounted`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum MochiOp { $($(#[$doc])* $variant,)* }

        impl MochiOp {
            pub const ALL: &[MochiOp] = &[$(MochiOp::$variant,)*];

            pub fn name(self) -> &'static str {
                match self { $(MochiOp::$variant => $name,)* }
            }

            pub fn params(self) -> &'static [(Ownership, TypePattern)] {
                match self { $(MochiOp::$variant => &[$((ownership!($own), pattern!($param))),*],)* }
            }

            pub fn results(self) -> &'static [TypePattern] {
                match self { $(MochiOp::$variant => &[$(pattern!($result)),*],)* }
            }

            /// Whether the result is known to hold no share: it is small, static or none.
            pub fn result_is_uncounted(self) -> bool {
                match self { $(MochiOp::$variant => false $(|| uncounted!($result))*,)* }
            }

            /// Whether the result is borrowed from the place that it was read from.
            pub fn result_is_lent(self) -> bool {
                match self { $(MochiOp::$variant => false $(|| lent!($result))*,)* }
            }

            pub fn effect(self) -> Effect {
                match self { $(MochiOp::$variant => Effect::$effect,)* }
            }

            pub fn imm(self) -> ImmKind {
                match self { $(MochiOp::$variant => ImmKind::$imm,)* }
            }
        }
    };
}

/// What `any.is` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum AnyKind {
    Int = 0,
    String = 1,
    Bool = 2,
    Float = 3,
    List = 4,
    /// Structs are maps.
    Map = 5,
}

/// What `any.holds` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum ElementKind {
    /// Small ones.
    Ints = 0,
    /// Or none.
    Floats = 1,
}

mochi_ops! {
    /// An int literal; outside the small range it is a static big number.
    IntConst "int.const" () -> (uncounted_int) Pure I64;
    FloatConst "float.const" () -> (float) Pure F64;
    BoolConst "bool.const" () -> (truth) Pure I32;
    /// A static string; the data is its bytes, legalization adds the header.
    StrConst "str.const" () -> (uncounted_text) Pure Data;
    /// None, of the result's type.
    None "none" () -> (uncounted_none) Pure None;

    /// The sharing operation of the counted phase: one more share of the operand.
    Dup "dup" (borrow mochi) -> () Write None;
    /// Gives up one share; at the last one the object is freed.
    Drop "drop" (own mochi) -> () Write None;
    /// Changes nullability or widens to `any`; the machine word may change (bool and float to any).
    Convert "convert" (own mochi) -> (mochi) Pure None;
    /// The value with copies of all its lists, maps and records that others share, to any depth.
    Copy "copy" (own mochi) -> (mochi) Alloc None;
    IsNone "is_none" (borrow nullable) -> (truth) Pure None;
    /// Truth of a value: none, 0, 0.0, "" and false are not.
    Truthy "truthy" (borrow mochi) -> (truth) Pure None;

    IntAdd "int.add" (flex int, flex int) -> (int) Alloc None;
    IntSub "int.sub" (flex int, flex int) -> (int) Alloc None;
    IntMul "int.mul" (flex int, flex int) -> (int) Alloc None;
    /// Truncates toward zero; fails on a zero divisor.
    IntDiv "int.div" (flex int, flex int) -> (int) Fail None;
    /// The remainder has the dividend's sign; fails on a zero divisor.
    IntRem "int.rem" (flex int, flex int) -> (int) Fail None;
    IntNeg "int.neg" (flex int) -> (int) Alloc None;
    /// Operands and result are proven small: plain machine arithmetic.
    SmallAdd "small.add" (borrow small, borrow small) -> (small) Pure None;
    SmallSub "small.sub" (borrow small, borrow small) -> (small) Pure None;
    SmallMul "small.mul" (borrow small, borrow small) -> (small) Pure None;
    /// Operands are proven small and the divisor positive.
    SmallDiv "small.div" (borrow small, borrow small) -> (small) Pure None;
    SmallRem "small.rem" (borrow small, borrow small) -> (small) Pure None;
    SmallNeg "small.neg" (borrow small) -> (small) Pure None;
    SmallEq "small.eq" (borrow small, borrow small) -> (truth) Pure None;
    SmallNe "small.ne" (borrow small, borrow small) -> (truth) Pure None;
    SmallLt "small.lt" (borrow small, borrow small) -> (truth) Pure None;
    SmallLe "small.le" (borrow small, borrow small) -> (truth) Pure None;
    SmallGt "small.gt" (borrow small, borrow small) -> (truth) Pure None;
    SmallGe "small.ge" (borrow small, borrow small) -> (truth) Pure None;
    IntEq "int.eq" (borrow int, borrow int) -> (truth) Pure None;
    IntNe "int.ne" (borrow int, borrow int) -> (truth) Pure None;
    IntLt "int.lt" (borrow int, borrow int) -> (truth) Pure None;
    IntLe "int.le" (borrow int, borrow int) -> (truth) Pure None;
    IntGt "int.gt" (borrow int, borrow int) -> (truth) Pure None;
    IntGe "int.ge" (borrow int, borrow int) -> (truth) Pure None;
    /// Correctly rounded; none stays none.
    IntToFloat "int.to_float" (borrow int) -> (float) Pure None;
    /// Decimal text; none as `print` writes it (imm 0) or as `str` does (imm 1).
    IntToStr "int.to_str" (borrow int) -> (text) Alloc I32;
    /// `len` of an int: characters of its decimal text.
    IntLen "int.len" (borrow int) -> (small) Pure None;
    /// The first value of a range loop: none becomes the largest small int, a big number fails.
    RangeStart "range.start" (borrow int) -> (small) Fail None;
    /// The end of a range loop: none becomes the smallest small int, a big number fails.
    RangeEnd "range.end" (borrow int) -> (small) Fail None;

    FloatAdd "float.add" (borrow float, borrow float) -> (float) Pure None;
    FloatSub "float.sub" (borrow float, borrow float) -> (float) Pure None;
    FloatMul "float.mul" (borrow float, borrow float) -> (float) Pure None;
    /// Fails on a zero divisor.
    FloatDiv "float.div" (borrow float, borrow float) -> (float) Fail None;
    /// C's `fmod`; fails on a zero divisor.
    FloatRem "float.rem" (borrow float, borrow float) -> (float) Fail None;
    FloatNeg "float.neg" (borrow float) -> (float) Pure None;
    FloatEq "float.eq" (borrow float, borrow float) -> (truth) Pure None;
    FloatNe "float.ne" (borrow float, borrow float) -> (truth) Pure None;
    FloatLt "float.lt" (borrow float, borrow float) -> (truth) Pure None;
    FloatLe "float.le" (borrow float, borrow float) -> (truth) Pure None;
    FloatGt "float.gt" (borrow float, borrow float) -> (truth) Pure None;
    FloatGe "float.ge" (borrow float, borrow float) -> (truth) Pure None;
    /// Truncates toward zero; not-a-number and infinities fail, none gives 0.
    FloatToInt "float.to_int" (borrow float) -> (int) Fail None;
    FloatToStr "float.to_str" (borrow float) -> (text) Alloc I32;
    FloatLen "float.len" (borrow float) -> (small) Pure None;
    /// Of a number below zero no number.
    FloatSqrt "float.sqrt" (borrow number) -> (number) Pure None;
    FloatFloor "float.floor" (borrow number) -> (number) Pure None;
    FloatCeil "float.ceil" (borrow number) -> (number) Pure None;
    FloatTrunc "float.trunc" (borrow number) -> (number) Pure None;
    FloatAbs "float.abs" (borrow number) -> (number) Pure None;
    /// Go's `math.Pow`.
    FloatPow "float.pow" (borrow number, borrow number) -> (number) Pure None;
    FloatExp "float.exp" (borrow number) -> (number) Pure None;
    /// The natural logarithm; of a number below zero no number.
    FloatLog "float.log" (borrow number) -> (number) Pure None;
    FloatLog2 "float.log2" (borrow number) -> (number) Pure None;
    FloatLog10 "float.log10" (borrow number) -> (number) Pure None;
    /// The nearest float, by the rules of C.
    FloatPower "float.power" (borrow number, borrow number) -> (number) Pure None;
    /// Of an angle in radians, as those that follow.
    FloatSin "float.sin" (borrow number) -> (number) Pure None;
    FloatCos "float.cos" (borrow number) -> (number) Pure None;
    FloatTan "float.tan" (borrow number) -> (number) Pure None;
    FloatAsin "float.asin" (borrow number) -> (number) Pure None;
    FloatAcos "float.acos" (borrow number) -> (number) Pure None;
    /// The angle of a point, of which y comes first.
    FloatAtan2 "float.atan2" (borrow number, borrow number) -> (number) Pure None;

    BoolNot "bool.not" (borrow truth) -> (truth) Pure None;
    BoolEq "bool.eq" (borrow bool, borrow bool) -> (truth) Pure None;
    BoolNe "bool.ne" (borrow bool, borrow bool) -> (truth) Pure None;
    BoolToInt "bool.to_int" (borrow bool) -> (uncounted_int) Pure None;
    BoolToStr "bool.to_str" (borrow bool) -> (text) Alloc I32;
    /// Whether a value that may be none is true.
    BoolIsTrue "bool.is_true" (borrow bool) -> (truth) Pure None;

    /// Appends in place when the left string is not shared.
    StrConcat "str.concat" (own text, borrow text) -> (text) Alloc None;
    StrEq "str.eq" (borrow str, borrow str) -> (truth) Pure None;
    StrNe "str.ne" (borrow str, borrow str) -> (truth) Pure None;
    StrLt "str.lt" (borrow str, borrow str) -> (truth) Pure None;
    StrLe "str.le" (borrow str, borrow str) -> (truth) Pure None;
    StrGt "str.gt" (borrow str, borrow str) -> (truth) Pure None;
    StrGe "str.ge" (borrow str, borrow str) -> (truth) Pure None;
    /// The second is part of the first.
    StrContains "str.contains" (borrow text, borrow text) -> (truth) Pure None;
    /// Code points; 0 for none.
    StrLen "str.len" (borrow str) -> (small) Pure None;
    /// The code point at an index; negative indexes count from the end; fails outside.
    StrAt "str.at" (borrow text, borrow int) -> (text) Fail None;
    /// The part from the second operand up to the third, never failing.
    StrSlice "str.slice" (borrow text, borrow int, borrow int) -> (text) Alloc None;
    /// The code point at a byte offset inside the string.
    StrChar "str.char" (borrow text, borrow i32) -> (text) Alloc None;
    /// The byte offset after the code point at a byte offset.
    StrNext "str.next" (borrow text, borrow i32) -> (i32) Pure None;
    /// Length in bytes; 0 for none.
    StrBytes "str.bytes" (borrow str) -> (i32) Pure None;
    StrUpper "str.upper" (borrow text) -> (text) Alloc None;
    StrLower "str.lower" (borrow text) -> (text) Alloc None;
    /// Without white space at both ends.
    StrTrim "str.trim" (borrow text) -> (text) Alloc None;
    /// The MD5 digest of the bytes in hexadecimal.
    StrMd5 "str.md5" (borrow text) -> (text) Alloc None;
    /// The code points before the first place where the second is part of the first, or -1.
    StrIndex "str.index" (borrow text, borrow text) -> (small) Pure None;
    /// What lies between the places where the second is part of the first, or the code points of the first if
    /// the second is empty.
    StrSplit "str.split" (borrow text, borrow text) -> (list) Alloc None;
    /// With `%XX` for what cannot stand in a part of a URL's query (true) or in its path (false).
    StrEscapeUrl "str.escape_url" (borrow text, borrow truth) -> (text) Alloc None;
    /// The bytes that `%XX` in a path stands for; empty where one is malformed.
    StrUnescapeUrl "str.unescape_url" (borrow text) -> (text) Alloc None;
    /// The string so many times; not at all if that is negative.
    StrRepeat "str.repeat" (borrow text, borrow int) -> (text) Alloc None;
    /// Decimal digits with an optional sign, of a number of at most 64 bits; else fails. None gives 0.
    StrToInt "str.to_int" (borrow str) -> (int) Fail None;
    /// Any number of decimal digits with an optional sign; else fails. None gives 0.
    StrToBigint "str.to_bigint" (borrow str) -> (int) Fail None;
    StrToFloat "str.to_float" (borrow str) -> (float) Fail None;
    /// The text of a string that may be none, as `print` (imm 0) or `str` (imm 1) writes none.
    StrToStr "str.to_str" (own str) -> (text) Pure I32;

    /// A new list without elements that has room for some.
    ListNew "list.new" () -> (list) Alloc I32;
    /// A new list of constants, which are static data as they lie in a list: words of small ints, floats, bytes of bools.
    ListOf "list.of" () -> (list) Alloc Data;
    /// The list with one more element at its end; the same object if it is not shared, else a copy.
    ListPush "list.append" (own list, own element) -> (list) Alloc None;
    /// The element at an index, which counts from the end if it is negative; fails outside.
    ListGet "list.get" (borrow list, borrow int) -> (element) Write None;
    /// Replaces an element, or adds one if the index is the length; fails further outside. All
    /// that share the list see it.
    ListSet "list.set" (borrow list, borrow int, own element) -> () Write None;
    /// As `list.get`, of the counted phase: without a share of its own.
    ListPeek "list.peek" (borrow list, borrow int) -> (lent_element) Write None;
    /// The element at an index known not to be negative; fails from the length on.
    ListIndex "list.index" (borrow list, borrow small) -> (element) Write None;
    /// As `list.index`, of the counted phase: without a share of its own.
    ListPeekIndex "list.peek_index" (borrow list, borrow small) -> (lent_element) Write None;
    /// Elements; 0 for none.
    ListLen "list.len" (borrow nullable_list) -> (small) Read None;
    /// The element at an index known to lie in `[0, length)`.
    ListAt "list.at" (borrow list, borrow small) -> (element) Read None;
    /// As `list.at`, of the counted phase: without a share of its own.
    ListPeekAt "list.peek_at" (borrow list, borrow small) -> (lent_element) Read None;
    /// A new list of the part from the second operand up to the third; negative ones count from
    /// the end, and what lies outside is left out.
    ListSlice "list.slice" (borrow list, borrow int, borrow int) -> (list) Alloc None;
    /// The elements of both; the left list itself grows if it is not shared.
    ListConcat "list.concat" (own list, borrow list) -> (list) Alloc None;
    /// An element is equal to the second operand.
    ListContains "list.contains" (borrow list, borrow element) -> (truth) Read None;
    /// The same number of elements, equal in pairs, to any depth; none equals only none.
    ListEq "list.eq" (borrow nullable_list, borrow nullable_list) -> (truth) Read None;
    ListNe "list.ne" (borrow nullable_list, borrow nullable_list) -> (truth) Read None;
    /// The text of a list as `print` (imm 0) or `str` (imm 1) writes it.
    ListToStr "list.to_str" (borrow nullable_list) -> (text) Alloc I32;

    /// A new record whose fields are zero, none or empty: `record.init` gives them their first values.
    RecordNew "record.new" () -> (record) Alloc None;
    /// Sets a field that holds no share: one of a new record, or one that was taken.
    RecordInit "record.init" (borrow record, own field) -> () Write I32;
    /// A field, counted from 0.
    RecordGet "record.get" (borrow record) -> (field) Read I32;
    /// As `record.get`, of the counted phase: without a share of its own.
    RecordPeek "record.peek" (borrow record) -> (lent_field) Read I32;
    /// Moves the value out of a field; a `record.init` must follow before anything reads it.
    RecordTake "record.take" (borrow record) -> (field) Write I32;
    /// Replaces a field, giving up the old value's share. All that share the record see it.
    RecordSet "record.set" (borrow record, own field) -> () Write I32;
    /// Which of its variants a union is.
    RecordIs "record.is" (borrow union) -> (truth) Pure Record;

    /// A new map without entries.
    MapNew "map.new" () -> (map) Alloc None;
    /// What the map has for a key; none if that is nothing.
    MapGet "map.get" (borrow map, borrow key) -> (entry) Read None;
    /// Moves the value out of an entry, which holds none meanwhile; a `map.set` must follow before anything reads it.
    MapTake "map.take" (borrow map, borrow key) -> (entry) Write None;
    MapHas "map.has" (borrow map, borrow key) -> (truth) Read None;
    /// Adds an entry or replaces its value. All that share the map see it.
    MapSet "map.set" (borrow map, own key, own held) -> () Write None;
    /// The texts of the keys, sorted, as a new list.
    MapKeys "map.keys" (borrow map) -> (list) Alloc None;
    /// The values in the order of the keys as a new list.
    MapValues "map.values" (borrow map) -> (list) Alloc None;
    /// Entries; 0 for none.
    MapLen "map.len" (borrow nullable_map) -> (small) Read None;

    AnyEq "any.eq" (borrow any, borrow any) -> (truth) Read None;
    AnyNe "any.ne" (borrow any, borrow any) -> (truth) Read None;
    /// None stays none; texts and lists are joined, in place when the left one is not shared; a number of one
    /// kind and one of another are floats.
    AnyAdd "any.add" (own any, borrow any) -> (any) Alloc None;
    AnySub "any.sub" (borrow any, borrow any) -> (any) Alloc None;
    AnyMul "any.mul" (borrow any, borrow any) -> (any) Alloc None;
    /// Fails on a zero divisor.
    AnyDiv "any.div" (borrow any, borrow any) -> (any) Fail None;
    AnyRem "any.rem" (borrow any, borrow any) -> (any) Fail None;
    AnyNeg "any.neg" (borrow any) -> (any) Alloc None;
    /// In an order of texts or numbers; never of none.
    AnyLt "any.lt" (borrow any, borrow any) -> (truth) Read None;
    AnyLe "any.le" (borrow any, borrow any) -> (truth) Read None;
    /// The operations that follow fail if the value is not of a kind that has them.
    AnyLen "any.len" (borrow any) -> (int) Write None;
    AnyGet "any.get" (borrow any, borrow any) -> (any) Write None;
    AnySlice "any.slice" (borrow any, borrow any, borrow any) -> (any) Write None;
    AnySet "any.set" (borrow any, borrow any, own any) -> () Write None;
    /// What lies under the name that is the immediate.
    AnyGetField "any.get_field" (borrow any) -> (any) Write Data;
    AnySetField "any.set_field" (borrow any, own any) -> () Write Data;
    /// The second is in the first.
    AnyHas "any.has" (borrow any, borrow any) -> (truth) Write None;
    AnyPush "any.append" (own any, own any) -> (any) Write None;
    /// What a loop goes through, as a list.
    AnyIter "any.iter" (borrow any) -> (list) Write None;
    /// The numbers of rows in their order, ints; the operand is the list of the columns that they are sorted by.
    AnyOrder "any.order" (borrow any) -> (list) Read None;
    /// What values that are equal have in common, as a key of a map: others may have the same.
    AnyKey "any.key" (borrow any) -> (small) Read None;
    /// Calls a function with a list of arguments.
    AnyCall "any.call" (borrow any, own list) -> (any) Write None;
    /// Whether the value is of the kind that the immediate, an [`AnyKind`], names.
    AnyIs "any.is" (borrow any) -> (truth) Pure I32;
    /// Whether it is a list whose elements are all of an ElementKind now, told without looking at them.
    AnyHolds "any.holds" (borrow any) -> (truth) Read I32;
    /// The SHA-256 digest of a string or of a list of bytes.
    AnyDigest "any.digest" (borrow any) -> (list) Write None;
    /// JSON on one line.
    AnyToJson "any.to_json" (borrow any) -> (text) Alloc None;
    AnyToInt "any.to_int" (borrow any) -> (int) Write None;
    AnyToBigint "any.to_bigint" (borrow any) -> (int) Write None;
    AnyToFloat "any.to_float" (borrow any) -> (float) Write None;
    AnyToBool "any.to_bool" (borrow any) -> (truth) Write None;
    AnyToText "any.to_text" (borrow any) -> (text) Write None;
    /// The elements of a list as a new list of values of any kind, or the keys of a map as one of strings; what
    /// has none cannot be cast to the type that is the immediate.
    AnyElements "any.elements" (borrow any) -> (list) Write Data;
    AnyKeys "any.keys" (borrow any) -> (list) Write Data;
    /// A number or its text as an exact fraction; none is 0.
    AnyToRational "any.to_rational" (borrow any) -> (any) Write None;
    /// Of the value as an exact fraction in lowest terms.
    AnyNumerator "any.numerator" (borrow any) -> (int) Write None;
    AnyDenominator "any.denominator" (borrow any) -> (int) Write None;
    /// The text of any value as `print` (imm 0) or `str` (imm 1) writes it.
    AnyToStr "any.to_str" (borrow any) -> (text) Alloc I32;

    /// Records of one name with equal fields and maps with equal entries, to any depth; functions are equal to nothing, none to none.
    ObjectEq "object.eq" (borrow object, borrow object) -> (truth) Read None;
    ObjectNe "object.ne" (borrow object, borrow object) -> (truth) Read None;
    /// The text of a record, union, function or map as `print` (imm 0) or `str` (imm 1) writes it.
    ObjectToStr "object.to_str" (borrow object) -> (text) Alloc I32;

    /// A new function value whose code is the immediate; `closure.init` gives it what it captures.
    ClosureNew "closure.new" () -> (func) Alloc Func;
    /// The function value of code that captures nothing.
    ClosureConst "closure.const" () -> (uncounted_func) Pure Func;
    /// Gives a new closure what it holds at a place, counted from 0.
    ClosureInit "closure.init" (borrow func, own mochi) -> () Write I32;
    /// What a closure holds.
    ClosureGet "closure.get" (borrow func) -> (mochi) Alloc I32;
    /// As `closure.get`, of the counted phase: without a share of its own.
    ClosurePeek "closure.peek" (borrow func) -> (lent_mochi) Read I32;

    /// Writes the value's text to standard output, nothing after it.
    Print "print" (borrow mochi) -> () Write None;
    /// Writes the value as JSON on lines of their own: an object, an int or any value.
    Json "json" (borrow mochi) -> () Write None;
    /// Writes static bytes to standard output.
    PrintData "print.data" () -> () Write Data;
    Input "input" () -> (text) Write None;
    /// The same; none from the second time on that the end of input is met.
    InputOrNone "input.or_none" () -> (str) Write None;
    Now "now" () -> (int) Write None;
    /// Nanoseconds of a clock that only goes forward.
    Clock "clock" () -> (int) Write None;
    /// The variables of the environment, one zero byte between them.
    Environment "environment" () -> (text) Read None;
    /// Gives the next request of `http.exchange` a field, name and value; false if it cannot have it.
    HttpHeader "http.header" (borrow text, borrow text) -> (truth) Write None;
    /// Sends a request and gives the body of its answer: URL without query, method, which case of wasi:http's
    /// `method` that is, authority, path with query, body (empty for none), nanoseconds until it fails (0 for none).
    HttpExchange "http.exchange" (borrow text, borrow text, borrow int, borrow text, borrow text, borrow text, borrow int) -> (text) Write None;
    /// Where the last answer says to ask instead; "" if it does not. Takes what it tells.
    HttpLocation "http.location" () -> (text) Write None;
    /// The status of the last answer.
    HttpStatus "http.status" () -> (small) Write None;
    /// Where else the answer of the next `llm.generate` ends; how many such texts there are.
    LlmStop "llm.stop" (borrow text) -> (small) Write None;
    /// Name and JSON text of what else it is asked; how many there are.
    LlmParameter "llm.parameter" (borrow text, borrow text) -> (small) Write None;
    /// A message of the next question: role, text, and id, name and arguments of the call that it answers.
    LlmMessage "llm.message" (borrow text, borrow text, borrow text, borrow text, borrow text) -> (small) Write None;
    /// A function that the next question offers: name, description, schema.
    LlmTool "llm.tool" (borrow text, borrow text, borrow text) -> (small) Write None;
    /// How many functions the last answer calls.
    LlmCalls "llm.calls" () -> (small) Write None;
    /// The next text of these calls.
    LlmCallText "llm.call_text" () -> (text) Write None;
    /// Fails with a text.
    LlmFail "llm.fail" (borrow text) -> (text) Write None;
    /// The answer of a model: model, schema, choice of tools (each empty for none), tokens (0), temperature (below 0).
    LlmGenerate "llm.generate" (borrow text, borrow text, borrow text, borrow int, borrow number) -> (text) Write None;
    /// How many numbers a model gives for a text: model, text.
    LlmEmbed "llm.embed" (borrow text, borrow text) -> (small) Write None;
    /// One of these numbers, which are gone after the last.
    LlmNumber "llm.number" (borrow int) -> (number) Write None;
    /// The value that a JSON text says, and where it comes from, which a failure says.
    ReadJson "read.json" (borrow text, borrow text) -> (any) Write None;
    /// The text of the file with a name.
    ReadFile "read.file" (borrow text) -> (text) Write None;
    /// Bytes of memory that the program has.
    Mem "mem" () -> (small) Write None;
    /// A file of a directory that the program was given, for reading: its descriptor, with which it can be read once.
    FileOpen "file.open" (borrow text) -> (i32) Write None;
    /// A new file in the place of what was there, for writing.
    FileCreate "file.create" (borrow text) -> (i32) Write None;
    /// The rows of CSV that a descriptor gives, as a list of the shape: whether there is a header, the delimiter.
    LoadCsv "load.csv" (borrow i32, borrow truth, borrow text) -> (list) Write Shape;
    /// The rows of JSON, of objects on lines, and of YAML.
    LoadJson "load.json" (borrow i32) -> (list) Write Shape;
    LoadJsonl "load.jsonl" (borrow i32) -> (list) Write Shape;
    LoadYaml "load.yaml" (borrow i32) -> (list) Write Shape;
    /// Fails unless the operand is a list of maps or records.
    RowsCheck "rows.check" (borrow mochi) -> () Write None;
    /// Writes such a list as CSV to a descriptor: whether with a header, the delimiter.
    SaveCsv "save.csv" (borrow mochi, borrow i32, borrow truth, borrow text) -> () Write None;
    SaveJson "save.json" (borrow mochi, borrow i32) -> () Write None;
    SaveJsonl "save.jsonl" (borrow mochi, borrow i32) -> () Write None;
    SaveYaml "save.yaml" (borrow mochi, borrow i32) -> () Write None;
    /// Fails with the static message when the operand is false.
    Expect "expect" (borrow truth) -> () Write Data;
    /// Always fails, with the static message.
    Fail "fail" () -> () Write Data;

    /// The value of a global: a new share of it.
    LoadGlobal "global.load" () -> (mochi) Read Global;
    /// As `global.load`, of the counted phase: without a share of its own.
    PeekGlobal "global.peek" () -> (lent_mochi) Read Global;
    /// Moves the value out of a global; an `global.init` must follow before anything reads it.
    TakeGlobal "global.take" () -> (mochi) Write Global;
    /// Gives a global that holds no share a value.
    InitGlobal "global.init" (own mochi) -> () Write Global;
    /// Replaces the value of a global, giving up the old one's share.
    StoreGlobal "global.store" (own mochi) -> () Write Global;
}

/// Whether a value needs no counting: its type has none, or it is the result of an operation
/// that gives only small numbers, static objects or none. In the counted phase such a value may
/// be used any number of times, consumed or not, and is never dropped. All other values of
/// counted types are owned, except the borrowed parameters of the function.
pub fn is_uncounted(func: &Function, value: Value) -> bool {
    if !func.ty(value).is_counted() {
        return true;
    }
    match func.def(value) {
        ValueDef::Param(..) => false,
        ValueDef::Result(inst, _) => match func.inst(inst).op {
            Op::Mochi(op) => op.result_is_uncounted(),
            Op::Wasm(_) | Op::Call | Op::CallIndirect | Op::CallValue => false,
        },
    }
}

impl Op {
    /// Whether the operands of the text form stand in parentheses.
    pub fn is_call(self) -> bool {
        match self {
            Op::Call | Op::CallIndirect | Op::CallValue => true,
            Op::Mochi(_) | Op::Wasm(_) => false,
        }
    }

    pub fn effect(self) -> Effect {
        match self {
            Op::Mochi(op) => op.effect(),
            Op::Wasm(op) => op.effect(),
            Op::Call | Op::CallIndirect | Op::CallValue => Effect::Write,
        }
    }

    pub fn imm(self) -> ImmKind {
        match self {
            Op::Mochi(op) => op.imm(),
            Op::Wasm(op) => op.imm(),
            Op::Call => ImmKind::Func,
            Op::CallIndirect => ImmKind::Sig,
            Op::CallValue => ImmKind::None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Op::Mochi(op) => op.name(),
            Op::Wasm(op) => op.name(),
            Op::Call => "call",
            Op::CallIndirect => "call_indirect",
            Op::CallValue => "call_value",
        }
    }
}
