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
    /// In hexadecimal.
    StringMd5 "string_md5" (string) -> string;
    StringIndex "string_index" (string, string) -> int;
    /// The third says of which kind the list is: of pointers or of words.
    StringSplit "string_split" (string, string, i32) -> ptr;
    StringRepeat "string_repeat" (string, int) -> string;
    StringToInt "string_to_int" (string, i32) -> int;
    StringToBigint "string_to_bigint" (string, i32) -> int;
    StringToFloat "string_to_float" (string, i32) -> f64;

    /// Of a constant size.
    AllocKnown "alloc_known" (i32) -> ptr;

    /// Any object, or none.
    ObjectRelease "object_release" (own ptr);
    /// What has no shares left.
    ObjectFree "object_free" (own ptr);
    /// What just lost a share and has others, where objects may be in rings.
    ObjectSuspect "object_suspect" (ptr);
    /// These are as ObjectRelease and WordRelease, and may free rings.
    ObjectDrop "object_drop" (own ptr);
    WordDrop "word_drop" (own any);
    /// After the runtime may have given up shares of what may be in rings.
    CollectIfMany "collect_if_many" ();
    /// When the program is done with all that it has.
    CollectAtEnd "collect_at_end" ();
    /// Any object, or none, with copies in place of all that is shared.
    ObjectCopy "object_copy" (own ptr) -> ptr;
    /// Any objects, or none.
    ObjectEqual "object_equal" (ptr, ptr) -> bool;
    /// The word of an object that is no bignum and no float, or of none; takes over the share.
    ObjectWord "object_word" (own ptr) -> any;
    /// Address and format (see layout): what lies there, with a share of its own.
    FormatWord "format_word" (ptr, i32) -> any;
    /// The second parameter is as int_to_string's: 0 print's form, 1 str's.
    ObjectToString "object_to_string" (ptr, i32) -> string;
    AnyToString "any_to_string" (any, i32) -> string;
    AnyToJson "any_to_json" (any) -> string;
    AnyEqual "any_equal" (any, any) -> bool;
    /// As AnyEqual, but an int is not equal to a float.
    AnySame "any_same" (any, any) -> bool;

    WordRetain "word_retain" (any);
    WordRelease "word_release" (own any);
    IntRelease "int_release" (own int);
    /// The word of a float in an object; none of the float that is none.
    FloatBox "float_box" (f64) -> any;
    AnyTruthy "any_truthy" (any) -> bool;
    AnyAdd "any_add" (own any, any) -> any;
    AnySub "any_sub" (any, any) -> any;
    AnyMul "any_mul" (any, any) -> any;
    AnyDiv "any_div" (any, any, i32) -> any;
    AnyRem "any_rem" (any, any, i32) -> any;
    AnyNeg "any_neg" (any) -> any;
    AnyLess "any_less" (any, any) -> bool;
    AnyLessEqual "any_less_equal" (any, any) -> bool;
    AnyLength "any_length" (any, i32) -> int;
    AnyIndex "any_index" (any, any, i32) -> any;
    AnySlice "any_slice" (any, any, any, i32) -> any;
    AnySetIndex "any_set_index" (any, any, own any, i32);
    AnyField "any_field" (any, string, i32) -> any;
    AnySetField "any_set_field" (any, string, own any, i32);
    AnyContains "any_contains" (any, any, i32) -> bool;
    AnyAppend "any_append" (own any, own any, i32) -> any;
    AnyIterate "any_iterate" (any, i32) -> ptr;
    /// The second is an AnyKind.
    AnyIs "any_is" (any, i32) -> bool;
    /// The second is an ElementKind.
    AnyHolds "any_holds" (any, i32) -> bool;
    AnyDigest "any_digest" (any, i32) -> ptr;
    AnyToInt "any_to_int" (any, i32) -> int;
    AnyToBigint "any_to_bigint" (any, i32) -> int;
    AnyToFloat "any_to_float" (any, i32) -> f64;
    AnyToBool "any_to_bool" (any, i32) -> bool;
    AnyToText "any_to_text" (any, i32) -> string;
    AnyCopy "any_copy" (own any) -> any;
    /// The value, the type that it is cast to, site; the result is a list of words or of strings.
    AnyElements "any_elements" (any, string, i32) -> ptr;
    AnyKeys "any_keys" (any, string, i32) -> ptr;
    AnyToRational "any_to_rational" (any, i32) -> any;
    AnyNumerator "any_numerator" (any, i32) -> int;
    AnyDenominator "any_denominator" (any, i32) -> int;
    AnyCall "any_call" (any, own ptr, i32) -> any;
    JoinKey "join_key" (any) -> int;
    BoolWord "bool_word" (i32) -> any;
    StringWord "string_word" (own string) -> any;

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
    FloatExp "float_exp" (f64) -> f64;
    FloatLog "float_log" (f64) -> f64;
    FloatLog2 "float_log2" (f64) -> f64;
    FloatLog10 "float_log10" (f64) -> f64;
    /// Go's `math.Pow`.
    FloatPow "float_pow" (f64, f64) -> f64;
    /// The float that is nearest to the power.
    FloatPower "float_power" (f64, f64) -> f64;
    /// To a number of digits after the point, half away from zero.
    FloatRound "float_round" (f64, int) -> f64;
    FloatSin "float_sin" (f64) -> f64;
    FloatCos "float_cos" (f64) -> f64;
    FloatTan "float_tan" (f64) -> f64;
    FloatAsin "float_asin" (f64) -> f64;
    FloatAcos "float_acos" (f64) -> f64;
    /// Of y and x.
    FloatAtan2 "float_atan2" (f64, f64) -> f64;

    /// Kind of the list, room.
    ListNew "list_new" (i32, i32) -> ptr;
    /// Kind of the list, length, room, the elements.
    ListOf "list_of" (i32, i32, ptr) -> ptr;
    ListGrow "list_grow" (ptr, i32);
    ListAppendWord "list_append_word" (own ptr, own int) -> ptr;
    ListAppendF64 "list_append_f64" (own ptr, f64) -> ptr;
    ListAppendU8 "list_append_u8" (own ptr, i32) -> ptr;
    ListAppendPtr "list_append_ptr" (own ptr, own ptr) -> ptr;
    /// List, index, site; also of none. The result has a share of its own.
    ListFail "list_fail" (ptr, int, i32);
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
    ListContainsWord "list_contains_word" (ptr, int) -> bool;
    ListContainsF64 "list_contains_f64" (ptr, f64) -> bool;
    ListContainsU8 "list_contains_u8" (ptr, i32) -> bool;
    ListContainsPtr "list_contains_ptr" (ptr, ptr) -> bool;
    ListContainsAny "list_contains_any" (ptr, any) -> bool;
    SortRows "sort_rows" (any) -> ptr;

    /// The kind of the map.
    MapNew "map_new" (i32) -> ptr;
    /// The address of the value, or 0; also in a map that is none.
    MapFindInt "map_find_int" (ptr, int) -> ptr;
    MapFindString "map_find_string" (ptr, string) -> ptr;
    MapFindAny "map_find_any" (ptr, any) -> ptr;
    /// The address of the value, which is none if it is new.
    MapSlotInt "map_slot_int" (ptr, own int) -> ptr;
    MapSlotString "map_slot_string" (ptr, own string) -> ptr;
    MapSlotAny "map_slot_any" (ptr, own any) -> ptr;
    /// A list of the keys as strings, sorted.
    MapKeys "map_keys" (ptr) -> ptr;
    /// A list of the values in the order of the keys.
    MapValues "map_values" (ptr) -> ptr;

    WriteStdout "write_stdout" (ptr, i32);
    FlushStdout "flush_stdout" ();
    PrintInt "print_int" (int);
    PrintFloat "print_float" (f64);
    /// 0, 1, or 2 for none.
    PrintBool "print_bool" (i32);
    PrintString "print_string" (string);
    /// Any object, or none.
    PrintObject "print_object" (ptr);
    PrintAny "print_any" (any);
    /// These print on several lines.
    JsonObject "json_object" (ptr);
    JsonAny "json_any" (any);
    PrintNewline "print_newline" ();
    Input "input" () -> string;
    /// None from the second time on that the end of input is met.
    InputOrNone "input_or_none" () -> string;
    Now "now" () -> int;
    Clock "clock" () -> int;
    Environment "environment" () -> string;
    Mem "mem" () -> int;

    /// Old block, its size, alignment, new size: what the canonical ABI asks for.
    CabiRealloc "cabi_realloc" (ptr, i32, i32, i32) -> ptr;
    /// Name and value of a field of the next request.
    HttpHeader "http_header" (string, string) -> bool;
    /// What is fetched, method, its number, authority, path with query, body, nanoseconds; the body of the answer.
    HttpExchange "http_exchange" (string, string, int, string, string, string, int, i32) -> string;
    /// Where the last answer says to ask instead; "" if it does not.
    HttpLocation "http_location" () -> string;
    HttpStatus "http_last_status" () -> int;
    /// A part of a URL: of its query or of its path.
    UrlEscape "url_escape" (string, bool) -> string;
    UrlUnescape "url_unescape" (string) -> string;

    /// These are pending for the next question.
    LlmStop "llm_stop" (string) -> int;
    LlmParameter "llm_parameter" (string, string) -> int;
    LlmMessage "llm_message" (string, string, string, string, string) -> int;
    LlmTool "llm_tool" (string, string, string) -> int;
    /// How many functions the last answer calls, and the texts of these calls one after the other.
    LlmCalls "llm_calls" () -> int;
    LlmCallText "llm_call_text" () -> string;
    LlmFail "llm_fail" (string, i32) -> string;
    /// Model, schema, choice of tools, tokens, temperature.
    LlmGenerate "llm_generate" (string, string, string, int, f64, i32) -> string;
    LlmEmbed "llm_embed" (string, string, i32) -> int;
    LlmNumber "llm_number" (int) -> f64;
    /// A JSON text and where it comes from, which a failure says.
    JsonRead "json_read" (string, string, i32) -> any;
    FileRead "file_read" (string, i32) -> string;
    /// Path, site; the result is a descriptor.
    FileOpen "file_open" (string, i32) -> i32;
    FileCreate "file_create" (string, i32) -> i32;
    /// Descriptor, whether there is a header, delimiter, shape (see layout), site.
    LoadCsv "load_csv" (i32, bool, string, ptr, i32) -> ptr;
    /// These read all formats alike: descriptor, shape, site.
    LoadJson "load_json" (i32, ptr, i32) -> ptr;
    LoadJsonl "load_jsonl" (i32, ptr, i32) -> ptr;
    LoadYaml "load_yaml" (i32, ptr, i32) -> ptr;
    /// Fails unless that is a list; the result is no share of it.
    AnyList "any_list" (any, i32) -> ptr;
    /// A list of anything, site.
    RowsCheck "rows_check" (ptr, i32);
    /// List of maps or records, descriptor, whether with a header, delimiter, site.
    SaveCsv "save_csv" (ptr, i32, bool, string, i32);
    /// The same without options.
    SaveJson "save_json" (ptr, i32, i32);
    SaveJsonl "save_jsonl" (ptr, i32, i32);
    SaveYaml "save_yaml" (ptr, i32, i32);

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
