//! What the libraries that are written in the language itself ask of the machine: functions that no
//! program can name. Their results are what the name says for every operand; which operands are
//! failures, the library decides.

use crate::types::Type;

macro_rules! intrinsics {
    ($($(#[$doc:meta])+ $variant:ident $name:literal ($($param:ident),*) -> $result:ident;)*) => {
        /// An operation of the libraries as the typed program names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Intrinsic { $($(#[$doc])+ $variant,)* }

        impl Intrinsic {
            /// The one that a library calls `name`.
            pub fn from_name(name: &str) -> Option<Intrinsic> {
                match name {
                    $($name => Some(Intrinsic::$variant),)*
                    _ => None,
                }
            }

            /// None of them may be none.
            pub fn params(self) -> &'static [Type] {
                match self { $(Intrinsic::$variant => &[$(Type::$param),*],)* }
            }

            pub fn result(self) -> Type {
                match self { $(Intrinsic::$variant => Type::$result,)* }
            }
        }
    };
}

intrinsics! {
    /// The square root, correctly rounded; not a number below zero.
    Sqrt "float_sqrt" (FLOAT) -> FLOAT;
    /// The next whole number below.
    Floor "float_floor" (FLOAT) -> FLOAT;
    /// The next whole number above.
    Ceil "float_ceil" (FLOAT) -> FLOAT;
    /// The next whole number toward zero.
    Truncate "float_truncate" (FLOAT) -> FLOAT;
    /// The magnitude.
    Magnitude "float_magnitude" (FLOAT) -> FLOAT;
    /// Go's `math.Pow`.
    Pow "float_pow" (FLOAT, FLOAT) -> FLOAT;
    /// A power of e; the nearest float, as those that follow.
    Exp "float_exp" (FLOAT) -> FLOAT;
    /// The natural logarithm; not a number below zero.
    Log "float_log" (FLOAT) -> FLOAT;
    /// The logarithm to the base 2.
    Log2 "float_log2" (FLOAT) -> FLOAT;
    /// The logarithm to the base 10.
    Log10 "float_log10" (FLOAT) -> FLOAT;
    /// C's `pow`.
    Power "float_power" (FLOAT, FLOAT) -> FLOAT;
    /// The sine of an angle in radians.
    Sin "float_sin" (FLOAT) -> FLOAT;
    /// The cosine.
    Cos "float_cos" (FLOAT) -> FLOAT;
    /// The tangent.
    Tan "float_tan" (FLOAT) -> FLOAT;
    /// The arc sine; not a number outside of [-1, 1].
    Asin "float_asin" (FLOAT) -> FLOAT;
    /// The arc cosine; not a number outside of [-1, 1].
    Acos "float_acos" (FLOAT) -> FLOAT;
    /// The angle of a point, of which y comes first.
    Atan2 "float_atan2" (FLOAT, FLOAT) -> FLOAT;
    /// The MD5 digest of a string in hexadecimal.
    Md5 "string_md5" (STRING) -> STRING;
    /// A part of a URL's query, or else of its path, with `%XX` for what cannot stand there.
    UrlEscape "url_escape" (STRING, BOOL) -> STRING;
    /// The text that a path with `%XX` stands for; empty where one of these is malformed.
    UrlUnescape "url_unescape" (STRING) -> STRING;
    /// Gives the next request a header; whether it can have it.
    HttpHeader "http_header" (STRING, STRING) -> BOOL;
    /// Sends a request and gives the body of the answer, or fails: URL, method and its number, authority, path
    /// with query, body, nanoseconds.
    HttpExchange "http_exchange" (STRING, STRING, INT, STRING, STRING, STRING, INT) -> STRING;
    /// Where the last answer says to ask instead; "" if it does not.
    HttpLocation "http_location" () -> STRING;
    /// The status of the last answer.
    HttpStatus "http_status" () -> INT;
    /// Where else the next answer of a model ends; how many such texts there are.
    LlmStop "llm_stop" (STRING) -> INT;
    /// Gives the next question to a model a parameter, a name and a JSON text; how many there are.
    LlmParameter "llm_parameter" (STRING, STRING) -> INT;
    /// Gives the next question to a model a message: role, text, and for a `tool` what it answers: id, name and
    /// arguments of the call; how many texts there are in all messages.
    LlmMessage "llm_message" (STRING, STRING, STRING, STRING, STRING) -> INT;
    /// Offers a function in the next question: name, description, the JSON Schema of its arguments.
    LlmTool "llm_tool" (STRING, STRING, STRING) -> INT;
    /// The answer of a model, or fails: model, schema, choice of tools, the most tokens, temperature. Empty strings, no
    /// tokens and a temperature below zero are none.
    LlmGenerate "llm_generate" (STRING, STRING, STRING, INT, FLOAT) -> STRING;
    /// How many functions the last answer calls.
    LlmCalls "llm_calls" () -> INT;
    /// The next of the texts of these calls, each of which has three: id, name, arguments. All must be taken.
    LlmCallText "llm_call_text" () -> STRING;
    /// Fails with this text.
    LlmFail "llm_fail" (STRING) -> STRING;
    /// How many numbers a model gives for a text, or fails.
    LlmEmbed "llm_embed" (STRING, STRING) -> INT;
    /// One of these numbers, which are gone after the last.
    LlmNumber "llm_number" (INT) -> FLOAT;
    /// The value that a JSON text says; fails if it says none, and names what the text comes from.
    ReadJson "read_json" (STRING, STRING) -> ANY;
    /// The text of a file; fails if there is none.
    ReadFile "read_file" (STRING) -> STRING;
    /// The variables of the environment, `NAME=value`, one zero byte between them.
    Environment "environment" () -> STRING;
    /// Nanoseconds of a clock that only goes forward, whatever `MOCHI_NOW_SEED` says.
    Clock "clock" () -> INT;
}
