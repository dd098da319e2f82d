//! The functions that legalized code calls, one row each: the contract between the compiler and
//! the runtime's sources. A test compares the two.
//!
//! `own` marks a parameter whose share the callee takes over.

use crate::ir::Type;

pub use super::lower::DialectType as RuntimeType;

macro_rules! runtime_type {
    (i32) => {
        RuntimeType::I32
    };
    (f64) => {
        RuntimeType::F64
    };
    (ptr) => {
        RuntimeType::Ptr
    };
    (bool) => {
        RuntimeType::Bool
    };
    (string) => {
        RuntimeType::String
    };
    (int) => {
        RuntimeType::Int
    };
    (any) => {
        RuntimeType::Any
    };
}

macro_rules! runtime_param {
    (own $ty:ident) => {
        (runtime_type!($ty), true)
    };
    ($ty:ident) => {
        (runtime_type!($ty), false)
    };
}

macro_rules! runtime_result {
    () => {
        None
    };
    ($ty:ident) => {
        Some(runtime_type!($ty))
    };
}

macro_rules! runtime_functions {
    ($($(#[$doc:meta])* $variant:ident $symbol:literal ($($($param:ident)+),*) $(-> $result:ident)?;)*) => {
        /// A function of the runtime that legalized code may call.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RuntimeFn { $($(#[$doc])* $variant,)* }

        impl RuntimeFn {
            pub const ALL: &[RuntimeFn] = &[$(RuntimeFn::$variant,)*];

            /// The function's name in the sources.
            pub fn symbol(self) -> &'static str {
                match self { $(RuntimeFn::$variant => $symbol,)* }
            }

            /// Types, and whether the share is taken over.
            pub fn params(self) -> &'static [(RuntimeType, bool)] {
                match self { $(RuntimeFn::$variant => &[$(runtime_param!($($param)+)),*],)* }
            }

            pub fn result(self) -> Option<RuntimeType> {
                match self { $(RuntimeFn::$variant => runtime_result!($($result)?),)* }
            }
        }
    };
}

runtime_functions! {
    StringFree "string_free" (own string);
    StringRelease "string_release" (own string);
    StringConcat "string_concat" (own string, string) -> string;
    StringEq "string_eq" (string, string) -> bool;
    /// -1, 0 or 1; none is as the empty string.
    StringCmp "string_cmp" (string, string) -> i32;
    StringAt "string_at" (string, int, i32) -> string;
    StringSlice "string_slice" (string, int, int) -> string;
    StringContains "string_contains" (string, string) -> bool;
    StringUpper "string_upper" (string) -> string;
    StringLower "string_lower" (string) -> string;
    StringChar "string_char" (string, i32) -> string;
    StringWidth "string_width" (string, i32) -> i32;
    StringTrim "string_trim" (own string) -> string;
    StringToInt "string_to_int" (string, i32) -> int;
    StringToBigint "string_to_bigint" (string, i32) -> int;
    StringToFloat "string_to_float" (string, i32) -> f64;

    /// Of a constant size.
    AllocKnown "alloc_known" (i32) -> ptr;

    /// What has no shares left.
    ObjectFree "object_free" (own ptr);

    WordRetain "word_retain" (any);
    WordRelease "word_release" (own any);
    IntRelease "int_release" (own int);
    /// The word of a float in an object; none of the float that is none.
    FloatBox "float_box" (f64) -> any;

    IntAddSlow "int_add_slow" (int, int, i32) -> int;
    IntSubSlow "int_sub_slow" (int, int, i32) -> int;
    IntMulSlow "int_mul_slow" (int, int, i32) -> int;
    IntDivSlow "int_div_slow" (int, int, i32, i32) -> int;
    IntRemSlow "int_rem_slow" (int, int, i32, i32) -> int;
    IntNegSlow "int_neg_slow" (int, i32) -> int;
    IntLtSlow "int_lt_slow" (int, int) -> bool;
    IntLeSlow "int_le_slow" (int, int) -> bool;
    IntEqSlow "int_eq_slow" (int, int) -> bool;
    IntToString "int_to_string" (int, i32) -> string;
    IntToFloat "int_to_float" (int) -> f64;
    IntLength "int_length" (int) -> int;

    FloatToInt "float_to_int" (f64, i32) -> int;
    FloatToString "float_to_string" (f64, i32) -> string;
    FloatRem "float_rem" (f64, f64) -> f64;
    FloatLength "float_length" (f64) -> int;

    /// Kind of the list, room.
    ListNew "list_new" (i32, i32) -> ptr;
    ListFree "list_free" (own ptr);
    /// A string or list, or none.
    ObjectRelease "object_release" (own ptr);
    ListGrow "list_grow" (ptr, i32);
    ListAppendWord "list_append_word" (own ptr, own int) -> ptr;
    ListAppendF64 "list_append_f64" (own ptr, f64) -> ptr;
    ListAppendU8 "list_append_u8" (own ptr, i32) -> ptr;
    ListAppendPtr "list_append_ptr" (own ptr, own ptr) -> ptr;
    /// List, index, site; also of none. The result has a share of its own.
    ListGetSlowWord "list_get_slow_word" (ptr, int, i32) -> int;
    ListGetSlowF64 "list_get_slow_f64" (ptr, int, i32) -> f64;
    ListGetSlowU8 "list_get_slow_u8" (ptr, int, i32) -> i32;
    ListGetSlowPtr "list_get_slow_ptr" (ptr, int, i32) -> ptr;
    /// List, index, element, whether elements may be none, site.
    ListSetSlowWord "list_set_slow_word" (ptr, int, own int, bool, i32);
    ListSetSlowF64 "list_set_slow_f64" (ptr, int, f64, bool, i32);
    ListSetSlowU8 "list_set_slow_u8" (ptr, int, i32, bool, i32);
    ListSetSlowPtr "list_set_slow_ptr" (ptr, int, own ptr, bool, i32);
    ListSlice "list_slice" (ptr, int, int) -> ptr;
    ListConcat "list_concat" (own ptr, ptr) -> ptr;
    ListEqual "list_equal" (ptr, ptr) -> bool;
    /// The second parameter is as int_to_string's: 0 print's form, 1 str's.
    ListToString "list_to_string" (ptr, i32) -> string;
    ListContainsWord "list_contains_word" (ptr, int) -> bool;
    ListContainsF64 "list_contains_f64" (ptr, f64) -> bool;
    ListContainsU8 "list_contains_u8" (ptr, i32) -> bool;
    ListContainsPtr "list_contains_ptr" (ptr, ptr) -> bool;

    WriteStdout "write_stdout" (ptr, i32);
    FlushStdout "flush_stdout" ();
    PrintInt "print_int" (int);
    PrintFloat "print_float" (f64);
    /// 0, 1, or 2 for none.
    PrintBool "print_bool" (i32);
    PrintString "print_string" (string);
    PrintList "print_list" (ptr);
    PrintNewline "print_newline" ();
    Input "input" () -> string;
    Now "now" () -> int;

    FailMessage "fail_message" (ptr, i32, i32);
    /// Site, index, length.
    ListIndexFail "list_index_fail" (i32, int, i32);
    FailDivisionByZero "fail_division_by_zero" (i32);
    FailExpect "fail_expect" (ptr, i32, i32);

    /// Only in modules that debug memory: fails if objects are left.
    ReportLive "report_live" ();
}

impl RuntimeFn {
    /// The machine type of the result, as call instructions list it.
    pub fn machine_results(self) -> Vec<Type> {
        self.result().map(RuntimeType::machine).into_iter().collect()
    }
}
