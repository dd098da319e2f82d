//! The builtin functions as the reference's checker declares them.
//!
//! These types are claims for checking only, and in places narrower than what the functions do
//! (`sum` is an int here even of floats): the table in [`crate::builtins`] says what they do.

use super::calls::Arguments;
use super::types::{Effects, Nominals, Signature, Type};
use crate::diagnostic::Code;

use Type::{Any, BigInt, Bool, Float, Int, Int64, String as Text, Unit};

/// The signature of the builtin function `name`.
pub(super) fn signature(name: &str) -> Option<Signature> {
    let t = || Type::var("T");
    let list = Type::list;
    let plain = |params: Vec<Type>, result| Some(make(params, result, Effects::NONE, &[]));
    let acting = |params: Vec<Type>, result, effects| Some(make(params, result, effects, &[]));
    let generic = |params: Vec<Type>, result| Some(make(params, result, Effects::NONE, &["T"]));
    match name {
        "print" => Some(Signature { rest: Some(Any), ..make(vec![], Unit, Effects::IO, &[]) }),
        "json" => acting(vec![Any], Unit, Effects::IO),
        "input" => acting(vec![], Text, Effects::IO),
        "now" => acting(vec![], Int64, Effects::TIME),
        "eval" => acting(vec![Text], Any, Effects::META),
        "len" | "count" | "int" | "sum" => plain(vec![Any], Int),
        "exists" => plain(vec![Any], Bool),
        "avg" | "ceil" | "floor" => plain(vec![Any], Float),
        "abs" | "reverse" => plain(vec![Any], Any),
        "str" | "lower" | "to_json" => plain(vec![Any], Text),
        "num" | "denom" => plain(vec![Any], BigInt),
        "sha256" => plain(vec![Any], list(Int)),
        "round" => plain(vec![Float, Int], Float),
        "upper" | "trim" => plain(vec![Text], Text),
        "contains" => plain(vec![Text, Text], Bool),
        "indexOf" => plain(vec![Text, Text], Int),
        "split" => plain(vec![Text, Text], list(Text)),
        "join" => plain(vec![list(Text), Text], Text),
        "repeat" => plain(vec![Text, Int], Text),
        "parseIntStr" => plain(vec![Text, Int], Int),
        "substring" | "substr" => plain(vec![Text, Int, Int], Text),
        "padStart" => plain(vec![Text, Int, Text], Text),
        "range" => Some(Signature { rest: Some(Int), ..make(vec![], list(Int), Effects::NONE, &[]) }),
        "concat" => Some(Signature { rest: Some(list(t())), ..make(vec![], list(t()), Effects::NONE, &["T"]) }),
        "append" | "push" => generic(vec![list(t()), t()], list(t())),
        "first" => generic(vec![list(t())], Type::option(t())),
        "distinct" | "collect" => generic(vec![list(t())], list(t())),
        "min" | "max" => generic(vec![list(t())], t()),
        "keys" | "values" => {
            let (key, value) = (Type::var("K"), Type::var("V"));
            let result = if name == "keys" { key.clone() } else { value.clone() };
            Some(make(vec![Type::map(key, value)], list(result), Effects::NONE, &["K", "V"]))
        }
        "reduce" => {
            let (element, result) = (Type::var("A"), Type::var("B"));
            let step = Type::func(vec![result.clone(), element.clone()], result.clone());
            Some(make(vec![list(element), step, result.clone()], result, Effects::NONE, &["A", "B"]))
        }
        _ => None,
    }
}

fn make(params: Vec<Type>, result: Type, effects: Effects, type_params: &[&str]) -> Signature {
    let type_params = type_params.iter().map(|&name| name.into()).collect();
    Signature { params, rest: None, result, effects, type_params }
}

/// How many arguments the function takes, where the reference insists: the others may be given
/// fewer, and are functions of the rest then.
pub(super) fn arity(name: &str) -> Option<usize> {
    let is_exact = !matches!(name, "print" | "range" | "concat" | "collect" | "substr" | "round");
    signature(name).filter(|_| is_exact).map(|signature| signature.params.len())
}

/// Whether a group may stand for the list of its rows.
pub(super) fn takes_group(name: &str) -> bool {
    matches!(name, "min" | "max" | "collect")
}

/// What the function asks of its arguments beyond its signature: the code and the message of
/// what is wrong with them.
pub(super) fn objection(name: &str, args: Arguments<'_>, types: &Nominals) -> Option<(Code, String)> {
    let first = args.first()?;
    let shown = types.show(first);
    let is = |code, text: &str| Some((code, format!("{text}{shown}")));
    let expected = |at: usize, wanted: &str| {
        let message = format!("argument {}: expected {wanted}, got {}", at + 1, types.show(&args[at]));
        Some((Code::T007, message))
    };
    match (name, first) {
        (_, Any) if name != "eval" => None,
        ("len", Type::List(_) | Type::Map(_) | Text) => None,
        ("len", _) => is(Code::T036, "cannot take length of type "),
        ("count", Type::List(_) | Type::Group(_)) => None,
        ("count", _) => is(Code::T037, "count() expects list or group, got "),
        ("exists", Type::List(_) | Type::Map(_) | Text | Type::Group(_)) => None,
        ("exists", _) => expected(0, "a list, map or string"),
        ("avg" | "sum", _) => {
            let of = first.rows();
            let shown = types.show(of.as_ref().unwrap_or(first));
            let is_fine = of.is_some_and(|of| of.is_number() || matches!(of, Any | Text | Bool));
            let code = if name == "avg" { Code::T038 } else { Code::T041 };
            (!is_fine).then(|| (code, format!("{name}() expects numeric list or group, got {shown}")))
        }
        ("min" | "max", _) => {
            let is_fine = first.rows().is_none_or(|of| of.is_number() || matches!(of, Any | Text | Bool));
            if is_fine { None } else { expected(0, "a list of numbers or strings") }
        }
        ("abs" | "ceil" | "floor" | "num" | "denom", _) if !first.is_number() => expected(0, "a number"),
        ("int", Text | Int | Float) => None,
        ("int", _) => expected(0, "an int, float or string"),
        ("eval", Text) => None,
        ("eval", _) => expected(0, "string"),
        ("reverse", Type::List(_) | Text) => None,
        ("reverse", _) => expected(0, "a list or string"),
        ("sha256", Text | Type::List(_)) => None,
        ("sha256", _) => expected(0, "a string or list"),
        ("range", _) => args.iter().position(|arg| !matches!(arg, Int | Any)).and_then(|at| expected(at, "int")),
        _ => None,
    }
}
